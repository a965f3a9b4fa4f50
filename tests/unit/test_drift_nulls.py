"""Nulls in a row: one record counts once, a value ends the row, silence does neither."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.kinds import KINDS
from hub.rules.drift.nulls import (
    Nulls,
    Row,
    filled_inside,
    inside_of,
    is_nothing,
    is_nothing_inside,
    is_nothing_of,
    sampled,
)


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


LINES = [{"sku": "A", "tax_lines": [{"amount": "1"}]}, {"sku": None, "tax_lines": []}]


@pytest.mark.parametrize(
    ("value", "rest", "expected"),
    [
        ({"total": None}, "total", True),
        ({"items": 1}, "total", True),
        ({"total": 0}, "total", False),
        (LINES, "sku", False),
        (LINES, "title", True),
        (LINES, "tax_lines.amount", False),
        (LINES, "tax_lines.rate", True),
        (LINES[1:], "tax_lines.amount", None),
        ([], "sku", None),
        (None, "sku", None),
        ({}, "total", None),
        ("text", "total", None),
        (["text"], "total", None),
    ],
)
def test_inside_when_no_object_has_a_value_then_nothing(value: Any, rest: str, expected: bool | None) -> None:
    assert is_nothing_inside(value, rest) is expected
    assert is_nothing_of({"f": value}, f"f.{rest}") is expected
    assert is_nothing_of({}, f"f.{rest}") is None


def test_inside_when_filled_then_named_as_declared() -> None:
    lines = inside_of(KINDS["order"].by_name["lines"].fields)
    value = [{"sku": "A", "title": "", "surprise": 1, "tax_lines": [{"amount": "1", "rate": None}]}, {"quantity": "2"}]
    found = filled_inside("lines", lines, value)
    assert found == {"lines.sku", "lines.quantity", "lines.tax_lines", "lines.tax_lines.amount"}
    assert all(is_nothing_of({"lines": value}, name) is False for name in found)
    assert filled_inside("lines", lines, value, {"lines.sku"}) == found - {"lines.quantity"}
    assert filled_inside("lines", lines, "text") == filled_inside("lines", lines, None) == set()


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(1, 25))
def test_sample_when_taken_then_no_row_so_long_is_passed_over(nulls: list[bool], step: int) -> None:
    places = sampled(range(len(nulls)), step)
    assert len(nulls) - 1 in places
    for start in range(len(nulls) - step + 1):
        assert set(places) & set(range(start, start + step))
