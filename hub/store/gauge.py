"""The figures that monitoring asks for, read when it asks. Names of connections, counts and ages: nothing personal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.store.about import LIMIT, rough
from hub.store.database import Connection


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts over the whole hub. `marks`: records that wait for T2. `items`: open items by type."""

    stages: dict[tuple[str, str], int]
    marks: int
    parked: int
    feed_seq: int
    consumers: dict[str, int]
    items: dict[str, int]
    database_bytes: int


_STAGES = """
    select coalesce(c.name, ''), t.stage, sum(t.n)::bigint
    from tally t left join connection c on c.id = t.connection_id group by 1, 2
"""


def totals(conn: Connection) -> Totals:
    """The figures now; tallies are compacted, so this reads few rows."""
    one = conn.execute(
        "select (select count(*) from resolve_work), (select count(*) from record where parked),"
        " (select seq from feed), pg_database_size(current_database())"
    ).fetchone()
    marks, parked, seq, size = one or (0, 0, 0, 0)
    return Totals(
        stages={(name, stage): n for name, stage, n in conn.execute(_STAGES)},
        marks=marks,
        parked=parked,
        feed_seq=seq,
        consumers=dict(conn.execute("select name, position from consumer").fetchall()),
        items=dict(conn.execute("select type, count(*) from item where state <> 'resolved' group by type").fetchall()),
        database_bytes=size,
    )


def feed_seq(conn: Connection) -> int:
    """The last sequence number of the change feed."""
    found = conn.execute("select seq from feed").fetchone()
    return int(found[0]) if found else 0


def revision(conn: Connection) -> str | None:
    """The schema's revision in this database; None when it has none."""
    if conn.execute("select to_regclass('alembic_version')").fetchone() == (None,):
        return None
    found = conn.execute("select version_num from alembic_version").fetchone()
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Vitals:
    """How the database is, and what is under way in it. Ages in seconds; None where nothing is."""

    now: datetime
    version: str
    revision: str | None
    bytes: int
    connections: int
    oldest_transaction_s: float | None
    batches: int
    oldest_batch_s: float | None
    targets_leased: int
    streams_leased: int
    events_waiting: int
    oldest_event: UUID | None
    marks: int
    due: int
    oldest_due_s: float | None
    feed_seq: int


_VITALS = """
    select clock_timestamp(), current_setting('server_version'), pg_database_size(current_database()),
        (select count(*) from pg_stat_activity where datname = current_database()),
        (select extract(epoch from clock_timestamp() - min(xact_start))::float8 from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()),
        (select count(*) from batch),
        (select extract(epoch from clock_timestamp() - min(started_at))::float8 from batch),
        (select count(*) from (
            -- What is taken first is what has been due for longest: a lease is not looked for behind a thousand others.
            select lease_until from connection c cross join (values (false), (true)) b(bulk) cross join lateral (
                select lease_until from target
                where connection_id = c.id and bulk = b.bulk and dirty_seq > done_seq and state = 'due' and plan_id is null
                order by coalesce(wait_until, dirty_at) limit 1000) due
            union all select lease_until from connection c cross join lateral (
                select lease_until from target where connection_id = c.id and verify_at is not null
                and not (dirty_seq > done_seq and state = 'due' and plan_id is null) order by verify_at limit 1000) checked
            ) taken where lease_until > clock_timestamp()),
        (select count(*) from cursor where lease_until > clock_timestamp()),
        (select count(*) from (select from event_work where state = 0 order by connection_id, id limit %(most)s) x),
        (select first.id from connection c cross join lateral (
            select id from event_work where connection_id = c.id and state = 0 order by id limit 1) first order by 1 limit 1),
        (select count(*) from (select from resolve_work limit %(most)s) x),
        (select count(*) from (select from target where dirty_seq > done_seq and state = 'due' and plan_id is null
            order by connection_id, bulk, coalesce(wait_until, dirty_at) limit %(most)s) x),
        (select extract(epoch from clock_timestamp() - min(first.since))::float8 from connection c
            cross join (values (false), (true)) b(bulk) cross join lateral (
                select coalesce(wait_until, dirty_at) as since from target
                where connection_id = c.id and bulk = b.bulk and dirty_seq > done_seq and state = 'due' and plan_id is null
                order by coalesce(wait_until, dirty_at) limit 1) first),
        (select seq from feed),
        array(select reltuples::bigint from unnest(%(indexes)s::text[]) with ordinality i(name, no)
              join pg_class on oid = to_regclass(i.name) order by i.no)
"""
# Count -> the index whose entries it counts.
_INDEXES = {"events_waiting": "event_work_waiting", "marks": "resolve_work_pkey", "due": "target_due"}


def vitals(conn: Connection) -> Vitals:
    """The state of the database now, in two statements. Of more than ten thousand, what waits or is due is an `About`."""
    row = conn.execute(_VITALS, {"most": LIMIT, "indexes": list(_INDEXES.values())}).fetchone()
    assert row is not None  # noqa: S101 -- a select without from yields one row
    now, version, *rest, totals = row
    found = Vitals(now, version, revision(conn), *rest)
    counts = zip(_INDEXES, totals, strict=True)
    told: dict[str, Any] = {name: rough([getattr(found, name)], total)[0] for name, total in counts}
    return replace(found, **told)


def consumers(conn: Connection) -> list[tuple[str, int, datetime, str | None]]:
    """Who reads the change feed: name, position, when it moved last, and its last error."""
    rows = conn.execute("select name, position, updated_at, error from consumer order by name")
    return [(name, position, at, error) for name, position, at, error in rows]
