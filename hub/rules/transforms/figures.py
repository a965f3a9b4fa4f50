"""Transforms of money, numbers and yes or no, in and out."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Any, Literal

from hub.model.fault import ValueFault
from hub.model.money import (
    EXPONENTS,
    Money,
    Rounding,
    exponent_of,
    format_amount,
    format_minor,
    format_unit_price,
    split_number,
)
from hub.model.transform import ITSELF, transform
from hub.model.value import check_decimal, check_text, check_unit_price

_TRUE = ("true", "yes", "y", "t", "1", "on", "是", "有", "对")
_FALSE = ("false", "no", "n", "f", "0", "off", "否", "无", "不")
_SIGNS = ("turn", "drop")
_EXACT = Context(prec=40)
_DECIMALS = Decimal(1).scaleb(-12)

Sign = Literal["", "turn", "drop"]


@transform(
    gives="money",
    inverse="major_of",
    examples=[
        ("12.3", {"currency": "CNY"}, {"amount": "12.30", "currency": "CNY"}),
        (12.3, {"currency": "CNY"}, {"amount": "12.30", "currency": "CNY"}),
        ({"amount": "1", "currency_code": "cny"}, {}, {"amount": "1.00", "currency": "CNY"}),
        ("-5.00", {"currency": "CNY", "sign": "drop"}, {"amount": "5.00", "currency": "CNY"}),
    ],
)
def money(value: Any, currency: str | None = None, rounding: Rounding | None = None, sign: Sign = "") -> dict[str, str]:
    """Money in major units, text or a number, of `currency`; or an object with `amount` and its currency.

    The object's currency may be called currency, currency_code or currencyCode. `rounding`:
    half_up or half_even, for sources that send more decimals than the currency has. `sign`: turn it, or drop it, where a
    source writes what it gives back as less than nothing.
    """
    amount, code, exponent = _parts(value, currency)
    shown = format_amount(amount, exponent, rounding)
    return {"amount": _signed(shown, sign) if sign else shown, "currency": code}


@transform(
    inverse="money",
    examples=[
        ({"amount": "12.30", "currency": "CNY"}, {}, "12.30"),
        ({"amount": "12.30", "currency": "CNY"}, {"sign": "turn"}, "-12.30"),
    ],
)
def major_of(value: Any, sign: Sign = "") -> str:
    """The amount of money, or of a unit price, in major units as text; its currency is left out."""
    amount = check_unit_price(value)["amount"]
    return _signed(amount, sign) if sign else amount


@transform(
    gives="unit_price",
    inverse="major_of",
    examples=[("0.1234500", {"currency": "CNY"}, {"amount": "0.12345", "currency": "CNY"})],
)
def unit_price(value: Any, currency: str | None = None) -> dict[str, str]:
    """A price of one unit, in major units, with up to six decimals; forms as `money`."""
    amount, code, exponent = _parts(value, currency)
    return {"amount": format_unit_price(amount, exponent), "currency": code}


@transform(
    gives="money",
    inverse="minor_of",
    examples=[
        (1230, {"currency": "CNY"}, {"amount": "12.30", "currency": "CNY"}),
        ("-1230", {"currency": "CNY", "sign": "turn"}, {"amount": "12.30", "currency": "CNY"}),
    ],
)
def money_minor(
    value: Any, currency: str | None = None, exponents: Mapping[str, int] | None = None, sign: Sign = ""
) -> dict[str, str]:
    """Money in minor units (fen, cents) as a whole number; object form and `sign` as `money`.

    `exponents`: where the source's idea of the minor unit is not ISO 4217's, e.g. `{MGA: 0}`.
    """
    amount, code, exponent = _parts(value, currency)
    minus, whole, decimals = split_number(amount)
    if decimals.strip("0"):
        raise ValueFault("bad_money", "minor units are a whole number")
    major = format_minor(int(minus + whole), _exponent(code, exponent, exponents))
    shown = format_amount(major, exponent)
    return {"amount": _signed(shown, sign) if sign else shown, "currency": code}


@transform(inverse="money_minor", examples=[({"amount": "12.30", "currency": "CNY"}, {}, 1230)])
def minor_of(value: Any, exponents: Mapping[str, int] | None = None, sign: Sign = "") -> int:
    """Money in minor units (fen, cents), by the decimals of ISO 4217 unless `exponents` says otherwise."""
    found = Money.parse(value)
    own = EXPONENTS[found.currency]
    exact = Decimal(found.minor).scaleb(_exponent(found.currency, own, exponents) - own)
    if exact != exact.to_integral_value():
        raise ValueFault("bad_money", "is no whole number of the system's minor units")
    return int(_signed(str(int(exact)), sign) if sign else exact)


def _exponent(code: str, own: int, exponents: Mapping[str, int] | None) -> int:
    return own if exponents is None else exponents.get(code, own)


def _signed(amount: str, sign: str) -> str:
    if sign not in _SIGNS:
        raise ValueFault("bad_argument", "sign is turn or drop")
    if amount[0] == "-":
        return amount[1:]
    return f"-{amount}" if sign == "turn" and amount.strip("0.") else amount


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


@transform(gives="decimal", inverse="number", examples=[("1.500", {}, "1.5")])
def decimal(value: Any) -> str:
    """A decimal number of text or a number: `2`, `0.35`."""
    return check_decimal(value)


@transform(inverse="decimal", examples=[("2", {}, 2), ("0.5", {}, 0.5)])
def number(value: Any) -> int | float:
    """A decimal as a JSON number; exact for whole numbers only, so prefer text where a system takes it."""
    text = check_decimal(value)
    return float(text) if "." in text else int(text)


@transform(gives="integer", inverse=ITSELF, examples=[("3.0", {}, 3)])
def integer(value: Any) -> int:
    """A whole number of text or a number; `3.0` is 3, `3.5` a fault."""
    sign, whole, decimals = split_number(value)
    if decimals.strip("0"):
        raise ValueFault("bad_number", "is not a whole number")
    return int(sign + whole)


@transform(gives="boolean", inverse="yes_no", examples=[("是", {}, True), (0, {}, False)])
def boolean(value: Any) -> bool:
    """True or false of a boolean, 1 and 0, or a word: true, yes, y, t, on, 是, 有 and their opposites."""
    if value is True or value is False:
        return bool(value)
    word = check_text(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueFault("bad_boolean", "is neither true nor false")


@transform(inverse="boolean", examples=[(True, {}, "Y"), (False, {"yes": "是", "no": "否"}, "否")])
def yes_no(value: Any, yes: Any = "Y", no: Any = "N") -> Any:
    """One of two words, or numbers, for true and false."""
    if value is True or value is False:
        return yes if value else no
    raise ValueFault("bad_boolean", "is neither true nor false")


@transform(gives="decimal", inverse="negate", examples=[("1.50", {}, "-1.5")])
def negate(value: Any) -> str:
    """The number with its sign turned."""
    found = check_decimal(value)
    return found[1:] if found[0] == "-" else found if found == "0" else "-" + found


@transform(gives="decimal", inverse="divide", examples=[("0.35", {"by": 1000}, "350")])
def scale(value: Any, by: Any) -> str:
    """The number times `by`, exact: kilograms to grams is `scale: 1000`."""
    return check_decimal(format(_EXACT.multiply(Decimal(check_decimal(value)), Decimal(check_decimal(by))), "f"))


@transform(gives="decimal", inverse="scale", examples=[("350", {"by": 1000}, "0.35")])
def divide(value: Any, by: Any) -> str:
    """The number divided by `by`, to twelve decimals."""
    divisor = Decimal(check_decimal(by))
    if not divisor:
        raise ValueFault("bad_argument", "nothing can be divided by 0")
    exact = _EXACT.divide(Decimal(check_decimal(value)), divisor).quantize(_DECIMALS, context=_EXACT)
    return check_decimal(format(exact.normalize(_EXACT), "f"))


FIGURES = (
    money, major_of, unit_price, money_minor, minor_of, decimal, number, integer, boolean, yes_no, negate, scale, divide,
)  # fmt: skip
