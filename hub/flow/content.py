"""What an event's bytes hold. What two readers could understand differently, or no store could keep, is refused with its place.

An event is stored whatever it holds; here it is told why one cannot be used, all reasons at once.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson

from hub.errors import Problem, RecordError
from hub.store.inbox import StoredEvent

FULL_SIZE = "x-hub-full-size"
FULL_HASH = "x-hub-full-sha256"
"""Headers of an event whose body was too large to be kept: how large it was, and its SHA-256."""
MOST_PROBLEMS = 50
_LEAST, _LARGEST = -(2**63), 2**64 - 1
_SAMPLE = 40
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG = b"0" * 19
_HALF = re.compile("[\ud800-\udfff]")


def content_of(event: StoredEvent) -> Any:
    """The JSON value of an event's body; `RecordError` says everything that is wrong with it."""
    if event.origin == "pull" and FULL_SIZE in event.headers:
        raise RecordError([cut_off(int(event.headers[FULL_SIZE]))])
    if event.body is None:
        raise RecordError([Problem("erased", "the body of this event was erased")])
    return read(event.body)


def cut_off(size: int) -> Problem:
    """An item whose end is not kept."""
    return Problem(
        "too_large",
        f"the item has {size} bytes: only its hash and beginning are kept, so it cannot run again; fetch it anew",
    )


def read(body: bytes) -> Any:
    """The value of a JSON text; `RecordError` as `content_of`."""
    try:
        found = orjson.loads(body)
        is_plain = _is_plain(body, orjson.dumps(found))
    except orjson.JSONDecodeError as error:
        raise RecordError(_why(body) or [Problem("bad_json", f"the body is not JSON: {error}")]) from None
    except (orjson.JSONEncodeError, RecursionError):
        raise RecordError([_too_deep()]) from None
    if not is_plain and (problems := _why(body)):
        raise RecordError(problems)
    return found


def _is_plain(body: bytes, written: bytes) -> bool:
    """Whether nothing was dropped or rounded: a key that stands twice, a whole number beyond 64 bits.

    A quick look that is right when it says yes. A key dropped takes its colon along.
    """
    return (
        body.count(b":") == written.count(b":")
        and b"\\u003a" not in body
        and b"\\u003A" not in body
        and _LONG not in body.translate(_DIGITS)
    )


def _why(body: bytes) -> list[Problem]:
    """What is wrong with a text, by its place; empty where it is only not JSON, or nothing is wrong."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        return [Problem("bad_encoding", f"byte {error.start + 1} of the body is not UTF-8")]
    try:
        found = json.loads(
            text, parse_constant=_Odd, parse_int=_integer, parse_float=_decimal, object_pairs_hook=_object
        )
        return list(islice(_walk(found, ""), MOST_PROBLEMS))
    except RecursionError:
        return [_too_deep()]
    except json.JSONDecodeError as error:
        at = f"{error.msg} at line {error.lineno}, column {error.colno}"
        return [Problem("bad_json", f"the body is not JSON: {at}" if text.strip() else "the body is empty")]


def _too_deep() -> Problem:
    return Problem("too_deep", "the content is nested too deeply: more than 250 levels")


class _Odd:
    """A number that no 64 bits hold, or that is none."""

    def __init__(self, text: str) -> None:
        self.text = text if len(text) <= _SAMPLE else f"{text[:_SAMPLE]}…"


class _Twice(dict[str, Any]):
    """An object with keys that stand twice in it."""

    keys_twice: tuple[str, ...] = ()


def _integer(digits: str) -> Any:
    return int(digits) if len(digits) <= 20 and _LEAST <= int(digits) <= _LARGEST else _Odd(digits)


def _decimal(digits: str) -> Any:
    number = float(digits)
    return number if math.isfinite(number) else _Odd(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    names = [name for name, _ in pairs]
    odd = _Twice(found)
    odd.keys_twice = tuple(name for name in found if names.count(name) > 1)
    return odd


def _walk(value: Any, path: str) -> Iterator[Problem]:
    if isinstance(value, _Odd):
        yield Problem("bad_number", "a number that 64 bits cannot hold exactly: send it as text", path, "", value.text)
    elif isinstance(value, str) and _HALF.search(value):
        yield Problem("bad_text", "a text holds half of a surrogate pair", path)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _walk(part, f"{path}[{number}]")
    elif isinstance(value, dict):
        for name in getattr(value, "keys_twice", ()):
            why = "the key stands twice in one object: which value counts is unknown"
            yield Problem("repeated_key", why, _under(path, name))
        for name, part in value.items():
            if _HALF.search(name):
                yield Problem("bad_text", "a name holds half of a surrogate pair", path)
            yield from _walk(part, _under(path, name))


def _under(path: str, name: str) -> str:
    return f"{path}.{name[:_SAMPLE]}" if path else name[:_SAMPLE]
