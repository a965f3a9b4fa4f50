"""Parked records: what they wait for, fetching it, and ruling that it will not come."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, render_template, request

from hub.console import visit
from hub.console.address import PAGE, cut, id_of, pages, wished_id
from hub.console.language import _
from hub.console.message import done
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub
from hub.errors import ConfigError, ConflictError, HubError
from hub.flow import parked as acts
from hub.store import parked as store


def list_parked() -> Any:
    """Records that wait for the one they belong to."""
    before, after = wished_id("before", "rec"), wished_id("after", "rec")
    found = store.list_parked(hub().db, visit.realms("flow.see"), before, after, PAGE + 1)
    rows, has_more = cut(found, after is not None)
    return render_template(
        "console/parked.html",
        rows=rows,
        page=pages("list_parked", "rec", rows, has_more),
        may_act=lambda row: visit.may("flow.operate", row.realm),
        can_fetch=lambda row: acts.can_fetch(hub(), row.parent_connector or ""),
        command="retail-hub events --status parked",
        api="GET /api/v1/items?type=parked",
    )


def _for_act(record_id: str) -> uuid.UUID:
    """The record in the address; 404 outside the visitor's realms, 403 where operating is not allowed."""
    rid = id_of(record_id, "rec")
    with hub().db.session() as conn:
        realm = store.realm_of(conn, rid)
    if realm is None or not visit.may("flow.see", realm):
        abort(404)
    if not visit.may("flow.operate", realm):
        abort(403, "flow.operate")
    return rid


def fetch_parent(record_id: str) -> Any:
    """Reads the parent from its system now."""
    rid = _for_act(record_id)
    try:
        acts.fetch_parent(hub(), rid, visit.visit().principal.actor)
    except (ConfigError, ConflictError):
        raise
    except HubError as error:
        raise ConflictError(str(error)) from error
    return done(page_url("list_parked"), _("Read. The record goes on as soon as its parent is processed."))


def release_orphan(record_id: str) -> Any:
    """Rules that the parent will not come."""
    rid, reason = _for_act(record_id), request.form.get("reason", "").strip()[:300]
    if not reason:
        raise ConfigError(_("Say why: the decision is recorded with its reason."))
    acts.release(hub(), rid, visit.visit().principal.actor, reason)
    return done(page_url("list_parked"), _("Released: it is not parked again."))


ROUTES = (
    Route("/parked", list_parked, "flow.see"),
    act("/parked/<record_id>/fetch", fetch_parent, "flow.operate"),
    act("/parked/<record_id>/release", release_orphan, "flow.operate"),
)
