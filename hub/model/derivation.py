"""What the hub computes of golden records: which fields, from which child records, in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from hub.errors import ConfigError

Data = Mapping[str, Any]


@dataclass(slots=True)
class Derived:
    """Derived fields, and what does not add up (`code` -> text) for an item."""

    fields: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


Derive = Callable[[Data, Mapping[str, Sequence[Data]]], Derived]


@dataclass(frozen=True, slots=True)
class Derivation:
    """Computes fields of a kind's golden records, or only says what does not add up.

    `derive(data, children)` is pure: no clock, no database; children are live golden data by kind, in a
    fixed order, their own derived fields among it. `reads`: child kind -> its ref field that names the
    record. `fields`: what it gives; those that the kind does not declare as derived stand under
    `owner`, the plugin's name. `may_object`: whether it ever finds something that does not add up.
    """

    kind: str
    derive: Derive
    fields: tuple[str, ...] = ()
    reads: Mapping[str, str] = field(default_factory=dict)
    may_object: bool = True
    owner: str = ""


def ordered(derivations: Iterable[Derivation]) -> tuple[Derivation, ...]:
    """The derivations so that each comes after those it reads.

    `ConfigError` when kinds are derived from each other in a circle, or when a field has two owners.
    """
    found = list(derivations)
    owners: dict[tuple[str, str, str], str] = {}
    graph: dict[str, set[str]] = {}
    for each in found:
        graph.setdefault(each.kind, set()).update(each.reads)
        for name in each.fields:
            if owners.setdefault((each.kind, each.owner, name), each.owner) != each.owner or (
                each.owner and (each.kind, "", name) in owners
            ):
                raise ConfigError(f"{each.kind}.{name} is derived twice; a derived field has one owner")
    try:
        rank = {kind: place for place, kind in enumerate(TopologicalSorter(graph).static_order())}
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise ConfigError(f"kinds are derived from each other in a circle: {circle}; leave out one of these") from None
    return tuple(sorted(found, key=lambda each: (rank[each.kind], bool(each.owner), each.owner)))
