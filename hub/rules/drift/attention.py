"""Which payloads of a stream are looked at whole: all that may hold a change, and a few of those that cannot.

A payload is *familiar* when it is built like one that was looked at and brought nothing: the same objects and lists
in the same places, with as many keys and as many texts, and known words wherever words are a fixed set. That is found for
a batch at once and costs a fraction of a look. What it leaves out (a key that took another's place, a number that is a
boolean now) is found by the share of payloads that is looked at whatever they look like.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.rules.drift.recognise import Recogniser

EVERY: Final = 32
"""Of familiar payloads every so many-th is looked at whole, and the first after a second."""
LONGEST_S: Final = 1.0
BURST: Final = 1000
EACH_SECOND: Final = 20
"""How many that are not familiar are looked at whole: so many at once, then so many a second; and every 32nd."""
MANY: Final = 32
WORDS_EVERY: Final = 4
"""In batches of more than so many the words of one in so many familiar payloads are looked at; if one is new, those of all."""
MOST_FAMILIAR: Final = 5000
LONGEST: Final = 65_536
"""Bytes of a payload that may be familiar."""
_BETWEEN: Final = b"\0"
_VALUES: Final = bytes(set(range(256)) - set(b'{}[]:"\0'))

Arrived = tuple[Any, bytes, uuid.UUID]
"""A payload, the JSON text that it was read from, and its event."""


@dataclass(slots=True)
class Budget:
    """Whole looks that are left. `at`: when it was filled up last, in seconds of any clock that only goes forward."""

    left: float = BURST
    at: float = 0.0

    def fill(self, now: float) -> None:
        """Adds what time brought."""
        self.left = min(BURST, self.left + max(0.0, now - self.at) * EACH_SECOND)
        self.at = now

    def spend(self) -> bool:
        """Takes one, if there is one."""
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Attention:
    """Looks at the payloads of one stream through its recogniser."""

    def __init__(self, recogniser: Recogniser, budget: Budget) -> None:
        self.recogniser, self.budget = recogniser, budget
        self.familiar: set[bytes] = set()
        self._passed = self._turns = 0
        self._looked_at = -LONGEST_S
        self._begun = recogniser.begun

    def take(self, batch: Sequence[Arrived], now: float) -> None:
        """Looks at the payloads of a batch, one at least, each as closely as it deserves. `now`: seconds, as of `Budget.at`."""
        self.budget.fill(now)
        if now - self._looked_at >= LONGEST_S:
            self._passed, self._looked_at = EVERY, now
        payloads, bodies, _ = zip(*batch, strict=True)
        builds = builds_of(bodies)
        has_known_words = self.recogniser.knows_words(self._turn(payloads))
        if has_known_words and self._passed + len(batch) < EVERY and self.familiar.issuperset(builds):
            self._passed += len(batch)
            return
        for build, one in zip(builds, batch, strict=True):
            self._passed += 1
            if self._passed < EVERY:
                if build in self.familiar and (has_known_words or self.recogniser.knows_words([one[0]])):
                    continue
                if self.recogniser.shape.is_learnt and not self.budget.spend():
                    continue
            met = self.recogniser.met
            self._look(one[0], build, one[2])
            has_known_words = has_known_words and met == self.recogniser.met

    def _turn(self, payloads: Sequence[Any]) -> Sequence[Any]:
        """Those whose words are looked at: all, or of many one in so many, beginning at another one each time."""
        if len(payloads) <= MANY:
            return payloads
        self._turns = (self._turns + 1) % WORDS_EVERY
        return payloads[self._turns :: WORDS_EVERY]

    def _look(self, payload: Any, build: bytes, event: uuid.UUID) -> None:
        is_noted = self.recogniser.look(payload, event.hex)
        self._passed = 0
        if self._begun != self.recogniser.begun or len(self.familiar) >= MOST_FAMILIAR:
            self._begun = self.recogniser.begun
            self.familiar.clear()
        if is_noted:
            self.familiar.discard(build)
        elif build:
            self.familiar.add(build)


def builds_of(bodies: Sequence[bytes]) -> list[bytes]:
    """How JSON texts are built: their brackets, colons and quotes, in order; of long ones nothing."""
    short = [body if len(body) <= LONGEST else b"" for body in bodies]
    return _BETWEEN.join(short).translate(None, _VALUES).split(_BETWEEN)
