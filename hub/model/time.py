"""Times: UTC text of fixed width outside, integer microseconds since the epoch where they order things.

`2026-11-22T00:30:05.000000Z` sorts as text as it sorts in time.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from hub.errors import ConfigError
from hub.model.fault import ValueFault

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})", re.ASCII)
_DAY_MICROS = 86_400_000_000
_FULL_WIDTH = 27
_SECONDS_WIDTH = 20
_DATE_WIDTH = 10
_SHORTEST = 16  # 2026-11-22T08:30


@cache
def zone_names() -> frozenset[str]:
    """The IANA names of all zones: kept, since they are found by walking through a folder."""
    return frozenset(available_timezones())


@lru_cache(maxsize=256)
def zone_of(name: str) -> tzinfo:
    """The zone of an offset (`+08:00`), `Z`, `UTC`, or an IANA name (`Asia/Shanghai`); else `ConfigError`."""
    if name in ("Z", "UTC"):
        return UTC
    offset = _OFFSET.fullmatch(name)
    if offset:
        delta = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-delta if offset[1] == "-" else delta)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ConfigError(
            f"zone {name!r} is neither an offset like +08:00 nor an IANA name like Asia/Shanghai"
        ) from None


def parse(text: Any, zone: tzinfo | None = None) -> datetime:
    """An RFC 3339 or ISO 8601 time as an aware datetime in UTC.

    A time without offset needs `zone`, which the protocol of its source declares; without one it is
    a `ValueFault`, because guessing shifts orders into another day.
    """
    if text.__class__ is not str:
        raise ValueFault("bad_time", "a time is text like 2026-11-22T08:30:00+08:00")
    if len(text) < _SHORTEST or text[4] not in "-/" or text[7] != text[4] or not text.isascii():
        raise ValueFault("bad_time", "a time has a date and a time, like 2026-11-22T08:30:00+08:00")
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        try:
            found = datetime.fromisoformat(text.strip().replace("/", "-").upper())
        except ValueError:
            raise ValueFault("bad_time", "not a time like 2026-11-22T08:30:00+08:00") from None
    if found.tzinfo is None:
        if zone is None:
            raise ValueFault("bad_time", "has no offset from UTC; the mapping may declare the zone")
        found = found.replace(tzinfo=zone)
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise ValueFault("bad_time", "is outside the years 1 to 9999") from None


def canonical(text: Any, zone: tzinfo | None = None) -> str:
    """The fixed-width UTC text of a time; errors as `parse`."""
    found = parse(text, zone)
    if text[-1] == "Z" and text[10] == "T" and text[13] == text[16] == ":":  # already UTC: only the width differs
        if len(text) == _SECONDS_WIDTH:
            return str(text[:19]) + ".000000Z"
        if len(text) == _FULL_WIDTH and text[19] == ".":
            return str(text)
    return format_time(found)


def format_time(moment: datetime) -> str:
    """The fixed-width UTC text of an aware datetime."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def to_micros(moment: datetime) -> int:
    """Microseconds since the epoch of an aware datetime, exact."""
    delta = moment - EPOCH
    return delta.days * _DAY_MICROS + delta.seconds * 1_000_000 + delta.microseconds


def micros_of(text: Any, zone: tzinfo | None = None) -> int:
    """Microseconds since the epoch of a time's text; errors as `parse`."""
    return to_micros(parse(text, zone))


def from_micros(micros: int) -> str:
    """The fixed-width UTC text of microseconds since the epoch; `ValueFault` outside the years 1 to 9999."""
    try:
        return format_time(EPOCH + timedelta(microseconds=micros))
    except OverflowError:
        raise ValueFault("bad_time", "is outside the years 1 to 9999") from None


def canonical_date(text: Any) -> str:
    """`2026-11-22`, unchanged, when it is a date of the calendar."""
    if text.__class__ is str and len(text) == _DATE_WIDTH and text[4] == text[7] == "-":
        try:
            date.fromisoformat(text)
        except ValueError:
            pass
        else:
            return str(text)
    raise ValueFault("bad_date", "not a date like 2026-11-22")
