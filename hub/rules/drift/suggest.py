"""What to write into a mapping file about a change: one line, and where it belongs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from hub.model.kind import Kind
from hub.rules.drift.reads import Read, read_of
from hub.rules.drift.seen import GONE, NEW, TYPE, VALUE
from hub.rules.drift.skeleton import NULL, OBJECT, split, type_names

NULLED: Final = "null"
_LIKE: Final = 0.72


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`line`: as it stands in a mapping file ("": none to be had); `where`: `file:line` it belongs to; `code`: what it does.

    Codes: map, choose (map it, or leave it out), rename, retype, lookup, remap.
    """

    code: str
    line: str
    where: str = ""


def suggest(
    what: str,
    path: str,
    mask: int,
    reads: Sequence[Read],
    kind: Kind | None,
    *,
    values: Sequence[str] = (),
    others: Iterable[tuple[str, int]] = (),
    root: str = "",
) -> Suggestion:
    """The line that would settle a change of `path`.

    `values`: the new words in clear, "" where they may not be shown. `others`: (path, types) that turned up
    at the same time: a key that vanished beside one that is new and of its type was most likely renamed.
    `root`: where the record stands in the payload, as its mapping says.
    """
    read, place = read_of(list(reads), path), _Place(root)
    if what == VALUE:
        return _lookup(read, path, kind, values, place)
    if what == GONE:
        return _renamed(read, path, mask, others, place)
    if what == TYPE:
        return _retyped(read, path, mask, place)
    if what == NEW:
        return _new(path, mask, reads, kind, place)
    return Suggestion(
        "remap", f"  {read.field}: {{path: [{place.of(path)}]}}" if read else "", read.where if read else ""
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a record stands in the payload."""

    root: str

    def of(self, path: str) -> str:
        """A path as it stands in the mapping: below the record, or below the `each` that goes through its list."""
        inner = path.rpartition("[].")[2]
        return inner.removeprefix(f"{self.root}.") if inner == path and self.root else inner


def _new(path: str, mask: int, reads: Sequence[Read], kind: Kind | None, root: _Place) -> Suggestion:
    place, key = split(path)
    where = reads[0].where if reads else ""
    if kind is not None and not mask & OBJECT:
        taken = {one.field.partition(".")[0] for one in reads if one.kind == kind.name}
        free = [field.name for field in kind.fields if field.name not in taken and not field.derived]
        near = difflib.get_close_matches(_plain(key), free, 1, _LIKE)
        if near:
            return Suggestion("map", f"  {near[0]}: {{path: {root.of(path)}}}", where)
    line = f"  FIELD: {{path: {root.of(path)}}}"
    return (
        Suggestion("choose", f"{line}\nignore: [{key}]", where)
        if place == root.root
        else Suggestion("map", line, where)
    )


def _renamed(read: Read | None, path: str, mask: int, others: Iterable[tuple[str, int]], root: _Place) -> Suggestion:
    if read is None:
        return Suggestion("rename", "")
    place, key = split(path)
    beside = [other for other, types in others if split(other)[0] == place and (not mask or types & mask & ~NULL)]
    names = {split(other)[1]: other for other in beside}
    near = difflib.get_close_matches(key, names, 1, 0.3) or (list(names) if len(names) == 1 else [])
    after = names[near[0]] if near else "NEW_PATH"
    return Suggestion("rename", f"  {read.field}: {{path: [{root.of(path)}, {root.of(after)}]}}", read.where)


def _retyped(read: Read | None, path: str, mask: int, root: _Place) -> Suggestion:
    if read is None:
        return Suggestion("retype", "")
    into = "/".join(type_names(mask & ~NULL)) or "value"
    return Suggestion("retype", f"  {read.field}: {{path: {root.of(path)}, to: TRANSFORM}}  # now {into}", read.where)


def _lookup(read: Read | None, path: str, kind: Kind | None, values: Sequence[str], root: _Place) -> Suggestion:
    if read is None:
        return Suggestion("lookup", "")
    choices = _choices(kind, read.field)
    pairs = []
    for value in values or [""]:
        near = difflib.get_close_matches(value.lower(), choices, 1, 0.5)
        pairs.append(f"'{_quoted(value)}': {near[0] if near else '|'.join(choices) or 'VALUE'}")
    if read.lookup and read.lookup != read.field:
        return Suggestion("lookup", "\n".join(pairs), f"lookups/{read.lookup}.yaml")
    return Suggestion(
        "lookup", f"  {read.field}: {{path: {root.of(path)}, lookup: {{{', '.join(pairs)}}}}}", read.where
    )


def _choices(kind: Kind | None, field: str) -> list[str]:
    head, _, rest = field.partition(".")
    found = kind.by_name.get(head) if kind is not None else None
    while found is not None and rest:
        head, _, rest = rest.partition(".")
        found = next((one for one in found.fields if one.name == head), None)
    return list(found.choices) if found is not None else []


def _plain(key: str) -> str:
    return key.lower().replace("-", "_").removesuffix("[]")


def _quoted(value: str) -> str:
    return value.replace("'", "''") or "…"
