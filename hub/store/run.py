"""Runs: long work on a connection, with an honest outcome and coverage."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson

from hub.store.database import Connection, Database, new_id

RunType = Literal["pull", "replay", "verify", "import", "rehearsal", "activation"]
Status = Literal["running", "paused", "done", "failed", "cancelled"]
Asked = Literal["pause", "cancel"]
Coverage = Literal["complete", "partial", "truncated", "skipped"]


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `outcome`: what came of it, in a word; `note`: why it is not complete.

    `wish`: what somebody asked of it while it runs. `total`: how many items the system says there are.
    One that is paused and never ended waits for a worker.
    """

    id: uuid.UUID
    type: RunType
    connection_id: int | None
    stream: str | None
    status: Status
    outcome: str | None
    coverage: Coverage | None
    counts: dict[str, int]
    note: str | None
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    wish: Asked | None = None
    total: int | None = None
    position: dict[str, Any] | None = None
    """Of a replay: `selection` (connection, since, status), `after` (the last event put back), `go` (waits for a worker).

    Of a rehearsal or an activation: see `hub.store.errand`.
    """
    result: dict[str, Any] | None = None


WAITING_REPLAY = """
    type = 'replay' and position is not null and (status = 'paused' and position ? 'go'
        or status = 'running' and updated_at < now() - interval '60 seconds')
"""
"""The condition of a replay that a worker should take: asked for, or left behind by a process that is gone."""
_COLUMNS = ", ".join(Run.__dataclass_fields__)


def start(db: Database, type: RunType, connection_id: int | None = None, stream: str | None = None) -> uuid.UUID:  # noqa: A002
    """Begins a run; returns its id."""
    run_id = new_id()
    sql = "insert into run (id, type, connection_id, stream) values (%s, %s, %s, %s)"
    db.execute(sql, (run_id, type, connection_id, stream))
    return run_id


def queue(
    conn: Connection,
    type: RunType,  # noqa: A002
    connection_id: int | None,
    stream: str | None,
    position: Mapping[str, Any] | None = None,
) -> uuid.UUID:
    """A run that waits for a worker; returns its id."""
    run_id = new_id()
    sql = "insert into run (id, type, connection_id, stream, status, position) values (%s, %s, %s, %s, 'paused', %s)"
    conn.execute(sql, (run_id, type, connection_id, stream, orjson.dumps(position).decode() if position else None))
    return run_id


def begin(conn: Connection, run_id: uuid.UUID) -> None:
    """Begins a run that waits, for the process that made it."""
    conn.execute("update run set status = 'running', updated_at = clock_timestamp() where id = %s", (run_id,))


def hold(db: Database, run_id: uuid.UUID) -> None:
    """Pauses a run after the step at hand, until somebody lets it go on."""
    db.execute("update run set status = 'paused', wish = null, updated_at = clock_timestamp() where id = %s", (run_id,))


def place(conn: Connection, run_id: uuid.UUID, position: Mapping[str, Any]) -> None:
    """Keeps how far a replay is, in the transaction that got it there."""
    conn.execute("update run set position = %s where id = %s", (orjson.dumps(position).decode(), run_id))


def release(conn: Connection, run_id: uuid.UUID) -> None:
    """Lets a worker go on with a replay that was paused, ended or failed."""
    conn.execute(
        "update run set status = 'paused', wish = null, ended_at = null, outcome = null, coverage = null, note = null,"
        " position = position || '{\"go\": true}', updated_at = clock_timestamp() where id = %s and type = 'replay'",
        (run_id,),
    )


def take_replay(db: Database) -> Run | None:
    """Begins a replay that waits for a worker, or one whose process is gone; None when there is none."""
    row = db.one(
        "update run set status = 'running', position = position - 'go', updated_at = clock_timestamp() where id = ("  # noqa: S608
        f" select id from run where {WAITING_REPLAY} order by id limit 1 for update skip locked) returning {_COLUMNS}"
    )
    return Run(*row) if row else None


def reopen(db: Database, run_id: uuid.UUID) -> Run | None:
    """Begins a waiting run, or goes on with a paused one; None when it is over or gone."""
    row = db.one(
        f"update run set status = 'running', wish = null, outcome = null, note = null, ended_at = null,"  # noqa: S608
        f" started_at = case when counts = '{{}}' then clock_timestamp() else started_at end,"
        f" updated_at = clock_timestamp() where id = %s and status = 'paused' returning {_COLUMNS}",
        (run_id,),
    )
    return Run(*row) if row else None


def get(db: Database, run_id: uuid.UUID) -> Run | None:
    """The run of that id."""
    row = db.one(f"select {_COLUMNS} from run where id = %s", (run_id,))  # noqa: S608
    return Run(*row) if row else None


def lock(conn: Connection, run_id: uuid.UUID) -> Run | None:
    """The run of that id, locked until the transaction ends."""
    row = conn.execute(f"select {_COLUMNS} from run where id = %s for update", (run_id,)).fetchone()  # noqa: S608
    return Run(*row) if row else None


def ask(conn: Connection, run_id: uuid.UUID, wish: Asked | None) -> None:
    """Notes what a running one is asked to do; None takes it back."""
    conn.execute("update run set wish = %s where id = %s", (wish, run_id))


def cancel(conn: Connection, run_id: uuid.UUID, note: str) -> None:
    """Ends a run that nobody works on."""
    conn.execute(
        "update run set status = 'cancelled', outcome = 'cancelled', coverage = coalesce(coverage, 'skipped'), wish = null,"
        " note = %s, updated_at = clock_timestamp(), ended_at = clock_timestamp() where id = %s",
        (note, run_id),
    )


def note_total(conn: Connection, run_id: uuid.UUID, total: int) -> None:
    """Keeps how many items there are, as the system says."""
    conn.execute("update run set total = %s where id = %s and total is distinct from %s", (total, run_id, total))


def end_abandoned(conn: Connection) -> int:
    """Ends the runs whose processes are gone: for a start at which nothing of before can still live.

    Those that know how far they are, or what they are about, wait for a worker instead.
    """
    conn.execute(
        "update run set status = 'paused', position = position || '{\"go\": true}'"
        " where status = 'running' and position is not null"
    )
    return conn.execute(
        "update run set status = 'cancelled', outcome = 'cancelled', note = 'its process ended',"
        " updated_at = clock_timestamp(), ended_at = clock_timestamp() where status = 'running'"
    ).rowcount


def progress(conn: Connection, run_id: uuid.UUID, counts: Mapping[str, int]) -> Asked | None:
    """Notes how far it is, in the transaction that got it there; returns what somebody asked of it meanwhile."""
    sql = "update run set counts = %s, updated_at = clock_timestamp() where id = %s returning wish"
    row = conn.execute(sql, (orjson.dumps(dict(counts)).decode(), run_id)).fetchone()
    return row[0] if row else None


def end(
    db: Database,
    run_id: uuid.UUID,
    status: Status,
    *,
    outcome: str,
    coverage: Coverage | None,
    counts: Mapping[str, int],
    note: str = "",
) -> None:
    """Ends a run. `coverage` other than complete needs a `note` that says why."""
    db.execute(
        "update run set status = %s, outcome = %s, coverage = %s, counts = %s, note = %s, wish = null,"
        " updated_at = clock_timestamp(), ended_at = clock_timestamp() where id = %s",
        (status, outcome, coverage, orjson.dumps(dict(counts)).decode(), note or None, run_id),
    )


def recent(db: Database, connection_id: int | None = None, limit: int = 20) -> list[Run]:
    """The latest runs, newest first."""
    rows = db.all(
        f"select {_COLUMNS} from run where %(c)s::integer is null or connection_id = %(c)s order by started_at desc limit %(n)s",  # noqa: S608
        {"c": connection_id, "n": limit},
    )
    return [Run(*row) for row in rows]


def give_up_stale(db: Database, older_than_s: float = 900.0) -> int:
    """Runs whose process died are failed, not running; returns how many."""
    return db.execute(
        "update run set status = 'failed', outcome = 'died', coverage = 'partial', note = 'its process stopped', ended_at = now()"
        " where status = 'running' and position is null and updated_at < now() - make_interval(secs => %s)",
        (older_than_s,),
    )


def purge(db: Database, eventful_days: int = 90, idle_days: int = 2) -> int:
    """Removes old runs, those that found nothing new earlier; returns how many."""
    return db.execute(
        "delete from run where ended_at < now() - make_interval(days => %s)"
        " or (type = 'pull' and status = 'done' and coverage = 'complete' and ended_at < now() - make_interval(days => %s)"
        "     and coalesce((counts ->> 'accepted')::bigint, 0) + coalesce((counts ->> 'absent')::bigint, 0) = 0)",
        (eventful_days, idle_days),
    )
