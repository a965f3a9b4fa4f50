"""The figures of the books, each counted where it comes from, in one snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

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
    select %(counted)s + (select count(*) from event where {of} (%(from)s::uuid is null or id >= %(from)s)
              and (%(high)s::uuid is null or id < %(high)s)) as accepted,
           t.done, t.discarded, w.waiting, w.quarantined,
           (select count(*) from record where parked and connection_id in (select id from c)
              and (%(low)s::uuid is null or (last_event >= %(low)s and last_event < %(high)s))) as parked,
           t.duplicates, t.refused
    from w, t
"""


# An hour is over for good so long after its end: what was stored in it has been committed by then.
SETTLED = timedelta(minutes=10)
_MOST = 5000
_OF = "connection_id in (select id from connection where realm = any(%(realms)s)) and"
_HOURS = """
    select h.low, (select count(*) from event where {of} id >= h.low and id < h.high)
    from unnest(%(lows)s::uuid[], %(highs)s::uuid[]) as h(low, high)
"""
_Hour = tuple[str, tuple[str, ...] | None, UUID]
# Events of hours that are over. They do not change on the day of their receipt, and a page must not count a day's again and again.
_hours: dict[_Hour, int] = {}


def _settled(db: Database, realms: Sequence[str] | None, low: datetime) -> tuple[int, datetime]:
    """How many events were received in the hours from `low` on that are over for good, and until when these go."""
    now = datetime.now(UTC)
    hours: list[datetime] = []
    while low + timedelta(hours=1) + SETTLED <= now and len(hours) < 24:
        hours.append(low)
        low += timedelta(hours=1)
    scope = None if realms is None else tuple(sorted(realms))
    keys: dict[UUID, _Hour] = {first_id(hour): (db.url, scope, first_id(hour)) for hour in hours}
    known = {id_: n for id_, key in keys.items() if (n := _hours.get(key)) is not None}
    missing = [
        (id_, first_id(hour + timedelta(hours=1))) for id_, hour in zip(keys, hours, strict=True) if id_ not in known
    ]
    if missing:
        if len(_hours) > _MOST:
            _hours.clear()
        values = {"lows": [a for a, _ in missing], "highs": [b for _, b in missing], "realms": list(scope or ())}
        fresh: dict[UUID, int] = dict(db.all(_HOURS.format(of="" if scope is None else _OF), values))
        _hours.update({keys[id_]: n for id_, n in fresh.items()})
        known |= fresh
    return sum(known.values()), low


def figures(db: Database, realms: Sequence[str] | None, day: date | None) -> tuple[int, ...]:
    """accepted, done, discarded, waiting, quarantined, parked, duplicates, refused: of one day of receipt (UTC), or of all."""
    low = datetime.combine(day, time(), UTC) if day else None
    counted, since = _settled(db, realms, low) if low else (0, None)
    row = db.one(
        _FIGURES.format(of="" if realms is None else _OF),
        {
            "counted": counted,
            "from": first_id(since) if since else None,
            "realms": None if realms is None else list(realms),
            "day": day,
            "low": first_id(low) if low else None,
            "high": first_id(low + timedelta(days=1)) if low else None,
        },
    )
    return tuple(row or ())
