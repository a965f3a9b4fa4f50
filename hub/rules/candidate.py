"""Who has something to say about a field: records, their own words, and what people ruled."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import total_ordering
from typing import Any

import orjson

from hub.rules.register import MISSING, SEPARATOR, STATE, Cell, Fold, decode


@dataclass(slots=True)
class Source:
    """One record of a cluster. `rank`: smaller wins ties. `packed`: its cached fold, opened when it is needed.

    `told`: the fields of which the hub tells its system what others say.
    """

    rid: uuid.UUID
    connection: str
    rank: int
    external_id: str
    packed: Mapping[str, Any]
    object_type: str = ""
    told: Collection[str] = ()
    _fold: Fold | None = None
    _lists: dict[str, list[tuple[str, Cell]]] | None = field(default=None, repr=False, compare=False)

    @property
    def fold(self) -> Fold:
        """Its fold."""
        if self._fold is None:
            self._fold = decode(self.packed)
        return self._fold

    def elements(self, name: str) -> Sequence[tuple[str, Cell]]:
        """The elements of a list field that it speaks of: key and cell."""
        if self._lists is None:
            self._lists = {}
            for path, cell in self.fold.cells.items():
                if SEPARATOR in path:
                    field, _, key = path.partition(SEPARATOR)
                    self._lists.setdefault(field, []).append((key, cell))
        return self._lists.get(name, ())

    @property
    def has_own_state(self) -> bool:
        """Whether its system itself said that it exists, or is gone."""
        return STATE in self.packed.get("v", ())

    @property
    def is_written(self) -> bool:
        """Whether the hub ever wrote to it."""
        return any("w" in cell for cell in self.packed.get("e", {}).values())


@dataclass(frozen=True, slots=True)
class FieldRule:
    """How one field, or one group of fields, survives.

    `policy`: one of `hub.rules.policies.POLICIES`, or a plugin's. `connections`: best first (owner, priority), or those that check
    what they say (verified). `null_wins`: whether a cleared value beats values of others. `elements`: whose version of
    an element counts in a united list: latest, verified, owner or priority. `refused_at`: whether the kind has that field.
    `prefer`: what a plugin's policy prefers: a worth for each candidate, the largest of the best; None where it fails.
    """

    name: str
    policy: str
    fields: tuple[str, ...]
    connections: tuple[str, ...] = ()
    null_wins: bool = True
    elements: str = "latest"
    refused_at: bool = False
    prefer: Callable[[Sequence[Candidate]], Sequence[Any] | None] | None = None


@dataclass(frozen=True, slots=True)
class Pin:
    """A value a person fixed. `order`: (time, id) of the decision; the newest wins."""

    field: str
    value: Any
    author: str
    order: tuple[Any, ...]
    rid: uuid.UUID


@dataclass(frozen=True, slots=True)
class Choice:
    """A person took one record's value of a field or group. It counts while all that contended says what it said.

    `field`: name of the rule. `contenders`: rid -> `value_hash` of what each record said then. `author`: who chose.
    """

    field: str
    rid: uuid.UUID
    contenders: Mapping[str, str]
    author: str = ""


@dataclass(slots=True)
class Candidate:
    """One record's own evidence for a field or group.

    Of consent: `is_past`: it says something else by now, and this still counts. `barred_until`: no grant up to then
    lifts it, where it is a refusal.
    """

    source: Source
    values: dict[str, Any]
    since: int
    weak: bool
    key: tuple[Any, ...] = ()
    is_past: bool = False
    barred_until: str = ""

    @property
    def yields(self) -> bool:
        """Whether it is empty, and its policy lets any value go before it. Known once it is ranked."""
        return not self.key[0]

    @property
    def is_empty(self) -> bool:
        """Whether it says of every field that there is nothing."""
        return all(map(is_void, self.values.values()))


def own_word(source: Source, rule: FieldRule) -> Candidate | None:
    """What a record says by itself of a rule's fields; None when it never said anything."""
    cells, since, weak = source.fold.cells, 0, True
    values: dict[str, Any] = {}
    for name in rule.fields:
        cell = cells.get(name)
        if cell is None or cell.own is MISSING:
            continue
        since = cell.since if not values else max(since, cell.since)
        weak = weak and cell.weak
        values[name] = cell.own
    return Candidate(source, values, since, weak) if values else None


def own_cells(source: Source, rule: FieldRule) -> dict[str, Cell]:
    """The fields of a rule of which a record has evidence of its own."""
    cells = source.fold.cells
    return {name: cells[name] for name in rule.fields if name in cells and cells[name].own is not MISSING}


def is_void(value: Any) -> bool:
    """Whether there is nothing: null, or an object or list of nothing but nulls."""
    if isinstance(value, Mapping):
        return all(map(is_void, value.values()))
    return all(map(is_void, value)) if isinstance(value, list) else value is None


@total_ordering
class ByHash:
    """A value that is ordered by its hash: the last tie-break, which is hardly ever asked for."""

    __slots__ = ("_hash", "_value")

    def __init__(self, value: Any) -> None:
        self._value = value
        self._hash = ""

    @property
    def hash(self) -> str:
        """`value_hash` of it."""
        if not self._hash:
            self._hash = value_hash(self._value)
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByHash) and self.hash == other.hash

    def __lt__(self, other: ByHash) -> bool:
        return self.hash < other.hash

    def __hash__(self) -> int:
        return hash(self.hash)

    def __repr__(self) -> str:
        return self.hash


def value_hash(value: Any) -> str:
    """The last tie-break: 8 bytes of the canonical JSON, as hex."""
    packed = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(packed).hexdigest()[:16]
