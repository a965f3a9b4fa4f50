"""Runs the model in force over seeded retail populations."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bench.identity import judge
from bench.identity.people import Row, Town
from hub.model.key import keys_of
from hub.model.kinds import KINDS
from hub.rules.identity.features import features_of

Rid = uuid.UUID


@dataclass(frozen=True, slots=True)
class Population:
    """Records with their truth. `certain`: pairs that a deterministic key links."""

    names: dict[Rid, tuple[str, ...]]
    features: dict[Rid, dict[str, Any]]
    truth: dict[Rid, str]
    certain: list[tuple[Rid, Rid]]
    rows: dict[Rid, Row]


def population(seed: int, households: int, noise: Mapping[str, float] | None = None) -> Population:
    """The records of one seed, their features computed."""
    rows = Town(seed, households, noise or {}).rows()
    rids = {uuid.UUID(int=number + 1): row for number, row in enumerate(rows)}
    names: dict[Rid, tuple[str, ...]] = {
        rid: (row.system.lower(), "customers", f"{row.system}-{rid.int - 1}") for rid, row in rids.items()
    }
    return Population(
        names,
        {rid: features_of(row.data) for rid, row in rids.items()},
        {rid: row.person.id for rid, row in rids.items()},
        certain_pairs({rid: row.data for rid, row in rids.items()}),
        rids,
    )


def certain_pairs(data: Mapping[Rid, Mapping[str, Any]]) -> list[tuple[Rid, Rid]]:
    """The pairs that share a deterministic key."""
    carriers: dict[tuple[str, str, str], list[Rid]] = defaultdict(list)
    for rid, one in data.items():
        for key in keys_of(KINDS["customer"], one):
            if key.strength > 1 and not key.guarded:
                carriers[key.namespace, key.scope, key.value].append(rid)
    return [pair for sharing in carriers.values() for pair in pairwise(sorted(sharing))]


def household_of(person: str) -> str:
    """The household of a person of `people`."""
    return person.partition("-")[0]


def apart(seed: int, rid: Rid) -> Rid:
    """The rid of a record among those of several seeds."""
    return uuid.UUID(int=(seed << 64) + rid.int)


def judged(clusters: list[frozenset[Rid]], people: Population, compared: int) -> dict[str, float]:
    """Quality of all pairs, of what is odd about them, and how many households fell into one."""
    found = judge.quality(clusters, people.truth).shown()
    found["collapsed"] = round(judge.collapsed(clusters, people.truth, household_of), 4)
    found["candidates"] = round(2 * compared / len(people.names), 2)
    for name, chosen in subsets(people).items():
        part = judge.quality_where(clusters, people.truth, chosen)
        found |= {f"{name}.{word}": value for word, value in part.shown().items()}
    return found


def subsets(people: Population) -> dict[str, set[Rid]]:
    """Records by what is odd about them: pairs count that have one of them."""
    carriers: dict[str, set[str]] = defaultdict(set)
    for row in people.rows.values():
        carriers[row.person.phone].add(row.person.id)
    found: dict[str, set[Rid]] = {
        "shared_phone": set(),
        "recycled": set(),
        "wechat_only": set(),
        "pinyin": set(),
        "honorific": set(),
    }
    given_up = {row.person.old_phone for row in people.rows.values() if row.person.old_phone}
    for rid, row in people.rows.items():
        person = row.person
        if len(carriers[person.phone]) > 1 and person.phone not in given_up:
            found["shared_phone"].add(rid)
        if person.old_phone or person.phone in given_up:
            found["recycled"].add(rid)
        if row.system == "WX" and "no_phone" in row.marks:
            found["wechat_only"].add(rid)
        for mark in ("pinyin", "honorific"):
            if mark in row.marks:
                found[mark].add(rid)
    return found
