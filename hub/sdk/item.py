"""Pages of JSON in which one item may be bad: read so that the others can be used, and that one be kept as it came.

A system that cut an emoji in half, or wrote NaN, sends a page that a strict reader refuses whole; one that wrote a number beyond
64 bits sends a page of which a fast reader silently keeps another number. Read with `read_page`, and give each item to the inbox
with `item_body`: what was wrong is still in its bytes, so it alone goes to quarantine and says why.
"""

from __future__ import annotations

import json
import math
from typing import Any

import orjson

_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
_LONG = b"0" * 19
_LONGEST_NUMBER = 4000


class _Odd(float):
    """NaN, infinity, or a number too long to be read: no fast writer takes it, so it is written as what it is."""


def read_page(body: bytes) -> Any:
    """The value of a JSON text, also of one with bad texts or numbers in it; `ValueError` when it is not JSON at all."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return _read_odd(body, error)
    # A whole number beyond 64 bits would be read as a float, that is, as another number.
    return _read_odd(body, None) if _LONG in body.translate(_DIGITS) else found


def item_body(item: Any) -> bytes:
    """One item of a page as the inbox keeps it: what no UTF-8 or 64 bits hold is escaped or written out, not lost."""
    try:
        return orjson.dumps(item)
    except (orjson.JSONEncodeError, RecursionError):
        return json.dumps(item, ensure_ascii=True, separators=(",", ":")).encode()


def _read_odd(body: bytes, error: ValueError | None) -> Any:
    try:
        # Bytes that are not UTF-8 become halves of surrogate pairs: nobody takes them for text.
        return json.loads(
            body.decode("utf-8", "surrogateescape"), parse_constant=_Odd, parse_int=_integer, parse_float=_decimal
        )
    except (ValueError, RecursionError):
        raise error or ValueError("not JSON") from None


def _integer(digits: str) -> Any:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else _Odd("inf")


def _decimal(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _Odd(number)
