"""Transforms of times and dates, in and out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from hub.model import time
from hub.model.fault import ValueFault
from hub.model.money import split_number
from hub.model.transform import transform
from hub.model.value import check_text

_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000}
_LONGEST_TIME = 64
_COMPACT_DATE = 8  # 20261122
_COMPACT_TIME = 14  # 20261122083005
_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 -- a sheet has no zone
_EXCEL_DAYS = (61, 2_958_465)  # from 1900-03-01: before it Excel counts a day that never was; to 9999-12-31
_DAY_MICROS = 86_400_000_000
_COUNT = re.compile(r"-?\d{1,18}", re.ASCII)

CountUnit = Literal["s", "ms", "us"]


@transform(
    gives="time",
    inverse="local_time",
    examples=[
        ("2026-11-22T08:30:05+08:00", {}, "2026-11-22T00:30:05.000000Z"),
        ("2026-11-22 08:30:05", {"zone": "+08:00"}, "2026-11-22T00:30:05.000000Z"),
        ("20261122083005", {"zone": "Asia/Shanghai"}, "2026-11-22T00:30:05.000000Z"),
        ("22/11/2026 08:30", {"zone": "+08:00", "pattern": "%d/%m/%Y %H:%M"}, "2026-11-22T00:30:00.000000Z"),
    ],
)
def timestamp(value: Any, zone: str = "", pattern: str = "") -> str:
    """A time of text. Without an offset in it, `zone` says where it was written: +08:00 or Asia/Shanghai.

    ISO 8601 with T or a space, slashes for hyphens, or 14 digits; any other form by `pattern` (the signs of strptime).
    """
    text = _short_text(value)
    if pattern:
        return _by_pattern(text, zone, pattern)
    if len(text) == _COMPACT_TIME and text.isascii() and text.isdigit():
        text = f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:]}"
    return time.canonical(text, time.zone_of(zone) if zone else None)


def _short_text(value: Any) -> str:
    text = check_text(value).strip()
    if len(text) > _LONGEST_TIME:
        raise ValueFault("bad_time", f"has more than {_LONGEST_TIME} characters")
    return text


def _by_pattern(text: str, zone: str, pattern: str) -> str:
    try:
        found = datetime.strptime(text, pattern)  # noqa: DTZ007 -- the zone is added below
    except (ValueError, IndexError):
        raise ValueFault("bad_time", f"is not a time of the form {pattern}") from None
    return time.canonical(found.isoformat(timespec="microseconds"), time.zone_of(zone) if zone else None)


@transform(
    inverse="timestamp",
    examples=[
        ("2026-11-22T00:30:05.000000Z", {"zone": "+08:00"}, "2026-11-22 08:30:05"),
        ("2026-11-22T00:30:05.000000Z", {"zone": "Asia/Shanghai", "pattern": "%Y%m%d%H%M%S"}, "20261122083005"),
    ],
)
def local_time(value: Any, zone: str, pattern: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A time as a clock in `zone` shows it, written by `pattern` (the signs of strftime)."""
    return _shifted(time.parse(value), zone).strftime(pattern)


def _shifted(moment: datetime, zone: str) -> datetime:
    try:
        return moment.astimezone(time.zone_of(zone) if zone else UTC)
    except OverflowError:
        raise ValueFault("bad_time", "is outside the years 1 to 9999") from None


@transform(
    gives="time",
    inverse="unix_of",
    examples=[
        (1795307405, {}, "2026-11-22T00:30:05.000000Z"),
        ("1795307405123", {"unit": "ms"}, "2026-11-22T00:30:05.123000Z"),
    ],
)
def unix(value: Any, unit: CountUnit = "s") -> str:
    """A count since 1970 as a number or text, in `unit` s, ms or us."""
    text = value.strip() if value.__class__ is str and len(value) <= _LONGEST_TIME else ""
    if _COUNT.fullmatch(text):
        value = int(text)
    if value.__class__ is int and -(10**18) < value < 10**18:  # 16 digits are ordinary for us
        return time.from_micros(value * 1_000_000 // _per_second(unit))
    sign, whole, decimals = split_number(value)
    exact = Decimal(f"{sign}{whole}.{decimals or 0}") * 1_000_000 / _per_second(unit)
    return time.from_micros(int(exact))


@transform(
    inverse="unix",
    examples=[
        ("2026-11-22T00:30:05.900000Z", {}, 1795307405),
        ("2026-11-22T00:30:05.900000Z", {"unit": "ms"}, 1795307405900),
    ],
)
def unix_of(value: Any, unit: CountUnit = "s") -> int:
    """A time as a count since 1970, in `unit` s, ms or us, cut off."""
    return time.micros_of(value) * _per_second(unit) // 1_000_000


def _per_second(unit: str) -> int:
    if unit not in _PER_SECOND:
        raise ValueFault("bad_argument", "unit is one of s, ms, us")
    return _PER_SECOND[unit]


@transform(
    gives="time",
    inverse="excel_serial",
    examples=[(46348.354224537035, {"zone": "+08:00"}, "2026-11-22T00:30:05.000000Z")],
)
def excel_time(value: Any, zone: str) -> str:
    """A day and its part as spreadsheets count them (46348.5 is noon of 2026-11-22), as a clock in `zone` showed it."""
    moment = _EXCEL_EPOCH + timedelta(milliseconds=round(_serial(value) * 86_400_000))
    return time.canonical(moment.isoformat(timespec="microseconds"), time.zone_of(zone))


@transform(gives="date", inverse="excel_day", examples=[(46348, {}, "2026-11-22"), ("46348.9", {}, "2026-11-22")])
def excel_date(value: Any) -> str:
    """The day of a spreadsheet's count of days; a part of a day is cut off."""
    return (_EXCEL_EPOCH + timedelta(days=int(_serial(value)))).date().isoformat()


def _serial(value: Any) -> Decimal:
    sign, whole, decimals = split_number(repr(value) if value.__class__ is float else value)
    found = Decimal(f"{sign}{whole}.{decimals or 0}")
    if not _EXCEL_DAYS[0] <= found <= _EXCEL_DAYS[1]:
        raise ValueFault("bad_time", "is no day of a spreadsheet: those count from 61 (1900-03-01) to 2958465")
    return found


@transform(inverse="excel_time", examples=[("2026-11-22T04:00:00.000000Z", {"zone": "+08:00"}, 46348.5)])
def excel_serial(value: Any, zone: str) -> int | float:
    """A time as a clock in `zone` shows it, as spreadsheets count days."""
    moment = _shifted(time.parse(value), zone).replace(tzinfo=None) - _EXCEL_EPOCH
    return moment.days + (moment.seconds * 1_000_000 + moment.microseconds) / _DAY_MICROS


@transform(inverse="excel_date", examples=[("2026-11-22", {}, 46348)])
def excel_day(value: Any) -> int:
    """A date as spreadsheets count days."""
    return (_day(value) - _EXCEL_EPOCH).days


@transform(
    gives="date",
    inverse="day_text",
    examples=[
        ("20261122", {}, "2026-11-22"),
        ("2026/11/22", {}, "2026-11-22"),
        ("22.11.2026", {"pattern": "%d.%m.%Y"}, "2026-11-22"),
        ("2026-11-21T20:00:00Z", {"zone": "+08:00"}, "2026-11-22"),
    ],
)
def date(value: Any, zone: str = "", pattern: str = "") -> str:
    """The day of a date, of text by `pattern` (the signs of strptime), or of a time as seen in `zone`."""
    text = _short_text(value)
    if pattern:
        return _by_pattern(text, "UTC", pattern)[:10]
    if len(text) == _COMPACT_DATE and text.isascii() and text.isdigit():
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    if len(text) <= len("2026-11-22"):
        return time.canonical_date(text.replace("/", "-"))
    moment = time.parse(text, time.zone_of(zone) if zone else None)
    return _shifted(moment, zone).date().isoformat()


def _day(value: Any) -> datetime:
    return datetime.fromisoformat(time.canonical_date(value))


@transform(inverse="date", examples=[("2026-11-22", {"pattern": "%Y%m%d"}, "20261122")])
def day_text(value: Any, pattern: str = "%Y-%m-%d") -> str:
    """A date written by `pattern` (the signs of strftime)."""
    return _day(value).strftime(pattern)


@transform(gives="time", inverse="date", examples=[("2026-11-22", {"zone": "+08:00"}, "2026-11-21T16:00:00.000000Z")])
def midnight(value: Any, zone: str) -> str:
    """The first moment of a day in `zone`, for systems that know the day alone."""
    return time.canonical(date(value, zone) + "T00:00:00", time.zone_of(zone))


MOMENTS = (
    timestamp,
    local_time,
    unix,
    unix_of,
    date,
    day_text,
    midnight,
    excel_time,
    excel_date,
    excel_serial,
    excel_day,
)
