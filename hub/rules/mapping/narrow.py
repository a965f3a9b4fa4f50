"""Files that are for some connections of their connector only: names and patterns, and which names they fit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache

from hub.rules.mapping.document import Entry, Report

WORD = "connections"
MARK = "@"
"""Stands between a stream and the connections for which a file maps it, in keys such as `webhook/customers@kassa`."""
NAME = r"^[^\s/:#,\[\]]{1,80}$"
_PATTERN = re.compile(NAME[1:-1])


def read_connections(entry: Entry | None, report: Report) -> tuple[str, ...]:
    """The names and patterns of a file, sorted; empty for a file of every connection. Nobody need have such a connection."""
    if entry is None:
        return ()
    named = entry.plain
    if (
        not isinstance(named, list)
        or not named
        or not all(isinstance(one, str) and _PATTERN.fullmatch(one) for one in named)
    ):
        what = "is a list of connection names; `*` in a name stands for any letters, `?` for one. Without it a file is for all"
        report.add(entry.line, WORD, what)
        return ()
    return tuple(sorted(set(named)))


def key_of(connector: str, name: str, connections: Sequence[str] = ()) -> str:
    """What a file is for, in one word: `webhook/customers`, or `webhook/customers@kassa,till-*`."""
    return f"{connector}/{name}" + (MARK + ",".join(connections) if connections else "")


def file_mark(connections: Sequence[str]) -> str:
    """What to put behind the name of a file, that it does not take the place of one of every connection: `@kassa`."""
    return MARK + (connections[0].replace("*", "").replace("?", "").strip("-._") or "some")


def parts_of(key: str) -> tuple[str, str, tuple[str, ...]]:
    """(connector, stream or kind, connections) of a key."""
    connector, _, rest = key.partition("/")
    name, _, connections = rest.partition(MARK)
    return connector, name, tuple(connections.split(",")) if connections else ()


def fits(connections: Iterable[str], name: str) -> bool:
    """Whether a connection is among those named."""
    return any(fnmatchcase(name, pattern) for pattern in connections)


def overlap(one: Iterable[str], other: Sequence[str]) -> tuple[str, str] | None:
    """A pattern of each that can fit the same name; None when none can."""
    return next(((mine, its) for mine in one for its in other if meeting(mine, its) is not None), None)


def samples(patterns: Iterable[str]) -> Iterator[str]:
    """A name that fits each of the patterns, and one that fits each pair of them, where there can be one."""
    known = sorted(set(patterns))
    for place, one in enumerate(known):
        for other in known[place:]:
            found = meeting(one, other)
            if found is not None:
                yield found


def meeting(one: str, other: str) -> str | None:
    """A name that two patterns fit, the shortest letters for what is open; None when there is none."""

    @cache
    def met(mine: int, its: int) -> str | None:
        if mine == len(one) and its == len(other):
            return ""
        here, there = one[mine : mine + 1], other[its : its + 1]
        if here == "*" or there == "*":
            ended = met(mine + (here == "*"), its + (here != "*"))
            if ended is not None or not here or not there:
                return ended
            return _joined(there if here == "*" else here, met(mine + (here != "*"), its + (here == "*")))
        if not here or not there or (here != there and "?" not in (here, there)):
            return None
        return _joined(there if here == "?" else here, met(mine + 1, its + 1))

    return met(0, 0)


def _joined(letter: str, rest: str | None) -> str | None:
    """What comes before `rest`: a letter, or any of them."""
    return None if rest is None else {"*": "", "?": "x"}.get(letter, letter) + rest
