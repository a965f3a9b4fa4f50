"""Nulls in a row: how often, one record after the other, a source gave nothing for a field."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

from hub.model.kind import Field

LEARNT_FROM: Final = 100
FILLED: Final = 0.9
"""Only a field that had a value in nine of ten records can turn null; of others a row of nulls says nothing."""
MOST_DEPTH: Final = 3

One = TypeVar("One")
Inside: TypeAlias = "dict[str, Inside | None]"


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


def is_nothing_of(asserted: Mapping[str, Any], name: str) -> bool | None:
    """Whether no value is given for a field (`gender`) or one inside (`totals.total`, `lines.sku`); None: nothing is said of it."""
    head, _, rest = name.partition(".")
    if head not in asserted:
        return None
    return is_nothing_inside(asserted[head], rest) if rest else is_nothing(asserted[head])


def is_nothing_inside(value: Any, rest: str) -> bool | None:
    """Whether none of the objects in `value` has a value at `rest`; None where there is no object."""
    found = [value]
    for step in rest.split("."):
        objects = objects_of(found)
        if not objects:
            return None
        found = [one.get(step) for one in objects]
    return all(map(is_nothing, found))


def objects_of(values: Iterable[Any]) -> list[Mapping[str, Any]]:
    """The objects among values, and in lists among them, that hold something."""
    each = [one for value in values for one in (value if value.__class__ is list else (value,))]
    return [one for one in each if one and one.__class__ is dict]


def inside_of(fields: Iterable[Field], depth: int = 1) -> Inside:
    """What the objects of a field are made of: name -> the same of what is inside that, None where nothing is."""
    return {
        field.name: inside_of(field.fields, depth + 1) if field.fields and depth < MOST_DEPTH else None
        for field in fields
    }


def filled_inside(name: str, inside: Inside, value: Any, enough: Set[str] | None = None) -> set[str]:
    """The names (`totals.total`) of all that has a value in the objects of `value`, which is of the field `name`.

    `enough`: names with which no further object need be looked at.
    """
    found: set[str] = set()
    for one in value if value.__class__ is list else (value,):
        if one.__class__ is not dict:
            continue
        for key, inner in one.items():
            if key in inside and not is_nothing(inner):
                below = f"{name}.{key}"
                found.add(below)
                if deeper := inside[key]:
                    found |= filled_inside(below, deeper, inner)
        if enough is not None and enough <= found:
            break
    return found


def sampled(rows: Sequence[One], step: int) -> list[One]:
    """Every `step`-th and the last: no `step` in a row are passed over, nor those that the rows end with."""
    return [*rows[step - 1 : -1 : step], *rows[-1:]]


@dataclass(slots=True)
class Nulls:
    """One field in one batch: the records that said something of it, in order."""

    said: list[tuple[str, uuid.UUID, bool]]

    @classmethod
    def of(cls, name: str, rows: Iterable[Row]) -> Nulls:
        """Those that assert the field; a record that says nothing of it neither goes on with a row nor ends it."""
        found = ((row.external_id, row.event_id, is_nothing_of(row.asserted, name)) for row in rows)
        return cls([(record, event, null) for record, event, null in found if null is not None])

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
