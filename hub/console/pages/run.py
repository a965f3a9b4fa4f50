"""Runs: what is read, replayed, imported, tried out or put in force now and lately, how complete it was, and how to stop it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, g, render_template, request

from hub.console import visit, workshop
from hub.console.address import PAGE, cut, id_of, pages, wished, wished_id
from hub.console.language import _
from hub.console.message import done
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import hub, local_path
from hub.flow import run as acts
from hub.flow.forecast_kept import restored
from hub.store import console_run as store
from hub.store import run as run_store
from hub.store.console_connection import RunRow
from hub.store.run import Run


def list_runs() -> Any:
    """Runs, newest first."""
    connection = request.args.get("connection", "")[:60]
    type_, status = wished("type", store.TYPES), wished("status", store.STATUSES)
    before, after = wished_id("before", "run"), wished_id("after", "run")
    wish = store.Filter(connection, type_, status, visit.realms("flow.see"), before, after)
    rows, has_more = cut(store.list_runs(hub().db, wish, PAGE + 1), after is not None)
    return render_template(
        "console/runs.html",
        rows=rows,
        page=pages("list_runs", "run", rows, has_more, connection=connection, type=type_, status=status),
        connection=connection,
        connections=_names(),
        type=type_,
        types=store.TYPES,
        status=status,
        statuses=store.STATUSES,
        is_filtered=bool(connection or type_ or status or before),
        command=f"retail-hub pull {connection or 'NAME'}",
    )


def _names() -> list[str]:
    seen = visit.realms("flow.see")
    return [row.name for row in hub().connections.all() if seen is None or row.realm in seen]


def show_run(run_id: str) -> Any:
    """One run: how far it is, how fast, how long it still takes, and how complete it was."""
    found = _run(run_id)
    seconds = _seconds(found)
    items = found.counts.get("items", 0)
    stored = run_store.get(hub().db, found.id)
    return render_template(
        "console/run.html",
        r=found,
        run_id=run_id,
        seconds=seconds,
        per_minute=items * 60 / seconds if items and seconds else None,
        eta=acts.eta(stored, seconds) if stored and found.status == "running" else None,
        share=min(100, round(100 * items / found.total)) if found.total else None,
        is_open=found.status in ("running", "paused"),
        can_hold=found.type in acts.HOLDABLE,
        can_stop=found.type in acts.STOPPABLE,
        result=_result(stored),
        selection=_selection(stored),
        permission=_permission(found),
        may_act=visit.may(_permission(found), _realm(found)),
        command=f"retail-hub pull {found.connection} --stream {found.stream}" if found.type == "pull" else "",
    )


def _result(run: Run | None) -> Any:
    """What came of a rehearsal or an activation, for the template; None before its end, and of other runs."""
    if run is None or run.result is None:
        return None
    return workshop.shown(restored(run.result), is_masked=True) if run.type == "rehearsal" else run.result


def _selection(run: Run | None) -> dict[str, str]:
    """The form fields that name the events of a rehearsal, so that they can be run again; empty for other runs."""
    kept = (run.position or {}).get("selection") if run and run.type == "rehearsal" else None
    if run is None or kept is None or run.connection_id is None:
        return {}
    return {"connection": hub().connections.by_id(run.connection_id).name, "since": kept["since"] or ""}


def _permission(found: RunRow) -> str:
    return "rule.publish" if found.type == "activation" else "flow.operate"


def _run(run_id: str) -> RunRow:
    """The run in the address, if the visitor may see its realm; else 404, as if there were none."""
    found = store.run_detail(hub().db, id_of(run_id, "run"), visit.realms("flow.see"))
    if found is None:
        abort(404)
    return found


def _realm(found: RunRow) -> str | None:
    return hub().connections.by_name(found.connection).realm if found.connection else None


def _seconds(found: RunRow) -> float:
    """How long it has been at work."""
    end = found.ended_at or (found.updated_at if found.state == "queued" else g.fmt.now) or g.fmt.now
    return max(0.0, float((end - found.started_at).total_seconds()))


def _act(run_id: str, work: Callable[..., None], text: str) -> Any:
    found = _run(run_id)
    if not visit.may(_permission(found), _realm(found)):
        abort(403, _permission(found))
    work(hub(), found.id, visit.visit().principal.actor)
    return done(local_path(request.form.get("back"), page_url("show_run", run_id=run_id)), text)


def pause_run(run_id: str) -> Any:
    """Stops it after the page at hand; it can go on from there."""
    return _act(run_id, acts.pause, _("It pauses after the page at hand."))


def resume_run(run_id: str) -> Any:
    """Lets it go on where it stopped."""
    return _act(run_id, acts.resume, _("It goes on where it stopped."))


def cancel_run(run_id: str) -> Any:
    """Ends it; what is done stays."""
    return _act(run_id, acts.cancel, _("It ends after the step at hand. What is done stays."))


ROUTES = (
    Route("/runs", list_runs, "flow.see"),
    Route("/runs/<run_id>", show_run, "flow.see"),
    act("/runs/<run_id>/pause", pause_run, "flow.operate"),
    act("/runs/<run_id>/resume", resume_run, "flow.operate"),
    act("/runs/<run_id>/cancel", cancel_run, "flow.operate"),
)
