"""Writes the function that makes drafts of a payload: the main record, and those it contains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from hub.errors import RecordError
from hub.model.kind import Field, Kind
from hub.model.observation import Draft, Reference
from hub.rules.mapping.runtime import NAMES
from hub.rules.mapping.shapes import ShapeWriter
from hub.rules.mapping.source import Source
from hub.rules.mapping.spec import AlsoSpec, RecordSpec, Value
from hub.rules.mapping.values import ValueWriter


def topic_matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a topic is one of the patterns (`customers/delete`, `*.deleted`)."""
    return lru_cache(maxsize=256)(lambda topic: any(fnmatchcase(topic, pattern) for pattern in patterns))


@dataclass(slots=True)
class RecordWriter:
    """Writes the function of one record, and of those it contains."""

    spec: RecordSpec
    shapes: ShapeWriter
    units: Mapping[str, str]

    @classmethod
    def of(cls, spec: RecordSpec, kinds: Mapping[str, Kind], units: Mapping[str, str]) -> RecordWriter:
        """For the main record of a file."""
        plurals = {kind.name: kind.plural for kind in kinds.values()}
        return cls(spec, ShapeWriter(ValueWriter(Source(), "in", spec.file, plurals)), units)

    @property
    def source(self) -> Source:
        """The function being written."""
        return self.shapes.source

    def compile(self) -> tuple[Any, str]:
        """The function from payload and context to drafts, and its source."""
        source, spec = self.source, self.spec
        where = f"{spec.file}:{spec.line}"
        source.put("P = []; D = []; conn = ctx.connection")
        with source.block("if p.__class__ is not dict:"):
            source.put(f"raise RecordError([Problem('bad_payload', 'the payload is not an object', '', {where!r})])")
        with source.scope("p", ""):
            if spec.root is None:
                self._record(spec, "None", "None", "p")
            else:
                self._within(spec, where)
        names = {**NAMES, "RecordError": RecordError, "Draft": Draft, "Reference": Reference}
        tail = ("if P:", "    raise RecordError(P)", "return D")
        return source.compile(spec.file, "def run(p, ctx):", tail, names)

    def _within(self, spec: RecordSpec, where: str) -> None:
        assert spec.root is not None  # noqa: S101 -- the caller looked
        root, label = self.source.get(spec.root, where)
        with self.source.block(f"if {root}.__class__ is not dict:"):
            message = f"{label} is not an object"
            self.source.put(f"P.append(Problem('bad_payload', {message!r}, {label!r}, {where!r}))")
        with self.source.block("else:"), self.source.scope(root, label):
            self.source.base = f"{label}."
            self._record(spec, "None", "None", root)

    def _record(self, spec: RecordSpec, major: str, since: str, var: str) -> None:
        source = self.source
        self.shapes.values.file = spec.file
        if spec.when:
            holds = source.conditions(spec.when, f"{spec.file}:{spec.line}")
            with source.block(f"if {holds}:"):
                self._draft(spec, major, since, var)
        else:
            self._draft(spec, major, since, var)

    def _draft(self, spec: RecordSpec, major: str, since: str, var: str) -> None:
        source, where = self.source, f"{spec.file}:{spec.line}"
        id_ = source.fresh("x")
        parts = [source.get(path, where) for path in spec.id]
        shown = "".join(f"{one}, " for one, _ in parts)
        label = source.quote(parts[0][1] if parts else "id")
        source.put(f"{id_} = record_id(P, ({shown}), {label}, {where!r})")
        major, since = self._order(spec, major, since)
        head = f"{spec.kind.name!r}, {spec.object_type!r}, {id_}"
        gone = self._gone(spec, where)
        if gone:
            with source.block(f"if {gone}:"):
                source.put(f"D.append(Draft({head}, {{}}, {major}, {since}, True))")
            with source.block("else:"):
                self._assertions(spec, head, major, since, var)
        else:
            self._assertions(spec, head, major, since, var)

    def _gone(self, spec: RecordSpec, where: str) -> str:
        source = self.source
        tests = []
        if spec.delete_topics:
            tests.append(f"{source.const(topic_matcher(spec.delete_topics))}(ctx.topic)")
        if spec.deletes:
            tests.append(f"({source.conditions(spec.deletes, where)})")
        return " or ".join(tests)

    def _order(self, spec: RecordSpec, major: str, since: str) -> tuple[str, str]:
        """Version and time of change; a contained record without its own has those of the one around."""
        source = self.source
        if spec.version is not None:
            found = self.shapes.values.write(spec.version, None, "version")
            major, since = source.fresh("m"), source.fresh("t")
            unit = self.units.get(spec.object_type, "")
            source.put(f"{major}, {since} = order_of(P, {found}, {self._place(spec, spec.version)}, {unit!r})")
        if spec.at is not None and (spec.version is None or replace(spec.at, line=spec.version.line) != spec.version):
            found = self.shapes.values.write(spec.at, None, "at")
            since = source.fresh("t")
            source.put(f"{since} = moment_of(P, {found}, {self._place(spec, spec.at)})")
        return major, since

    @staticmethod
    def _place(spec: RecordSpec, node: Value) -> str:
        label = node.paths[0].text if node.paths else ""
        return f"{label!r}, {f'{spec.file}:{node.line}'!r}"

    def _assertions(self, spec: RecordSpec, head: str, major: str, since: str, var: str) -> None:
        source = self.source
        fields, links, extra = source.fresh("a"), source.fresh("r"), source.fresh("e")
        place = source.fresh("d")
        source.put(f"{fields} = {{}}; {links} = []; X = {extra} = {{}}; {place} = len(D)")
        for name, node in spec.members.items():
            field = spec.kind.by_name[name]
            found = self.shapes.write(node, field, name)
            with source.block(
                f"if {found} is not M:" if spec.clears else f"if {found} is not M and {found} is not None:"
            ):
                source.put(f"{fields}[{name!r}] = {found}")
            self._require(spec, field, found)
            self._link(field, found, links)
        superseded = "None"
        if spec.superseded_by is not None:
            found = self.shapes.values.write(spec.superseded_by, None, "superseded_by")
            superseded = f"(None if {found} is M or {found} is None else str({found}))"
        for also in spec.also:
            self._also(also, major, since)
        self.shapes.values.file = spec.file
        self._extend(spec, var, extra)
        rest = f"{fields}, {major}, {since}, False, {superseded}, {links}, {extra}"
        source.put(f"D.insert({place}, Draft({head}, {rest}))")

    def _require(self, spec: RecordSpec, field: Field, found: str) -> None:
        if field.required:
            test = f"{found} is None or {found} is M"
            if spec.partial:
                test = f"{found} is None" if spec.clears else "False"
            with self.source.block(f"if {test}:"):
                self.source.put(f"missing(P, {field.name!r}, {field.name!r}, {f'{spec.file}:{spec.line}'!r})")

    def _link(self, field: Field, found: str, links: str) -> None:
        source = self.source
        if field.type == "ref":
            with source.block(f"if {found}.__class__ is dict:"):
                source.put(f"{links}.append({_reference(repr(field.name), field.ref, found)})")
        elif field.type == "list" and field.of == "ref":
            with source.block(f"if {found}.__class__ is list:"), source.block(f"for n, one in enumerate({found}):"):
                name = source.quote(field.name + "[{n}]")
                source.put(f"{links}.append({_reference(name, field.ref, 'one')})")

    def _also(self, also: AlsoSpec, major: str, since: str) -> None:
        source, where = self.source, f"{also.record.file}:{also.record.line}"
        found, label = source.get(also.path, where)
        wanted, kind = ("a list", "list") if also.is_list else ("an object", "dict")
        with source.block(f"if {found}.__class__ is {kind}:"):
            if also.is_list:
                index, one = source.fresh("i"), source.fresh("s")
                place = f"{label}[{{{index}}}]"
                with source.block(f"for {index}, {one} in enumerate({found}):"), source.scope(one, place):
                    with source.block(f"if {one}.__class__ is not dict:"):
                        source.put(f"bad_type(P, 'an object', {source.quote(place)}, {where!r}, {one})")
                        source.put("continue")
                    self._contained(also, major, since, one)
            else:
                with source.scope(found, label):
                    self._contained(also, major, since, found)
        with source.block(f"elif {found} is not None and {found} is not M:"):
            source.put(f"bad_type(P, {wanted!r}, {source.quote(label)}, {where!r}, {found})")

    def _contained(self, also: AlsoSpec, major: str, since: str, var: str) -> None:
        source = self.source
        if also.when:
            with source.block(f"if {source.conditions(also.when, f'{also.record.file}:{also.record.line}')}:"):
                self._record(also.record, major, since, var)
        else:
            self._record(also.record, major, since, var)

    def _extend(self, spec: RecordSpec, var: str, extra: str) -> None:
        """Unknown members of the source are kept, never dropped silently."""
        if not spec.extensions:
            return
        source = self.source
        known = source.const(frozenset(source.scopes[-1].used | spec.ignore))
        with source.block(f"if not {known}.issuperset({var}):"):
            source.put(f"{extra}.update({{n: one for n, one in {var}.items() if n not in {known}}})")
        with source.block(f"if {extra}:"):
            source.put(f"check_extensions(P, {extra}, {f'{spec.file}:{spec.line}'!r})")


def _reference(name: str, kind: str, var: str) -> str:
    other = f"'' if {var}['connection'] == conn else {var}['connection']"
    return f"Reference({name}, {kind!r}, {var}['object_type'], {var}['external_id'], {other})"
