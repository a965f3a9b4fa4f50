"""Parting a record between two of its sources: both sides first, then the plan, then the deed."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection
from typing import Any

from flask import abort, request

from hub.console import golden
from hub.console.address import id_of
from hub.console.language import _
from hub.console.message import done
from hub.console.pages.steward import actor, plan_page, reason, record_to_rule
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub
from hub.errors import ConfigError, NotFoundError
from hub.flow import cut, match_peer, stewardship
from hub.model.identifier import format_id
from hub.store.dossier import Dossier


def plan_cut(kind: str, record_id: str, source_id: str, other_id: str) -> Any:
    """Who would stand on which side, and what would come of it."""
    declared, row = record_to_rule(kind, record_id)
    stays, away = _sides(row, source_id, other_id)
    work = cut.cutting(hub(), declared.name, row.id, away, actor(), "")
    do = page_url("cut_record", kind=declared.plural, record_id=record_id, source_id=source_id, other_id=other_id)
    sides = ((_("These stay"), _sources(row, stays)), (_("These get a record of their own"), _sources(row, away)))
    return plan_page(declared, row, work, _("Part in two"), do, sides=sides, seen=_digest(away))


def cut_record(kind: str, record_id: str, source_id: str, other_id: str) -> Any:
    """Rules that both sides are two, if they still are those that were looked at."""
    declared, row = record_to_rule(kind, record_id)
    _stays, away = _sides(row, source_id, other_id)
    if request.form.get("seen", "") != _digest(away):
        again = page_url("plan_cut", kind=kind, record_id=record_id, source_id=source_id, other_id=other_id)
        return done(again, _("The two sides have changed since you looked: look at them again."), "warn")
    work = cut.cutting(hub(), declared.name, row.id, away, actor(), reason())
    act_id = stewardship.carry_out(hub(), work, "split", actor(), reason())
    text = _("Split. The next message of a system does not join them again.")
    return done(golden.record_url(declared.name, row.id), text, undo=format_id("dec", act_id))


def join_there(kind: str, record_id: str) -> Any:
    """Has a system make the records that it has of one golden record one. Nothing undoes that: its name is typed."""
    declared, row = record_to_rule(kind, record_id)
    name = request.form.get("connection", "")
    if request.form.get("typed", "").strip() != name:
        raise ConfigError(_("Type the name of the connection as it stands there: nothing undoes this."))
    joined = match_peer.join(hub(), declared.name, row.id, name, actor(), reason())
    return done(golden.record_url(declared.name, row.id), _("Joined there: %(id)s is left.", id=joined.left))


def _sides(row: Dossier, source_id: str, other_id: str) -> tuple[set[uuid.UUID], set[uuid.UUID]]:
    """(those who stay, those who go)."""
    try:
        with hub().db.session() as conn:
            found = cut.sides_of(conn, hub(), row, id_of(source_id, "rec"), id_of(other_id, "rec"))
    except NotFoundError:
        abort(404)
    away = cut.away_of(row, found)
    return (found[0] | found[1]) - away, away


def _sources(row: Dossier, rids: Collection[uuid.UUID]) -> list[tuple[str, str]]:
    """(connection, id there) of some sources."""
    connections = hub().connections
    return [(connections.by_id(one.connection_id).name, one.external_id) for one in row.members if one.rid in rids]


def _digest(rids: Collection[uuid.UUID]) -> str:
    """What tells one side from another."""
    return hashlib.sha256("".join(str(rid) for rid in sorted(rids)).encode()).hexdigest()[:16]


_ONE = "/records/<kind>/<record_id>/split/<source_id>/<other_id>"
ROUTES = (
    Route(_ONE, plan_cut, "record.steward"),
    act(_ONE, cut_record, "record.steward"),
    act("/records/<kind>/<record_id>/join", join_there, "record.steward"),
)
