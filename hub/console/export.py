"""Lists as CSV files: streamed page by page, safe to open in a spreadsheet, masked for everybody, recorded."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from flask import Response, g, stream_with_context

from hub.console.language import _
from hub.console.visit import hub, visit
from hub.flow import audit

# So many rows that a spreadsheet still opens them; the last line says when there were more.
MOST = 100_000
FIRST = 100
BATCH = 500
# Characters that are sent at once.
_CHUNK = 4_000
_FORMULA = tuple("=+-@\t\r\n")
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")


def download(name: str, heads: list[str], rows: Iterable[list[Any]], **filters: str) -> Response:
    """The answer that streams `rows` as NAME-DATE.csv. What was exported, by whom and filtered how is in the trail.

    Not who is in it: the filters are ids and choices. The mask stays on for everybody, whatever they may reveal.
    """
    audit.record(hub(), visit().principal.actor, "list.exported", name, **{k: v for k, v in filters.items() if v})
    stem = f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}.csv"
    # Spreadsheets take a file without this mark for one in the system's own encoding.
    body = stream_with_context(_lines(["\ufeff" + heads[0], *heads[1:]], rows))
    response = Response(body, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{stem}"'
    return response


def _lines(heads: list[str], rows: Iterable[list[Any]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(heads)
    for number, row in enumerate(rows):
        if number == MOST:
            writer.writerow([_("cut off after %(n)s rows: narrow the filter for the rest", n=g.fmt.number(MOST))])
            break
        writer.writerow([safe(value) for value in row])
        if buffer.tell() > _CHUNK:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def safe(value: Any) -> str:
    """A value as a cell: a text that a spreadsheet would run as a formula gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text
