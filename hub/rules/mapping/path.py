"""Paths of the mapping language: where in the source a value stands.

`customer.id` · `addresses[0].city` · `["odd.name"].x` · `.` (this element) · `^id` (the object
around: of an `each`, of an `also`, or the envelope of `root`) · `@topic`, `@connection`,
`@received_at` (of the event itself).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SEGMENT = re.compile(r"""\[(-?\d+)\]|\["([^"]+)"\]|\['([^']+)'\]|(?:^|\.)([^.\[\]\s^@][^.\[\]]*)""")
_EXPRESSION = re.compile(r"[{}]| (\|\|?|\+|&&|\?\?|==) ")
CONTEXT = ("topic", "connection", "received_at")


class PathError(ValueError):
    """Not a path; the text says why."""


@dataclass(frozen=True, slots=True)
class Path:
    """`up`: how many objects outwards; `parts`: names and indexes inwards; `context`: of the event."""

    text: str
    up: int = 0
    parts: tuple[str | int, ...] = ()
    context: str = ""


def parse_path(text: str) -> Path:
    """Reads a path; `PathError` when it is none."""
    if text.startswith("@"):
        if text[1:] not in CONTEXT:
            raise PathError(f"{text!r} is none of: {', '.join('@' + name for name in CONTEXT)}")
        return Path(text, context=text[1:])
    if text.startswith(("$.", "$[", "/")):
        raise PathError(f'{text!r} begins with {text[0]}; a path begins with a name: customer.id (or ["{text[0]}…"])')
    if _EXPRESSION.search(text) and "[" not in text:
        raise PathError(f'{text!r} is an expression, and a path has none; use `to`, or ["…"] around an odd name')
    inner = text.lstrip("^")
    up = len(text) - len(inner)
    if inner in (".", "") and text:
        return Path(text, up)
    parts: list[str | int] = []
    at = 0
    while at < len(inner):
        found = _SEGMENT.match(inner, at)
        if found is None:
            raise PathError(f"{text!r} is not a path like customer.id or addresses[0].city")
        parts.append(int(found[1]) if found[1] else found[2] or found[3] or found[4])
        at = found.end()
    if not parts:
        raise PathError("is empty; a path is like customer.id")
    return Path(text, up, tuple(parts))


def field_path(*names: str) -> Path:
    """The path of these names, whatever signs they contain."""
    return Path(".".join(names), 0, names)
