"""The nodes that `in: canonical` and `out: canonical` stand for: every field under its own name."""

from __future__ import annotations

from collections.abc import Iterable

from hub.model.kind import Field, Kind
from hub.rules.mapping.path import Path, field_path
from hub.rules.mapping.spec import Each, Node, Object, Reference, Strays, Value

WORD = "canonical"


def canonical_in(kind: Kind, line: int) -> dict[str, Node]:
    """Takes each field the hub does not compute; unknown names inside objects become extensions."""
    return _members((field for field in kind.fields if not field.derived), line, "keep")


def canonical_out(kind: Kind, line: int) -> dict[str, Node]:
    """Gives every field; references as the system's own ids, the mandatory one waited for."""
    members = _members(kind.fields, line, "drop")
    if kind.parent:
        members[kind.parent] = Value(line, (field_path(kind.parent),), reference=Reference(required=True))
    return members


def made(field: Field, line: int) -> Node:
    """Takes an object, or a list of them, that a transform made: a member it does not declare is a problem."""
    return _node(field, line, "refuse", Path("."))


def _members(fields: Iterable[Field], line: int, strays: Strays) -> dict[str, Node]:
    return {field.name: _node(field, line, strays, field_path(field.name)) for field in fields}


def _given(field: Field) -> Iterable[Field]:
    """The members of an object that systems give and are given."""
    return (one for one in field.fields if not one.derived)


def _node(field: Field, line: int, strays: Strays, path: Path) -> Node:
    if field.fields and field.type == "object":
        return Object(line, _members(_given(field), line, strays), path, strays=strays)
    if field.fields and field.type == "list":
        return Each(line, path, _members(_given(field), line, strays), strays=strays)
    if field.type == "list" and field.of == "ref" and strays == "drop":
        return Each(line, path, item=Value(line, (Path("."),), reference=Reference(keep=True)))
    reference = Reference(keep=True) if "ref" in (field.type, field.of) else None
    return Value(line, (path,), reference=reference)
