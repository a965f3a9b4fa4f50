"""The canonical partition of records into clusters: the same for any order of arrival.

Must-edges of people's decisions first (in id order), then scored edges from the heaviest down; two
parts join unless a cannot-decision, or (for scored edges) a guard, stands between any two members.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

Rid = uuid.UUID


class Edge(NamedTuple):
    """A link between two records, `a < b`. `weight` in thousandths; deterministic keys weigh `CERTAIN`."""

    a: Rid
    b: Rid
    weight: int


CERTAIN = 100_000
AUTO = 9_000


@dataclass(slots=True)
class Links:
    """All that decides the partition of some records.

    `must`: decided links in the order of their decision ids (each (a, b)); `cannot`: decided
    separations; `edges`: links by keys and scores.
    """

    must: list[tuple[Rid, Rid]]
    cannot: set[frozenset[Rid]]
    edges: list[Edge]


def component(start: Iterable[Rid], links: Links) -> set[Rid]:
    """Every record reachable from `start` over must-links and edges."""
    near: dict[Rid, set[Rid]] = {}
    for a, b in [*links.must, *((edge.a, edge.b) for edge in links.edges)]:
        near.setdefault(a, set()).add(b)
        near.setdefault(b, set()).add(a)
    seen: set[Rid] = set()
    todo = list(start)
    while todo:
        rid = todo.pop()
        if rid not in seen:
            seen.add(rid)
            todo.extend(near.get(rid, ()))
    return seen


MOST = 200
STEP = 1_000


@dataclass(frozen=True, slots=True)
class Cut:
    """A component that was too large: `rids`, all of it; the highest threshold that one of its parts needed (thousandths)."""

    rids: frozenset[Rid]
    threshold: int


def partition(
    names: Mapping[Rid, tuple[str, ...]],
    links: Links,
    guarded: Callable[[Rid, Rid], bool] | None = None,
    auto: int = AUTO,
    cuts: list[Cut] | None = None,
) -> list[frozenset[Rid]]:
    """The clusters of the records in `names`, which hold every component whole that they touch.

    `names`: rid -> source key. Equal weights are ordered by source key, not by rid: a rid says who
    arrived first, and the people must not depend on that. `guarded(a, b)` true keeps two records
    apart unless a certain key or a person joins them. A component of more than `MOST` records is cut: its threshold rises
    by `STEP` until no part is larger; `cuts` hears of it.
    """
    home: dict[Rid, set[Rid]] = {rid: {rid} for rid in names}

    def forbidden(x: Rid, y: Rid) -> bool:
        return bool(links.cannot) and frozenset((x, y)) in links.cannot

    def apart(x: Rid, y: Rid) -> bool:
        return forbidden(x, y) or (guarded is not None and guarded(x, y))

    decided = forbidden if links.cannot else None
    for a, b in links.must:
        _join(home, a, b, decided)
    usable = [edge for edge in links.edges if edge.weight >= auto and edge.a in names and edge.b in names]
    if len(names) > MOST:
        usable = _cut(set(names), links.must, usable, auto, cuts if cuts is not None else [])
    for edge in sorted(usable, key=lambda e: (-e.weight, *sorted((names[e.a], names[e.b])))):
        _join(home, edge.a, edge.b, decided if edge.weight >= CERTAIN else apart)
    return list({id(part): frozenset(part) for part in home.values()}.values())


def _cut(
    rids: set[Rid], must: Sequence[tuple[Rid, Rid]], edges: Sequence[Edge], auto: int, cuts: list[Cut]
) -> list[Edge]:
    """The edges that stay when every component is cut to size. What certain keys and people join is never cut."""
    kept: list[Edge] = []
    for part, own in _parts(rids, must, edges):
        highest = auto
        left = [(part, own, auto)]
        while left:
            some, held, least = left.pop()
            if len(some) <= MOST or all(edge.weight >= CERTAIN for edge in held):
                kept += held
                continue
            higher = least + STEP
            highest = max(highest, higher)
            heavy = [edge for edge in held if edge.weight >= higher]
            left += [(*smaller, higher) for smaller in _parts(some, must, heavy)]
        if highest > auto:
            cuts.append(Cut(frozenset(part), highest))
    return kept


def _parts(
    rids: Iterable[Rid], must: Iterable[tuple[Rid, Rid]], edges: Sequence[Edge]
) -> list[tuple[set[Rid], list[Edge]]]:
    """The components of some records, each with the edges inside."""
    home = _components(rids, must, edges)
    inner: dict[int, list[Edge]] = {}
    for edge in edges:
        inner.setdefault(id(home[edge.a]), []).append(edge)
    return [(part, inner.get(key, [])) for key, part in {id(part): part for part in home.values()}.items()]


def _components(rids: Iterable[Rid], must: Iterable[tuple[Rid, Rid]], edges: Iterable[Edge]) -> dict[Rid, set[Rid]]:
    """rid -> all that it is connected with, one set for each component."""
    home = {rid: {rid} for rid in rids}
    for a, b in [*must, *((edge.a, edge.b) for edge in edges)]:
        _join(home, a, b, None)
    return home


def _join(home: dict[Rid, set[Rid]], a: Rid, b: Rid, apart: Callable[[Rid, Rid], bool] | None) -> None:
    left, right = home.get(a), home.get(b)
    if left is None or right is None or left is right:
        return
    if apart is not None and any(apart(x, y) for x in left for y in right):
        return
    if len(left) < len(right):
        left, right = right, left
    left |= right
    for rid in right:
        home[rid] = left


def golden_id(cluster: Iterable[Rid]) -> Rid:
    """A cluster is named by its smallest record: joining never renames the one joined."""
    return min(cluster)
