"""Bodies of events as people see them: text, hex or a difference, masked by shape unless they are shown in clear."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from flask import g

from hub.console.language import N_, _
from hub.model.mask import mask_raw

# What is shown of a body, and what of it is read at all: a page is no editor.
SHOWN = 24_000
PARSED = 2_000_000
LARGE = 256 * 1024
"""From here on a body is offered as a file too."""
MOST_LINES = 200

_SIGNS = (
    (b"\x1f\x8b", N_("gzip archive")),
    (b"PK\x03\x04", N_("zip archive")),
    (b"\x89PNG", N_("PNG picture")),
    (b"\xff\xd8\xff", N_("JPEG picture")),
    (b"%PDF", N_("PDF document")),
    (b"<?xml", N_("XML document")),
    (b"<", N_("XML or HTML document")),
)


@dataclass(frozen=True, slots=True)
class Body:
    """A body as text. `sort`: what it looks like; `length`: characters of the whole; `is_large`: worth a download."""

    text: str
    sort: str
    is_masked: bool
    is_cut: bool
    length: int
    is_large: bool


def sniff(body: bytes) -> str:
    """What a body looks like, in words."""
    for sign, name in _SIGNS:
        if body.lstrip(b" \t\r\n\xef\xbb\xbf").startswith(sign):
            return _(name)
    try:
        body[:4000].decode()
    except UnicodeDecodeError as error:
        if error.start < len(body[:4000]) - 4:
            return _("binary data")
    return _("text")


def render(body: bytes, *, is_masked: bool) -> Body:
    """A body as text: JSON indented and masked by shape; anything else whole, in hex, or hidden."""
    document, is_json = parse(body)
    sort = "JSON" if is_json else sniff(body)
    if is_json:
        text = orjson.dumps(mask_raw(document) if is_masked else document, option=orjson.OPT_INDENT_2).decode()
    elif is_masked:
        text = _("Not JSON, so it cannot be masked: %(size)s.", size=g.fmt.size(len(body)))
    else:
        text = _as_text(body)
    return Body(text[:SHOWN], sort, is_masked, len(text) > SHOWN, len(text), len(body) > LARGE)


def parse(body: bytes) -> tuple[Any, bool]:
    """The document in a body, and whether it is JSON of a size that a page can hold."""
    if len(body) > PARSED:
        return None, False
    try:
        return orjson.loads(body), True
    except orjson.JSONDecodeError:
        return None, False


def _as_text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body[: SHOWN // 3].hex(" ")


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two bodies differ; None: it was not there."""

    path: str
    before: str | None
    after: str | None


def difference(before: bytes, after: bytes, *, is_masked: bool) -> list[Difference] | None:
    """Where two JSON bodies differ, by path, at most 200 places; None when one of them is no JSON.

    They are compared in clear and shown masked: two phones that look alike masked differ all the same.
    """
    (old, is_old), (new, is_new) = parse(before), parse(after)
    if not (is_old and is_new):
        return None
    was, now = dict(_leaves(old)), dict(_leaves(new))
    shown_was, shown_now = (dict(_leaves(mask_raw(one))) if is_masked else dict(_leaves(one)) for one in (old, new))
    paths = [path for path in {**was, **now} if was.get(path) != now.get(path)]
    return [Difference(path, shown_was.get(path), shown_now.get(path)) for path in paths[:MOST_LINES]]


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, part in value.items():
            yield from _leaves(part, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and value:
        for place, part in enumerate(value):
            yield from _leaves(part, f"{path}[{place}]")
    else:
        yield path or ".", orjson.dumps(value).decode()
