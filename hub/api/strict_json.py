"""JSON as our own API takes it: what another parser could read differently is refused.

Refused: wrong encoding, a byte order mark, duplicate keys, NaN and Infinity, numbers too long or
too large for a double, too deep nesting, lone surrogates, NUL (Postgres stores neither).
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

MAX_DEPTH = 32
MAX_DIGITS = 40
LARGEST = 2**63 - 1
# Strings are matched whole so that brackets inside them do not count. A string left open matches to the end.
_NESTING = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|[\[{]|[\]}]', re.DOTALL)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class StrictJsonError(ValueError):
    """Why the text is refused; names the place by line or key, never a value."""


def parse(raw: bytes) -> Any:
    """The value of a JSON text; `StrictJsonError` says why not."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StrictJsonError(f"the body is not UTF-8 (byte {error.start})") from None
    if not text.strip():
        raise StrictJsonError("the body is empty, JSON was expected")
    _check_depth(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_integer,
            parse_float=_float,
        )
    except json.JSONDecodeError as error:
        raise StrictJsonError(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    if "\\u" in text or "\x00" in text:
        _check_text(value)
    return value


def _check_depth(text: str) -> None:
    depth = 0
    for match in _NESTING.finditer(text):
        sign = match[0][0]
        if sign in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise StrictJsonError(f"nested more than {MAX_DEPTH} deep")
        elif sign in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise StrictJsonError("an object has the same key twice")
    return found


def _constant(_: str) -> Any:
    raise StrictJsonError("NaN and Infinity are not JSON")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise StrictJsonError(f"a number has more than {MAX_DIGITS} digits")
    number = int(digits)
    if abs(number) > LARGEST:
        raise StrictJsonError("a whole number is too large: write it as text")
    return number


def _float(digits: str) -> float:
    if len(digits) > MAX_DIGITS:
        raise StrictJsonError(f"a number has more than {MAX_DIGITS} digits")
    number = float(digits)
    if not math.isfinite(number):
        raise StrictJsonError("a number is too large")
    return number


def _check_text(value: Any) -> None:
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise StrictJsonError("a text holds NUL or half of a surrogate pair")
    elif isinstance(value, dict):
        for key, part in value.items():
            _check_text(key)
            _check_text(part)
    elif isinstance(value, list):
        for part in value:
            _check_text(part)
