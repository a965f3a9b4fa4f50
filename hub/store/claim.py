"""The queue of the inbox: claiming events, finishing them, and the quarantine.

A work row exists while its event waits (state 0) or is quarantined (state 1); done is its absence.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from hub.errors import Problem
from hub.store.database import Connection

MAX_ATTEMPTS = 3
"""Times an event may take its worker or batch down before it is quarantined as `poison`."""

_CLAIM = """
    select id from event_work where state = 0 and not alone and connection_id <> all(%b::integer[])
    order by lane, id limit %b for update skip locked
"""
_CLAIM_ALONE = """
    select id from event_work where state = 0 and alone and connection_id <> all(%b::integer[])
    order by attempts, lane, id limit 1 for update skip locked
"""


def claim(conn: Connection, limit: int, alone: bool = False, skip: Sequence[int] = ()) -> list[uuid.UUID]:
    """Locks up to `limit` waiting events until the transaction ends, live lane first, then oldest first.

    `alone`: at most one of those whose batch died or failed. `skip`: ids of connections halted inward.
    """
    if alone:
        found = conn.execute(_CLAIM_ALONE, (list(skip),), binary=True, prepare=True)
    else:
        found = conn.execute(_CLAIM, (list(skip), limit), binary=True, prepare=True)
    return [event for (event,) in found]


def replays(conn: Connection, ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the claimed events that run again, so that what they said before is forgotten first."""
    found = conn.execute("select id from event_work where id = any(%b) and replay", (list(ids),), prepare=True)
    return {event for (event,) in found}


_LEAVE = """
    with gone as (
        delete from event_work where id = any(%(ids)b) and (%(any)b or state = 1) returning id, connection_id
    ), counted as (
        select ulid_day(id) as day, connection_id, count(*) as n from gone group by 1, 2
    ), booked as (
        insert into tally (day, connection_id, stage, n, ms)
        select day, connection_id, %(stage)b, n, %(ms)b * n / sum(n) over () from counted
    )
    select coalesce(sum(n), 0)::bigint from counted
"""


def finish(conn: Connection, ids: Sequence[uuid.UUID], ms: float = 0.0) -> int:
    """These events are done: their work rows go, and `done` is booked on the day of each. `ms`: time the batch took.

    Returns how many were still waiting.
    """
    return _leave(conn, ids, "done", True, ms)


def discard(conn: Connection, ids: Sequence[uuid.UUID]) -> int:
    """Takes quarantined events out for good, booked as `discarded`; returns how many. The events stay readable."""
    return _leave(conn, ids, "discarded", False, 0.0)


def _leave(conn: Connection, ids: Sequence[uuid.UUID], stage: str, any_state: bool, ms: float) -> int:
    if not ids:
        return 0
    parameters = {"ids": list(ids), "any": any_state, "stage": stage, "ms": ms}
    row = conn.execute(_LEAVE, parameters, prepare=True).fetchone()
    return int(row[0]) if row else 0


def quarantine(conn: Connection, rows: Iterable[tuple[uuid.UUID, str, Sequence[Problem | Mapping[str, Any]]]]) -> None:
    """Sets events aside until something is fixed. A row: id, cause (stable code), problems."""
    document = [
        {"id": event, "cause": cause, "problem": {"problems": [_plain(problem) for problem in problems]}}
        for event, cause, problems in rows
    ]
    if document:
        conn.execute(
            """
            update event_work w set state = 1, alone = false, cause = t.cause, problem = t.problem,
                   failed_at = clock_timestamp()
            from json_to_recordset(%s::json) as t(id uuid, cause text, problem jsonb) where w.id = t.id
            """,
            (orjson.dumps(document).decode(),),
        )


def _plain(problem: Problem | Mapping[str, Any]) -> dict[str, str]:
    """A problem's texts as jsonb takes them: samples of hostile input hold NUL and lone surrogates."""
    pairs = problem.as_dict() if isinstance(problem, Problem) else problem
    return {key: str(text).replace("\0", "\ufffd").encode("utf-8", "replace").decode() for key, text in pairs.items()}


def count_failure(conn: Connection, ids: Sequence[uuid.UUID], problem: str) -> list[uuid.UUID]:
    """The batch of these events died or failed: each runs alone next time; the third time it is quarantined as `poison`.

    Company counts once, however many workers died of it: only an event that was alone is surely to blame.
    Leaves out events that somebody else holds; returns those counted.
    """
    rows = conn.execute(
        """
        with held as (
            select id, case when %(alone)s then attempts + 1 else greatest(attempts, 1) end as failures
            from event_work where id = any(%(ids)s) and state = 0 order by id for update skip locked
        )
        update event_work w set attempts = failures, failed_at = clock_timestamp(), alone = failures < %(most)s,
               state = case when failures < %(most)s then 0 else 1 end,
               cause = case when failures < %(most)s then cause else 'poison' end,
               problem = jsonb_build_object('problems', jsonb_build_array(jsonb_build_object('code', 'poison', 'message', %(problem)s || case when failures < %(most)s then '' else ': ' || failures || ' attempts' end)))
        from held where w.id = held.id
        returning w.id
        """,
        {"most": MAX_ATTEMPTS, "ids": list(ids), "problem": problem, "alone": len(ids) == 1},
    )
    return [event for (event,) in rows]


def release_quarantine(
    conn: Connection,
    *,
    ids: Sequence[uuid.UUID] | None = None,
    connection_id: int | None = None,
    cause: str | None = None,
) -> int:
    """Lets quarantined events run again, those that fit every filter given; returns how many.

    Poison runs alone again, so that it cannot take others with it.
    """
    found = conn.execute(
        """
        update event_work set state = 0, attempts = 0, alone = (cause = 'poison'), cause = null
        where state = 1 and (%(ids)s::uuid[] is null or id = any(%(ids)s::uuid[]))
          and (%(connection)s::integer is null or connection_id = %(connection)s)
          and (%(cause)s::text is null or cause = %(cause)s)
        """,
        {"ids": None if ids is None else list(ids), "connection": connection_id, "cause": cause},
    )
    return found.rowcount


def requeue(conn: Connection, ids: Sequence[uuid.UUID], lane: int = 1) -> int:
    """Puts done events back into the queue as replays; returns how many. Those still waiting stay as they are.

    Books `done` down by as many, so that the equation holds while they wait.
    """
    row = conn.execute(
        """
        with again as (
            insert into event_work (id, connection_id, lane, replay)
            select id, connection_id, %(lane)s, true from event where id = any(%(ids)s)
            on conflict (id) do nothing returning id, connection_id
        ), counted as (
            select ulid_day(id) as day, connection_id, count(*) as n from again group by 1, 2
        ), booked as (
            insert into tally (day, connection_id, stage, n) select day, connection_id, 'done', -n from counted
        )
        select coalesce(sum(n), 0)::bigint from counted
        """,
        {"ids": list(ids), "lane": lane},
    ).fetchone()
    return int(row[0]) if row else 0
