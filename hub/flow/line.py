"""One line of an ingested file: a JSON body as it is, or an envelope around one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import orjson

from hub.errors import Problem, RecordError
from hub.flow.content import problems_of, read
from hub.model.fault import ValueFault
from hub.model.time import micros_of

_BODY = b'"_body"'
_KEYS = ("_connection", "_topic", "_id", "_at", "_body")
_MOST_NAMES = 100
# The end of a text is optional: searched for anew from each quote in one that never ends, it would take for ever.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{},:]', re.DOTALL)
BOM = b"\xef\xbb\xbf"


class LineError(ValueError):
    """This line is refused; the text says why, without its content."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a line holds. `body` is verbatim; `received_at` microseconds since the epoch, 0 when it does not say.

    `faults`: why the body cannot be used. `is_torn`: the envelope itself cannot be read, so that `body` is the whole line.
    """

    body: bytes
    connection: str | None = None
    topic: str | None = None
    dedupe: str | None = None
    received_at: int = 0
    faults: Sequence[Problem] = ()
    is_torn: bool = False


def parse_line(raw: bytes) -> Line:
    """The body of a line, or of its envelope `{"_connection"?, "_topic"?, "_id"?, "_at"?, "_body"}`.

    An envelope's body is cut out as it stands, so that no number or text is written anew; a text is
    taken for the body itself (of a system that does not speak JSON). An object or list that is not JSON
    is a body, too: one bad item of a system is kept, as its webhook would be, and says in quarantine
    what is wrong with it; so is an envelope that cannot be read, whole, as long as it tells where it
    belongs. Any other line is refused (`LineError`): a wrong file must not fill the quarantine.
    """
    if _BODY not in raw:
        return _bare(raw)
    return _quick(raw) or _thorough(raw)


def _bare(raw: bytes) -> Line:
    problems = problems_of(raw)
    if problems and not raw.startswith((b"{", b"[")):
        raise LineError(unusable(problems))
    return Line(raw, faults=problems)


def unusable(problems: Sequence[Problem]) -> str:
    """Why a line is refused that cannot be read, in a few words."""
    return f"not JSON that can be used: {problems[0].message.removeprefix('the body is not JSON: ')}"


def _quick(raw: bytes) -> Line | None:
    """An envelope whose body stands last, as nearly all do; None for any other, and for what is wrong in any way."""
    head, _, tail = raw.partition(_BODY)
    head, tail = head.rstrip(), tail.lstrip()
    words = head[1:-1].strip()
    if not (head == b"{" or (head.startswith(b"{") and head.endswith(b",") and words)) or tail[:1] + tail[-1:] != b":}":
        return None
    body = tail[1:-1].strip()
    try:
        found, value = read(b"{%s}" % words), read(body)
    except RecordError:
        return None
    return _line(value.encode() if isinstance(value, str) else body, found)


def _thorough(raw: bytes) -> Line:
    """Any envelope, member by member."""
    members, is_whole = split_object(raw)
    names = [name for name, _ in members]
    if _BODY not in names:
        return _bare(raw)
    values: dict[str, Any] = {}
    unread = {name for name in names if names.count(name) > 1} if len(names) <= _MOST_NAMES else set(names)
    for name, written in members:
        if not name.startswith(b'"'):
            unread.add(name)
        elif name != _BODY:
            try:
                values[orjson.loads(name)] = orjson.loads(written)
            except orjson.JSONDecodeError:
                unread.add(name)
    if unread or not is_whole:
        return _torn(raw, values, unread)
    body = dict(members)[_BODY]
    problems = problems_of(body)
    if not problems and body.startswith(b'"'):
        body = orjson.loads(body).encode()
    return _line(body, values, problems)


def _torn(raw: bytes, values: Mapping[str, Any], unread: Collection[bytes]) -> Line:
    """An envelope that cannot be read: the whole line, where those of its words that tell its place can be."""
    for key in ("_connection", "_topic"):
        if f'"{key}"'.encode() in unread:
            raise LineError(f"not JSON: {key} cannot be read, or stands twice")
    problems = problems_of(raw) or [Problem("bad_json", "the envelope cannot be read")]
    return Line(raw, _text(values, "_connection"), _text(values, "_topic"), faults=problems, is_torn=True)


def _line(body: bytes, values: Mapping[str, Any], problems: Sequence[Problem] = ()) -> Line:
    unknown = [key for key in values if key not in _KEYS]
    if unknown:
        raise LineError(f"unknown keys beside _body: {len(unknown)}; known are {', '.join(_KEYS)}")
    dedupe = _text(values, "_id")
    if problems and dedupe is not None:
        # Corrected under the same id it has to count as new.
        dedupe = f"{dedupe} {hashlib.sha256(body).hexdigest()}"
    connection, topic = _text(values, "_connection"), _text(values, "_topic")
    return Line(body, connection, topic, dedupe, _time(values.get("_at")), problems)


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


def split_object(raw: bytes) -> tuple[list[tuple[bytes, bytes]], bool]:
    """The members of the object that a text begins with, name and value as they are written, and whether it ends as it should.

    Only texts and brackets are looked at: one value that is no JSON does not hide the others.
    """
    found: list[tuple[bytes, bytes]] = []
    level = start = 0
    name = b""
    for token in _TOKEN.finditer(raw):
        sign, place = token[0][:1], token.start()
        if sign in b"[{":
            level += 1
            start = token.end() if level == 1 else start
        elif sign in b"]}":
            level -= 1
        elif level == 1 and sign == b":" and not name:
            name, start = raw[start:place].strip(), token.end()
        if (level == 1 and sign == b",") or level <= 0:
            found.append((name, raw[start:place].strip()))
            name, start = b"", token.end()
        if level <= 0:
            return found, sign == b"}" and not raw[token.end() :].strip()
    return [*found, (name, raw[start:].strip())], False


def _text(value: Mapping[str, Any], key: str) -> str | None:
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
