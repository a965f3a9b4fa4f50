"""The Wilson interval, against values of the literature."""

import pytest

from hub.rules.interval import wilson


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [
        (50, 50, 0.9287, 1.0),
        (49, 50, 0.8950, 0.9965),
        (48, 50, 0.8654, 0.9890),
        (0, 10, 0.0, 0.2775),
        (81, 263, 0.2553, 0.3662),
    ],
)
def test_wilson_when_counted_then_as_published(hits, total, low, high):
    # The last one: R. G. Newcombe, Two-sided confidence intervals for the single proportion, 1998, table I.
    assert wilson(hits, total) == pytest.approx((low, high), abs=5e-5)


def test_wilson_when_nothing_was_looked_at_then_everything_is_possible():
    assert wilson(0, 0) == (0.0, 1.0)
