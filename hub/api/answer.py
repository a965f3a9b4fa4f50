"""How the API writes things: JSON, ids with a prefix, times of fixed width."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import orjson
from flask import Response
from marshmallow import RAISE, Schema, fields, validate

from hub.api.problem import ApiProblem
from hub.errors import ConfigError
from hub.model.identifier import format_id, parse_id
from hub.model.time import format_time


class StrictSchema(Schema):
    """A body or query whose unknown fields are errors."""

    class Meta:
        """A misspelt field must not be dropped silently."""

        unknown = RAISE


class ReasonBody(StrictSchema):
    """Why."""

    reason = fields.String(
        load_default="",
        validate=validate.Length(max=500),
        metadata={"description": "Kept in the audit trail", "example": "confirmed by phone"},
    )


class PageSchema(Schema):
    """A page of a listing."""

    items = fields.List(fields.Dict(), required=True)
    next_cursor = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Give it as `cursor` for the next page; null at the end"},
    )


def answer(content: Any, status: int = 200) -> Response:
    """A JSON response that no cache keeps."""
    response = Response(orjson.dumps(content), status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def written(at: datetime | None) -> str | None:
    """A time as the API gives it: UTC, RFC 3339, microseconds."""
    return None if at is None else format_time(at)


def named(prefix: str, id_: uuid.UUID | None) -> str | None:
    """An id as the API gives it."""
    return None if id_ is None else format_id(prefix, id_)


def read_id(text: str, prefix: str, what: str) -> uuid.UUID:
    """The id in an address; 404 when it cannot be one of these things."""
    try:
        found, id_ = parse_id(text)
    except ConfigError:
        found, id_ = "", uuid.UUID(int=0)
    if found != prefix:
        raise ApiProblem(404, f"there is no such {what}: ids look like {prefix}_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1")
    return id_
