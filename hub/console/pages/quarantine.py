"""Quarantine by cause: look, rehearse, run again after a fix, or discard."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

from flask import abort, render_template, request

from hub.console import visit
from hub.console.address import id_of
from hub.console.effect import changed_fields
from hub.console.golden import record_url
from hub.console.language import _
from hub.console.mapping_file import excerpt
from hub.console.message import done
from hub.console.pages.event import masked_problem
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub, local_path
from hub.errors import ConfigError
from hub.flow import quarantine as acts
from hub.flow import replay
from hub.flow.replay import Preview
from hub.store import console_event
from hub.store import console_quarantine as store
from hub.store.console_event import event_detail
from hub.store.replay import Selection

LISTED = 50
REHEARSED = 300
"""How many events of a group a rehearsal tries: a page must not wait for minutes."""


def list_quarantine() -> Any:
    """One row per cause: what is wrong, where, how often, since when."""
    connection, cause = request.args.get("connection", "")[:60], request.args.get("cause", "")[:80]
    found = store.groups(hub().db, visit.realms("flow.see"), connection, cause)
    return render_template(
        "console/quarantine.html",
        groups=[(group, _first_problem(group)) for group in found],
        connection=connection,
        cause=cause,
        is_filtered=bool(connection or cause),
        may_act=lambda name: visit.may("flow.operate", hub().connections.by_name(name).realm),
        command="retail-hub quarantine",
        api="GET /api/v1/events?status=quarantined",
    )


def _first_problem(group: store.Group) -> dict[str, Any]:
    """The first problem of the newest event, its sample value masked."""
    problems = (group.problem or {}).get("problems") or [{}]
    return masked_problem(problems[0])


def show_quarantined(event_id: str) -> Any:
    """One cause: the mapping's lines, the events that it holds, and who waits for them. Named by any of its events."""
    return _group_page(event_id, None)


def rehearse(event_id: str) -> Any:
    """The same page with what running the events again would do now. Changes nothing."""
    key = _key(event_id, "flow.operate")
    ids = store.ids_of_group(hub().db, key.connection_id, key.topic, key.cause, REHEARSED)
    return _group_page(event_id, replay.dry_run(hub(), Selection(ids=tuple(ids))))


def _group_page(event_id: str, preview: Preview | None) -> Any:
    key = _key(event_id, "flow.see")
    groups = store.groups(hub().db, visit.realms("flow.see"), key.connection, key.cause)
    group = next((one for one in groups if (one.topic, one.cause) == (key.topic, key.cause)), None)
    if group is None:
        abort(404)
    listed = store.ids_of_group(hub().db, key.connection_id, key.topic, key.cause, LISTED)
    rows = console_event.rows_of(hub().db, listed)
    problem = _first_problem(group)
    return render_template(
        "console/quarantine_cause.html",
        event_id=event_id,
        group=group,
        problem=problem,
        lines=excerpt(str(problem.get("where", ""))),
        rows=rows,
        dependents=store.waiting_for(hub().db, key.connection_id),
        may_act=visit.may("flow.operate", key.realm),
        rehearsed=REHEARSED,
        preview=_preview(preview) if preview else None,
        record_url=record_url,
        command=f"retail-hub quarantine run-again --connection {key.connection}"
        + (f" --cause {key.cause}" if key.cause else ""),
        api="GET /api/v1/events?status=quarantined",
    )


def _preview(found: Preview) -> dict[str, Any]:
    """How many would pass, why the others still would not, and what would change and be sent."""
    codes = Counter(str(one["problems"][0].get("code", "?")) for one in found.problems if one["problems"])
    return {
        "events": found.events,
        "passed": found.events - len(found.problems),
        "codes": codes.most_common(10),
        "changes": [
            (
                change,
                changed_fields(change["kind"], change["fields"][:8], change["before"] or {}, change["after"] or {}),
            )
            for change in found.changes[:10]
            if change["type"] != "merged"
        ],
        "changed": len(found.changes),
        "targets": found.targets,
    }


def _key(event_id: str, permission: str) -> store.Key:
    """The group of the event in the address; 404 when it is not in quarantine or not the visitor's."""
    key = store.key_of(hub().db, id_of(event_id, "evt"))
    if key is None or not visit.may("flow.see", key.realm):
        abort(404)
    if not visit.may(permission, key.realm):
        abort(403, permission)
    return key


def _chosen() -> list[uuid.UUID]:
    """The events that the form names: one, or a whole group. 403 where the visitor may not operate there."""
    form = request.form
    if form.get("event"):
        found = event_detail(hub().db, id_of(form["event"], "evt"))
        if found is None:
            abort(404)
        ids, connection = [found.id], found.connection
    else:
        connection = form.get("connection", "")
        row = hub().connections.by_name(connection)
        ids = store.ids_of_group(hub().db, row.id, form.get("topic", ""), form.get("cause", ""))
    if not visit.may("flow.operate", hub().connections.by_name(connection).realm):
        abort(403, "flow.operate")
    return ids


def run_again() -> Any:
    """Puts quarantined events back into the queue, under the rules in force now."""
    ids = _chosen()
    count = acts.run_again(hub(), visit.visit().principal.actor, ids=ids) if ids else 0
    return done(_back(), _("%(n)s events run again.", n=count))


def discard_events() -> Any:
    """Takes quarantined events out for good; they stay readable and are counted as discarded."""
    ids, reason = _chosen(), request.form.get("reason", "").strip()[:300]
    if not reason:
        raise ConfigError(_("Say why: the decision is recorded with its reason."))
    count = acts.discard(hub(), visit.visit().principal.actor, ids, reason) if ids else 0
    return done(_back(), _("%(n)s events discarded.", n=count))


def _back() -> str:
    return local_path(request.form.get("back"), page_url("list_quarantine"))


ROUTES = (
    Route("/quarantine", list_quarantine, "flow.see"),
    Route("/quarantine/<event_id>", show_quarantined, "flow.see"),
    act("/quarantine/<event_id>/rehearse", rehearse, "flow.operate"),
    act("/quarantine/run-again", run_again, "flow.operate"),
    act("/quarantine/discard", discard_events, "flow.operate"),
)
