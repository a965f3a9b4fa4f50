"""JSON that a strict reader refuses, and a fast one silently changes: read so that nothing of it is lost, written as it came.

A key that stands twice, NaN, a number beyond 64 bits, half of a surrogate pair, bytes that are not UTF-8, a bare control
character, nesting without end: each stays where it stands as a value that knows how it was written. What only one item has does
not concern its siblings, and no writer but `write_odd` takes it for good.
"""

from __future__ import annotations

import json
import math
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

MOST_LEVELS = 254
"""What is nested more deeply cannot be written again by the fast writer, nor be kept by the store."""
_KEPT_LEVELS = 280
_LONGEST_NUMBER = 4000
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG = b"0" * 19
_LONG_NUMBER = re.compile(rb"(?:[\s:,\[-]|\A)0{19}")
# The end of a text is optional: searched for anew from each quote in one that never ends, it would take for ever.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f]")
# What cannot stand in a text is marked by halves of pairs that belong to no sign: 0xDB00 + byte, 0xDB60 + control character.
_BYTE, _BARE, _ESCAPED = 0xDB00, 0xDB60, 0xDC00
_BAD_BYTE = re.compile("[\udc80-\udcff]")
_HALF = re.compile("[\ud800-\udfff]")
BAD_BYTES = re.compile("[\udb80-\udbff]")
BARE_CONTROLS = re.compile("[\udb60-\udb7f]")
HALVES = re.compile("[\ud800-\udb5f\udc00-\udfff]")
"""In a text as `read_odd` gives it: bytes that were not UTF-8, control characters that were not escaped, halves of pairs."""


class OddNumber(float):
    """NaN, infinity, or a number that no float holds; `text` is how it was written."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> OddNumber:
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __str__(self) -> str:
        return self.text


class Twice(dict[str, Any]):
    """An object in which a key stands twice: the last value counts here, `earlier` are the others, as pairs."""

    earlier: Sequence[tuple[str, Any]] = ()


class Deep(list[Any]):
    """What is nested too deeply to be read: empty, and `text` is how it was written."""

    text: str = ""


def has_repeats(value: Any) -> bool:
    """Whether this object itself (not those within) holds a key twice: then nobody knows what it says."""
    return isinstance(value, Twice)


def is_plain(body: bytes, written: bytes) -> bool:
    """Whether a fast reader dropped or rounded nothing: a key that stands twice, a whole number beyond 64 bits.

    `written` is what a fast writer makes of what was read. Quick, and right when it says yes. A key
    dropped takes its colon along.
    """
    return written == body or (
        body.count(b":") == written.count(b":")
        and (b"\\" not in body or (b"\\u003a" not in body and b"\\u003A" not in body))
        and ((_LONG not in (digits := body.translate(_DIGITS))) or not _LONG_NUMBER.search(digits))
    )


def read_odd(body: bytes) -> Any:
    """The value of a JSON text; raises `json.JSONDecodeError` when it is none, `RecursionError` when it is nothing but nested."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = _BAD_BYTE.sub(
            lambda found: chr(ord(found[0]) - _ESCAPED + _BYTE), body.decode("utf-8", "surrogateescape")
        )
    text, deep = _without_deep(text)
    try:
        return _load(text, deep)
    except json.JSONDecodeError as error:
        if not error.msg.startswith("Invalid control character"):
            raise
    return _load(_TOKEN.sub(_marked, text), deep)


def write_odd(value: Any) -> bytes:
    """A value of `read_odd`, or what is left of it, as it was written. `TypeError` for what JSON does not know."""
    parts: list[str] = []
    _write(value, parts.append)
    return _HALF.sub(_as_written, "".join(parts)).encode("utf-8", "surrogateescape")


def _load(text: str, deep: Mapping[str, str]) -> Any:
    def decimal(digits: str) -> Any:
        if digits in deep:
            found = Deep()
            found.text = deep[digits]
            return found
        number = float(digits)
        return number if math.isfinite(number) else OddNumber(digits)

    return json.loads(
        text, parse_constant=OddNumber, parse_int=_integer, parse_float=decimal, object_pairs_hook=_object
    )


def _integer(digits: str) -> int | OddNumber:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else OddNumber(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    last = {name: place for place, (name, _) in enumerate(pairs)}
    odd = Twice(found)
    odd.earlier = tuple(pair for place, pair in enumerate(pairs) if last[pair[0]] != place)
    return odd


def _without_deep(text: str) -> tuple[str, dict[str, str]]:
    """The text with numbers that nobody can guess in place of what is nested too deeply, and what they stand for."""
    deep: dict[str, str] = {}
    parts: list[str] = []
    level = start = done = 0
    for token in _TOKEN.finditer(text):
        sign = text[token.start()]
        if sign in "[{":
            level += 1
            if level == _KEPT_LEVELS:
                start = token.start()
        elif sign in "]}":
            if level == _KEPT_LEVELS:
                name = f"0.{secrets.randbits(128)}{len(deep)}"
                deep[name] = text[start : token.end()]
                parts += (text[done:start], name)
                done = token.end()
            level -= 1
    return "".join((*parts, text[done:])) if deep else text, deep


def _marked(token: re.Match[str]) -> str:
    return _CONTROL.sub(lambda found: chr(_BARE + ord(found[0])), token[0])


def _as_written(half: re.Match[str]) -> str:
    number = ord(half[0])
    if BAD_BYTES.match(half[0]):
        return chr(number - _BYTE + _ESCAPED)
    return chr(number - _BARE) if BARE_CONTROLS.match(half[0]) else f"\\u{number:04x}"


def _write(value: Any, put: Callable[[str], None]) -> None:
    if isinstance(value, (OddNumber, Deep)):
        put(value.text)
    elif isinstance(value, Mapping):
        sign = "{"
        pairs = (
            [*(pair for pair in value.earlier if pair[0] in value), *value.items()]
            if isinstance(value, Twice)
            else value.items()
        )
        for name, part in pairs:
            put(f"{sign}{json.dumps(str(name), ensure_ascii=False)}:")
            _write(part, put)
            sign = ","
        put("}" if sign == "," else "{}")
    elif isinstance(value, (list, tuple)):
        sign = "["
        for part in value:
            put(sign)
            _write(part, put)
            sign = ","
        put("]" if sign == "," else "[]")
    else:
        put(json.dumps(value, ensure_ascii=False))
