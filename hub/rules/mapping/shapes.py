"""Writes objects and lists: what values are put together to."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace

from hub.model.kind import Field, Text
from hub.rules.mapping import canonical
from hub.rules.mapping.source import Scope, Source
from hub.rules.mapping.spec import Condition, Each, Elements, Node, Object, Value
from hub.rules.mapping.values import ValueWriter


@dataclass(slots=True)
class ShapeWriter:
    """Writes any node into the source of `values`. `keeps_nulls`: a null inside an object is said, not left out."""

    values: ValueWriter
    keeps_nulls: bool = False

    @property
    def source(self) -> Source:
        """The function being written."""
        return self.values.source

    def write(self, node: Node, field: Field | None, name: str) -> str:
        """Writes the node; the variable then holds its value, None (cleared) or M (not asserted)."""
        if isinstance(node, Value):
            return self._value(node, field, name)
        if isinstance(node, Object):
            return self._object(node, field, name)
        if isinstance(node, Each):
            return self._list(node, field, name)
        return self._elements(node, field, name)

    def _value(self, node: Value, field: Field | None, name: str) -> str:
        var = self.values.write(node, field, name)
        if field is None or not field.fields:
            return var
        # A transform made an object: its members are brought to canonical form like any other's.
        label = self.source.scopes[-1].at(node.paths[0]) if node.paths else name
        with self.source.scope(var, label):
            return self.write(canonical.made(field, node.line), field, name)

    def _object(self, node: Object, field: Field | None, name: str) -> str:
        """An object is asserted when the source carries anything that its members read."""
        source, outer = self.source, list(self.source.scopes)
        var = source.fresh()
        place = len(source.lines)
        with source.watch() as read:
            source.depth += 1
            with ExitStack() as stack:
                self._enter(node, var, stack)
                built = self._build(node, field, name)
                source.put(f"{var} = {built} or None")
            source.depth -= 1
        source.insert(place, f"if {source.anything_read(read, outer)}:")
        source.insert(place, f"{var} = M")
        return var

    def _enter(self, node: Object, var: str, stack: ExitStack) -> None:
        """Opens the blocks in which the members are written: conditions hold, the object is there."""
        source, where = self.source, self.values.where(node.line)
        if node.when:
            stack.enter_context(source.block(f"if {source.conditions(node.when, where)}:"))
        if node.path is None:
            return
        inner, label = source.get(node.path, where)
        with source.block(f"if {inner} is None or {inner} is M:"):
            source.put(f"{var} = {inner}")
        with source.block(f"elif {inner}.__class__ is not dict:"):
            source.put(f"{var} = bad_type(P, 'an object', {source.quote(label)}, {where!r}, {inner})")
        stack.enter_context(source.block("else:"))
        stack.enter_context(source.scope(inner, label))

    def _build(self, node: Object | Each, field: Field | None, name: str, *, is_lenient: bool = False) -> str:
        """Writes the members into a new object and gives its variable. `is_lenient`: missing ones are no problem."""
        source, where = self.source, self.values.where(node.line)
        built = source.fresh("o")
        source.put(f"{built} = {{}}")
        fields = {one.name: one for one in field.fields} if field is not None else {}
        for member, inner in node.members.items():
            known = self._member_field(field, fields, member)
            var = self.write(inner, known, f"{name}.{member}" if name else member)
            with source.block(
                f"if {var} is not M:" if self.keeps_nulls else f"if {var} is not M and {var} is not None:"
            ):
                source.put(f"{built}[{member!r}] = {var}")
        if not is_lenient:
            self._require(fields, built, name, where, is_object=isinstance(node, Object))
        if node.strays != "drop":
            self._find_strays(node, fields, name)
        if field is not None and field.tidy is not None:
            label = source.quote(source.scopes[-1].label or name)
            guard = " and ".join(f"{one.name!r} in {built}" for one in field.fields if one.required) or "True"
            with source.block(f"if {guard}:"):
                source.put(f"{built} = tidied(P, {source.const(field.tidy)}, {built}, {label}, {name!r}, {where!r})")
        return built

    @staticmethod
    def _member_field(field: Field | None, fields: Mapping[str, Field], member: str) -> Field | None:
        if field is None:
            return None
        if member in fields:
            return fields[member]
        return Field(member, field.of, Text("", ""), choices=field.choices, ref=field.ref)  # of a map

    def _require(self, fields: Mapping[str, Field], built: str, name: str, where: str, *, is_object: bool) -> None:
        """Notes mandatory members without a value. An object without any is null, and lacks nothing."""
        source = self.source
        required = [one for one in fields.values() if one.required]
        with ExitStack() as stack:
            if required and is_object:
                stack.enter_context(source.block(f"if {built}:"))
            for one in required:
                title = f"{name}.{one.name}"
                inner = source.scopes[-1].label
                label = source.quote(f"{inner}.{one.name}" if inner else title)
                with source.block(f"if {one.name!r} not in {built}:"):
                    source.put(f"missing(P, {label}, {title!r}, {where!r})")

    def _find_strays(self, node: Object | Each, fields: Mapping[str, Field], name: str) -> None:
        source = self.source
        known = source.const(frozenset(fields))
        scope = source.scopes[-1].var
        title = source.scopes[-1].label.removeprefix(source.base)
        with source.block(f"if not {known}.issuperset({scope}):"):
            if node.strays == "keep":
                source.put(f"strays(X, {source.quote(title)}, {scope}, {known})")
            else:
                where = self.values.where(node.line)
                source.put(f"refuse_strays(P, {source.quote(title)}, {name!r}, {where!r}, {scope}, {known})")

    def _list(self, node: Each, field: Field | None, name: str) -> str:
        source = self.source
        var = source.fresh()
        found, label = source.get(node.path, self.values.where(node.line))
        source.put(f"{var} = {found}")
        with source.block(f"if {found}.__class__ is list:"):
            source.put(f"{var} = []")
            self._loop(node, field, name, found, label, var)
        with source.block(f"elif {found} is not None and {found} is not M:"):
            place = f"{source.quote(label)}, {self.values.where(node.line)!r}"
            source.put(f"{var} = bad_type(P, 'a list', {place}, {found})")
        return var

    def _loop(
        self, node: Each, field: Field | None, name: str, found: str, label: str, into: str, *, is_lenient: bool = False
    ) -> None:
        source = self.source
        index, one = source.fresh("i"), source.fresh("s")
        with source.block(f"for {index}, {one} in enumerate({found}):"):
            place = len(source.lines)
            with source.scope(one, f"{label}[{{{index}}}]") as scope:
                self._skip_unless(node.when, node)
                if node.item is not None:
                    self._append_item(node.item, field, name, into)
                else:
                    element = None if field is None else replace(field, type="object", identity=None, of="text")
                    built = self._build(node, element, name, is_lenient=is_lenient)
                    self._append(built, element, into, is_lenient=is_lenient)
            if scope.used or node.strays != "drop":
                self._insert_type_check(place, one, scope, node)

    def _skip_unless(self, when: tuple[Condition, ...], node: Each) -> None:
        if when:
            holds = self.source.conditions(when, self.values.where(node.line))
            with self.source.block(f"if not ({holds}):"):
                self.source.put("continue")

    def _append_item(self, item: Value, field: Field | None, name: str, into: str) -> None:
        source = self.source
        single = None if field is None else replace(field, type=field.of, identity=None, of="text")
        var = self.values.write(item, single, name)
        with source.block(f"if {var} is not None and {var} is not M and {var} not in {into}:"):
            source.put(f"{into}.append({var})")

    def _append(self, built: str, element: Field | None, into: str, *, is_lenient: bool) -> None:
        source = self.source
        if not is_lenient:
            source.put(f"{into}.append({built})")
            return
        needed = [one.name for one in element.fields if one.required] if element else []
        whole = " and ".join(f"{name!r} in {built}" for name in needed) or built
        with source.block(f"if {whole}:"):
            source.put(f"{into}.append({built})")

    def _insert_type_check(self, place: int, one: str, scope: Scope, node: Each) -> None:
        source, where = self.source, self.values.where(node.line)
        source.insert(place, "    continue")
        source.insert(place, f"    bad_type(P, 'an object', {source.quote(scope.label)}, {where!r}, {one})")
        source.insert(place, f"if {one}.__class__ is not dict:")

    def _elements(self, node: Elements, field: Field | None, name: str) -> str:
        """A list is asserted when the source carries anything that any of its elements reads."""
        source, outer = self.source, list(self.source.scopes)
        var = source.fresh()
        place = len(source.lines)
        with source.watch() as read:
            source.depth += 1
            source.put(f"{var} = []")
            for entry in node.entries:
                self._entry(entry, field, name, var)
            source.depth -= 1
        source.insert(place, f"if {source.anything_read(read, outer)}:")
        source.insert(place, f"{var} = M")
        return var

    def _entry(self, entry: Object | Each, field: Field | None, name: str, into: str) -> None:
        source = self.source
        if isinstance(entry, Each):
            found, label = source.get(entry.path, self.values.where(entry.line))
            with source.block(f"if {found}.__class__ is list:"):
                self._loop(entry, field, name, found, label, into, is_lenient=True)
            with source.block(f"elif {found} is not None and {found} is not M:"):
                place = f"{source.quote(label)}, {self.values.where(entry.line)!r}"
                source.put(f"bad_type(P, 'a list', {place}, {found})")
            return
        element = None if field is None else replace(field, type="object", identity=None, of="text")
        ignored = source.fresh()
        with ExitStack() as stack:
            self._enter(entry, ignored, stack)
            built = self._build(entry, element, name, is_lenient=True)
            self._append(built, element, into, is_lenient=True)
