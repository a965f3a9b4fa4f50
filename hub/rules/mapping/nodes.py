"""Reads how values are made: the part of a mapping file below `in` and `out`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hub.model.kind import Field, Text
from hub.rules.mapping.beside import (
    EACH_WORDS,
    OBJECT_WORDS,
    a,
    check_value,
    check_whole,
    did_you_mean,
    is_value,
    shape_fault,
)
from hub.rules.mapping.conditions import read_conditions
from hub.rules.mapping.document import Entry, Report
from hub.rules.mapping.path import Path, PathError, parse_path
from hub.rules.mapping.spec import Each, Elements, Node, Object, Reference, Value
from hub.rules.mapping.steps import read_steps
from hub.rules.mapping.tables import TableReader, read_literal

Fields = Mapping[str, Field] | None


@dataclass(frozen=True, slots=True)
class NodeReader:
    """Reads nodes of one file. `lookups`: the named tables; None as fields: any names (going out)."""

    report: Report
    transforms: Mapping[str, Callable[..., Any]]
    lookups: Mapping[str, Entry]

    def members(self, entry: Entry, fields: Fields, owner: str, skip: frozenset[str] = frozenset()) -> dict[str, Node]:
        """The nodes by member name; `a.b` is the member `b` of the object `a`."""
        found: dict[str, Node] = {}
        grouped: dict[str, dict[str, Entry]] = {}
        for name, inner in entry.value.items():
            if name in skip:
                continue
            head, dot, rest = ("null" if name is None else str(name)).partition(".")
            if dot:
                grouped.setdefault(head, {})[rest] = inner
                continue
            field = self._field(fields, head, inner, owner)
            if field is not None or fields is None:
                found[head] = self.node(inner, field, _joined(owner, head))
        for head, inners in grouped.items():
            first = next(iter(inners.values()))
            if head in found:
                self.report.add(
                    first.line, _joined(owner, head), f"is given whole and by parts ({head}.…); keep one form"
                )
                continue
            field = self._field(fields, head, first, owner)
            if field is not None or fields is None:
                found[head] = self._object(Entry(dict(inners), first.line), field, _joined(owner, head), frozenset())
        return found

    def _field(self, fields: Fields, name: str, entry: Entry, owner: str) -> Field | None:
        if fields is None:
            return None
        field = fields.get(name)
        if field is None:
            if fields:  # of what has no members that was said already
                known = ", ".join(sorted(fields))
                text = f"no such field; known are: {known}{did_you_mean(name, fields)}"
                self.report.add(entry.line, _joined(owner, name), text)
        elif field.derived:
            self.report.add(entry.line, _joined(owner, name), "is computed by the hub; leave it out")
            return None
        return field

    def node(self, entry: Entry, field: Field | None, name: str) -> Node:
        """One node of whatever form it has."""
        if isinstance(entry.value, list) and not all(inner.value.__class__ is str for inner in entry.value):
            return self._elements(entry, field, name)
        if entry.is_object:
            if "each" in entry.value:
                return self._each(entry, field, name)
            if not is_value(entry, field):
                return self._object(entry, field, name, OBJECT_WORDS)
        return self.value(entry, field, name)

    def _object(self, entry: Entry, field: Field | None, name: str, words: frozenset[str]) -> Object:
        inner = self._inner(field, name, entry, ("object", "map"))
        members = self._inner_members(entry, inner, name, words)
        path = self._path_of(entry, "path", name) if "path" in words else None
        when = read_conditions(entry.value.get("when"), self.report, name) if "when" in words else ()
        found = Object(entry.line, members, path, when)
        check_whole(found, field, self.report, name)
        return found

    def _inner_members(self, entry: Entry, inner: Fields, name: str, words: frozenset[str]) -> dict[str, Node]:
        members = self.members(entry, inner, name, skip=words)
        explicit = entry.value.get("fields") if "fields" in words else None
        if explicit is None:
            return members
        if not explicit.is_object:
            self.report.add(explicit.line, _joined(name, "fields"), "is an object of members")
            return members
        more = self.members(explicit, inner, name)
        for twice in sorted(members.keys() & more.keys()):
            self.report.add(explicit.line, _joined(name, twice), "stands in `fields` and beside it; keep one")
        return {**members, **more}

    def _inner(self, field: Field | None, name: str, entry: Entry, types: tuple[str, ...]) -> Fields:
        if field is None:
            return None
        if field.type not in types:
            self.report.add(entry.line, name, shape_fault(entry, field))
            return {}
        if field.fields:
            return {inner.name: inner for inner in field.fields}
        return _AnyName(Field("", field.of, Text("", ""), choices=field.choices, ref=field.ref))

    def _each(self, entry: Entry, field: Field | None, name: str) -> Each:
        path = self._path_of(entry, "each", name) or Path(".")
        when = read_conditions(entry.value.get("when"), self.report, name)
        if field is not None and field.type != "list":
            self.report.add(entry.line, name, f"is {a(field.type)}; `each` makes a list")
            return Each(entry.line, path)
        if "item" in entry.value and (field is None or not field.fields):
            for word in sorted(str(word) for word in entry.value.keys() - EACH_WORDS):
                self.report.add(
                    entry.value[word].line, _joined(name, word), "`item` makes plain values, which have no members"
                )
            single = None if field is None else replace(field, type=field.of, identity=None, of="text")
            return Each(entry.line, path, item=self.value(entry.value["item"], single, name), when=when)
        inner = None if field is None else {one.name: one for one in field.fields}
        if inner is not None and not inner:
            self.report.add(entry.line, name, "is a list of plain values; say `item: path` beside `each`")
        skip = EACH_WORDS if field is None or not field.fields else EACH_WORDS - {"item"}
        found = Each(entry.line, path, self._inner_members(entry, inner, name, skip), when=when)
        self._told_apart(found, field, name)
        check_whole(found, field, self.report, name)
        return found

    def _told_apart(self, node: Object | Each, field: Field | None, name: str) -> None:
        """Elements that live one by one need something of what identifies them."""
        if field is not None and field.identity and not node.members.keys() & set(field.identity):
            known = ", ".join(field.identity)
            self.report.add(node.line, name, f"its elements are told apart by {known}; give at least one of these")

    def _elements(self, entry: Entry, field: Field | None, name: str) -> Elements:
        if field is not None and not (field.type == "list" and field.of == "object"):
            self.report.add(entry.line, name, f"is {a(field.type)}; a list of elements fits a list of objects only")
            return Elements(entry.line, ())
        element = None if field is None else replace(field, type="object", identity=None, of="text")
        entries: list[Object | Each] = []
        for inner in entry.value:
            if not inner.is_object:
                self.report.add(inner.line, name, "each element is an object of members")
            elif "each" in inner.value:
                entries.append(self._each(inner, field, name))
            else:
                entries.append(self._object(inner, element, name, OBJECT_WORDS))
                self._told_apart(entries[-1], field, name)
        return Elements(entry.line, tuple(entries))

    def value(self, entry: Entry, field: Field | None, name: str) -> Value:
        """One value: a path, several of which the first with a value counts, or an object of the words of a value."""
        if entry.value.__class__ in (str, list):
            return Value(entry.line, self._paths(entry, name), reference=_reference(field, None, None))
        if not entry.is_object:
            self.report.add(entry.line, name, "give a path, or {const: …} for a fixed value")
            return Value(entry.line)
        check_value(entry, self.report, name)
        given = entry.value
        sources = [word for word in ("path", "paths", "const", "first") if word in given]
        if len(sources) != 1:
            self.report.add(entry.line, name, "needs exactly one of path, paths, const, first")
            return Value(entry.line)
        gather = "paths" in given
        paths = self._paths(given[sources[0]], name) if sources[0] in ("path", "paths") else ()
        if field is not None and "ref" in given and "ref" not in (field.type, field.of):
            self.report.add(given["ref"].line, name, f"is {a(field.type)}, not a reference; leave `ref` out")
        return Value(
            entry.line,
            paths,
            gather,
            const=read_literal(self.report, given.get("const"), field, name),
            has_const="const" in given,
            steps=read_steps(given.get("to"), self.transforms, self.report, name),
            lookup=TableReader(self.report, self.lookups).read(given, field, name),
            default=read_literal(self.report, given.get("default"), field, name),
            when=read_conditions(given.get("when"), self.report, name),
            reference=_reference(field, given.get("ref"), given.get("required")),
            first=self._alternatives(given["first"], field, name) if "first" in given else (),
        )

    def _alternatives(self, entry: Entry, field: Field | None, name: str) -> tuple[Value, ...]:
        if isinstance(entry.value, list) and entry.value:
            return tuple(self.value(inner, field, name) for inner in entry.value)
        self.report.add(entry.line, f"{name}.first", "is a list of values, of which the first that has one counts")
        return ()

    def _paths(self, entry: Entry, name: str) -> tuple[Path, ...]:
        inners = entry.value if isinstance(entry.value, list) else [entry]
        if not inners:
            self.report.add(entry.line, name, "names no path; a path is like customer.id")
        found = [self.path(inner, name) for inner in inners]
        return tuple(path for path in found if path is not None)

    def _path_of(self, entry: Entry, word: str, name: str) -> Path | None:
        return self.path(entry.value[word], name) if word in entry.value else None

    def path(self, entry: Entry, name: str) -> Path | None:
        """One path; None, with the fault reported, when it is none."""
        if entry.value.__class__ is not str:
            self.report.add(entry.line, name, "a path is text like customer.id")
            return None
        try:
            return parse_path(entry.value)
        except PathError as fault:
            self.report.add(entry.line, name, f"path {fault}")
            return None


class _AnyName(dict[str, Field]):
    """The members of a map: any name is a field."""

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.field = field

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ARG002
        return replace(self.field, name=name)


def _reference(field: Field | None, ref: Entry | None, required: Entry | None) -> Reference | None:
    if ref is None:
        return Reference() if field is not None and "ref" in (field.type, field.of) else None
    named = ref.value if ref.value.__class__ is str else ""
    return Reference(named, required is not None and required.plain is True)


def _joined(owner: str, name: str) -> str:
    return f"{owner}.{name}" if owner else name
