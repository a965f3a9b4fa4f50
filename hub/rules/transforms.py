"""The named transforms of the mapping language. Each is pure; its docstring is its reference entry.

A transform takes the value at the path and literal arguments, and returns the new value. It raises
`ValueFault` when it cannot: the problem is collected, the item goes to quarantine with all of them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

from hub.model import phone as phones
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
_CJK = re.compile(r"[㐀-鿿]")
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000}


def _text(value: Any) -> str:
    return value if value.__class__ is str else check_text(value)


@transform(gives="time")
def timestamp(value: Any, zone: str = "") -> str:
    """A time like `2026-11-22T08:30:00+08:00`; `zone` (+08:00 or Asia/Shanghai) for times without offset."""
    return time.canonical(value, time.zone_of(zone) if zone else None)


@transform(gives="time")
def unix(value: Any, unit: str = "s") -> str:
    """A count since 1970 as a number or text, in `unit` s, ms or us."""
    if unit not in _PER_SECOND:
        raise ValueFault("bad_argument", "unit is one of s, ms, us")
    sign, whole, decimals = split_number(value)
    exact = Decimal(f"{sign}{whole}.{decimals or 0}") * 1_000_000 / _PER_SECOND[unit]
    return time.from_micros(int(exact))


@transform(gives="date")
def date(value: Any, zone: str = "") -> str:
    """The day of a date (`2026-11-22`, `20261122`, `2026/11/22`) or of a time, as seen in `zone`."""
    text = _text(value).strip()
    if len(text) == 8 and text.isascii() and text.isdigit():
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
    word = _text(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueFault("bad_boolean", "is neither true nor false")


@transform(takes_null=True, gives="boolean")
def is_present(value: Any) -> bool:
    """True when there is a value, false when it is null or an empty text or list."""
    return value not in (None, "", [], {})


@transform(takes_null=True)
def order_state(value: Any) -> str:
    """The state of an order by its time of cancellation: `cancelled`, or `open` when that is null."""
    return "cancelled" if value else "open"


@transform(gives="text")
def text(value: Any) -> str:
    """The value as text: whole numbers written out, true and false by those words."""
    if value is True or value is False:
        return "true" if value else "false"
    if value.__class__ is float:
        return check_decimal(value)
    return check_text(value)


@transform(gives="text")
def strip(value: Any) -> str:
    """Text without space at its ends."""
    return check_text(value).strip()


@transform(gives="text")
def lower(value: Any) -> str:
    """Text in lower case."""
    return check_text(value).lower()


@transform(gives="text")
def upper(value: Any) -> str:
    """Text in upper case."""
    return check_text(value).upper()


@transform()
def blank(value: Any) -> Any:
    """Null for a text that is empty or only space; any other value unchanged."""
    return None if value.__class__ is str and not value.strip() else value


@transform(gives="text")
def phone(value: Any, region: str = "CN") -> str:
    """A phone number as E.164 where it can be read (in `region` unless it carries its country)."""
    return phones.normalise(check_text(value), region).value


@transform(gives="text")
def email(value: Any) -> str:
    """An e-mail address, trimmed, in lower case; it needs an @ and no space."""
    address = check_text(value).strip().lower()
    before, at, after = address.rpartition("@")
    if not (before and at and after) or any(ch.isspace() for ch in address):
        raise ValueFault("bad_email", "is not an e-mail address")
    return address


@transform()
def split(value: Any, sep: str = ",") -> list[str]:
    """The parts of a text between `sep`, trimmed, empty ones left out."""
    return [part.strip() for part in check_text(value).split(sep) if part.strip()]


@transform(gives="text")
def join(value: Any, sep: str = " ") -> str:
    """The values of a list as one text with `sep` between them; null and empty ones left out."""
    return sep.join(check_text(part).strip() for part in _list(value) if part not in (None, ""))


@transform(gives="text")
def person_name(value: Any) -> str:
    """A whole name of a list `[family name, given name]`: 李雷, but Lei Li."""
    family, given = ([check_text(part).strip() if part else "" for part in _list(value)] + ["", ""])[:2]
    if _CJK.search(family + given):
        return family + given
    return f"{given} {family}".strip()


@transform()
def listed(value: Any) -> list[Any]:
    """A list of this one value; a list stays as it is."""
    return value if value.__class__ is list else [value]


@transform()
def first(value: Any) -> Any:
    """The first value of a list, null when it is empty."""
    return next(iter(_list(value)), None)


@transform()
def last(value: Any) -> Any:
    """The last value of a list, null when it is empty."""
    return _list(value)[-1] if _list(value) else None


@transform()
def pick(value: Any, equals: Any, key: str = "key", of: str = "value") -> Any:
    """From a list of pairs (`[{"key": …, "value": …}]`) the value whose key equals; null when none does."""
    return next((pair.get(of) for pair in _list(value) if pair.get(key) == equals), None)


@transform()
def pluck(value: Any, of: str) -> list[Any]:
    """From a list of objects the member `of` of each that has it."""
    return [item[of] for item in _list(value) if item.__class__ is dict and item.get(of) is not None]


@transform(gives="decimal")
def negate(value: Any) -> str:
    """The number with its sign turned."""
    number = check_decimal(value)
    return number[1:] if number[0] == "-" else number if number == "0" else "-" + number


@transform(gives="decimal")
def scale(value: Any, by: Any) -> str:
    """The number times `by`, exact: kilograms to grams is `scale: 1000`."""
    return check_decimal(format(Decimal(check_decimal(value)) * Decimal(check_decimal(by)), "f"))


@transform(gives="text")
def prefix(value: Any, before: str) -> str:
    """The text with `before` put before it."""
    return before + check_text(value)


@transform(gives="text")
def html_text(value: Any) -> str:
    """The readable text of HTML: tags and scripts gone, entities resolved, spaces folded."""
    reader = _TextReader()
    reader.feed(check_text(value))
    reader.close()
    return " ".join(html.unescape("".join(reader.found)).split())


class _TextReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.hidden += tag in ("script", "style")
        self.found.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("script", "style") and self.hidden > 0
        self.found.append(" ")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.found.append(data)


def _list(value: Any) -> list[Any]:
    if value.__class__ is not list:
        raise ValueFault("bad_list", "is not a list")
    return list(value)


TRANSFORMS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        timestamp,
        unix,
        date,
        money,
        unit_price,
        money_minor,
        decimal,
        integer,
        boolean,
        is_present,
        order_state,
        text,
        strip,
        lower,
        upper,
        blank,
        phone,
        email,
        split,
        join,
        person_name,
        listed,
        first,
        last,
        pick,
        pluck,
        negate,
        scale,
        prefix,
        html_text,
    )
}
