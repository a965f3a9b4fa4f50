"""Transforms of times, money and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hub.model import time
from hub.model.fault import ValueFault
from hub.model.money import (
    EXPONENTS,
    Rounding,
    exponent_of,
    format_amount,
    format_minor,
    format_unit_price,
    split_number,
)
from hub.model.transform import transform
from hub.model.value import check_decimal, check_text

_TRUE = ("true", "yes", "y", "t", "1", "on", "是")
_FALSE = ("false", "no", "n", "f", "0", "off", "否")
PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000}
_COMPACT_DATE = 8  # 20261122


@transform(gives="time")
def timestamp(value: Any, zone: str = "") -> str:
    """A time like `2026-11-22T08:30:00+08:00`; `zone` (+08:00 or Asia/Shanghai) for times without offset."""
    return time.canonical(value, time.zone_of(zone) if zone else None)


@transform(gives="time")
def unix(value: Any, unit: str = "s") -> str:
    """A count since 1970 as a number or text, in `unit` s, ms or us."""
    if unit not in PER_SECOND:
        raise ValueFault("bad_argument", "unit is one of s, ms, us")
    sign, whole, decimals = split_number(value)
    exact = Decimal(f"{sign}{whole}.{decimals or 0}") * 1_000_000 / PER_SECOND[unit]
    return time.from_micros(int(exact))


@transform(gives="date")
def date(value: Any, zone: str = "") -> str:
    """The day of a date (`2026-11-22`, `20261122`, `2026/11/22`) or of a time, as seen in `zone`."""
    text = check_text(value).strip()
    if len(text) == _COMPACT_DATE and text.isascii() and text.isdigit():
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    if len(text) <= 10:
        return time.canonical_date(text.replace("/", "-"))
    seen_in = time.zone_of(zone) if zone else None
    moment = time.parse(text, seen_in)
    return (moment.astimezone(seen_in) if seen_in else moment).date().isoformat()


@transform(gives="money")
def money(value: Any, currency: str | None = None, rounding: Rounding | None = None) -> dict[str, str]:
    """Money in major units (`"12.30"`, `12.3`) of `currency`, or an object with `amount` and its currency.

    The object's currency may be called currency, currency_code or currencyCode. `rounding`:
    half_up or half_even, for sources that send more decimals than the currency has.
    """
    amount, code, exponent = _parts(value, currency)
    return {"amount": format_amount(amount, exponent, rounding), "currency": code}


@transform(gives="unit_price")
def unit_price(value: Any, currency: str | None = None) -> dict[str, str]:
    """A price of one unit, in major units, with up to six decimals; forms as `money`."""
    amount, code, exponent = _parts(value, currency)
    return {"amount": format_unit_price(amount, exponent), "currency": code}


@transform(gives="money")
def money_minor(value: Any, currency: str | None = None, exponents: Mapping[str, int] | None = None) -> dict[str, str]:
    """Money in minor units (fen, cents) as a whole number; object form as `money`.

    `exponents`: where the source's idea of the minor unit is not ISO 4217's, e.g. `{MGA: 0}`.
    """
    amount, code, exponent = _parts(value, currency)
    sign, whole, decimals = split_number(amount)
    if decimals.strip("0"):
        raise ValueFault("bad_money", "minor units are a whole number")
    theirs = exponent if exponents is None else exponents.get(code, exponent)
    major = format_minor(int(sign + whole), theirs)
    return {"amount": format_amount(major, exponent), "currency": code}


def _parts(value: Any, currency: Any) -> tuple[Any, str, int]:
    """Amount, currency in upper case, and its decimals."""
    if value.__class__ is dict:
        currency = value.get("currency") or value.get("currency_code") or value.get("currencyCode") or currency
        value = value.get("amount")
    if currency.__class__ is not str:
        raise ValueFault("bad_currency", "no currency is given; the mapping may name one (money: {currency: …})")
    exponent = EXPONENTS.get(currency)
    if exponent is not None:
        return value, currency, exponent
    currency = currency.upper()
    return value, currency, exponent_of(currency)


@transform(gives="decimal")
def decimal(value: Any) -> str:
    """A decimal number of text or a number: `2`, `0.35`."""
    return check_decimal(value)


@transform(gives="integer")
def integer(value: Any) -> int:
    """A whole number of text or a number; `3.0` is 3, `3.5` a fault."""
    sign, whole, decimals = split_number(value)
    if decimals.strip("0"):
        raise ValueFault("bad_number", "is not a whole number")
    return int(sign + whole)


@transform(gives="boolean")
def boolean(value: Any) -> bool:
    """True or false of a boolean, 1 and 0, or a word: true, yes, y, t, on, 是 and their opposites."""
    if value is True or value is False:
        return bool(value)
    word = check_text(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueFault("bad_boolean", "is neither true nor false")


@transform(gives="decimal")
def negate(value: Any) -> str:
    """The number with its sign turned."""
    number = check_decimal(value)
    return number[1:] if number[0] == "-" else number if number == "0" else "-" + number


@transform(gives="decimal")
def scale(value: Any, by: Any) -> str:
    """The number times `by`, exact: kilograms to grams is `scale: 1000`."""
    return check_decimal(format(Decimal(check_decimal(value)) * Decimal(check_decimal(by)), "f"))
