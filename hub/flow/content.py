"""What an event's bytes hold. What two readers could understand differently, or no store could keep, is refused with its place.

An event is stored whatever it holds; here it is told why one cannot be used, all reasons at once.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import orjson

from hub.errors import Problem, RecordError
from hub.sdk.oddity import (
    BAD_BYTES,
    BARE_CONTROLS,
    HALVES,
    MOST_LEVELS,
    Deep,
    OddNumber,
    Twice,
    is_plain,
    read_odd,
)
from hub.store.inbox import StoredEvent

FULL_SIZE = "x-hub-full-size"
FULL_HASH = "x-hub-full-sha256"
"""Headers of an event whose body was too large to be kept: how large it was, and its SHA-256."""
FILE_LINE = "x-hub-line"
FILE_NAME = "x-hub-file"
"""Headers of an ingested line that cannot be used: its number, and its file's name where that is known."""
MOST_PROBLEMS = 50
_LEAST, _LARGEST = -(2**63), 2**64 - 1
_SAMPLE = 40
_SHOWN_NAMES = 3


def content_of(event: StoredEvent) -> Any:
    """The JSON value of an event's body; `RecordError` says everything that is wrong with it."""
    if event.origin == "pull" and FULL_SIZE in event.headers:
        raise RecordError([cut_off(int(event.headers[FULL_SIZE]))])
    if event.body is None:
        raise RecordError([Problem("erased", "the body of this event was erased")])
    try:
        return read(event.body)
    except RecordError as error:
        raise RecordError(placed(error.problems, event.headers)) from None


def placed(problems: Sequence[Problem], headers: Mapping[str, str]) -> list[Problem]:
    """The problems of an ingested line with its number and file; those of any other event as they are."""
    if FILE_LINE not in headers:
        return list(problems)
    where = f"line {headers[FILE_LINE]}" + (f" of {headers[FILE_NAME]}" if FILE_NAME in headers else "")
    return [replace(problem, message=f"{problem.message} ({where})") for problem in problems]


def cut_off(size: int) -> Problem:
    """An item whose end is not kept."""
    return Problem(
        "too_large",
        f"the item has {size} bytes: only its hash and beginning are kept, so it cannot run again; fetch it anew",
    )


def read(body: bytes) -> Any:
    """The value of a JSON text; `RecordError` as `content_of`."""
    error = ""
    try:
        found = orjson.loads(body)
        if is_plain(body, orjson.dumps(found)):
            return found
    except orjson.JSONDecodeError as fault:
        error = str(fault)
    except (orjson.JSONEncodeError, RecursionError):
        error = "it is nested too deeply"
    problems = _why(body)
    if problems or error:
        raise RecordError(problems or [Problem("bad_json", f"the body is not JSON: {error}")])
    return found


def problems_of(body: bytes) -> list[Problem]:
    """Everything that is wrong with a JSON text; empty for a good one."""
    try:
        read(body)
    except RecordError as error:
        return error.problems
    return []


def _why(body: bytes) -> list[Problem]:
    """What is wrong with a text, by its place; empty where nothing is."""
    try:
        return list(islice(_walk(read_odd(body), "", 1), MOST_PROBLEMS))
    except RecursionError:
        return [_too_deep("")]
    except json.JSONDecodeError as error:
        at = f"{error.msg} at line {error.lineno}, column {error.colno}"
    try:
        return [Problem("bad_json", f"the body is not JSON: {at}" if body.decode().strip() else "the body is empty")]
    except UnicodeDecodeError as error:
        # What follows from it would only lead astray.
        return [Problem("bad_encoding", f"byte {error.start + 1} of the body is not UTF-8")]


def _too_deep(path: str) -> Problem:
    # All of its levels would be hundreds of names: the first ones tell where it hangs.
    path = ".".join(path.partition("[")[0].split(".")[:_SHOWN_NAMES])
    return Problem("too_deep", "the content is nested too deeply: more than 250 levels", path)


def _walk(value: Any, path: str, level: int) -> Iterator[Problem]:
    if isinstance(value, Deep):
        yield _too_deep(path)
    elif isinstance(value, OddNumber) or (value.__class__ is int and not _LEAST <= value <= _LARGEST):
        yield _odd(str(value), path)
    elif isinstance(value, str):
        yield from _bad_text(value, path, "a text")
    elif isinstance(value, (list, dict)) and level > MOST_LEVELS:
        yield _too_deep(path)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _walk(part, f"{path}[{number}]", level + 1)
    elif isinstance(value, dict):
        if isinstance(value, Twice):
            why = "the key stands twice in one object: which value counts is unknown"
            for name in Counter(name for name, _ in value.earlier):
                yield Problem("repeated_key", why, _under(path, name))
            for name, part in value.earlier:
                yield from _walk(part, _under(path, name), level + 1)
        for name, part in value.items():
            yield from _bad_text(name, path, "a name")
            yield from _walk(part, _under(path, name), level + 1)


def _odd(text: str, path: str) -> Problem:
    sample = text if len(text) <= _SAMPLE else f"{text[:_SAMPLE]}…"
    return Problem("bad_number", "a number that 64 bits cannot hold exactly: send it as text", path, "", sample)


def _bad_text(text: str, path: str, what: str) -> Iterator[Problem]:
    if BAD_BYTES.search(text):
        good = BAD_BYTES.split(text, maxsplit=1)[0]
        number = len(good.encode("utf-8", "surrogatepass")) + 1
        yield Problem("bad_encoding", f"byte {number} of {what} is not UTF-8", path)
    if HALVES.search(text):
        yield Problem("bad_text", f"{what} holds half of a surrogate pair", path)
    if BARE_CONTROLS.search(text):
        yield Problem("bad_json", f"{what} holds a line break or another control character that is not escaped", path)


def _under(path: str, name: str) -> str:
    return f"{path}.{name[:_SAMPLE]}" if path else name[:_SAMPLE]
