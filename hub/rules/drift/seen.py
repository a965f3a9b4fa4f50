"""What a process saw of a topic since it last stored it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from hub.rules.drift.shape import Place

NEW: Final = "new"
GONE: Final = "gone"
TYPE: Final = "type"
VALUE: Final = "value"
MOST_SAMPLES: Final = 5

Cause = tuple[str, str]
"""(what changed, path)."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What was decided on a cause, or that it is open. `mask`, `words`: the types and hashes it covers."""

    state: str
    mask: int = 0
    words: frozenset[str] = frozenset()
    quiet: int = 0


@dataclass(slots=True)
class Sighting:
    """A change as seen since the last look: how often, in which events (newest last), types, words (hash -> event)."""

    count: int = 0
    mask: int = 0
    events: list[str] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)

    def add(self, event: str, mask: int = 0, word: str = "") -> None:
        """Counts one object in."""
        self.count += 1
        self.mask |= mask
        if event not in self.events[-1:]:
            self.events = [*self.events[: MOST_SAMPLES - 1], event]
        if word and len(self.words) < MOST_SAMPLES:
            self.words.setdefault(word, event)


@dataclass(slots=True)
class Track:
    """Objects since the last look that had a watched change, or had it not: `quiet` in a row at the end."""

    quiet: int = 0
    hit: bool = False
    longest: int = 0
    first: str = ""
    """The event that the run of `quiet` began with."""

    def add(self, event: str, *, is_hit: bool) -> None:
        """Counts one object in."""
        if is_hit:
            self.hit, self.quiet, self.first = True, 0, ""
        else:
            self.first = self.first or event
            self.quiet += 1
            self.longest = max(self.longest, self.quiet)


@dataclass(slots=True)
class Delta:
    """What a process saw of one topic since it last stored it."""

    events: int = 0
    learnt: dict[str, Place] = field(default_factory=dict)
    widened: dict[str, int] = field(default_factory=dict)
    seen: dict[Cause, Sighting] = field(default_factory=dict)
    tracks: dict[Cause, Track] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to store."""
        return not (self.learnt or self.widened or self.seen or self.tracks)
