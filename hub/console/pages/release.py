"""Putting rules in force: what would follow, the deed, and running stored events again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import abort, render_template, request

from hub.console import visit, workshop
from hub.console.address import SPANS
from hub.console.language import _
from hub.console.message import done
from hub.console.pages.mapping import PARTS
from hub.console.route import act
from hub.console.shell import page_url
from hub.console.visit import hub
from hub.errors import ConfigError
from hub.flow import replay, site
from hub.flow.bounded import bounded
from hub.model.identifier import format_id
from hub.store.replay import Selection

SECONDS = 25.0


def plan_release() -> Any:
    """What putting the files on disk, or an earlier release, in force would do. Changes nothing."""
    workshop.check_publisher()
    number = _number()
    found, problem = None, ""
    try:
        found = bounded(hub(), lambda mine: site.consequence(mine, number), seconds=SECONDS)
    except ConfigError as error:
        problem = str(error)
    return render_template(
        "console/release_plan.html",
        plan=found,
        number=number,
        problem=problem,
        parts=PARTS,
        streams=_by_connection(found.streams) if found else {},
        command=f"retail-hub release activate{f' {number}' if number else ''}",
        api="POST /api/v1/releases/activate",
    )


def _by_connection(streams: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for connection, stream in streams:
        found.setdefault(connection, []).append(stream)
    return found


def activate_release() -> Any:
    """Puts them in force, if they are still those that were looked at."""
    workshop.check_publisher()
    reason = request.form.get("reason", "").strip()[:300]
    actor = visit.visit().principal.actor
    number, kinds = site.put_in_force(hub(), _number(), request.form.get("digest", "")[:64], actor, reason)
    text = _("Release %(n)s is in force.", n=number)
    if kinds:
        text += " " + _("Records are decided again: %(kinds)s.", kinds=", ".join(kinds))
    return done(page_url("list_mappings"), text)


def _number() -> int | None:
    text = request.form.get("number", "")
    if text and not (text.isascii() and text.isdigit() and len(text) < 9):
        abort(404)
    return int(text) if text else None


def ask_replay() -> Any:
    """Has a worker run stored events of a connection again; shows the run."""
    row = hub().connections.by_name(request.form.get("connection", ""))
    if not visit.may("flow.operate", row.realm):
        abort(403, "flow.operate")
    span = request.form.get("span", "")
    since = datetime.now(UTC) - SPANS[span] if SPANS.get(span) else None
    run_id = replay.ask(hub(), Selection(row.id, since, None), visit.visit().principal.actor)
    return done(
        page_url("show_run", run_id=format_id("run", run_id)),
        _("A worker runs them again. This page shows how far it is."),
    )


ROUTES = (
    act("/mappings/plan", plan_release, "rule.publish"),
    act("/mappings/activate", activate_release, "rule.publish"),
    act("/mappings/replay", ask_replay, "flow.operate"),
)
