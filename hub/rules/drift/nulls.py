"""Nulls in a row: how often, one record after the other, a source gave nothing for a field."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

LEARNT_FROM: Final = 100
FILLED: Final = 0.9
"""Only a field that had a value in nine of ten records can turn null; of others a row of nulls says nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one event says of one record."""

    external_id: str
    event_id: uuid.UUID
    asserted: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """Where a field stands after a batch. `longest`: the longest row of nulls in it, with what it began with before.

    `length`, `first`, `key`: the row it ends in; `nulls`: all of the batch; `is_filled`: it ends with a value.
    """

    length: int
    first: uuid.UUID | None
    key: str
    longest: int
    longest_first: uuid.UUID | None
    last: uuid.UUID | None
    nulls: int
    is_filled: bool


def is_nothing(value: Any) -> bool:
    """Whether a source that gives this gave no value."""
    return value is None or value == [] or value == {} or value == ""


@dataclass(slots=True)
class Nulls:
    """One field in one batch: the records that said something of it, in order."""

    said: list[tuple[str, uuid.UUID, bool]]

    @classmethod
    def of(cls, name: str, rows: Iterable[Row]) -> Nulls:
        """Those that assert the field; a record that says nothing of it neither goes on with a row nor ends it."""
        said = [(row.external_id, row.event_id, is_nothing(row.asserted[name])) for row in rows if name in row.asserted]
        return cls(said)

    @property
    def seen(self) -> int:
        """Records that said something."""
        return len(self.said)

    @property
    def filled(self) -> int:
        """Those with a value."""
        return sum(not null for _, _, null in self.said)

    def after(self, length: int, first: uuid.UUID | None, key: str) -> Run:
        """Goes on with the row that stood before the batch. The same record twice counts once."""
        longest, longest_first, last, nulls = length, first, None, 0
        for external_id, event, null in self.said:
            if not null:
                length, first, key = 0, None, ""
                continue
            nulls, last, record = nulls + 1, event, _hash(external_id)
            if not length:
                first = event
            if record != key:
                length, key = length + 1, record
            if length > longest:
                longest, longest_first = length, first
        return Run(length, first, key, longest, longest_first, last, nulls, bool(self.said) and not self.said[-1][2])


def _hash(external_id: str) -> str:
    return hashlib.sha256(external_id.encode("utf-8", "replace")).hexdigest()[:16]
