"""Checks of single values: what comes in is brought to the one canonical form, or is a `ValueFault`.

These functions are the only place that knows the canonical form of a type; the compiled mappings
and the marshmallow schemas both call them, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.model.fault import ValueFault
from hub.model.kind import Field
from hub.model.money import exponent_of, format_amount, format_unit_price, split_number
from hub.model.time import canonical, canonical_date

Check = Callable[[Any], Any]

LONGEST_ID = 255
LONGEST_TEXT = 100_000
DECIMAL_DIGITS = 12


def check_text(value: Any) -> str:
    """Text without NUL (the database refuses it) or half characters; a whole number is written out."""
    if value.__class__ is int:
        return str(value) if -(10**30) < value < 10**30 else _bad_text("is a number of more than 30 digits")
    if value.__class__ is not str:
        return _bad_text("is not text")
    if "\x00" in value:
        return _bad_text("contains the character U+0000")
    if len(value) > LONGEST_TEXT:
        return _bad_text(f"has more than {LONGEST_TEXT} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        return _bad_text("contains half a character (a lone surrogate)")
    return str(value)


def _bad_text(reason: str) -> str:
    raise ValueFault("bad_text", reason)


def check_currency(value: Any) -> str:
    """An ISO 4217 code in upper case."""
    exponent_of(value)
    return str(value)


def check_money(value: Any) -> dict[str, str]:
    """`{"amount", "currency"}` with exactly the currency's decimals."""
    if value.__class__ is not dict:
        raise ValueFault("bad_money", 'money is an object {"amount": "12.30", "currency": "CNY"}')
    currency: Any = value.get("currency")
    return {"amount": format_amount(value.get("amount"), exponent_of(currency)), "currency": currency}


def check_unit_price(value: Any) -> dict[str, str]:
    """`{"amount", "currency"}` with the currency's to six decimals."""
    if value.__class__ is not dict:
        raise ValueFault("bad_money", 'a unit price is an object {"amount": "1.2345", "currency": "CNY"}')
    currency: Any = value.get("currency")
    return {"amount": format_unit_price(value.get("amount"), exponent_of(currency)), "currency": currency}


def check_decimal(value: Any) -> str:
    """A decimal number as text without needless zeros: `2`, `0.35`, `-1.5`."""
    if value.__class__ is int and -(10**15) < value < 10**15:
        return str(value)
    sign, whole, decimals = split_number(value)
    decimals = decimals.rstrip("0")
    if len(decimals) > DECIMAL_DIGITS:
        raise ValueFault("bad_number", f"has more than {DECIMAL_DIGITS} decimals")
    text = f"{whole}.{decimals}" if decimals else whole
    return f"-{text}" if sign == "-" and text != "0" else text


def check_integer(value: Any) -> int:
    """A whole number of at most 63 bits."""
    if value.__class__ is not int or not -(2**63) <= value < 2**63:
        raise ValueFault("bad_number", "is not a whole number")
    return int(value)


def check_boolean(value: Any) -> bool:
    """True or false, nothing that only looks so."""
    if value is True or value is False:
        return bool(value)
    raise ValueFault("bad_boolean", "is neither true nor false")


def check_external_id(value: Any) -> str:
    """The id of a record at its system: text or a whole number, not empty, at most 255 characters."""
    text = str(value) if value.__class__ is int else check_text(value)
    if not 0 < len(text) <= LONGEST_ID or text.isspace():
        raise ValueFault("bad_id", f"an id has 1 to {LONGEST_ID} characters")
    return text


def check_reference(value: Any, connection: str, object_type: str) -> dict[str, str]:
    """A source key: of a plain id (same connection, `object_type`), or of an object that says more."""
    if value.__class__ is not dict:
        return {"connection": connection, "object_type": object_type, "external_id": check_external_id(value)}
    strange = sorted(value.keys() - {"connection", "object_type", "external_id"})
    if strange:
        raise ValueFault("bad_reference", "a reference has connection, object_type and external_id, nothing else")
    return {
        "connection": check_text(value.get("connection") or connection),
        "object_type": check_text(value.get("object_type") or object_type),
        "external_id": check_external_id(value.get("external_id")),
    }


def enum_check(choices: tuple[str, ...]) -> Check:
    """A check that the value is one of the words."""
    known = frozenset(choices)

    def check_enum(value: Any) -> str:
        if value.__class__ is not str or value not in known:
            raise ValueFault("bad_choice", f"is none of: {', '.join(choices)}")
        return str(value)

    return check_enum


def reference_check(connection: str, object_type: str) -> Check:
    """A check of a reference whose plain ids belong to `object_type` of `connection`."""
    return lambda value: check_reference(value, connection, object_type)


def list_check(element: Check) -> Check:
    """A check of a list of plain values: each checked, nulls left out, repeats of one value too."""

    def check_list(value: Any) -> list[Any]:
        if value.__class__ is not list:
            raise ValueFault("bad_list", "is not a list")
        found: list[Any] = []
        for item in value:
            if item is not None and (checked := element(item)) not in found:
                found.append(checked)
        return found

    return check_list


def map_check(element: Check) -> Check:
    """A check of an object with free names: each value checked, nulls left out."""

    def check_map(value: Any) -> dict[str, Any]:
        if value.__class__ is not dict:
            raise ValueFault("bad_map", "is not an object")
        return {check_text(name): element(item) for name, item in value.items() if item is not None}

    return check_map


_PLAIN: dict[str, Check] = {
    "money": check_money,
    "unit_price": check_unit_price,
    "decimal": check_decimal,
    "integer": check_integer,
    "boolean": check_boolean,
    "time": canonical,
    "date": canonical_date,
}


def plain_check(field: Field, type_: str, connection: str = "", object_type: str = "") -> Check:
    """The check of one value of a type that is not made of fields."""
    if type_ == "text":
        return check_currency if field.format == "currency" else check_text
    if type_ == "enum":
        return enum_check(field.choices)
    if type_ == "ref":
        return reference_check(connection, object_type or field.ref)
    return _PLAIN[type_]


def check_of(field: Field, connection: str = "", object_type: str = "") -> Check:
    """The check of a field that holds no objects with declared fields."""
    if field.type == "list":
        return list_check(plain_check(field, field.of, connection, object_type))
    if field.type == "map":
        return map_check(plain_check(field, field.of, connection, object_type))
    return plain_check(field, field.type, connection, object_type)
