"""Compares clusters with the truth, pair by pair."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

Rid = uuid.UUID
Pair = tuple[Rid, Rid]


@dataclass(frozen=True, slots=True)
class Quality:
    """Pairs that are one person in truth, that were put together, and both."""

    true: int
    found: int
    right: int

    @property
    def precision(self) -> float:
        """The share of what was put together that is one; 1 of nothing."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """The share of what is one that was put together; 1 of nothing."""
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.right / (self.true + self.found) if self.true + self.found else 1.0

    def shown(self) -> dict[str, float]:
        """Rounded, for a report."""
        return {"precision": round(self.precision, 4), "recall": round(self.recall, 4), "f1": round(self.f1, 4)}


def quality(clusters: Iterable[frozenset[Rid]], truth: Mapping[Rid, str]) -> Quality:
    """Over all pairs of records, after closure. `truth`: rid -> person."""
    found = right = 0
    for cluster in clusters:
        found += _pairs(len(cluster))
        right += sum(_pairs(count) for count in Counter(truth[rid] for rid in cluster).values())
    return Quality(sum(_pairs(count) for count in Counter(truth.values()).values()), found, right)


def quality_where(clusters: Iterable[frozenset[Rid]], truth: Mapping[Rid, str], chosen: Container[Rid]) -> Quality:
    """Over the pairs of which one record or both are among `chosen`."""
    true = {pair for pair in pairs_of_people(truth) if pair[0] in chosen or pair[1] in chosen}
    found = {pair for pair in pairs_within(clusters) if pair[0] in chosen or pair[1] in chosen}
    return Quality(len(true), len(found), len(true & found))


def pairs_within(groups: Iterable[Iterable[Rid]]) -> Iterator[Pair]:
    """The pairs of each group, smaller rid first."""
    for group in groups:
        yield from combinations(sorted(group), 2)


def pairs_of_people(truth: Mapping[Rid, str]) -> Iterator[Pair]:
    """The pairs that are one person in truth."""
    return pairs_within(_groups(truth))


def collapsed(
    clusters: Iterable[frozenset[Rid]], truth: Mapping[Rid, str], household: Callable[[str], Hashable]
) -> float:
    """The share of households of two or more people of whom some were put together."""
    people: dict[Hashable, set[str]] = defaultdict(set)
    for person in truth.values():
        people[household(person)].add(person)
    several = {home for home, members in people.items() if len(members) > 1}
    fallen: set[Hashable] = set()
    for cluster in clusters:
        counts = Counter(household(person) for person in {truth[rid] for rid in cluster})
        fallen.update(home for home, count in counts.items() if count > 1)
    return len(fallen & several) / len(several) if several else 0.0


def _groups(truth: Mapping[Rid, str]) -> Iterable[list[Rid]]:
    by_person: dict[str, list[Rid]] = defaultdict(list)
    for rid, person in truth.items():
        by_person[person].append(rid)
    return by_person.values()


def _pairs(count: int) -> int:
    return count * (count - 1) // 2
