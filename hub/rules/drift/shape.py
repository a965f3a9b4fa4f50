"""The shape of one topic: what its objects had in those events from which it was learnt.

Each kind of object in the payload (its place: `""`, `customer`, `line_items[]`) is learnt by itself,
from the first hundred of them and until nothing new turned up in the latter half of what was seen.
So a list that is mostly empty, or fields that a system leaves out where it has no value, are learnt
from as many as that takes. What came after is compared with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hub.rules.drift.skeleton import NULL, split

LEARNT_FROM: Final = 100
LEARNT_AT_LAST: Final = 2000
"""New keys for ever: then it is a map, and what it holds is taken as it comes."""
ALWAYS: Final = 0.99
GONE_AFTER: Final = 50
QUIET_AFTER: Final = 200
MOST_WORDS: Final = 20
WORDS_FROM: Final = 50
MOST_PLACES: Final = 300


@dataclass(slots=True)
class Entry:
    """What is known of one key: in how many objects it was, its types, its words (hash -> count; None: not a fixed set)."""

    count: int = 0
    mask: int = 0
    words: dict[str, int] | None = field(default_factory=dict)

    def add(self, count: int, mask: int, words: Mapping[str, int] | None) -> None:
        """Counts further objects in."""
        self.count += count
        self.mask |= mask
        if self.words is None or words is None:
            self.words = None
            return
        for word, times in words.items():
            self.words[word] = self.words.get(word, 0) + times
        if len(self.words) > MOST_WORDS:
            self.words = None


@dataclass(slots=True)
class Place:
    """The objects at one place. `new_at`: how many had been seen when the last new key turned up."""

    count: int = 0
    new_at: int = 0
    keys: dict[str, Entry] = field(default_factory=dict)

    @property
    def is_learnt(self) -> bool:
        """Whether enough was seen to say what is new."""
        return self.count >= LEARNT_FROM and (self.count >= 2 * self.new_at or self.count >= LEARNT_AT_LAST)

    def is_always(self, key: str) -> bool:
        """Whether every object had it, but for one in a hundred."""
        entry = self.keys.get(key)
        return entry is not None and entry.count >= ALWAYS * self.count and not key.endswith("[]")

    def add(self, other: Place) -> None:
        """Learns from further objects."""
        for key, entry in other.keys.items():
            if key not in self.keys:
                self.new_at = self.count + other.new_at
                self.keys[key] = Entry()
            self.keys[key].add(entry.count, entry.mask, entry.words)
        self.count += other.count
        if self.is_learnt:
            self._settle_words()

    def _settle_words(self) -> None:
        """Keeps as fixed sets those whose every word was seen more than once."""
        for entry in self.keys.values():
            seen = entry.words.values() if entry.words else ()
            if sum(seen) < WORDS_FROM or min(seen) < 2:
                entry.words = None


@dataclass(slots=True)
class Run:
    """How often in a row something was not as it should be, up to now."""

    length: int = 0
    first: str = ""
    """The event it began with, hexadecimal."""


@dataclass(slots=True)
class Shape:
    """What is known of a topic's payloads. `gone`: paths that used to be always there -> objects in a row without."""

    places: dict[str, Place] = field(default_factory=dict)
    gone: dict[str, Run] = field(default_factory=dict)

    @property
    def is_learnt(self) -> bool:
        """Whether the payload itself is learnt; places inside may still be."""
        return "" in self.places and self.places[""].is_learnt

    def place(self, path: str) -> Place | None:
        """What is known of the objects at a place."""
        return self.places.get(path)

    def learn(self, learnt: Mapping[str, Place]) -> None:
        """Adds what another worker or batch saw of places not learnt yet; of others nothing."""
        for path, seen in learnt.items():
            place = self.places.get(path)
            if place is None:
                if len(self.places) >= MOST_PLACES:
                    continue
                place = self.places[path] = Place()
            if not place.is_learnt:
                place.add(seen)

    def widen(self, path: str, mask: int) -> None:
        """Notes the type of a field that was only ever null."""
        where, key = split(path)
        place = self.places.get(where)
        if place is not None:
            place.keys.setdefault(key, Entry(words=None)).mask |= mask

    def as_dict(self) -> dict[str, Any]:
        """The stored form."""
        places = {
            path: [place.count, place.new_at, {key: [e.count, e.mask, e.words] for key, e in place.keys.items()}]
            for path, place in self.places.items()
        }
        return {"places": places, "gone": {path: [run.length, run.first] for path, run in self.gone.items()}}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Shape:
        """From the stored form."""
        places = {
            path: Place(count, new_at, {key: Entry(*entry) for key, entry in keys.items()})
            for path, (count, new_at, keys) in stored.get("places", {}).items()
        }
        return cls(places, {path: Run(*run) for path, run in stored.get("gone", {}).items()})


def seeded(places: Mapping[str, Place]) -> Shape:
    """A shape that knows what samples of the connector hold, and has counted nothing yet.

    Samples say what may come, not how often: none of it is expected in every payload.
    """
    shape = Shape()
    for path, place in places.items():
        entries = {key: Entry(0, entry.mask, {}) for key, entry in place.keys.items()}
        shape.places[path] = Place(0, 0, entries)
    return shape


def retyped(entry: Entry, bit: int) -> bool | None:
    """Whether a type is a change; None where only null was seen, so that it is the first word on it."""
    if bit == NULL or entry.mask & bit:
        return False
    return None if not entry.mask & ~NULL else True


def missing_keys(place: Place, keys: Iterable[str]) -> list[str]:
    """Keys that every object of the place had and this one lacks."""
    present = set(keys)
    return [key for key in place.keys if key not in present and place.is_always(key)]
