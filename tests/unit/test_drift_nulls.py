"""Nulls in a row: one record counts once, a value ends the row, silence does neither."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.rules.drift.nulls import Nulls, Row, is_nothing


def _rows(*said: Any) -> list[Row]:
    """One record each; `...` says nothing of the field."""
    return [Row(f"r{n}", uuid.UUID(int=n), {} if value is ... else {"f": value}) for n, value in enumerate(said)]


@pytest.mark.parametrize(
    ("said", "length", "longest", "is_filled"),
    [
        ((None, None, "x"), 0, 2, True),
        (("x", None, None), 2, 2, False),
        ((None, ..., None), 2, 2, False),
        ((..., ...), 0, 0, False),
        (([], {}, ""), 3, 3, False),
        ((0, False), 0, 0, True),
    ],
)
def test_row_when_values_come_and_go_then_its_length(said: Any, length: int, longest: int, is_filled: bool) -> None:
    run = Nulls.of("f", _rows(*said)).after(0, None, "")
    assert (run.length, run.longest, run.is_filled) == (length, longest, is_filled)


def test_row_when_one_record_repeats_then_it_counts_once() -> None:
    rows = [Row("same", uuid.UUID(int=n), {"f": None}) for n in range(9)]
    first = Nulls.of("f", rows).after(0, None, "")
    assert first.length == 1
    assert Nulls.of("f", rows).after(first.length, first.first, first.key).length == 1


@given(st.lists(st.sampled_from([None, "x", ...]), max_size=30), st.integers(0, 30))
def test_row_when_cut_into_batches_then_it_ends_alike(said: list[Any], cut: int) -> None:
    rows = _rows(*said)
    whole = Nulls.of("f", rows).after(0, None, "")
    one = Nulls.of("f", rows[:cut]).after(0, None, "")
    other = Nulls.of("f", rows[cut:]).after(one.length, one.first, one.key)
    assert (other.length, other.first, max(one.longest, other.longest)) == (whole.length, whole.first, whole.longest)


def test_nothing_is_what_holds_no_value() -> None:
    nothing: list[Any] = [None, [], {}, ""]
    something: list[Any] = [0, False, " ", [None]]
    assert all(is_nothing(value) for value in nothing)
    assert not any(is_nothing(value) for value in something)
