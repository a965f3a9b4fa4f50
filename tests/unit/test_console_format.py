"""How times, numbers, money and sizes read, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.console.format import Formats
from hub.store.about import CAP, About, rough

NOW = datetime(2026, 11, 22, 1, 51, 3, 412_000, UTC)
ZH = Formats("zh", "Asia/Shanghai", NOW)
EN = Formats("en", "Asia/Shanghai", NOW)


@pytest.mark.parametrize(
    ("ago", "zh", "en"),
    [
        (timedelta(0), "0 秒前", "0 s ago"),
        (timedelta(seconds=59), "59 秒前", "59 s ago"),
        (timedelta(minutes=3), "3 分钟前", "3 min ago"),
        (timedelta(hours=23, minutes=59), "23 小时前", "23 h ago"),
        (timedelta(days=1), "11-21 09:51", "21 Nov 09:51"),
        (timedelta(days=400), "2025-10-18 09:51", "18 Oct 2025"),
        (-timedelta(minutes=5), "5 分钟后", "in 5 min"),
    ],
)
def test_short_when_time_passes_then_relative_and_later_a_date(ago: timedelta, zh: str, en: str) -> None:
    assert ZH.short(NOW - ago) == zh
    assert EN.short(NOW - ago) == en


@pytest.mark.parametrize(
    "value", [NOW, int(NOW.timestamp() * 1_000_000), "2026-11-22T01:51:03.412000Z", "2026-11-22T01:51:03.412"]
)
def test_exact_when_given_any_form_of_a_moment_then_the_same(value: Any) -> None:
    assert ZH.exact(value) == EN.exact(value) == "2026-11-22 09:51:03.412 (UTC+8)"


@pytest.mark.parametrize(
    ("zone", "offset"), [("Asia/Kolkata", "UTC+5:30"), ("America/New_York", "UTC−5"), ("UTC", "UTC+0")]
)
def test_exact_when_in_another_zone_then_its_offset_is_said(zone: str, offset: str) -> None:
    assert Formats("en", zone, NOW).exact(NOW).endswith(f"({offset})")


def test_times_when_not_a_time_then_a_dash() -> None:
    assert ZH.short(None) == ZH.exact("soon") == ZH.clock("") == "—"


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        ({"amount": "1234.50", "currency": "CNY"}, "¥1,234.50", "CN¥1,234.50"),
        ({"amount": "-12.30", "currency": "CNY"}, "−¥12.30", "−CN¥12.30"),
        ({"amount": "12.30", "currency": "USD"}, "USD 12.30", "USD 12.30"),
        ({"amount": "1200", "currency": "JPY"}, "JPY 1,200", "JPY 1,200"),
        ({"amount": "1.234", "currency": "KWD"}, "KWD 1.234", "KWD 1.234"),
        ({"amount": "0.123456", "currency": "CNY"}, "¥0.123456", "CN¥0.123456"),
        ({"amount": "much", "currency": "CNY"}, "CNY much", "CNY much"),
        (None, "—", "—"),
    ],
)
def test_money_when_shown_then_in_the_digits_of_its_currency(value: Any, zh: str, en: str) -> None:
    assert (ZH.money(value), EN.money(value)) == (zh, en)


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        (12_345, "12,345", "12,345"),
        (99_999, "99,999", "99,999"),
        (128_402, "12.8 万", "128 k"),
        (1_284_020, "128 万", "1.28 M"),
        (250_000_000, "2.5 亿", "250 M"),
        (None, "—", "—"),
    ],
)
def test_tile_when_large_then_in_few_characters(value: int | None, zh: str, en: str) -> None:
    assert (ZH.tile(value), EN.tile(value)) == (zh, en)


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        (About(10_000), "约 1 万", "about 10 k"),
        (About(128_402), "约 13 万", "about 130 k"),
        (5 + About(1_284_020) + 7, "约 130 万", "about 1.3 M"),
        (About(7), "约 7", "about 7"),
    ],
)
def test_number_when_an_estimate_then_it_says_so_wherever_it_stands(value: int, zh: str, en: str) -> None:
    assert (ZH.number(value), ZH.tile(value)) == (zh, zh)
    assert (EN.number(value), EN.tile(value)) == (en, en)


def test_counts_when_cut_off_then_they_share_what_the_exact_ones_leave() -> None:
    assert rough([3, CAP, 40], 5) == [3, CAP, 40]
    assert rough([500, CAP + 1, CAP + 1], 120_500) == [500, 60_000, 60_000]
    assert rough([CAP + 1], -1) == [CAP]
    assert [type(n) for n in rough([1, CAP + 1], 0)] == [int, About]
    assert str(About(12_345)) == "about 12000"


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (0, "0 秒", "0 s"),
        (0.0124, "12 毫秒", "12 ms"),
        (1.24, "1.2 秒", "1.2 s"),
        (250, "4 分 10 秒", "4 min 10 s"),
        (11_100, "3 小时 5 分", "3 h 5 min"),
        (260_000, "3 天 0 小时", "3 d 0 h"),
        (None, "—", "—"),
    ],
)
def test_duration_when_shown_then_in_two_units_at_most(seconds: float | None, zh: str, en: str) -> None:
    assert (ZH.duration(seconds), EN.duration(seconds)) == (zh, en)


@pytest.mark.parametrize(("n", "text"), [(0, "0 B"), (999, "999 B"), (18_432, "18 KB"), (5_500_000, "5.25 MB")])
def test_size_when_shown_then_three_figures(n: int, text: str) -> None:
    assert ZH.size(n) == text


def test_number_when_negative_or_decimal_then_with_a_real_minus() -> None:
    assert ZH.number(-3.5) == "−3.5"
    assert ZH.number("0.125") == "0.125"
    assert ZH.number("1234567.500000000000") == "1,234,567.5"
    assert ZH.number(-12_345) == "−12,345"
    assert ZH.number("1E+3") == "1,000"
    assert ZH.share(37, 500) == "37 (7.4%)"
    assert ZH.share(0, 0) == "0"


@pytest.mark.parametrize(
    ("thousandths", "shown"), [(6900, "+6.9"), (-3250, "−3.25"), (0, "0"), (9000, "+9"), (1, "+0.001"), (None, "—")]
)
def test_weight_when_shown_then_with_its_sign_and_every_digit(thousandths: int | None, shown: str) -> None:
    assert Formats("zh", "Asia/Shanghai", NOW).weight(thousandths) == shown
