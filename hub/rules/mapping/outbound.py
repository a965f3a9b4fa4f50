"""From canonical data to a system's shape: the compiled form of `out`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hub.errors import RecordError
from hub.rules.mapping.runtime import NAMES
from hub.rules.mapping.shapes import ShapeWriter
from hub.rules.mapping.source import Source
from hub.rules.mapping.spec import Node, OutSpec
from hub.rules.mapping.values import ValueWriter

Resolve = Callable[[dict[str, Any]], str | None]


@dataclass(frozen=True)
class OutMapping:
    """How a kind is shown to a system. Compiled on first use, once per process."""

    spec: OutSpec

    @property
    def kind(self) -> str:
        """The kind it shows."""
        return self.spec.kind.name

    @property
    def object_type(self) -> str:
        """The system's word for it."""
        return self.spec.object_type

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The top-level canonical fields it reads, in the kind's order."""
        self._compiled  # noqa: B018 -- writing the source finds out
        known = self._used | self.spec.holds.keys()
        return tuple(field.name for field in self.spec.kind.fields if field.name in known)

    def keep(self, wanted: Mapping[str, Any], data: Mapping[str, Any], held: Mapping[str, Any]) -> dict[str, Any]:
        """`wanted` as the system will say it itself once it holds it, by the file's `holds`.

        A system that keeps one phone, or writes an address its own way, must be believed to hold just
        that: else what it cannot hold would look like something it took away. `data`: the whole golden
        record; `held`: what the system is known to hold, by field, which `holds` reads below `held`.
        Fields without an entry stay as they are.
        """
        if not self.spec.holds:
            return dict(wanted)
        kept: dict[str, Any] = self._keeper[0]({**data, **wanted, "held": held}, _no_reference)
        others = {name: value for name, value in wanted.items() if name not in self.spec.holds}
        return {**others, **kept}

    def project(self, data: dict[str, Any], resolve: Resolve) -> dict[str, Any]:
        """The record in the system's shape. Absent fields stay out; null ones are null.

        `resolve` gives the peer's external id of a source key: None when it has none. It may itself
        raise `ParentMissingError` for a record that is on its way there. A required reference
        without id raises `ParentMissingError`; a value a transform refuses, `RecordError`.
        """
        shown: dict[str, Any] = self._run(data, resolve)
        return shown

    @property
    def source(self) -> str:
        """The generated Python, for people who debug a mapping."""
        return self._compiled[1] + (self._keeper[1] if self.spec.holds else "")

    @cached_property
    def _run(self) -> Callable[[dict[str, Any], Resolve], dict[str, Any]]:
        run: Callable[[dict[str, Any], Resolve], dict[str, Any]] = self._compiled[0]
        return run

    @cached_property
    def _used(self) -> set[str]:
        return set()

    @cached_property
    def _compiled(self) -> tuple[Any, str]:
        source = Source()
        # Inside a canonical object absent and null are one; to a system, null is the word that clears.
        shapes = ShapeWriter(ValueWriter(source, "out", self.spec.file, {}), keeps_nulls=True)
        source.put("P = []; o = {}")
        with source.scope("d", "") as scope:
            if self.spec.when:
                holds = source.conditions(self.spec.when, f"{self.spec.file}:{self.spec.line}")
                with source.block(f"if not ({holds}):"):
                    source.put("return o")
            _members(shapes, self.spec.members)
            self._used.update(scope.used)
        return self._compile(source)

    @cached_property
    def _keeper(self) -> tuple[Any, str]:
        source = Source()
        source.put("P = []; o = {}")
        with source.scope("d", ""):
            _members(ShapeWriter(ValueWriter(source, "out", self.spec.file, {})), self.spec.holds)
        return self._compile(source)

    def _compile(self, source: Source) -> tuple[Any, str]:
        names: Mapping[str, Any] = {**NAMES, "RecordError": RecordError}
        tail = ("if P:", "    raise RecordError(P)", "return o")
        return source.compile(self.spec.file, "def run(d, resolve):", tail, dict(names))


def _members(shapes: ShapeWriter, members: Mapping[str, Node]) -> None:
    for name, node in members.items():
        found = shapes.write(node, None, name)
        with shapes.source.block(f"if {found} is not M:"):
            shapes.source.put(f"o[{name!r}] = {found}")


def _no_reference(key: dict[str, Any]) -> str | None:  # noqa: ARG001
    return None
