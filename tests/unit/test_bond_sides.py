"""Parting a cluster between two of its records: everybody else stays with whom they are tied to most strongly."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.flow.bond import Bond, sides

A, B, C, D, E = (uuid.UUID(int=number) for number in range(1, 6))


def score(a: uuid.UUID, b: uuid.UUID, weight: int) -> Bond:
    return Bond(min(a, b), max(a, b), "score", "", weight)


def test_sides_when_a_chain_is_cut_then_each_end_keeps_its_own() -> None:
    chain = [score(A, B, 10_000), score(B, C, 9_500), score(C, D, 12_000)]
    assert sides([A, B, C, D], chain, B, C) == ({A, B}, {C, D})
    assert sides([A, B, C, D], chain, C, B) == ({C, D}, {A, B})


def test_sides_when_one_is_tied_to_both_then_with_the_heavier() -> None:
    assert sides([A, B, C], [score(A, B, 9_000), score(A, C, 9_500), score(B, C, 12_000)], A, B) == ({A}, {B, C})


def test_sides_when_a_copy_or_a_ruling_holds_then_before_any_weight() -> None:
    heavy = [score(A, B, 9_000), score(A, C, 90_000), score(A, D, 90_000)]
    held = [Bond(B, C, "copy"), Bond(B, D, "must", "usr_anna")]
    assert sides([A, B, C, D], [*heavy, *held], A, B) == ({A}, {B, C, D})
    assert sides([A, B, C, D], [*heavy, Bond(B, C, "cannot", "usr_anna")], A, B) == ({A, C, D}, {B})


def test_sides_when_somebody_is_tied_to_nobody_then_with_the_smallest_id() -> None:
    assert sides([A, B, C, D], [score(A, B, 9_000)], B, A) == ({B}, {A, C, D})
    assert sides([A, B, C, D], [score(C, D, 9_000)], C, D) == ({A, B, C}, {D})


RIDS = (A, B, C, D, E)
ties = st.lists(
    st.builds(
        lambda pair, why, weight: Bond(min(pair), max(pair), why, "", weight),
        st.permutations(RIDS).map(lambda rids: rids[:2]),
        st.sampled_from(["must", "copy", "key", "score", "cannot"]),
        st.integers(3_000, 100_000),
    ),
    max_size=12,
)


@given(ties, st.permutations(RIDS))
def test_sides_when_anything_is_tied_then_two_parts_that_hold_everybody_in_whatever_order(
    bonds: list[Bond], order: list[uuid.UUID]
) -> None:
    a, b = order[:2]
    ours, theirs = sides(RIDS, bonds, a, b)
    assert a in ours
    assert b in theirs
    assert not ours & theirs
    assert ours | theirs == set(RIDS)
    assert sides(RIDS, bonds[::-1], b, a) == (theirs, ours)


@pytest.mark.parametrize("pair", [(A, B), (B, A)])
def test_sides_when_only_two_then_one_each(pair: tuple[uuid.UUID, uuid.UUID]) -> None:
    a, b = pair
    assert sides([A, B], [score(A, B, 9_000)], a, b) == ({a}, {b})
