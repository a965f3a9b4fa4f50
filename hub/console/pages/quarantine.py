"""What stands aside: quarantine by cause, running it again or discarding it, and records that wait for a parent."""

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
from hub.console.visit import hub, local_path
from hub.model.identifier import format_id
from hub.model.mask import mask_raw
from hub.store import audit, claim
from hub.store import console_quarantine as store
from hub.store.console_event import event_detail
from hub.store.database import Connection


def list_quarantine() -> Any:
    """One row per cause: what is wrong, where, how often, since when."""
    found = store.groups(hub().db, visit.realms("flow.see"))
    return render_template(
        "console/quarantine.html",
        groups=[(group, _first_problem(group)) for group in found],
        total=sum(group.count for group in found),
        command="retail-hub quarantine",
        api="GET /api/v1/events?status=quarantined",
    )


def _first_problem(group: store.Group) -> dict[str, str]:
    """The first problem of the newest event, its sample value masked."""
    problems = (group.problem or {}).get("problems") or [{}]
    first = dict(problems[0])
    return {**first, "value": mask_raw(first.get("value", ""), first.get("path", ""))}


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
    ids, actor = _chosen(), visit.visit().principal.actor
    subject = format_id("evt", ids[0]) if len(ids) == 1 else ""

    def work(conn: Connection) -> int:
        count = claim.release_quarantine(conn, ids=ids)
        audit.append(conn, actor, "event.rerun", subject, detail={"events": count})
        return count

    count = hub().db.run(work) if ids else 0
    hub().queue.wake("pipeline")
    return done(_back(), _("%(n)s events run again.", n=count))


def discard_events() -> Any:
    """Takes quarantined events out for good; they stay readable and are counted as discarded."""
    ids, actor = _chosen(), visit.visit().principal.actor
    reason = request.form.get("reason", "").strip()[:300]
    subject = format_id("evt", ids[0]) if len(ids) == 1 else ""

    def work(conn: Connection) -> int:
        count = claim.discard(conn, ids)
        audit.append(conn, actor, "event.discarded", subject, reason, {"events": count})
        return count

    count = hub().db.run(work) if ids else 0
    return done(_back(), _("%(n)s events discarded.", n=count))


def _back() -> str:
    return local_path(request.form.get("back"), page_url("list_quarantine"))


def list_parked() -> Any:
    """Records that wait for the one they belong to."""
    before, after = wished_id("before", "rec"), wished_id("after", "rec")
    found = store.parked(hub().db, visit.realms("flow.see"), before, after, PAGE + 1)
    rows, has_more = cut(found, after is not None)
    return render_template(
        "console/parked.html",
        rows=rows,
        page=pages("list_parked", "rec", rows, has_more),
        command="retail-hub events --status parked",
        api="GET /api/v1/items?type=parked",
    )


ROUTES = (
    Route("/quarantine", list_quarantine, "flow.see"),
    act("/quarantine/run-again", run_again, "flow.operate"),
    act("/quarantine/discard", discard_events, "flow.operate"),
    Route("/parked", list_parked, "flow.see"),
)
