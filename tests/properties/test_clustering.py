"""The partition is canonical: the same people for the same data, however it arrived."""

from __future__ import annotations

import uuid
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from hub.rules.clustering import CERTAIN, Edge, Links, component, golden_id, partition

NAMES = "abcdefg"
WEIGHTS = st.sampled_from([CERTAIN, 50_000, 20_000, 9_000, 1_000])


def _rid(number: int) -> uuid.UUID:
    return uuid.UUID(int=number)


PAIRS = list(combinations(NAMES, 2))
EDGES = st.dictionaries(st.sampled_from(PAIRS), WEIGHTS, max_size=8)
RULED = st.lists(st.sampled_from(PAIRS), max_size=3, unique=True)


def _clusters(rids: dict[str, uuid.UUID], edges, must, cannot, guarded) -> set[frozenset[str]]:  # type: ignore[no-untyped-def]
    back = {rid: name for name, rid in rids.items()}
    links = Links(
        [(rids[a], rids[b]) for a, b in must],
        {frozenset((rids[a], rids[b])) for a, b in cannot},
        [Edge(*sorted((rids[a], rids[b])), weight) for (a, b), weight in edges.items()],
    )
    apart = {frozenset((rids[a], rids[b])) for a, b in guarded}
    found = partition({rid: (name,) for name, rid in rids.items()}, links, lambda x, y: frozenset((x, y)) in apart)
    return {frozenset(back[rid] for rid in part) for part in found}


@given(EDGES, RULED, RULED, RULED, st.permutations(range(len(NAMES))))
def test_partition_when_rids_are_given_in_another_order_is_the_same(edges, must, cannot, guarded, order) -> None:  # type: ignore[no-untyped-def]
    first = {name: _rid(number + 1) for number, name in enumerate(NAMES)}
    second = {name: _rid(number + 1) for name, number in zip(NAMES, order, strict=True)}
    assert _clusters(first, edges, must, cannot, guarded) == _clusters(second, edges, must, cannot, guarded)


@given(EDGES, RULED, RULED)
def test_partition_when_cannot_is_ruled_keeps_the_two_apart(edges, must, cannot) -> None:  # type: ignore[no-untyped-def]
    rids = {name: _rid(number + 1) for number, name in enumerate(NAMES)}
    for part in _clusters(rids, edges, must, cannot, ()):
        assert not any(set(pair) <= part for pair in cannot)


@given(EDGES, RULED)
def test_component_is_closed_under_links(edges, must) -> None:  # type: ignore[no-untyped-def]
    rids = {name: _rid(number + 1) for number, name in enumerate(NAMES)}
    links = Links(
        [(rids[a], rids[b]) for a, b in must], set(), [Edge(rids[a], rids[b], w) for (a, b), w in edges.items()]
    )
    found = component([rids["a"]], links)
    for a, b in [*must, *edges]:
        assert (rids[a] in found) == (rids[b] in found)


def test_golden_id_when_a_record_joins_stays() -> None:
    assert golden_id([_rid(1), _rid(2)]) == golden_id([_rid(1)])
