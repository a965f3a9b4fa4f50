"""Connections: the list, and one with its streams, its deliveries, its errors and the acts on it."""

from __future__ import annotations

from typing import Any

from flask import abort, g, render_template, request

from hub.console import visit
from hub.console.address import id_of
from hub.console.language import _
from hub.console.message import done
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.state import alerts_of, due_s, lag_s, state_of
from hub.console.visit import hub
from hub.errors import ConflictError
from hub.flow import account as acts
from hub.flow import audit as audit_flow
from hub.flow import guard
from hub.model.identifier import format_id
from hub.store import audit, cursor
from hub.store import console_connection as store
from hub.store.connection import ConnectionRow
from hub.store.database import Connection


def list_connections() -> Any:
    """Every connection with its state in one word."""
    found = store.figures(hub().db, g.fmt.now, visit.realms("flow.see"))
    return render_template(
        "console/connections.html",
        rows=[(f, state_of(f, g.fmt.now), lag_s(f, g.fmt.now), due_s(f, g.fmt.now)) for f in found],
        connectors=sorted(hub().registry.connectors),
        broken=hub().registry.broken,
        command="retail-hub check",
        api="GET /api/v1/connections",
    )


def show_connection(name: str) -> Any:
    """One connection: why is it slow, what does it read and write, what went wrong?"""
    found = store.figures(hub().db, g.fmt.now, visit.realms("flow.see"), name)
    if not found:
        abort(404)
    f = found[0]
    connector = hub().registry.connectors.get(f.connector)
    manifest = connector.manifest if connector else None
    return render_template(
        "console/connection.html",
        f=f,
        state=state_of(f, g.fmt.now),
        alerts=alerts_of(f, g.fmt.now),
        behind_s=lag_s(f, g.fmt.now),
        due_s=due_s(f, g.fmt.now),
        manifest=manifest,
        streams=store.streams_of(hub().db, f.id),
        runs=store.runs_of(hub().db, f.id),
        plans=store.plans_of(hub().db, f.id),
        failures=store.failures_of(hub().db, f.id, g.fmt.now),
        is_pullable=any(stream.pull for stream in manifest.streams) if manifest else False,
        command=f"retail-hub check {name}",
        api=f"GET /api/v1/connections/{name}",
    )


def _for_act(name: str) -> tuple[ConnectionRow, str, str]:
    """The connection, who acts, and why; 403 where the visitor may not operate in its realm."""
    row = hub().connections.by_name(name)
    if not visit.may("flow.operate", row.realm):
        abort(403, "flow.operate")
    return row, visit.visit().principal.actor, request.form.get("reason", "").strip()[:300]


def _page(name: str) -> str:
    return page_url("show_connection", name=name)


def pause_connection(name: str) -> Any:
    """Stops reading and writing; webhooks are still stored, so nothing is lost."""
    row, actor, reason = _for_act(name)
    acts.pause(hub(), row.name, actor, reason)
    return done(_page(name), _("Paused. Webhooks are still stored; nothing is lost."))


def resume_connection(name: str) -> Any:
    """Goes on from where it stopped."""
    row, actor, _reason = _for_act(name)
    acts.resume(hub(), row.name, actor)
    return done(_page(name), _("Resumed. It catches up from where it stopped."))


def halt_connection(name: str) -> Any:
    """Stops one direction within a second, or lets it go again."""
    row, actor, _reason = _for_act(name)
    direction, is_on = request.form.get("direction", ""), request.form.get("on") == "1"
    if direction not in ("in", "out"):
        abort(400)
    change = acts.halt if is_on else acts.lift
    change(hub(), row.name, actor, inward=direction == "in", outward=direction == "out")
    return done(_page(name), _("Halted within a second.") if is_on else _("It flows again."))


def pull_now(name: str) -> Any:
    """Makes every stream of a connection due; the workers read them in the background."""
    row, actor, _reason = _for_act(name)

    def work(conn: Connection) -> None:
        cursor.wake(conn, row.id)
        audit.append(conn, actor, "connection.pull", row.name)

    hub().db.run(work)
    hub().queue.wake("poll")
    return done(_page(name), _("Reading begins within a few seconds."))


def decide_plan(name: str) -> Any:
    """Lets a held mass change go, ten of it first, or none of it."""
    row, actor, reason = _for_act(name)
    plan_id = id_of(request.form.get("plan", ""), "pln")
    if plan_id not in {plan.id for plan in store.plans_of(hub().db, row.id)}:
        raise ConflictError("this plan was decided already")
    decision = request.form.get("decision", "")
    if decision not in ("release", "canary", "discard"):
        abort(400)
    if decision == "discard":
        guard.discard(hub(), plan_id, actor)
        text = _("Discarded: nothing of it is sent.")
    else:
        count = guard.release(hub(), plan_id, actor, canary=decision == "canary")
        text = _("%(n)s deliveries let go.", n=count)
    audit_flow.record(hub(), actor, f"plan.{decision}", format_id("pln", plan_id), reason)
    return done(_page(name), text)


ROUTES = (
    Route("/connections", list_connections, "flow.see"),
    Route("/connections/<name>", show_connection, "flow.see"),
    act("/connections/<name>/pause", pause_connection, "flow.operate"),
    act("/connections/<name>/resume", resume_connection, "flow.operate"),
    act("/connections/<name>/halt", halt_connection, "flow.operate"),
    act("/connections/<name>/pull", pull_now, "flow.operate"),
    act("/connections/<name>/plan", decide_plan, "flow.operate"),
)
