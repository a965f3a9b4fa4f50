"""Transforms of lists, objects and values as a whole."""

from __future__ import annotations

from typing import Any

import orjson

from hub.model.fault import ValueFault
from hub.model.transform import ITSELF, transform
from hub.model.value import check_text

_LARGEST_JSON = 1_000_000
_PAIRS = [{"key": "k", "value": 5}, {"key": "x", "value": 6}]


@transform(
    takes_null=True,
    gives="boolean",
    one_way="the value itself is gone",
    examples=[(None, {}, False), ("", {}, False), (0, {}, True)],
)
def is_present(value: Any) -> bool:
    """True when there is a value, false when it is null or an empty text or list."""
    return value not in (None, "", [], {})


@transform(
    takes_null=True,
    one_way="the time of cancellation is gone",
    examples=[("2026-11-22T00:30:05Z", {}, "cancelled"), (None, {}, "open")],
)
def order_state(value: Any) -> str:
    """The state of an order by its time of cancellation: `cancelled`, or `open` when that is null."""
    return "cancelled" if value else "open"


@transform(inverse=ITSELF, examples=[("  ", {}, None), ("a ", {}, "a "), (0, {}, 0)])
def blank(value: Any) -> Any:
    """Null for a text that is empty or only space; any other value unchanged."""
    return None if value.__class__ is str and not value.strip() else value


@transform(inverse="first", examples=[("a", {}, ["a"]), (["a"], {}, ["a"])])
def listed(value: Any) -> list[Any]:
    """A list of this one value; a list stays as it is."""
    return value if value.__class__ is list else [value]


@transform(inverse="listed", examples=[([1, 2], {}, 1), ([], {}, None)])
def first(value: Any) -> Any:
    """The first value of a list, null when it is empty."""
    return next(iter(as_list(value)), None)


@transform(inverse="listed", examples=[([1, 2], {}, 2)])
def last(value: Any) -> Any:
    """The last value of a list, null when it is empty."""
    return as_list(value)[-1] if as_list(value) else None


@transform(one_way="which of them it was is gone", examples=[([None, " ", "b", "c"], {}, "b"), ([None], {}, None)])
def first_filled(value: Any) -> Any:
    """The first value of several (`paths`) that is neither null nor empty nor only space; null when all are."""
    return next((one for one in as_list(value) if is_present(blank(one))), None)


@transform(inverse="pair", examples=[(_PAIRS, {"equals": "x"}, 6), ([], {"equals": "x"}, None)])
def pick(value: Any, equals: Any, key: str = "key", of: str = "value") -> Any:
    """From a list of pairs (`[{"key": …, "value": …}]`) the value whose key equals; null when none does."""
    return next((pair.get(of) for pair in _objects(value) if pair.get(key) == equals), None)


@transform(inverse="pick", examples=[(6, {"equals": "x"}, [{"key": "x", "value": 6}])])
def pair(value: Any, equals: Any, key: str = "key", of: str = "value") -> list[Any]:
    """A list of one pair (`[{"key": …, "value": …}]`) whose key is `equals`."""
    return [{key: equals, of: value}]


@transform(inverse="wrap", examples=[([{"id": 1}, {"x": 2}], {"of": "id"}, [1])])
def pluck(value: Any, of: str) -> list[Any]:
    """From a list of objects the member `of` of each that has it."""
    return [item[of] for item in as_list(value) if item.__class__ is dict and item.get(of) is not None]


@transform(inverse="pluck", examples=[([1, 2], {"of": "id"}, [{"id": 1}, {"id": 2}])])
def wrap(value: Any, of: str) -> list[Any]:
    """A list of objects with one member `of` for each value of a list."""
    return [{of: item} for item in as_list(value)]


@transform(inverse="pairs", examples=[([{"name": "规格", "value": "250g"}], {}, {"规格": "250g"})])
def as_map(value: Any, key: str = "name", of: str = "value") -> dict[str, Any] | None:
    """An object of a list of pairs (`[{"name": …, "value": …}]`); null when there are none."""
    return {check_text(one[key]): one.get(of) for one in _objects(value) if one.get(key) is not None} or None


@transform(inverse="as_map", examples=[({"规格": "250g"}, {}, [{"name": "规格", "value": "250g"}])])
def pairs(value: Any, key: str = "name", of: str = "value") -> list[Any]:
    """A list of pairs (`[{"name": …, "value": …}]`) of an object's members."""
    if value.__class__ is not dict:
        raise ValueFault("bad_map", "is not an object")
    return [{key: name, of: one} for name, one in value.items()]


@transform(inverse="json_text", examples=[('{"a": [1]}', {}, {"a": [1]}), (" ", {}, None)])
def json(value: Any) -> Any:
    """The value that a text holds as JSON, of at most a million characters; null for an empty text."""
    if value.__class__ is not str or len(value) > _LARGEST_JSON:
        raise ValueFault("bad_json", f"is no text of at most {_LARGEST_JSON} characters")
    try:
        return orjson.loads(value) if value.strip() else None
    except ValueError:
        raise ValueFault("bad_json", "is not JSON") from None


@transform(inverse="json", examples=[({"a": [1]}, {}, '{"a":[1]}')])
def json_text(value: Any) -> str:
    """The value as JSON in a text."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        raise ValueFault("bad_json", "cannot be written as JSON") from None


def as_list(value: Any) -> list[Any]:
    """The value, when it is a list; else a `ValueFault`."""
    if value.__class__ is not list:
        raise ValueFault("bad_list", "is not a list")
    return list(value)


def _objects(value: Any) -> list[dict[str, Any]]:
    found = as_list(value)
    if any(one.__class__ is not dict for one in found):
        raise ValueFault("bad_list", "is not a list of objects")
    return found


STRUCTURE = (
    is_present, order_state, blank, listed, first, last, first_filled, pick, pair, pluck, wrap, as_map, pairs, json, json_text,
)  # fmt: skip
