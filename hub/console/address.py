"""What addresses carry: filters, ids and the place in a list. Wrong values are answered 404 or left out, never 500."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import abort, request

from hub.console.shell import page_url
from hub.errors import ConfigError
from hub.model.identifier import format_id, parse_id

PAGE = 50
TODAY = "today"
SPANS = {
    TODAY: timedelta(0),
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}


@dataclass(frozen=True, slots=True)
class Page:
    """The way on from a list: addresses of the newer and the older rows; empty at the ends."""

    newer: str
    older: str


def id_of(text: str, *prefixes: str) -> uuid.UUID:
    """The id in an address; 404 when it is none, or one of another kind."""
    try:
        prefix, found = parse_id(text)
    except ConfigError:
        abort(404)
    if prefix not in prefixes:
        abort(404)
    return found


def wished_id(name: str, prefix: str) -> uuid.UUID | None:
    """The id in the query part, if there is a good one."""
    try:
        given, found = parse_id(request.args.get(name, ""))
    except ConfigError:
        return None
    return found if given == prefix else None


def wished(name: str, choices: Any) -> str:
    """The choice in the query part, empty when it is none of `choices`."""
    given = request.args.get(name, "")
    return given if given in choices else ""


def since_of(span: str) -> uuid.UUID | None:
    """The smallest id minted within a span such as `24h`; `today` is the day in UTC, as in the books."""
    if span not in SPANS:
        return None
    now = datetime.now(UTC)
    start = now.replace(hour=0, minute=0, second=0, microsecond=0) if span == TODAY else now - SPANS[span]
    return uuid.UUID(int=int(start.timestamp() * 1000) << 80)


def cut(rows: list[Any], is_back: bool, most: int = PAGE) -> tuple[list[Any], bool]:
    """The rows of one page out of `most + 1` asked for, and whether there were more that way."""
    has_more = len(rows) > most
    if not has_more:
        return rows, False
    return (rows[1:], True) if is_back else (rows[:most], True)


def pages(endpoint: str, prefix: str, rows: list[Any], has_more: bool, **values: Any) -> Page:
    """Links to both neighbours of `rows`, keeping the filters in `values`."""
    is_back, is_on = "after" in request.args, "before" in request.args
    kept = {name: value for name, value in values.items() if value}
    newer = older = ""
    if rows and (is_on or (is_back and has_more)):
        newer = page_url(endpoint, **kept, after=format_id(prefix, rows[0].id))
    if rows and (is_back or has_more):
        older = page_url(endpoint, **kept, before=format_id(prefix, rows[-1].id))
    return Page(newer, older)
