"""One line of an ingested file: a JSON body as it is, or an envelope around one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]  # in C, undocumented, there since Python 2.6
from typing import Any, BinaryIO

import orjson

from hub.model.fault import ValueFault
from hub.model.time import micros_of

_DECODER = json.JSONDecoder()
_SPACE = " \t\n\r"
_KEYS = ("_connection", "_topic", "_id", "_at", "_body")
BOM = b"\xef\xbb\xbf"


class LineError(ValueError):
    """This line is refused; the text says why, without its content."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a line holds. `body` is verbatim; `received_at` microseconds since the epoch, 0 when it does not say.

    `fault`: why the body is no JSON.
    """

    body: bytes
    connection: str | None = None
    topic: str | None = None
    dedupe: str | None = None
    received_at: int = 0
    fault: str = ""


def parse_line(raw: bytes) -> Line:
    """The body of a line, or of its envelope `{"_connection"?, "_topic"?, "_id"?, "_at"?, "_body"}`.

    An envelope's body is cut out as it stands, so that no number or text is written anew; a text is
    taken for the body itself (of a system that does not speak JSON). An object or list that is not JSON
    is a body, too: one bad item of a system is kept, as its webhook would be, and says in quarantine
    what is wrong with it. Any other line is refused: a wrong file must not fill the quarantine.
    """
    try:
        _check(raw)
    except LineError as error:
        if raw.startswith((b"{", b"[")) and b'"_body"' not in raw:
            return Line(raw, fault=str(error))
        raise
    if b'"_body"' not in raw:
        return Line(raw)
    text = raw.decode()
    spans = dict(_members(text)) if text.startswith("{") else {}
    if "_body" not in spans:
        return Line(raw)
    unknown = [key for key in spans if key not in _KEYS]
    if unknown:
        raise LineError(f"unknown keys beside _body: {len(unknown)}; known are {', '.join(_KEYS)}")
    value = {key: orjson.loads(span) for key, span in spans.items() if key != "_body"}
    body = spans["_body"]
    return Line(
        orjson.loads(body).encode() if body.startswith('"') else body.encode(),
        _text(value, "_connection"),
        _text(value, "_topic"),
        _text(value, "_id"),
        _time(value.get("_at")),
    )


def read_lines(file: BinaryIO, limit: int) -> Iterator[bytes | None]:
    """The lines of a file without their ends; None for one of more than `limit` bytes, which is read over."""
    is_first = True
    while chunk := file.readline(limit + 1):
        if is_first:
            chunk, is_first = chunk.removeprefix(BOM), False
        if len(chunk) > limit and not chunk.endswith(b"\n"):
            while chunk and not chunk.endswith(b"\n"):
                chunk = file.readline(limit + 1)
            yield None
            continue
        yield chunk.strip()


def _check(raw: bytes) -> None:
    try:
        orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        # Its own text quotes nothing but the position.
        raise LineError(f"not JSON: {error}") from None


def _members(text: str) -> Iterator[tuple[str, str]]:
    """The members of a JSON object that is known to be well formed, each value as it is written."""
    place = _skip(text, 1)
    while text[place] == '"':
        key, place = scanstring(text, place + 1)
        start = _skip(text, _skip(text, place) + 1)
        try:
            _, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            raise LineError("not JSON: a value is nested too deeply or a number too long") from None
        yield key, text[start:end]
        place = _skip(text, end)
        if text[place] == "}":
            return
        place = _skip(text, place + 1)


def _skip(text: str, place: int) -> int:
    while text[place] in _SPACE:
        place += 1
    return place


def _text(value: dict[str, Any], key: str) -> str | None:
    found = value.get(key)
    if key == "_id" and isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if found is not None and (not isinstance(found, str) or not found or "\0" in found):
        raise LineError(f"{key} must be a text")
    return found


def _time(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10**11:
        return round(value * 1_000_000)
    try:
        return micros_of(value)
    except (ValueFault, TypeError, ValueError):
        raise LineError("_at must be a time with its zone, like 2026-11-01T08:00:00Z, or seconds since 1970") from None
