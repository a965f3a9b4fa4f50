"""What goes through each connection now: the figures of the overview and of the connection pages."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hub.store.about import CAP, LIMIT, rough
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
    from tally where at >= now() - interval '1 hour' and stage in ('done', 'duplicate') group by 1),
-- Looked at only where a connection was silent for an hour.
day as materialized (
    select connection_id, max(at) as last_at
    from tally where at >= now() - interval '1 day' and stage in ('done', 'duplicate') group by 1),
pages as (select connection_id, max(last_page_at) as at from cursor group by 1)
select c.id, c.name, c.realm, c.connector, c.flows, c.rank, c.phase, c.mode, c.paused_at, c.paused_by, c.pause_reason,
       c.halted_in, c.halted_out, c.disconnected_at, c.health, coalesce(done.n, 0)::bigint,
       coalesce(done.last_at, (select last_at from day where connection_id = c.id)), work.waiting,
       (select id from event_work where connection_id = c.id and state = 0 order by id limit 1), bad.n, due.n, due.oldest,
       due.retrying, held.n, unknown.n, dead.n, sent.n, failed.n, pages.at,
       array(select reltuples::bigint from unnest(%(indexes)s::text[]) with ordinality i(name, no)
             join pg_class on oid = to_regclass(i.name) order by i.no) as entries
from connection c left join done on done.connection_id = c.id left join pages on pages.connection_id = c.id
-- Each order is that of one index alone, which so serves also where most rows are of other connections.
cross join lateral (select count(*) as waiting from (
    select from event_work where connection_id = c.id and state = 0 order by id limit %(most)s) x) work
cross join lateral (select count(*) as n from (
    select from event_work where connection_id = c.id and state = 1 order by cause, id limit %(most)s) x) bad
cross join lateral (
    select count(*) as n, min(dirty_at) as oldest, count(*) filter (where failures > 0) as retrying from (
        select dirty_at, failures from target where connection_id = c.id and dirty_seq > done_seq and state = 'due'
        and plan_id is null order by bulk, coalesce(wait_until, dirty_at) limit %(most)s) x) due
cross join lateral (select count(*) as n from (
    select from plan p join target t on t.plan_id = p.id where p.connection_id = c.id limit %(most)s) x) held
cross join lateral (select count(*) as n from (
    select from target where connection_id = c.id and state = 'unknown' limit %(most)s) x) unknown
cross join lateral (select count(*) as n from (
    select from target where connection_id = c.id and state = 'dead' limit %(most)s) x) dead
cross join lateral (
    select case when count(*) < %(few)s then count(*) filter (where is_write)
        else (count(*) filter (where is_write) * %(minutes)s * 60 / greatest(1, extract(epoch from now() - min(started_at))))::bigint
        end as n
    from (select started_at, outcome in ('sent', 'applied') and action in ('create', 'update', 'delete') as is_write
        from attempt where (connection_id, id) >= (c.id, %(recent)s) and (connection_id, id) < (c.id + 1, %(none)s)
        order by connection_id desc, id desc limit %(few)s) x) sent
cross join lateral (select count(*) as n from (
    select from attempt where (connection_id, id) >= (c.id, %(hour)s) and (connection_id, id) < (c.id + 1, %(none)s)
    and outcome = 'failed' and outcome in ('failed', 'unknown') and action in ('create', 'update', 'delete')
    order by connection_id, id limit %(most)s) x) failed
-- Of one that has more than is counted, what there is of all connections together is told by what the others have.
where %(name)s = '' or c.name = %(name)s or (
    select (select count(*) from (
            select from event_work where connection_id = n.id and state = 0 order by id limit %(most)s) x) > %(cap)s
        or (select count(*) from (
            select from target where connection_id = n.id and dirty_seq > done_seq and state = 'due' and plan_id is null
            order by bulk, coalesce(wait_until, dirty_at) limit %(most)s) x) > %(cap)s
        or (select count(*) from (
            select from plan p join target t on t.plan_id = p.id where p.connection_id = n.id limit %(most)s) x) > %(cap)s
    from connection n where n.name = %(name)s)
order by c.disconnected_at is not null, c.name
"""
# Count -> the index whose entries it counts.
_INDEXES = {"waiting": "event_work_waiting", "due": "target_due", "held": "target_held"}
_MANY = 2**62
# Attempts that tell a rate.
_ENOUGH = 1000


def figures(
    db: Database, now: datetime, realms: list[str] | None, name: str = "", *, most: int | None = LIMIT
) -> list[Figures]:
    """All connections of these realms (None: all), or the one named; those in use first, by name.

    No count goes beyond `most` rows (None: all are counted). Of more than ten thousand, what waits, is due or is held is an
    `About`, told by what all connections have; of more than a thousand attempts `sent` is what the last thousand make in that time.
    """
    values = {
        "minutes": MINUTES,
        "recent": _first_id(now - timedelta(minutes=MINUTES)),
        "hour": _first_id(now - timedelta(hours=1)),
        "none": uuid.UUID(int=0),
        "indexes": list(_INDEXES.values()),
        "most": _MANY if most is None else most,
        "cap": _MANY if most is None else CAP,
        "few": _MANY if most is None else _ENOUGH,
        "name": name,
    }
    rows = db.all(_SQL, values)
    found = [Figures(*row[:-1]) for row in rows]
    if rows and most is not None:
        # Statistics know all connections together: what one has is told beside what the others have.
        for field, total in zip(_INDEXES, rows[0][-1], strict=True):
            told = rough([getattr(f, field) for f in found], total)
            found = [_with(f, field, n) for f, n in zip(found, told, strict=True)]
    return [f for f in found if (realms is None or f.realm in realms) and name in ("", f.name)]


def _with(f: Figures, field: str, value: Any) -> Figures:
    return replace(f, **{field: value})


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
    """One pull, replay, verify, import, rehearsal or activation. `outcome` and `coverage` are set when it ends."""

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


# The session's zone is UTC: there an hour is so many seconds since the epoch, which is found at half the price.
_HOURS = """
select h.at, coalesce(t.done, 0)::bigint, coalesce(t.repeated, 0)::bigint, coalesce(q.n, 0)
from generate_series(date_trunc('hour', now()) - interval '23 hours', date_trunc('hour', now()), interval '1 hour') h(at)
left join (select date_bin('1 hour', at, 'epoch') as at, sum(n) filter (where stage = 'done') as done,
                  sum(n) filter (where stage = 'duplicate') as repeated
           from tally where at >= (select date_trunc('hour', now()) - interval '23 hours')
             and (%(ids)s::integer[] is null or connection_id = any(%(ids)s)) group by 1) t on t.at = h.at
left join (select date_bin('1 hour', failed_at, 'epoch') as at, count(*) as n from event_work
           where state = 1 and (%(ids)s::integer[] is null or connection_id = any(%(ids)s)) group by 1) q on q.at = h.at
order by h.at
"""


def hours(db: Database, connection_ids: list[int] | None) -> list[tuple[datetime, int, int, int]]:
    """Per hour of the last 24, oldest first: events done, duplicates, and those that went to quarantine and are still there."""
    return [(row[0], row[1], row[2], row[3]) for row in db.all(_HOURS, {"ids": connection_ids})]
