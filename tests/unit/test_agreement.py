"""When several last said the same."""

from __future__ import annotations

import pytest

from hub.rules.agreement import Said, last_agreed


def said(rid: str, at: int, **values: object) -> Said:
    return Said(rid, at, values)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], None),
        ([said("a", 1, f="x")], None),
        ([said("a", 1, f="x"), said("b", 2, f="y")], None),
        ([said("a", 1, f="x"), said("b", 2, f="x")], ("x", 2)),
        ([said("b", 2, f="x"), said("a", 1, f="x")], ("x", 2)),
        ([said("a", 1, f="x"), said("b", 2, f="x"), said("a", 3, f="y"), said("b", 4, f="z")], ("x", 2)),
        ([said("a", 1, f="x"), said("b", 2, f="x"), said("a", 3, f="y"), said("b", 4, f="y")], ("y", 4)),
        ([said("a", 1, f="x"), said("b", 2, f="x"), said("a", 3, f="y"), said("a", 5, f="x")], ("x", 5)),
        ([said("a", 1, f="x"), said("b", 2, f="x"), said("a", 3, g="y")], ("x", 2)),
        ([said("a", 1, f="x"), said("b", 2, f="x"), said("c", 3, f="y")], ("x", 2)),
    ],
)
def test_agreement_when_looked_for_then_the_last_time_all_were_equal(
    lines: list[Said], expected: tuple[str, int] | None
) -> None:
    found = last_agreed(lines, ["a", "b"], ["f"])
    assert (None if found is None else (found.values["f"], found.at)) == expected
