"""Counts that end at ten thousand: what lies beyond is told by the statistics of the database, and marked as an estimate."""

from __future__ import annotations

from collections.abc import Sequence

CAP = 10_000
"""A page counts no further; a count that comes to more than this was cut off."""
LIMIT = CAP + 1


class About(int):
    """How many rows there are, by the last statistics: an estimate in two significant figures. Sums with it are one, too."""

    __slots__ = ()

    def __new__(cls, value: int) -> About:
        """The number, rounded."""
        return super().__new__(cls, round(value, 2 - len(str(abs(value)))))

    def __add__(self, other: int) -> About:
        """An estimate, since one part of it is."""
        return About(int(self) + int(other))

    __radd__ = __add__

    def __str__(self) -> str:
        """`about 13000`."""
        return f"about {int(self)}"


def rough(counts: Sequence[int], total: int) -> list[int]:
    """Counts of which some were cut off, as they are told: those share what `total` leaves beside the exact ones, evenly."""
    cut = sum(count > CAP for count in counts)
    share = (total - sum(count for count in counts if count <= CAP)) // cut if cut else 0
    return [About(max(CAP, share)) if count > CAP else count for count in counts]
