"""From a system's payload to drafts: the compiled form of `in`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hub.model.kind import Kind
from hub.model.observation import Draft
from hub.rules.mapping.draft_writer import RecordWriter
from hub.rules.mapping.spec import RecordSpec


@dataclass(frozen=True, slots=True)
class MapContext:
    """What is known of an event besides its payload."""

    connection: str
    topic: str
    received_at_us: int


@dataclass(frozen=True)
class InMapping:
    """How one stream's payloads become records. Compiled on first use, once per process.

    `units`: object type -> time or sequence, where it is known which of them orders versions.
    """

    spec: RecordSpec
    kinds: Mapping[str, Kind]
    units: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The kind of the first record it makes."""
        return self.spec.kind.name

    @property
    def object_type(self) -> str:
        """Its object type at the system."""
        return self.spec.object_type

    def map(self, payload: Any, context: MapContext) -> list[Draft]:
        """The drafts of one payload, the main record first; none when `when` does not hold.

        Raises `RecordError` with every problem found, so that a person fixes them in one go. Pure:
        the same payload and context give the same drafts.
        """
        drafts: list[Draft] = self._run(payload, context)
        return drafts

    @property
    def source(self) -> str:
        """The generated Python, for people who debug a mapping."""
        return self._compiled[1]

    @cached_property
    def _run(self) -> Callable[[Any, MapContext], list[Draft]]:
        run: Callable[[Any, MapContext], list[Draft]] = self._compiled[0]
        return run

    @cached_property
    def _compiled(self) -> tuple[Any, str]:
        return RecordWriter.of(self.spec, self.kinds, self.units).compile()
