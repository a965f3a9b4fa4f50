"""Pages by key: a cursor says after which row to go on, so rows that arrive meanwhile shift nothing."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from marshmallow import EXCLUDE, RAISE, Schema, fields, validate

from hub.api.problem import ApiProblem

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
T = TypeVar("T")


class PageQuery(Schema):
    """How much of a listing to give."""

    class Meta:
        """An unknown parameter is an error: a misspelt filter must not list everything."""

        unknown = RAISE

    limit = fields.Integer(
        load_default=DEFAULT_LIMIT,
        validate=validate.Range(1, MAX_LIMIT),
        metadata={"description": "Rows per page", "example": DEFAULT_LIMIT},
    )
    cursor = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={"description": "`next_cursor` of the page before; leave out for the first page"},
    )


class AnyBody(Schema):
    """A body without declared fields."""

    class Meta:
        """Takes anything."""

        unknown = EXCLUDE


def write_cursor(key: str) -> str:
    """The opaque form of a key."""
    return base64.urlsafe_b64encode(b"k" + key.encode()).decode().rstrip("=")


def read_cursor(cursor: str, parse: Callable[[str], T]) -> T | None:
    """The key in a cursor, None for the first page; 400 when no page of ours gave it."""
    if not cursor:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return parse(raw.decode("ascii").removeprefix("k"))
    except (ValueError, binascii.Error, UnicodeError):
        raise ApiProblem(400, "cursor is not one that this listing gave: start again without it") from None


def id_cursor(cursor: str) -> uuid.UUID | None:
    """A cursor over ids."""
    return read_cursor(cursor, lambda text: uuid.UUID(hex=text))


def number_cursor(cursor: str) -> int | None:
    """A cursor over numbers."""

    def parse(text: str) -> int:
        number = int(text)
        if not 0 <= number < 1 << 63:
            raise ValueError(text)
        return number

    return read_cursor(cursor, parse)


def text_cursor(cursor: str) -> str | None:
    """A cursor over names."""
    return read_cursor(cursor, lambda text: bytes.fromhex(text).decode())


def page(rows: Sequence[Any], limit: int, key: Callable[[Any], str], items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """`{"items", "next_cursor"}`. `rows` were read with one more than `limit`; `items` stand for the first `limit`."""
    more = len(rows) > limit
    return {"items": list(items[:limit]), "next_cursor": write_cursor(key(rows[limit - 1])) if more else None}
