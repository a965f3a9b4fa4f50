"""Money: integer minor units inside, `{"amount": "12.30", "currency": "CNY"}` outside, never a float.

Exponents are those of ISO 4217 (not of CLDR, which rounds some currencies to what shops use). A
value error raised here says what is wrong with a value from outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any, Literal

from hub.model.fault import ValueFault

_TWO = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW
CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR
ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV
MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD
SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_WITHDRAWN_TWO = "ANG CUC HRK SLL ZWL"  # out of use since 2021, still in old orders
_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"

EXPONENTS: dict[str, int] = {
    code: exponent
    for exponent, codes in ((2, _TWO + _WITHDRAWN_TWO), (0, _ZERO), (3, _THREE), (4, _FOUR))
    for code in codes.split()
}
UNIT_PRICE_DIGITS = 6
INTEGER_DIGITS = 15  # minor units stay within 63 bits even for four decimals

Rounding = Literal["half_up", "half_even"]
_ROUNDINGS = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN}
_NUMBER = re.compile(r"([+-]?)0*(\d+)(?:\.(\d+))?", re.ASCII)
_EXACT = Context(prec=40)
_SHORT = 32  # longer texts are no amounts: they are refused, not remembered


def exponent_of(currency: object) -> int:
    """How many decimals a currency has; `ValueFault` when it is no ISO 4217 code in upper case."""
    try:
        return EXPONENTS[currency]  # type: ignore[index]
    except (KeyError, TypeError):
        raise ValueFault("bad_currency", "not an ISO 4217 currency code in upper case, like CNY") from None


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units (fen, cents) of one currency. Mixing currencies raises `ValueFault`."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, value: Any) -> Money:
        """Of the canonical form `{"amount", "currency"}`; `ValueFault` when it is not valid."""
        if value.__class__ is not dict:
            raise ValueFault("bad_money", 'money is an object {"amount": "12.30", "currency": "CNY"}')
        currency: Any = value.get("currency")
        amount = format_amount(value.get("amount"), exponent_of(currency))
        return cls(int(amount.replace(".", "")), currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing, in that currency."""
        exponent_of(currency)
        return cls(0, currency)

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other).minor

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other).minor

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{format_minor(self.minor, EXPONENTS[self.currency])} {self.currency}"

    def times(self, factor: Decimal | int, rounding: Rounding = "half_up") -> Money:
        """Multiplied and rounded to minor units."""
        exact = _EXACT.multiply(Decimal(self.minor), Decimal(factor))
        return Money(int(exact.quantize(Decimal(1), _ROUNDINGS[rounding])), self.currency)

    def allocate(self, weights: Sequence[int]) -> list[Money]:
        """Split by weights without losing a minor unit: the largest remainders get what is left.

        Equal remainders: the first in order. All weights zero: as if equal. `ValueError` for a
        negative weight or none at all.
        """
        if not weights or min(weights) < 0:
            raise ValueError("allocation needs at least one weight, none negative")
        shares = list(weights) if any(weights) else [1] * len(weights)
        total, sign, amount = sum(shares), (-1 if self.minor < 0 else 1), abs(self.minor)
        parts = [amount * share // total for share in shares]
        order = sorted(range(len(shares)), key=lambda i: (-(amount * shares[i] % total), i))
        for i in order[: amount - sum(parts)]:
            parts[i] += 1
        return [Money(sign * part, self.currency) for part in parts]

    def as_dict(self) -> dict[str, str]:
        """The canonical form, with exactly the currency's decimals."""
        return {"amount": format_minor(self.minor, EXPONENTS[self.currency]), "currency": self.currency}

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueFault("mixed_currencies", f"{self.currency} and {other.currency} cannot be reckoned together")
        return other


def add_up(parts: Iterable[Money], currency: str) -> Money:
    """The sum, zero of `currency` when there is nothing; another currency raises `ValueFault`."""
    nothing, minor = Money.zero(currency), 0
    for part in parts:
        minor += part.minor if part.currency == currency else (nothing + part).minor  # which raises
    return Money(minor, currency)


def format_minor(minor: int, exponent: int) -> str:
    """`(1230, 2)` -> `12.30`."""
    if exponent == 0:
        return str(minor)
    sign, digits = ("-", str(-minor)) if minor < 0 else ("", str(minor))
    digits = digits.zfill(exponent + 1)
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}"


def format_amount(value: Any, exponent: int, rounding: Rounding | None = None) -> str:
    """An amount in major units, with exactly `exponent` decimals.

    Takes text, an integer, or a float that JSON made of at most 15 significant digits. Too many
    decimals are a `ValueFault` unless `rounding` says how to round.
    """
    if value.__class__ is str and len(value) <= _SHORT:
        return _format_text(value, exponent, rounding)
    return _format_any(value, exponent, rounding)


def _format_any(value: Any, exponent: int, rounding: Rounding | None) -> str:
    sign, whole, decimals = split_number(value)
    decimals = decimals.rstrip("0")
    if len(decimals) > exponent:
        if rounding is None:
            raise ValueFault("bad_money", f"has more than {exponent} decimals; the mapping may say how to round")
        step = Decimal(1).scaleb(-exponent)
        rounded = format(Decimal(f"{whole}.{decimals}").quantize(step, _ROUNDINGS[rounding], _EXACT), "f")
        whole, _, decimals = rounded.partition(".")
    text = f"{whole}.{decimals.ljust(exponent, '0')}" if exponent else whole
    return f"-{text}" if sign == "-" and text.strip("0.") else text


# Amounts repeat: most are nothing, and prices end in 9.
_format_text = lru_cache(maxsize=2048)(_format_any)


def format_unit_price(value: Any, exponent: int) -> str:
    """A unit price: at least the currency's decimals, at most six, no other trailing zeros."""
    if value.__class__ is str and len(value) <= _SHORT:
        return _format_text_price(value, exponent)
    return _format_any_price(value, exponent)


def _format_any_price(value: Any, exponent: int) -> str:
    sign, whole, decimals = split_number(value)
    decimals = decimals.rstrip("0")
    if len(decimals) > max(UNIT_PRICE_DIGITS, exponent):
        raise ValueFault("bad_money", f"a unit price has at most {UNIT_PRICE_DIGITS} decimals")
    decimals = decimals.ljust(exponent, "0")
    text = f"{whole}.{decimals}" if decimals else whole
    return f"-{text}" if sign == "-" and text.strip("0.") else text


_format_text_price = lru_cache(maxsize=2048)(_format_any_price)


def split_number(value: Any) -> tuple[str, str, str]:
    """Sign, digits before and after the point, of text, an integer or a JSON float, else `ValueFault`."""
    kind = value.__class__
    if kind is int:
        text = str(value) if -(10**18) < value < 10**18 else ""
    elif kind is float:
        text = _text_of_float(value)
    elif kind is str:
        text = value.strip() if len(value) <= 64 else ""
    else:
        raise ValueFault("bad_number", "not a number")
    found = _NUMBER.fullmatch(text)
    if found is None or len(found[2]) > INTEGER_DIGITS:
        raise ValueFault("bad_number", f"not a plain decimal number of at most {INTEGER_DIGITS} digits")
    return found[1], found[2], found[3] or ""


def _text_of_float(value: float) -> str:
    # The shortest text that gives the same float is what the sender wrote, up to 15 digits.
    text = repr(value).removesuffix(".0")
    if "n" in text:  # nan, inf
        return ""
    if "e" in text:
        text = format(Decimal(text), "f")
    return text if len(text.lstrip("-0.").replace(".", "")) <= 15 else ""
