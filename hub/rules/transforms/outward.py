"""Transforms from canonical values to what systems want: used below `out`."""

from __future__ import annotations

from typing import Any

from hub.model import time
from hub.model.fault import ValueFault
from hub.model.money import Money
from hub.model.transform import transform
from hub.model.value import check_decimal
from hub.rules.transforms.figures import PER_SECOND


@transform()
def local_time(value: Any, zone: str, pattern: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A time as a clock in `zone` shows it, written by `pattern` (the signs of strftime)."""
    return time.parse(value).astimezone(time.zone_of(zone)).strftime(pattern)


@transform()
def unix_of(value: Any, unit: str = "s") -> int:
    """A time as a count since 1970, in `unit` s, ms or us, cut off."""
    if unit not in PER_SECOND:
        raise ValueFault("bad_argument", "unit is one of s, ms, us")
    return time.micros_of(value) * PER_SECOND[unit] // 1_000_000


@transform()
def minor_of(value: Any) -> int:
    """Money in minor units (fen, cents), by the decimals of ISO 4217."""
    return Money.parse(value).minor


@transform()
def number(value: Any) -> int | float:
    """A decimal as a JSON number; exact for whole numbers only, so prefer text where a system takes it."""
    text = check_decimal(value)
    return float(text) if "." in text else int(text)
