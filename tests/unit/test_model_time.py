from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from hub.errors import ConfigError
from hub.model import time
from hub.model.fault import ValueFault


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-11-22T00:30:05Z", "2026-11-22T00:30:05.000000Z"),
        ("2026-11-22T08:30:05+08:00", "2026-11-22T00:30:05.000000Z"),
        ("2026-11-22T00:30:05.123Z", "2026-11-22T00:30:05.123000Z"),
        ("2026-11-22T00:30:05.123456Z", "2026-11-22T00:30:05.123456Z"),
        ("2026-11-22T00:30:05.123456789Z", "2026-11-22T00:30:05.123456Z"),
        ("2026-11-22 08:30:05+0800", "2026-11-22T00:30:05.000000Z"),
        ("2026/11/22 08:30:05+08:00", "2026-11-22T00:30:05.000000Z"),
        ("2026-11-22t00:30:05z", "2026-11-22T00:30:05.000000Z"),
        ("2026-11-22T003005.5Z", "2026-11-22T00:30:05.500000Z"),
        ("2026-11-22T00:30Z", "2026-11-22T00:30:00.000000Z"),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z"),
    ],
)
def test_canonical_when_a_time_then_utc_of_fixed_width(given: str, expected: str) -> None:
    assert time.canonical(given) == expected
    assert time.from_micros(time.micros_of(given)) == expected


def test_canonical_when_naive_then_needs_the_declared_zone() -> None:
    with pytest.raises(ValueFault, match="zone"):
        time.canonical("2026-11-22 08:30:05")
    assert time.canonical("2026-11-22 08:30:05", time.zone_of("+08:00")) == "2026-11-22T00:30:05.000000Z"
    assert time.canonical("2026-07-01 02:30:00", time.zone_of("Europe/Berlin")) == "2026-07-01T00:30:00.000000Z"
    assert time.canonical("2026-11-22T00:30:05Z", time.zone_of("+08:00")) == "2026-11-22T00:30:05.000000Z"


@pytest.mark.parametrize(
    "given",
    ["", "2026-11-22", "20261122T003005Z", "2026-02-30T00:00:00Z", "2026-11-22T25:00:00Z", "2026-W47-7T00:30:05Z", "0001-01-01T00:00:00+08:00",
     "9999-12-31T23:59:59-08:00", "2026-11-22T00:30:0٥Z", "yesterday at noon", None, 1795307405, True, []],
)  # fmt: skip
def test_canonical_when_no_time_then_fault(given: Any) -> None:
    with pytest.raises(ValueFault) as caught:
        time.canonical(given)
    assert caught.value.code == "bad_time"


def test_micros_when_before_and_after_the_epoch_then_exact() -> None:
    assert time.micros_of("1970-01-01T00:00:00.000001Z") == 1
    assert time.micros_of("1969-12-31T23:59:59.999999Z") == -1
    assert time.to_micros(datetime(2026, 11, 22, 8, tzinfo=timezone(timedelta(hours=8)))) == time.micros_of(
        "2026-11-22T00:00:00Z"
    )
    with pytest.raises(ValueFault):
        time.from_micros(10**18)


def test_zone_when_named_in_any_form_then_found_or_config_error() -> None:
    assert time.zone_of("Z") is UTC
    assert time.zone_of("-0530").utcoffset(None) == -timedelta(hours=5, minutes=30)
    for name in ("Mars/Olympus", "+8", "../etc/passwd", ""):
        with pytest.raises(ConfigError):
            time.zone_of(name)


def test_date_when_of_the_calendar_then_unchanged_else_fault() -> None:
    assert time.canonical_date("2024-02-29") == "2024-02-29"
    for given in ("2025-02-29", "20240229", "2026-W01-1", "2026-1-1", None, 5):
        with pytest.raises(ValueFault):
            time.canonical_date(given)
