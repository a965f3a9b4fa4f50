"""Going live: off, reading, review, live. Nothing is sent to a connection before it is live."""

from __future__ import annotations

import uuid
from typing import Any, Final

from hub.errors import ConfigError, ConflictError
from hub.flow import guard
from hub.flow.connection import ConnectionRow
from hub.flow.context import Hub
from hub.sdk.connector import Reads, Stream, Writes
from hub.store import connection as connection_store
from hub.store import plan as plan_store
from hub.store import readiness, statistics, target
from hub.store.database import Connection
from hub.store.target import Mark

CHUNK: Final = 2000
HUB: Final = "hub"
ENLISTED: Final = "enlisted"


def advance(hub: Hub) -> int:
    """Moves every connection on whose phase is over; returns how many moved. Safe to repeat and to race."""
    moved = 0
    for row in hub.connections.all():
        if row.disconnected_at is not None or row.connector not in hub.registry.connectors:
            continue
        if row.phase == "reading" and row.paused_at is None:
            moved += _after_reading(hub, row)
        elif row.phase == "live":
            _enlist_new_kinds(hub, row)
            if row.mode == "live" and hub.db.run(lambda conn, row=row: target.wake_shadow(conn, row.id)):  # type: ignore[misc]
                hub.queue.wake("deliver")
    if moved:
        hub.connections.reload()
        hub.queue.wake("deliver")
    return moved


def go_live(hub: Hub, name: str, by: str) -> str:
    """Makes a connection live because a person says so; returns its phase before.

    Releases the plan of its review, if there is one. Idempotent. Errors: `NotFoundError`;
    `ConflictError` when it is off.
    """
    row = hub.connections.by_name(name)
    if row.phase == "off":
        raise ConflictError(f"{name} is off: connect it first, it goes live after its first complete reading")
    if row.phase != "live":
        enlist(hub, row)
        hub.db.run(lambda conn: _go(conn, row.id, by))
        hub.connections.reload()
        hub.queue.wake("deliver")
    return row.phase


def _go(conn: Connection, connection_id: int, by: str) -> None:
    for plan_id in readiness.open_plans(conn, connection_id, plan_store.GO_LIVE):
        plan_store.decide(conn, plan_id, "released", by)
        plan_store.free(conn, plan_id)
    if not connection_store.move_phase(conn, connection_id, "reading", "live"):
        connection_store.move_phase(conn, connection_id, "review", "live")


def written_streams(hub: Hub, row: ConnectionRow) -> list[Stream]:
    """The streams a connection is written by: those of its kinds that flow out and have a mapping."""
    manifest = hub.registry.connector(row.connector).manifest
    found = []
    for kind in row.flows:
        stream = manifest.stream_of_kind(kind)
        mapping = hub.rules.mappings.outbound(row.connector, kind, row.name)
        if row.writes(kind) and stream is not None and mapping is not None:
            found.append(stream)
    return found


def _after_reading(hub: Hub, row: ConnectionRow) -> bool:
    streams = written_streams(hub, row)
    can_list = issubclass(hub.registry.connector(row.connector), Reads)
    listed = [stream for stream in streams if can_list and stream.pull]
    if not listed:
        # Nothing to compare with: a system that only takes deliveries, or is only read.
        enlist(hub, row)
        return hub.db.run(lambda conn: connection_store.move_phase(conn, row.id, "reading", "live"))
    if not hub.db.run(lambda conn: readiness.is_read(conn, row.id, [stream.name for stream in listed])):
        return False
    return review(hub, row)


def review(hub: Hub, row: ConnectionRow) -> bool:
    """Shows what going live would change, and goes live when that is little. True when the phase moved."""
    enlist(hub, row)

    def propose(conn: Connection) -> uuid.UUID | None:
        if not connection_store.move_phase(conn, row.id, "reading", "review"):
            return None
        return plan_store.propose(conn, row.id, plan_store.GO_LIVE)

    plan_id = hub.db.run(propose)
    if plan_id is None:
        return False
    found = guard.count(hub, row, plan_id)

    def decide(conn: Connection) -> None:
        counts: dict[str, Any] = {**found.as_dict(), **readiness.overlap(conn, row.id)}
        plan_store.keep(conn, plan_id, counts, found.samples)
        if found.is_mass(plan_store.limit(conn, row.id)):
            guard.raise_plan_item(conn, row, plan_id, found, plan_store.GO_LIVE)
            return
        plan_store.decide(conn, plan_id, "released", HUB)
        plan_store.free(conn, plan_id)
        connection_store.move_phase(conn, row.id, "review", "live")

    hub.db.run(decide)
    return True


def enlist(hub: Hub, row: ConnectionRow, kinds: list[str] | None = None) -> int:
    """Makes the targets that are missing for golden records older than the connection; returns how many."""
    made = 0
    if not issubclass(hub.registry.connector(row.connector), Writes):
        return 0
    # Often a moment after everything was read for the first time.
    statistics.refresh(hub.db)
    for stream in written_streams(hub, row):
        kind = stream.kinds[0]
        if kinds is None or kind in kinds:
            made += _enlist_kind(hub, row, kind, stream.name)
    done = sorted(kind for kind in row.flows if row.writes(kind))
    hub.db.run(lambda conn: connection_store.note_health(conn, row.id, ENLISTED, {"kinds": done}))
    return made


def _enlist_kind(hub: Hub, row: ConnectionRow, kind: str, object_type: str) -> int:
    made, after = 0, None

    def step(conn: Connection) -> tuple[uuid.UUID | None, int]:
        found = target.missing(conn, row.id, object_type, kind, row.realm, after, CHUNK)
        marks = [
            Mark(row.id, object_type, kind, row.realm, owner, peer, plan_store.GO_LIVE) for _, owner, peer in found.rows
        ]
        target.mark(conn, marks)
        return found.last, len(marks)

    while True:
        after, count = hub.db.run(step)
        made += count
        if after is None:
            return made


def _enlist_new_kinds(hub: Hub, row: ConnectionRow) -> None:
    """A flow that was added to a live connection."""
    wanted = {kind for kind in row.flows if row.writes(kind)}
    if not wanted or wanted <= set(row.health.get(ENLISTED, {}).get("kinds", ())):
        return
    current = hub.db.one("select health -> %s -> 'kinds' from connection where id = %s", (ENLISTED, row.id))
    new = sorted(wanted - set((current[0] if current else None) or ()))
    if new:
        enlist(hub, row, new)
        hub.queue.wake("deliver")


def set_mode(hub: Hub, name: str, mode: str) -> bool:
    """`live` sends, `shadow` only notes what it would send. True when it changed; going live sends what was noted."""
    if mode not in ("live", "shadow"):
        raise ConfigError(f"mode {mode!r} is not known: live or shadow")
    row = hub.connections.by_name(name)
    if row.mode == mode:
        return False

    hub.db.run(lambda conn: connection_store.update(conn, row.id, {"mode": mode}))
    hub.connections.reload()
    advance(hub)
    return True
