"""Append-only counts: what the books and the throughput graphs are made of. Rows are added, never updated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from hub.store.database import Connection, Database

Stage = Literal["done", "discarded", "duplicate", "refused", "ignored"]


@dataclass(frozen=True, slots=True)
class Tally:
    """`n` events of a connection (0: unknown connection) passed a stage. `day` (UTC) is the day they were received."""

    day: date
    connection_id: int
    stage: Stage
    n: int
    ms: float = 0.0


def add(conn: Connection, rows: Sequence[Tally]) -> None:
    """Adds counts in the caller's transaction."""
    if rows:
        conn.execute(
            "insert into tally (day, connection_id, stage, n, ms)"
            " select * from unnest(%s::date[], %s::integer[], %s::text[], %s::bigint[], %s::double precision[])",
            [[getattr(row, name) for row in rows] for name in ("day", "connection_id", "stage", "n", "ms")],
        )


# A merged row stands at a whole minute or day, so that the next pass leaves it alone.
_COMPACT = """
    with old as (
        delete from tally
        where at < date_trunc(%(unit)s, clock_timestamp() - %(age)s::interval) and at <> date_trunc(%(unit)s, at)
        returning date_trunc(%(unit)s, at) as at, day, connection_id, stage, n, ms
    )
    insert into tally (at, day, connection_id, stage, n, ms)
    select at, day, connection_id, stage, sum(n), sum(ms) from old group by at, day, connection_id, stage
"""


def compact(db: Database) -> None:
    """Merges rows older than 10 minutes per minute and older than 2 days per day. Sums stay; safe to race."""
    for unit, age in (("minute", "10 minutes"), ("day", "2 days")):
        db.execute(_COMPACT, {"unit": unit, "age": age})
