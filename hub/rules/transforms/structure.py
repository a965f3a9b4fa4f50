"""Transforms of lists and of values as a whole."""

from __future__ import annotations

from typing import Any

from hub.model.fault import ValueFault
from hub.model.transform import transform


@transform(takes_null=True, gives="boolean")
def is_present(value: Any) -> bool:
    """True when there is a value, false when it is null or an empty text or list."""
    return value not in (None, "", [], {})


@transform(takes_null=True)
def order_state(value: Any) -> str:
    """The state of an order by its time of cancellation: `cancelled`, or `open` when that is null."""
    return "cancelled" if value else "open"


@transform()
def blank(value: Any) -> Any:
    """Null for a text that is empty or only space; any other value unchanged."""
    return None if value.__class__ is str and not value.strip() else value


@transform()
def listed(value: Any) -> list[Any]:
    """A list of this one value; a list stays as it is."""
    return value if value.__class__ is list else [value]


@transform()
def first(value: Any) -> Any:
    """The first value of a list, null when it is empty."""
    return next(iter(as_list(value)), None)


@transform()
def last(value: Any) -> Any:
    """The last value of a list, null when it is empty."""
    return as_list(value)[-1] if as_list(value) else None


@transform()
def pick(value: Any, equals: Any, key: str = "key", of: str = "value") -> Any:
    """From a list of pairs (`[{"key": …, "value": …}]`) the value whose key equals; null when none does."""
    return next((pair.get(of) for pair in as_list(value) if pair.get(key) == equals), None)


@transform()
def pluck(value: Any, of: str) -> list[Any]:
    """From a list of objects the member `of` of each that has it."""
    return [item[of] for item in as_list(value) if item.__class__ is dict and item.get(of) is not None]


def as_list(value: Any) -> list[Any]:
    """The value, when it is a list; else a `ValueFault`."""
    if value.__class__ is not list:
        raise ValueFault("bad_list", "is not a list")
    return list(value)
