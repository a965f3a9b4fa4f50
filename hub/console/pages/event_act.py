"""What may be done with one event: see it in clear, take it away, rehearse and repeat its processing."""

from __future__ import annotations

from typing import Any

from flask import abort, request
from flask.wrappers import Response

from hub.console import visit
from hub.console.language import _
from hub.console.message import done
from hub.console.pages.event import event_page, find_event
from hub.console.route import act
from hub.console.shell import page_url
from hub.console.visit import hub
from hub.errors import ConflictError
from hub.flow import audit, replay
from hub.store.console_event import EventDetail
from hub.store.event import read_event
from hub.store.replay import Selection


def _reason() -> str:
    return request.form.get("reason", "").strip()[:300]


def _in_clear(event_id: str, what: str) -> EventDetail:
    """The event, noted as seen in clear by the visitor; 403 without leave or without a reason."""
    found = find_event(event_id)
    if not _reason() or not visit.may("payload.raw", found.realm):
        abort(403, "payload.raw")
    audit.record(hub(), visit.visit().principal.actor, what, event_id, _reason())
    return found


def reveal_payload(event_id: str) -> Any:
    """The same page with the body in clear, this once; who saw it and why is recorded."""
    return event_page(_in_clear(event_id, "payload.seen"), event_id, is_clear=True)


def download_payload(event_id: str) -> Any:
    """The bytes as they came, as a file; who took them and why is recorded."""
    found = _in_clear(event_id, "payload.read")
    with hub().db.session() as conn:
        body = read_event(conn, hub().keyring, found.id).body
    if body is None:
        raise ConflictError(_("The body was erased."))
    response = Response(body, content_type="application/octet-stream")
    response.headers["Content-Disposition"] = f'attachment; filename="{event_id}"'
    return response


def replay_event(event_id: str) -> Any:
    """Runs it again under the rules in force; with `dry_run` it only says what that would change and send."""
    found = find_event(event_id)
    if not visit.may("flow.operate", found.realm):
        abort(403, "flow.operate")
    selection = Selection(ids=(found.id,))
    if request.form.get("dry_run") == "1":
        return event_page(found, event_id, preview=replay.dry_run(hub(), selection))
    result = replay.replay(hub(), selection)
    if not result.done + result.quarantined:
        raise ConflictError(_("It waits to be processed already."))
    audit.record(hub(), visit.visit().principal.actor, "event.replayed", event_id, _reason())
    return done(page_url("show_event", event_id=event_id), _("It runs again. Messages and points are not repeated."))


ROUTES = (
    act("/events/<event_id>/reveal", reveal_payload, "payload.raw"),
    act("/events/<event_id>/download", download_payload, "payload.raw"),
    act("/events/<event_id>/replay", replay_event, "flow.operate"),
)
