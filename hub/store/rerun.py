"""Quarantined events that are put back into the queue, and what came of each time."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from hub.store.database import Connection, Database, new_id

PATH = r"regexp_replace(coalesce(w.problem #>> '{problems,0,path}', ''), '\[\d+\]', '[*]', 'g')"
"""The path of an event's first problem; elements of one list are one cause."""


@dataclass(frozen=True, slots=True)
class Which:
    """Events in quarantine that fit every filter given; None: any. `cause`, `path`: of the first problem."""

    ids: tuple[uuid.UUID, ...] | None = None
    connection_id: int | None = None
    topic: str | None = None
    cause: str | None = None
    path: str | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The filter as parameters of a statement."""
        return {"ids": None if self.ids is None else list(self.ids), "connection": self.connection_id,
                "topic": self.topic, "cause": self.cause, "path": self.path}  # fmt: skip


MOST_EVENTS = 10_000
FITS = rf"""
    w.state = 1 and (%(ids)s::uuid[] is null or w.id = any(%(ids)s::uuid[]))
    and (%(connection)s::integer is null or w.connection_id = %(connection)s)
    and (%(cause)s::text is null or coalesce(w.cause, '') = %(cause)s)
    and (%(path)s::text is null or {PATH} = %(path)s)
    and (%(topic)s::text is null or e.topic = %(topic)s)
"""
WORK = "event_work w join event e on e.id = w.id"


def ids_of(db: Database, which: Which, limit: int = MOST_EVENTS) -> list[uuid.UUID]:
    """The events that fit, oldest first."""
    sql = f"select w.id from {WORK} where {FITS} order by w.id limit %(limit)s"  # noqa: S608 -- constants of this module
    return [found for (found,) in db.all(sql, {**which.values, "limit": limit})]


def realms_of(db: Database, which: Which) -> set[str]:
    """The realms of the connections of the events that fit."""
    sql = f"select distinct c.realm from {WORK} join connection c on c.id = w.connection_id where {FITS}"  # noqa: S608
    return {found for (found,) in db.all(sql, which.values)}


_RELEASE = rf"""
    with fit as (select w.id, w.cause = 'too_large' and e.origin = 'pull' as is_cut from {WORK} where {FITS} for update of w),
    gone as (
        update event_work w set state = 0, attempts = 0, alone = (w.cause = 'poison'), cause = null
        from fit where w.id = fit.id and not fit.is_cut returning w.id
    ), noted as (
        insert into rerun (run_id, event_id) select %(run)s, id from gone
    )
    select (select count(*) from gone), (select count(*) from fit where is_cut)
"""  # noqa: S608 -- constants of this module


def release(conn: Connection, which: Which, by: str) -> tuple[uuid.UUID | None, int, int]:
    """Puts what fits back into the queue: (the run that tells what came of it, how many, how many stay).

    Poison runs alone again, so that it cannot take others with it. What was too large to be kept stays.
    """
    run_id = new_id()
    asked = {"cause": which.cause, "path": which.path, "topic": which.topic, "by": by}
    conn.execute(
        "insert into run (id, type, connection_id, status, outcome, coverage, position, ended_at)"
        " values (%s, 'replay', %s, 'done', 'done', 'complete', %s, now())",
        (run_id, which.connection_id, orjson.dumps({"rerun": asked}).decode()),
    )
    row = conn.execute(_RELEASE, {**which.values, "run": run_id}).fetchone()
    count, kept = row or (0, 0)
    if not count:
        conn.execute("delete from run where id = %s", (run_id,))
        return None, 0, kept
    conn.execute("update run set counts = jsonb_build_object('quarantined', %s::bigint) where id = %s", (count, run_id))
    return run_id, count, kept


def forget(conn: Connection, ids: Sequence[uuid.UUID]) -> None:
    """Discarded events did not go through."""
    conn.execute("delete from rerun where event_id = any(%s)", (list(ids),))


@dataclass(frozen=True, slots=True)
class Result:
    """What came of running events again: how many went through, wait still, or came back with which (cause, path)."""

    run_id: uuid.UUID
    connection: str | None
    asked: dict[str, Any]
    at: datetime
    done: int
    waiting: int
    back: tuple[tuple[str, str, int], ...]

    @property
    def events(self) -> int:
        """How many were put back into the queue."""
        return self.done + self.waiting + self.returned

    @property
    def returned(self) -> int:
        """How many came back."""
        return sum(count for _, _, count in self.back)


_RESULTS = rf"""
    with latest as (
        select r.id, c.name, r.position -> 'rerun' as asked, r.started_at from run r left join connection c on c.id = r.connection_id
        where r.type = 'replay' and r.position ? 'rerun' and (%(run)s::uuid is null or r.id = %(run)s)
          and (%(realms)s::text[] is null or c.realm = any(%(realms)s))
        order by r.id desc limit %(limit)s
    )
    select l.id, l.name, l.asked, l.started_at, coalesce(w.state, -1), coalesce(w.cause, ''), {PATH}, count(x.event_id)
    from latest l left join rerun x on x.run_id = l.id left join event_work w on w.id = x.event_id
    group by 1, 2, 3, 4, 5, 6, 7 order by 1 desc, 8 desc
"""  # noqa: S608 -- constants of this module


def results(db: Database, realms: list[str] | None, run_id: uuid.UUID | None = None, limit: int = 5) -> list[Result]:
    """What came of the latest times, or of one; newest first."""
    found: dict[uuid.UUID, list[Any]] = {}
    for row in db.all(_RESULTS, {"realms": realms, "run": run_id, "limit": limit}):
        found.setdefault(row[0], []).append(row)
    return [_result(rows) for rows in found.values()]


def _result(rows: list[Any]) -> Result:
    run_id, connection, asked, at = rows[0][:4]
    per_state = {state: sum(row[7] for row in rows if row[4] == state) for state in (-1, 0)}
    back = tuple((row[5], row[6], row[7]) for row in rows if row[4] == 1)
    return Result(run_id, connection, asked, at, per_state[-1], per_state[0], back)
