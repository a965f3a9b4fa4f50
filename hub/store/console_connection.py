"""What goes through each connection now: the figures of the overview and of the connection pages."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.store.database import Database

# Rates are taken over this many minutes: long enough to be calm, short enough to be now.
MINUTES = 5


@dataclass(frozen=True, slots=True)
class Figures:
    """One connection with its state and its counts. `..._at` are times, `oldest_in` an event's id."""

    id: int
    name: str
    realm: str
    connector: str
    flows: dict[str, str]
    rank: int
    phase: str
    mode: str
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None
    halted_in: bool
    halted_out: bool
    disconnected_at: datetime | None
    health: dict[str, Any]
    done: int
    last_done_at: datetime | None
    waiting: int
    oldest_in: uuid.UUID | None
    quarantined: int
    due: int
    oldest_due_at: datetime | None
    retrying: int
    held: int
    unknown: int
    dead: int
    sent: int
    failed: int
    last_read_at: datetime | None

    @property
    def in_per_minute(self) -> float:
        """Events finished per minute."""
        return self.done / MINUTES

    @property
    def out_per_minute(self) -> float:
        """Writes that arrived per minute."""
        return self.sent / MINUTES


_SQL = """
with done as (
    select connection_id, sum(n) filter (where at >= now() - make_interval(mins => %(minutes)s) and stage = 'done') as n,
           max(at) as last_at
    from tally where at >= now() - interval '1 day' and stage in ('done', 'duplicate') group by 1),
work as (
    select connection_id, count(*) filter (where state = 0) as waiting,
           min(id::text) filter (where state = 0) as oldest, count(*) filter (where state = 1) as quarantined
    from event_work group by 1),
due as (
    select connection_id, count(*) as n, min(dirty_at) as oldest, count(*) filter (where failures > 0) as retrying
    from target where dirty_seq > done_seq and state = 'due' and plan_id is null group by 1),
held as (select connection_id, count(*) as n from target where plan_id is not null group by 1),
open as (
    select connection_id, count(*) filter (where state = 'unknown') as unknown, count(*) filter (where state = 'dead') as dead
    from target where state in ('unknown', 'dead') group by 1),
sent as (
    select connection_id, count(*) as n from attempt
    where id >= %(recent)s and outcome in ('sent', 'applied') and action in ('create', 'update', 'delete') group by 1),
failed as (
    select connection_id, count(*) as n from attempt
    where id >= %(hour)s and outcome = 'failed' and action in ('create', 'update', 'delete') group by 1),
pages as (select connection_id, max(last_page_at) as at from cursor group by 1)
select c.id, c.name, c.realm, c.connector, c.flows, c.rank, c.phase, c.mode, c.paused_at, c.paused_by, c.pause_reason,
       c.halted_in, c.halted_out, c.disconnected_at, c.health,
       coalesce(done.n, 0)::bigint, done.last_at, coalesce(work.waiting, 0), work.oldest::uuid,
       coalesce(work.quarantined, 0), coalesce(due.n, 0), due.oldest, coalesce(due.retrying, 0), coalesce(held.n, 0),
       coalesce(open.unknown, 0), coalesce(open.dead, 0), coalesce(sent.n, 0), coalesce(failed.n, 0), pages.at
from connection c
left join done on done.connection_id = c.id left join work on work.connection_id = c.id
left join due on due.connection_id = c.id left join held on held.connection_id = c.id
left join open on open.connection_id = c.id left join sent on sent.connection_id = c.id
left join failed on failed.connection_id = c.id left join pages on pages.connection_id = c.id
where (%(realms)s::text[] is null or c.realm = any(%(realms)s)) and (%(name)s = '' or c.name = %(name)s)
order by c.disconnected_at is not null, c.name
"""


def figures(db: Database, now: datetime, realms: list[str] | None, name: str = "") -> list[Figures]:
    """All connections of these realms (None: all), or the one named; those in use first, by name."""
    values = {
        "minutes": MINUTES,
        "recent": _first_id(now - timedelta(minutes=MINUTES)),
        "hour": _first_id(now - timedelta(hours=1)),
        "realms": realms,
        "name": name,
    }
    return [Figures(*row) for row in db.all(_SQL, values)]


def _first_id(at: datetime) -> uuid.UUID:
    return uuid.UUID(int=int(at.timestamp() * 1000) << 80)


@dataclass(frozen=True, slots=True)
class StreamRow:
    """How far reading of one stream is."""

    stream: str
    position: Any
    last_page_at: datetime | None
    next_poll_at: datetime | None
    full_pass_at: datetime | None
    full_pass: dict[str, Any] | None


def streams_of(db: Database, connection_id: int) -> list[StreamRow]:
    """The streams that were read at least once, or are about to be."""
    sql = """select stream, position, last_page_at, next_poll_at, full_pass_at, full_pass from cursor
             where connection_id = %s order by stream"""
    return [StreamRow(*row) for row in db.all(sql, (connection_id,))]


@dataclass(frozen=True, slots=True)
class RunRow:
    """One pull, replay, verify or import. `outcome` and `coverage` are set when it ends."""

    id: uuid.UUID
    type: str
    connection: str | None
    stream: str | None
    status: str
    outcome: str | None
    coverage: str | None
    counts: dict[str, Any]
    note: str | None
    started_at: datetime
    ended_at: datetime | None
    total: int | None = None
    wish: str | None = None
    updated_at: datetime | None = None

    @property
    def state(self) -> str:
        """Its status as people see it: `queued` waits for a worker, `stopping` is asked to end, `incomplete` ended without seeing all."""
        if self.status == "running" and self.wish:
            return "stopping"
        if self.status == "done" and self.coverage not in (None, "complete"):
            return "incomplete"
        return "queued" if self.status == "paused" and self.ended_at is None else self.status


def runs_of(db: Database, connection_id: int, limit: int = 10) -> list[RunRow]:
    """The latest runs of a connection, newest first."""
    sql = """select r.id, r.type, c.name, r.stream, r.status, r.outcome, r.coverage, r.counts, r.note, r.started_at, r.ended_at,
                    r.total, r.wish, r.updated_at
             from run r join connection c on c.id = r.connection_id where c.id = %s order by r.id desc limit %s"""
    return [RunRow(*row) for row in db.all(sql, (connection_id, limit))]


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A mass change that waits for a person."""

    id: uuid.UUID
    cause: str
    state: str
    counts: dict[str, Any]
    created_at: datetime


def plans_of(db: Database, connection_id: int) -> list[PlanRow]:
    """The plans of a connection that are still open, oldest first."""
    sql = """select id, cause, state, counts, created_at from plan
             where connection_id = %s and state in ('held', 'canary') order by created_at limit 20"""
    return [PlanRow(*row) for row in db.all(sql, (connection_id,))]


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failed attempts of one kind within the last day."""

    message: str
    count: int
    first_at: datetime
    last_at: datetime


_FAILURES = """
select coalesce(error ->> 'message', error ->> 'type', '?'), count(*), min(ended_at), max(ended_at)
from attempt where connection_id = %s and id >= %s and outcome in ('failed', 'unknown') and ended_at is not null
group by 1 order by 4 desc limit 5
"""


def failures_of(db: Database, connection_id: int, now: datetime) -> list[FailureGroup]:
    """One cause, one row: what went wrong when writing to a connection since yesterday."""
    return [FailureGroup(*row) for row in db.all(_FAILURES, (connection_id, _first_id(now - timedelta(days=1))))]


_HOURS = """
select h.at, coalesce(t.done, 0)::bigint, coalesce(t.repeated, 0)::bigint, coalesce(q.n, 0)
from generate_series(date_trunc('hour', now()) - interval '23 hours', date_trunc('hour', now()), interval '1 hour') h(at)
left join (select date_trunc('hour', at) as at, sum(n) filter (where stage = 'done') as done,
                  sum(n) filter (where stage = 'duplicate') as repeated
           from tally where at >= date_trunc('hour', now()) - interval '23 hours'
             and (%(ids)s::integer[] is null or connection_id = any(%(ids)s)) group by 1) t on t.at = h.at
left join (select date_trunc('hour', failed_at) as at, count(*) as n from event_work
           where state = 1 and (%(ids)s::integer[] is null or connection_id = any(%(ids)s)) group by 1) q on q.at = h.at
order by h.at
"""


def hours(db: Database, connection_ids: list[int] | None) -> list[tuple[datetime, int, int, int]]:
    """Per hour of the last 24, oldest first: events done, duplicates, and those that went to quarantine and are still there."""
    return [(row[0], row[1], row[2], row[3]) for row in db.all(_HOURS, {"ids": connection_ids})]
