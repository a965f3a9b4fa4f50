"""How sure a share is that was found in a sample."""

from __future__ import annotations

from math import sqrt

Z = 1.959963984540054
"""Of a normal distribution, 95 % lie within so many standard deviations."""


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The Wilson interval of 95 % of a share `hits / total`: (lower, upper); (0, 1) of nothing.

    Source: E. B. Wilson, Probable inference, JASA 22 (1927). Unlike the plain one it holds for few, and for all or none.
    """
    if total <= 0:
        return 0.0, 1.0
    share, square = hits / total, Z * Z / total
    centre, width = share + square / 2, Z * sqrt(share * (1 - share) / total + square / (4 * total))
    return max(0.0, (centre - width) / (1 + square)), min(1.0, (centre + width) / (1 + square))
