"""The figures of the books, each counted where it comes from, in one snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from hub.store.database import Database
from hub.store.partition import first_id

_FIGURES = """
    with c as (
        select id from connection where %(realms)s::text[] is null or realm = any(%(realms)s)
    ), w as (
        select count(*) filter (where state = 0) as waiting, count(*) filter (where state = 1) as quarantined
        from event_work where connection_id in (select id from c)
          and (%(low)s::uuid is null or (id >= %(low)s and id < %(high)s))
    ), t as (
        select coalesce(sum(n) filter (where stage = 'done'), 0)::bigint as done,
               coalesce(sum(n) filter (where stage = 'discarded'), 0)::bigint as discarded,
               coalesce(sum(n) filter (where stage = 'duplicate'), 0)::bigint as duplicates,
               coalesce(sum(n) filter (where stage = 'refused'), 0)::bigint as refused
        from tally where (connection_id in (select id from c) or (connection_id = 0 and %(realms)s::text[] is null))
          and (%(day)s::date is null or day = %(day)s)
    )
    select (select count(*) from event where connection_id in (select id from c)
              and (%(low)s::uuid is null or (id >= %(low)s and id < %(high)s))) as accepted,
           t.done, t.discarded, w.waiting, w.quarantined,
           (select count(*) from record where parked and connection_id in (select id from c)
              and (%(low)s::uuid is null or (last_event >= %(low)s and last_event < %(high)s))) as parked,
           t.duplicates, t.refused
    from w, t
"""


def figures(db: Database, realms: Sequence[str] | None, day: date | None) -> tuple[int, ...]:
    """accepted, done, discarded, waiting, quarantined, parked, duplicates, refused: of one day of receipt (UTC), or of all."""
    low = datetime.combine(day, time(), UTC) if day else None
    row = db.one(
        _FIGURES,
        {
            "realms": None if realms is None else list(realms),
            "day": day,
            "low": first_id(low) if low else None,
            "high": first_id(low + timedelta(days=1)) if low else None,
        },
    )
    return tuple(row or ())
