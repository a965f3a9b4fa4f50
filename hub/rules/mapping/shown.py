"""Whether what `out` and `holds` read exists: the canonical fields, their members, the words of their enums."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from hub.model.kind import Field, Text
from hub.rules.mapping.document import Fault
from hub.rules.mapping.path import Path
from hub.rules.mapping.spec import Condition, Each, Elements, Node, Object, OutSpec, Value

_NOTHING = Text("", "")


def _object(name: str, fields: tuple[Field, ...]) -> Field:
    return Field(name, "object", _NOTHING, fields=fields)


_MEMBERS: Mapping[str, Mapping[str, Field]] = {
    "money": {name: Field(name, "text", _NOTHING) for name in ("amount", "currency")},
    "unit_price": {name: Field(name, "text", _NOTHING) for name in ("amount", "currency")},
    "ref": {name: Field(name, "text", _NOTHING) for name in ("connection", "object_type", "external_id")},
}


@dataclass(slots=True)
class _Reader:
    """Follows paths through the fields of a kind."""

    file: str
    scopes: list[Field]
    faults: list[Fault] = field(default_factory=list)
    heads: set[str] = field(default_factory=set)

    def fault(self, line: int, name: str, text: str) -> None:
        self.faults.append(Fault(self.file, line, name, text))

    def field_at(self, path: Path, line: int, name: str, *, is_shown: bool = True) -> Field | None:
        """The field a path leads to; None, with the fault noted, when it leads nowhere."""
        if path.context:
            self.fault(line, name, f"{path.text} is known of what comes in only; give a field of the kind, or a const")
            return None
        at = len(self.scopes) - 1 - path.up
        if at < 0:
            self.fault(line, name, f"{path.text} leads out of the record; take away a ^")
            return None
        found = self.scopes[at]
        if at == 0 and path.parts and is_shown:
            self.heads.add(str(path.parts[0]))
        for part in path.parts:
            inner = _member(found, part)
            if isinstance(inner, str):
                self.fault(line, name, f"path {path.text}: {inner}")
                return None
            found = inner
        return found

    def conditions(self, when: Sequence[Condition], line: int, name: str) -> None:
        for one in when:
            self.field_at(one.path, line, f"{name}.when", is_shown=False)

    def node(self, node: Node, name: str) -> None:
        if isinstance(node, Value):
            self._value(node, name)
        elif isinstance(node, Elements):
            for entry in node.entries:
                self.node(entry, name)
        elif isinstance(node, Each):
            self._list(node, name)
        else:
            self._object(node, name)

    def _value(self, node: Value, name: str) -> None:
        found = [self.field_at(path, node.line, name) for path in node.paths]
        for step in node.steps:
            for argument in (*step.positional, *step.named.values()):
                if isinstance(argument, Path):
                    self.field_at(argument, node.line, f"{name}.to", is_shown=False)
        self.conditions(node.when, node.line, name)
        for one in node.first:
            self.node(one, name)
        if len(found) == 1 and found[0] is not None and found[0].type == "enum" and not node.steps:
            self._words(node, found[0].choices, name)

    def _words(self, node: Value, choices: tuple[str, ...], name: str) -> None:
        if node.lookup is None:
            return
        strange = sorted(map(str, node.lookup.table.keys() - set(choices)))
        if strange:
            text = f"the table has {', '.join(strange)}, which the field never is; it is one of {', '.join(choices)}"
            self.fault(node.line, f"{name}.lookup", text)
        missing = [word for word in choices if word not in node.lookup.table]
        if missing and node.lookup.unknown == "error":
            text = f"has no word for {', '.join(missing)}; add them, or say what `unknown` means"
            self.fault(node.line, f"{name}.lookup", text)

    def _list(self, node: Each, name: str) -> None:
        found = self.field_at(node.path, node.line, name)
        if found is not None and found.type != "list":
            self.fault(node.line, name, f"`each` goes through a list, but {node.path.text} is of type {found.type}")
            found = None
        if found is None:
            return
        self.scopes.append(_element(found))
        self.conditions(node.when, node.line, name)
        if node.item is not None:
            self.node(node.item, name)
        self._members(node.members, name)
        self.scopes.pop()

    def _object(self, node: Object, name: str) -> None:
        self.conditions(node.when, node.line, name)
        if node.path is None:
            self._members(node.members, name)
            return
        found = self.field_at(node.path, node.line, name)
        if found is not None:
            self.scopes.append(found)
            self._members(node.members, name)
            self.scopes.pop()

    def _members(self, members: Mapping[str, Node], name: str) -> None:
        for member, one in members.items():
            self.node(one, f"{name}.{member}" if name else member)


def shown_fields(spec: OutSpec) -> tuple[list[Fault], set[str]]:
    """What is wrong with the paths of an `out` and its `holds`, and the top-level fields whose values it shows."""
    fields = spec.kind.fields
    reader = _Reader(spec.file, [_object("", fields)])
    reader.conditions(spec.when, spec.line, "out")
    for name, node in spec.members.items():
        reader.node(node, name)
    keeper = _Reader(spec.file, [_object("", (*fields, _object("held", fields)))])
    for name, node in spec.holds.items():
        keeper.node(node, f"holds.{name}")
    return reader.faults + keeper.faults, reader.heads & spec.kind.by_name.keys()


def _element(found: Field) -> Field:
    return replace(found, type=found.of, identity=None, of="text")


def _member(found: Field, part: str | int) -> Field | str:
    """The field below; a text that says why there is none."""
    if found.type == "list":
        return _element(found) if isinstance(part, int) else f"{found.name} is a list; say `each`, or [0] for its first"
    if isinstance(part, int):
        return f"{found.name} is no list"
    if found.type == "map":
        return _element(found)
    known = {one.name: one for one in found.fields} or _MEMBERS.get(found.type, {})
    if part in known:
        return known[part]
    if not known:
        return f"{found.name} is of type {found.type} and has no {part}"
    near = difflib.get_close_matches(part, known, 1)
    hint = f"did you mean {near[0]}?" if near else f"known are: {', '.join(sorted(known))}"
    return f"no field {part}; {hint}"
