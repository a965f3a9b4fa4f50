"""Types and places of JSON as they stand in a shape: one bit a type, one name a key."""

from __future__ import annotations

import re
from typing import Any, Final

NULL: Final = 1
TEXT: Final = 8
OBJECT: Final = 16
LIST: Final = 32
BITS: Final[dict[type, int]] = {type(None): NULL, bool: 2, int: 4, float: 4, str: TEXT, dict: OBJECT, list: LIST}
_NAMES: Final = ((NULL, "null"), (2, "boolean"), (4, "number"), (TEXT, "text"), (OBJECT, "object"), (LIST, "list"))

ANY_KEY: Final = "*"
"""Stands for keys that are data: numbers, addresses, days. They never become part of a path."""
MOST_DEPTH: Final = 12
MOST_KEYS: Final = 300
_DATA_KEY = re.compile(r"\d{5,}|\d{4}-\d\d|@|^\d+$|^.{65,}$|[\x00-\x1f\"\ud800-\udfff]", re.DOTALL)
_WORD = re.compile(r"[a-z]+(?:[_-][a-z]+)*|[A-Z]{4,}|[A-Z]+(?:_[A-Z]+)+")
_LONGEST_WORD: Final = 40


def type_names(mask: int) -> list[str]:
    """The types of a mask in words, null first."""
    return [name for bit, name in _NAMES if mask & bit]


def bit_of(value: Any) -> int:
    """The type of a JSON value as one bit of a mask."""
    return BITS.get(value.__class__, TEXT)


def key_name(key: str) -> str:
    """The key as it stands in a path; keys that hold data (a phone, a number, a day) are all `*`."""
    return ANY_KEY if _DATA_KEY.search(key) else key


def joined(place: str, key: str) -> str:
    """The path of a key of the objects at `place` ("" is the payload itself), as mapping files write it."""
    if "." in key or "[" in key.removesuffix("[]"):
        return f'{place}["{key}"]'
    return f"{place}.{key}" if place else key


def split(path: str) -> tuple[str, str]:
    """The place of the objects that have the last key of a path, and that key. Inverse of `joined`."""
    if path.endswith('"]'):
        start = path.rindex('"', 0, -2)  # no key has a quotation mark in it
        return path[: start - 1], path[start + 1 : -2]
    place, _, key = path.rpartition(".")
    return place, key


def is_word(text: str) -> bool:
    """Whether a text looks like one of a fixed set of words (`paid`, `partially_refunded`, `PENDING`), not like data.

    Two and three capitals are codes of countries, currencies and languages: a new one is no change of shape.
    """
    return len(text) <= _LONGEST_WORD and _WORD.fullmatch(text) is not None
