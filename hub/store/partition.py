"""Monthly partitions of the inbox. Ids are ULIDs, so a month is a range of ids."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from psycopg import sql

from hub.store.database import Connection, Database

# Any constant will do: one process at a time adds partitions.
PARTITION_LOCK = 0x52485F50


def first_id(at: datetime) -> uuid.UUID:
    """The smallest id that can be minted at `at`: a bound for ranges of ids."""
    return uuid.UUID(int=(round(at.timestamp() * 1000)) << 80)


def ensure_partitions(db: Database, months_ahead: int = 2, now: datetime | None = None) -> list[str]:
    """Creates the missing partitions from this month on; returns their names. Safe to repeat and to race.

    Events that fell into the default partition meanwhile move to theirs.
    """
    start = (now or datetime.now(UTC)).astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    months = [start]
    for _ in range(months_ahead):
        months.append(_next_month(months[-1]))
    wanted = {f"event_{month:%Y_%m}": month for month in months}
    with db.session() as conn:
        if not _missing(conn, wanted):
            return []
    with db.transaction() as conn:
        conn.execute("select pg_advisory_xact_lock(%s)", (PARTITION_LOCK,))
        missing = _missing(conn, wanted)
        for name in missing:
            _add(conn, name, wanted[name])
    return missing


def _missing(conn: Connection, wanted: dict[str, datetime]) -> list[str]:
    rows = conn.execute("select relname from pg_class where relname = any(%s) and relispartition", (list(wanted),))
    existing = {name for (name,) in rows}
    return [name for name in wanted if name not in existing]


def _add(conn: Connection, name: str, month: datetime) -> None:
    table, low, high = sql.Identifier(name), first_id(month), first_id(_next_month(month))
    # The lock keeps writers out of the default partition between moving its rows and attaching.
    conn.execute("lock table event_default in access exclusive mode")
    conn.execute(sql.SQL("create table {} (like event including all) with (toast_tuple_target = 8160)").format(table))
    moved = "with moved as (delete from event_default where id >= {} and id < {} returning *) insert into {} select * from moved"
    conn.execute(sql.SQL(moved).format(sql.Literal(low), sql.Literal(high), table))
    attach = "alter table event attach partition {} for values from ({}) to ({})"
    conn.execute(sql.SQL(attach).format(table, sql.Literal(str(low)), sql.Literal(str(high))))


def _next_month(month: datetime) -> datetime:
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
