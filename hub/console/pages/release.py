"""Putting rules in force: what would follow, the deed, and running stored events again."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from flask import abort, redirect, render_template, request

from hub.console import visit, workshop
from hub.console.address import SPANS
from hub.console.language import _
from hub.console.message import done
from hub.console.pages.mapping import PARTS
from hub.console.route import act
from hub.console.shell import page_url
from hub.console.visit import hub
from hub.errors import ConfigError
from hub.flow import errand, replay, site
from hub.flow.bounded import bounded
from hub.model.identifier import format_id
from hub.store import run as run_store
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
    """Has them put in force, if they are still those that were looked at; shows how it goes, or that it is done."""
    workshop.check_publisher()
    reason = request.form.get("reason", "").strip()[:300]
    actor = visit.visit().principal.actor
    run_id = errand.ask_activation(hub(), _number(), request.form.get("digest", "")[:64], actor, reason)
    if run_id is None:
        return done(page_url("list_mappings"), _("These rules are in force already."))
    run = run_store.get(hub().db, run_id)
    if run is None or run.status != "done" or run.result is None:
        text = _("A worker puts them in force. This page shows how far it is.")
        return done(_run_url(run_id), text) if run and run.status != "failed" else redirect(_run_url(run_id), 303)
    text = _("Release %(n)s is in force.", n=run.result["release"])
    if run.result["kinds"]:
        text += " " + _("Records are decided again: %(kinds)s.", kinds=", ".join(run.result["kinds"]))
    return done(page_url("list_mappings"), text)


def _run_url(run_id: uuid.UUID) -> str:
    url: str = page_url("show_run", run_id=format_id("run", run_id))
    return url


def _number() -> int | None:
    text = request.form.get("number", "")
    if text and not (text.isascii() and text.isdigit() and len(text) < 9):
        abort(404)
    return int(text) if text else None


def ask_replay() -> Any:
    """Has a worker run stored events of a connection again; shows the run."""
    run_id = replay.ask(hub(), _selection(), visit.visit().principal.actor)
    return done(_run_url(run_id), _("A worker runs them again. This page shows how far it is."))


def rehearse_replay() -> Any:
    """Tries out what running them again would change and send; shows that on the page of its run. Changes nothing."""
    run_id = errand.ask_rehearsal(hub(), _selection(), visit.visit().principal.actor)
    return redirect(_run_url(run_id), 303)


def _selection() -> Selection:
    """The stored events that the form names: of a connection, received within a span or since a moment."""
    row = hub().connections.by_name(request.form.get("connection", ""))
    if not visit.may("flow.operate", row.realm):
        abort(403, "flow.operate")
    span, moment = request.form.get("span", ""), request.form.get("since", "")[:40]
    if moment:
        try:
            return Selection(row.id, datetime.fromisoformat(moment).astimezone(UTC), None)
        except ValueError:
            abort(404)
    return Selection(row.id, datetime.now(UTC) - SPANS[span] if SPANS.get(span) else None, None)


ROUTES = (
    act("/mappings/plan", plan_release, "rule.publish"),
    act("/mappings/activate", activate_release, "rule.publish"),
    act("/mappings/replay", ask_replay, "flow.operate"),
    act("/mappings/rehearse", rehearse_replay, "flow.operate"),
)
