"""Runs as people ask for them: reading in the background, pausing, going on, ending."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow.configure import read_streams
from hub.flow.context import Hub
from hub.model.identifier import format_id
from hub.sdk.connector import Reads
from hub.store import audit, cursor
from hub.store import run as store
from hub.store.connection import ConnectionRow
from hub.store.database import Connection
from hub.store.run import Run

STALE_S = 900
STOPPABLE = frozenset({"pull", "replay", "import", "rehearsal", "activation"})
HOLDABLE = frozenset({"pull", "replay"})


def ask_pull(
    hub: Hub, name: str, actor: str, *, stream: str | None = None, since: float | None = None, full: bool = False
) -> dict[str, uuid.UUID]:
    """Has the workers read a connection's streams (or one); returns stream -> the run that shows how it goes.

    `since` (seconds since the epoch) reads again from then, `full` everything. A request that waits
    already is replaced. Errors: `NotFoundError`; `ConfigError` (nothing to read, no such stream).
    """
    row = hub.connections.by_name(name)
    names = read_streams(hub.registry.connector(row.connector), row.flows)
    if not names:
        raise ConfigError(f"{name} has nothing to read: no stream of {row.connector} is pulled for its flows")
    wanted = [one for one in names if stream in (None, "", one)]
    if not wanted:
        raise ConfigError(f"{name} reads no stream {stream!r}; it reads: {', '.join(names)}")
    asked = {key: value for key, value in (("since", since), ("full", full)) if value}

    def work(conn: Connection) -> dict[str, uuid.UUID]:
        found = {one: _queue(conn, row, one, asked) for one in wanted}
        audit.append(conn, actor, "connection.pull", name, detail={"streams": wanted, **asked})
        return found

    runs = hub.db.run(work)
    hub.queue.wake("poll")
    return runs


def _queue(conn: Connection, row: ConnectionRow, stream: str, asked: dict[str, Any]) -> uuid.UUID:
    run_id = store.queue(conn, "pull", row.id, stream)
    replaced = cursor.ask(conn, row.id, stream, {**asked, "run": str(run_id)})
    before = store.lock(conn, uuid.UUID(replaced["run"])) if replaced and "run" in replaced else None
    if before is not None and before.status == "paused":
        store.cancel(conn, before.id, "another reading was asked for")
    return run_id


def begin_at(hub: Hub, name: str, stream: str, since: float) -> bool:
    """Lets a stream that was never read begin at a time (seconds since the epoch) instead of its first record.

    False when it was read already. `ConfigError` where the system cannot be asked by time.
    """
    row = hub.connections.by_name(name)
    connector = hub.connections.connector(name)
    try:
        position = connector.cursor_since(stream, since) if isinstance(connector, Reads) else None
    except NotImplementedError:
        position = None
    if position is None:
        raise ConfigError(f"{name}: the stream {stream} cannot be read from a time on; read it whole")
    return cursor.place(hub.db, row.id, stream, position)


def pause(hub: Hub, run_id: uuid.UUID, actor: str) -> None:
    """Stops a reading after the page at hand; `resume` goes on from there. Safe to repeat.

    Errors: `NotFoundError`; `ConflictError` when it is over, or cannot be paused.
    """

    def work(conn: Connection, run: Run) -> None:
        if run.type not in HOLDABLE:
            raise ConflictError(f"a {run.type} cannot be paused: end it, what is done stays")
        if run.status == "running":
            store.ask(conn, run.id, "pause")

    _act(hub, run_id, actor, "pause", work)


def resume(hub: Hub, run_id: uuid.UUID, actor: str) -> None:
    """Lets a paused run go on where it stopped; a replay also when it failed or was ended. Safe to repeat.

    Errors: as `pause`.
    """

    def work(conn: Connection, run: Run) -> None:
        if run.type == "replay" and run.status != "running":
            store.release(conn, run.id)
        elif run.status == "running":
            store.ask(conn, run.id, None)
        elif run.connection_id is not None and run.stream:
            cursor.ask(conn, run.connection_id, run.stream, {**_asked(conn, run), "run": str(run.id)})

    _act(hub, run_id, actor, "resume", work)
    hub.queue.wake("poll")


def _asked(conn: Connection, run: Run) -> dict[str, Any]:
    held = cursor.of_connection(conn, run.connection_id or 0)
    return next((c.request or {} for c in held if c.stream == run.stream), {})


def cancel(hub: Hub, run_id: uuid.UUID, actor: str) -> None:
    """Ends a run after the step at hand; what is done stays. Safe to repeat. Errors: as `pause`."""

    def work(conn: Connection, run: Run) -> None:
        if run.type not in STOPPABLE:
            raise ConflictError(f"a {run.type} cannot be ended by hand")
        if run.status == "running":
            store.ask(conn, run.id, "cancel")
            return
        if run.connection_id is not None and run.stream:
            cursor.drop_request(conn, run.connection_id, run.stream, run.id)
        store.cancel(conn, run.id, "somebody ended it")

    _act(hub, run_id, actor, "cancel", work)


def _act(hub: Hub, run_id: uuid.UUID, actor: str, act: str, work: Callable[[Connection, Run], None]) -> None:
    shown = format_id("run", run_id)

    def locked(conn: Connection) -> None:
        run = store.lock(conn, run_id)
        if run is None:
            raise NotFoundError(f"there is no run {shown}")
        is_open = run.status in ("running", "paused")
        if not is_open and not (act == "resume" and run.type == "replay" and run.status in ("failed", "cancelled")):
            raise ConflictError(f"run {shown} is {run.status} already")
        work(conn, run)
        audit.append(conn, actor, f"run.{act}", shown)

    hub.db.run(locked)


def eta(run: Run, seconds: float) -> timedelta | None:
    """How long it still takes at the speed so far; None where the system gives no total, or nothing was read."""
    done = run.counts.get("items", 0)
    if not run.total or not done or seconds <= 0:
        return None
    return timedelta(seconds=max(0, run.total - done) * seconds / done)
