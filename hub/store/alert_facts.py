"""What alerts are decided from: counts and ages, each from an index or a small table, in a few statements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.store.database import Connection


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """One connection that is not disconnected. `lookups`: worst first ages and counts of what waits at it."""

    id: int
    name: str
    connector: str
    flows: dict[str, str]
    phase: str
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None
    halted_in: bool
    halted_out: bool
    health: dict[str, Any]
    waiting: int
    oldest_in: UUID | None
    due: int
    oldest_due_at: datetime | None
    unknown: int
    oldest_unknown_at: datetime | None
    dead: int
    oldest_dead_at: datetime | None
    held: int


_CONNECTIONS = """
with work as (
    select connection_id, count(*) as n, min(id::text) as oldest from event_work where state = 0 group by 1),
due as (
    select connection_id, count(*) as n, min(dirty_at) as oldest from target
    where dirty_seq > done_seq and state = 'due' and plan_id is null and waiting_for is null group by 1),
open as (
    select connection_id, count(*) filter (where state = 'unknown') as unknown,
           min(dirty_at) filter (where state = 'unknown') as unknown_at,
           count(*) filter (where state = 'dead') as dead, min(dirty_at) filter (where state = 'dead') as dead_at
    from target where state <> 'due' and state in ('unknown', 'dead') group by 1),
held as (select connection_id, count(*) as n from target where plan_id is not null group by 1)
select c.id, c.name, c.connector, c.flows, c.phase, c.paused_at, c.paused_by, c.pause_reason, c.halted_in, c.halted_out,
       c.health, coalesce(work.n, 0), work.oldest::uuid, coalesce(due.n, 0), due.oldest, coalesce(open.unknown, 0),
       open.unknown_at, coalesce(open.dead, 0), open.dead_at, coalesce(held.n, 0)
from connection c
left join work on work.connection_id = c.id left join due on due.connection_id = c.id
left join open on open.connection_id = c.id left join held on held.connection_id = c.id
where c.disconnected_at is null order by c.id
"""


def connections(conn: Connection) -> list[ConnectionFacts]:
    """Every connection in use, with what waits at it."""
    return [ConnectionFacts(*row) for row in conn.execute(_CONNECTIONS)]


@dataclass(frozen=True, slots=True)
class Group:
    """Things of one connection with one cause."""

    connection_id: int
    cause: str
    count: int
    first_at: datetime | None
    note: str = ""


_QUARANTINE = """
    select connection_id, coalesce(cause, ''), count(*), min(failed_at), '' from event_work where state = 1
    group by 1, 2 order by 3 desc limit 100
"""
_PARKED = """
    select connection_id, kind, count(*), min(parked_at), '' from record
    where parked and parked_at < clock_timestamp() - make_interval(secs => %s) group by 1, 2 order by 3 desc limit 100
"""
_ITEMS = """
    select connection_id, type, count(*), min(first_at), '' from item
    where state = 'open' and type = any(%s) and connection_id is not null group by 1, 2
"""
_PLANS = """
    select connection_id, id::text, coalesce((counts ->> 'create')::bigint, 0) + coalesce((counts ->> 'update')::bigint, 0),
           created_at, cause from plan where state in ('held', 'canary') order by created_at limit 100
"""
# The last run that ended of each stream; one that is interrupted counts when it has been for long: each try ends it anew.
_RUNS = """
    select r.connection_id, coalesce(r.stream, ''), 1, r.ended_at, coalesce(r.note, '') from (
        select distinct on (connection_id, stream) * from run
        where type = 'pull' and connection_id is not null and started_at > clock_timestamp() - interval '2 days'
          and ended_at is not null and status <> 'cancelled'
        order by connection_id, stream, started_at desc) r
    join connection c on c.id = r.connection_id
    where r.status = 'failed' or r.coverage = 'truncated' or (r.coverage = 'partial'
      and coalesce(to_timestamp((c.health -> ('pull:' || r.stream) ->> 'since')::float8), r.ended_at)
          < clock_timestamp() - make_interval(secs => %s))
"""
_SUBSCRIPTIONS = """
    select connection_id, topic, 1, checked_at, coalesce(error, state) from subscription
    where state not in ('active', 'enabled', 'ok') or expires_at < clock_timestamp() + interval '2 hours'
"""
_ACCESS = """
    select connection_id, name, 1, failed_at, coalesce(error ->> 'message', error ->> 'type', '') from access_token
    where error ->> 'type' <> 'RetryableError' and failed_at is not null and (refreshed_at is null or failed_at > refreshed_at)
"""


def quarantined(conn: Connection) -> list[Group]:
    """Events in quarantine by connection and cause."""
    return [Group(*row) for row in conn.execute(_QUARANTINE)]


def parked(conn: Connection, older_than_s: float) -> list[Group]:
    """Records that wait for their parent longer than that, by connection and kind."""
    return [Group(*row) for row in conn.execute(_PARKED, (older_than_s,))]


def items(conn: Connection, types: list[str]) -> list[Group]:
    """Open items of these types by connection."""
    return [Group(*row) for row in conn.execute(_ITEMS, (types,))]


def plans(conn: Connection) -> list[Group]:
    """Plans that wait for a person; `cause` is the plan's id, `note` its cause."""
    return [Group(*row) for row in conn.execute(_PLANS)]


def runs(conn: Connection, patience_s: float) -> list[Group]:
    """Streams whose last reading was not complete; an interrupted one after `patience_s`."""
    return [Group(*row) for row in conn.execute(_RUNS, (patience_s,))]


def subscriptions(conn: Connection) -> list[Group]:
    """Subscriptions that the system does not keep, or that end within two hours."""
    return [Group(*row) for row in conn.execute(_SUBSCRIPTIONS)]


def access_tokens(conn: Connection) -> list[Group]:
    """Short-lived tokens whose renewal was refused since the last that succeeded; no answer is no refusal."""
    return [Group(*row) for row in conn.execute(_ACCESS)]


def expiring_tokens(conn: Connection, within_s: float) -> list[tuple[UUID, str, datetime]]:
    """Tokens of programs that were in use lately and end within that time: id, name, end.

    Those made for a short time on purpose are left out.
    """
    sql = """
        select id, name, expires_at from token where revoked_at is null and seen_at > now() - interval '30 days'
          and expires_at - created_at > 2 * make_interval(secs => %(within)s)
          and expires_at between now() - interval '7 days' and now() + make_interval(secs => %(within)s) order by expires_at limit 20
    """
    return [(id_, name, at) for id_, name, at in conn.execute(sql, {"within": within_s})]


def eager_readers(conn: Connection, more_than: int) -> list[tuple[str, int, datetime]]:
    """Who revealed more personal fields within the hour than that: pseudonym, how many, since."""
    sql = """
        select person, count(*), min(at) from reveal where at > clock_timestamp() - interval '1 hour'
        group by person having count(*) > %s
    """
    return [(who, n, at) for who, n, at in conn.execute(sql, (more_than,))]


def heard(conn: Connection, after: UUID) -> list[tuple[int, str, int, UUID]]:
    """Webhooks stored since an id: connection id, topic, how many, the newest id."""
    sql = """
        select connection_id, topic, count(*), max(id::text)::uuid from event
        where id > %s and origin = 'webhook' group by 1, 2
    """
    return [(c, topic, n, newest) for c, topic, n, newest in conn.execute(sql, (after,))]


def now(conn: Connection) -> float:
    """The database's time, in seconds since the epoch."""
    row = conn.execute("select extract(epoch from clock_timestamp())::float8").fetchone()
    return float(row[0]) if row else 0.0


def take_turn(conn: Connection, every_s: float) -> bool:
    """Whether it is this process's turn to look: once per `every_s`, whoever comes first. One row, one statement."""
    sql = """
        insert into setting as s (key, value) values ('alerts_looked', 'null') on conflict (key) do update
        set updated_at = clock_timestamp() where s.updated_at < clock_timestamp() - make_interval(secs => %s)
        returning key
    """
    return conn.execute(sql, (every_s,)).fetchone() is not None


def last_look(conn: Connection) -> datetime | None:
    """When somebody looked last; None before the first time."""
    row = conn.execute("select updated_at from setting where key = 'alerts_looked'").fetchone()
    return row[0] if row else None


def pace(conn: Connection) -> dict[str, Any]:
    """How often webhooks come, as kept from look to look."""
    row = conn.execute("select value from setting where key = 'webhook_pace'").fetchone()
    found: dict[str, Any] = row[0] if row and row[0] else {}
    return found


def keep_pace(conn: Connection, value: str) -> None:
    """Keeps it (JSON text)."""
    conn.execute(
        "insert into setting (key, value) values ('webhook_pace', %s) on conflict (key) do update"
        " set value = excluded.value, updated_at = clock_timestamp()",
        (value,),
    )
