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
        -- The order is that of an index which leads to the one state alone, whatever waits in the other.
        select (select count(*) from (select from event_work where state = 0 and {mine} {within} order by id limit %(most)s) x)
                   as waiting,
               (select count(*) from (select from event_work where state = 1 and {mine} {within}
                   order by connection_id, cause, id limit %(most)s) x) as quarantined
    ), t as (
        select coalesce(sum(n) filter (where stage = 'done'), 0)::bigint as done,
               coalesce(sum(n) filter (where stage = 'discarded'), 0)::bigint as discarded,
               coalesce(sum(n) filter (where stage = 'duplicate'), 0)::bigint as duplicates,
               coalesce(sum(n) filter (where stage = 'refused'), 0)::bigint as refused
        from tally where ({mine} or (connection_id = 0 and %(realms)s::text[] is null))
          and (%(day)s::date is null or day = %(day)s)
    )
    select %(counted)s + (select count(*) from event where {of} (%(from)s::uuid is null or id >= %(from)s)
              and (%(high)s::uuid is null or id < %(high)s)) as accepted,
           t.done, t.discarded, w.waiting, w.quarantined,
           (select count(*) from (select from record where parked and {mine} {held} order by parked_at limit %(most)s) x) as parked,
           t.duplicates, t.refused
    from w, t
"""
_MINE = "connection_id in (select id from c)"
_WITHIN = "and id >= %(low)s and id < %(high)s"
_HELD = "and last_event >= %(low)s and last_event < %(high)s"


# An hour, and within the current one a minute, is over so long after its end: what was stored in it has been committed by then.
# The hour is counted anew when it is over, so that one late commit does not stay uncounted.
SETTLED = {timedelta(hours=1): timedelta(minutes=10), timedelta(minutes=1): timedelta(minutes=2)}
_MOST = 5000
_MANY = 2**62
_OF = "connection_id in (select id from connection where realm = any(%(realms)s)) and"
_SPANS = """
    select h.low, h.high, (select count(*) from event where {of} id >= h.low and id < h.high)
    from unnest(%(lows)s::uuid[], %(highs)s::uuid[]) as h(low, high)
"""
_Span = tuple[UUID, UUID]
_Key = tuple[str, tuple[str, ...] | None, _Span]
# Events of spans that are over. They do not change on the day of their receipt, and a page must not count a day's again and again.
_counted: dict[_Key, int] = {}


def _over(low: datetime, now: datetime) -> tuple[list[_Span], datetime]:
    """The hours, then minutes, of the day from `low` on that are over for good, and until when these go."""
    spans, end = [], low + timedelta(days=1)
    for length, rest in SETTLED.items():
        while low + length + rest <= now and low + length <= end:
            spans.append((first_id(low), first_id(low + length)))
            low += length
    return spans, low


def _settled(db: Database, realms: Sequence[str] | None, low: datetime) -> tuple[int, datetime]:
    """How many events were received in the hours and minutes from `low` on that are over for good, and until when these go."""
    spans, until = _over(low, datetime.now(UTC))
    scope = None if realms is None else tuple(sorted(realms))
    if missing := [span for span in spans if (db.url, scope, span) not in _counted]:
        if len(_counted) > _MOST:
            _counted.clear()
            missing = spans
        values = {"lows": [a for a, _ in missing], "highs": [b for _, b in missing], "realms": list(scope or ())}
        rows = db.all(_SPANS.format(of="" if scope is None else _OF), values)
        _counted.update({(db.url, scope, (a, b)): n for a, b, n in rows})
    return sum(_counted.get((db.url, scope, span), 0) for span in spans), until


def figures(db: Database, realms: Sequence[str] | None, day: date | None, most: int | None = None) -> tuple[int, ...]:
    """accepted, done, discarded, waiting, quarantined, parked, duplicates, refused: of one day of receipt (UTC), or of all.

    What waits, is quarantined or parked is counted up to `most` (None: to its end); tallies and receipts are exact.
    """
    low = datetime.combine(day, time(), UTC) if day else None
    counted, since = _settled(db, realms, low) if low else (0, None)
    row = db.one(
        _FIGURES.format(
            of="" if realms is None else _OF,
            mine="true" if realms is None else _MINE,
            within=_WITHIN if low else "",
            held=_HELD if low else "",
        ),
        {
            "counted": counted,
            "from": first_id(since) if since else None,
            "realms": None if realms is None else list(realms),
            "day": day,
            "low": first_id(low) if low else None,
            "high": first_id(low + timedelta(days=1)) if low else None,
            "most": _MANY if most is None else most,
        },
    )
    return tuple(row or ())
