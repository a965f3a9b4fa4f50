"""Which pairs of many records share a key: in memory that grows with the keys, not with the pairs."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import pairwise

from hub.rules.identity.batch import CAP

_SHIFT = 32
_MASK = (1 << _SHIFT) - 1


class Pairs:
    """Keys of records that are counted from 0. Two that have a key of at most `CAP` records in common are a pair."""

    def __init__(self) -> None:
        self._entries: list[int] = []
        self._members = array("I")
        self._starts = array("L", [0])

    def add(self, number: int, namespace: str, value: str) -> None:
        """A key of a record; each once."""
        digest = blake2b(f"{namespace}\x1f{value}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
        self._entries.append(int.from_bytes(digest) << _SHIFT | number)

    def add_group(self, numbers: Iterable[int]) -> None:
        """Records that share a key which is counted already."""
        self._members.extend(sorted(numbers))
        self._starts.append(len(self._members))

    def groups(self) -> None:
        """Finds who shares the keys that were added; to be called once, before `partners`."""
        self._entries.sort()
        start = 0
        for place in range(1, len(self._entries) + 1):
            is_end = place == len(self._entries)
            if is_end or self._entries[place] >> _SHIFT != self._entries[start] >> _SHIFT:
                if 1 < place - start <= CAP:
                    self.add_group(self._entries[each] & _MASK for each in range(start, place))
                start = place
        self._entries = []

    def partners(self) -> Iterator[tuple[int, list[int]]]:
        """(record, all later ones that it is compared with), each pair once, in order."""
        places = sorted(
            self._members[place] << _SHIFT | group
            for group, (start, end) in enumerate(pairwise(self._starts))
            for place in range(start, end)
        )
        start = 0
        for place in range(1, len(places) + 1):
            if place == len(places) or places[place] >> _SHIFT != places[start] >> _SHIFT:
                number = places[start] >> _SHIFT
                found: set[int] = set()
                for each in range(start, place):
                    group = places[each] & _MASK
                    found.update(self._members[self._starts[group] : self._starts[group + 1]])
                later = sorted(other for other in found if other > number)
                if later:
                    yield number, later
                start = place
