"""Which canonical field reads which path of a system's payload, as its mapping file says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hub.model.kind import Field
from hub.rules.drift.skeleton import joined
from hub.rules.mapping.path import Path
from hub.rules.mapping.spec import Each, Elements, Node, RecordSpec, Value


@dataclass(frozen=True, slots=True)
class Read:
    """One path that a mapping reads. `field`: the canonical field; "" for id, version and conditions.

    `words`: texts that a lookup table or the field's own choices know; `lookup`: the table's name.
    """

    path: str
    kind: str
    field: str
    where: str
    words: frozenset[str] | None = None
    lookup: str = ""
    is_personal: bool = False


def reads_of(spec: RecordSpec) -> list[Read]:
    """Every path that the record and those it contains are made of, from the payload's root."""
    return list(_record(spec, [""] if spec.root is None else ["", root_of(spec)]))


def root_of(spec: RecordSpec) -> str:
    """Where the record stands in the payload; "" is the payload itself."""
    return "" if spec.root is None else _below("", spec.root)


def read_of(reads: list[Read], path: str) -> Read | None:
    """What reads a path: the very path, else what reads something inside it, else an object around it."""
    for one in reads:
        if one.path == path and one.field:
            return one
    for one in reads:
        if one.path.startswith((f"{path}.", f"{path}[")) and one.field:
            return one
    return next((one for one in reads if path.startswith((f"{one.path}.", f"{one.path}[")) and one.field), None)


def read_of_field(reads: list[Read], kind: str, field: str) -> Read | None:
    """What is read into a field of a kind, or into the field that it is inside of (`totals.total`, else `totals`)."""
    while field:
        found = next((one for one in reads if one.kind == kind and one.field == field), None)
        if found is not None:
            return found
        field = field.rpartition(".")[0]
    return None


def _record(spec: RecordSpec, scopes: list[str]) -> Iterator[Read]:
    for path in spec.id:
        yield Read(_at(scopes, path), spec.kind.name, "", f"{spec.file}:{spec.line}")
    for value in (spec.version, spec.at, spec.superseded_by):
        if value is not None:
            yield from _node(value, None, "", spec, scopes)
    for condition in (*spec.when, *spec.deletes):
        yield Read(_at(scopes, condition.path), spec.kind.name, "", f"{spec.file}:{spec.line}")
    for name, node in spec.members.items():
        yield from _node(node, spec.kind.by_name.get(name), name, spec, scopes)
    for also in spec.also:
        inner = _at(scopes, also.path) + ("[]" if also.is_list else "")
        yield from _record(also.record, [*scopes, inner])


def _node(node: Node, field: Field | None, name: str, spec: RecordSpec, scopes: list[str]) -> Iterator[Read]:
    if isinstance(node, Value):
        yield from _value(node, field, name, spec, scopes)
    elif isinstance(node, Elements):
        for entry in node.entries:
            yield from _node(entry, field, name, spec, scopes)
    elif isinstance(node, Each):
        inner = [*scopes, f"{_at(scopes, node.path)}[]"]
        yield _plain(inner[-1], field, name, spec, node.line)
        if node.item is not None:
            yield from _node(node.item, field, name, spec, inner)
        yield from _members(node.members, field, name, spec, inner)
    else:
        inner = scopes if node.path is None else [*scopes, _at(scopes, node.path)]
        yield from _members(node.members, field, name, spec, inner)


def _members(
    members: Mapping[str, Node], field: Field | None, name: str, spec: RecordSpec, scopes: list[str]
) -> Iterator[Read]:
    inner = {one.name: one for one in field.fields} if field is not None else {}
    for member, node in members.items():
        yield from _node(node, inner.get(member), f"{name}.{member}", spec, scopes)


def _value(node: Value, field: Field | None, name: str, spec: RecordSpec, scopes: list[str]) -> Iterator[Read]:
    words: frozenset[str] | None = None
    if node.lookup is not None:
        words = frozenset(map(str, node.lookup.table))
    elif field is not None and field.type == "enum" and not node.steps:
        words = frozenset(field.choices)
    for path in node.paths:
        found = _plain(_at(scopes, path), field, name, spec, node.line)
        yield Read(
            found.path, found.kind, name, found.where, words, node.lookup.name if node.lookup else "", found.is_personal
        )
    for step in node.steps:
        for argument in (*step.positional, *step.named.values()):
            if isinstance(argument, Path):
                yield Read(_at(scopes, argument), spec.kind.name, "", f"{spec.file}:{node.line}")
    for condition in node.when:
        yield Read(_at(scopes, condition.path), spec.kind.name, "", f"{spec.file}:{node.line}")
    for one in node.first:
        yield from _value(one, field, name, spec, scopes)


def _plain(path: str, field: Field | None, name: str, spec: RecordSpec, line: int) -> Read:
    personal = field is not None and field.pii != "none"
    head = spec.kind.by_name.get(name.partition(".")[0])
    personal = personal or (head is not None and head.pii != "none")
    return Read(path, spec.kind.name, name, f"{spec.file}:{line}", is_personal=personal)


def _at(scopes: list[str], path: Path) -> str:
    place = len(scopes) - 1 - path.up
    return _below(scopes[max(0, place)], path)


def _below(base: str, path: Path) -> str:
    for part in path.parts:
        base = f"{base}[]" if isinstance(part, int) else joined(base, part)
    return base
