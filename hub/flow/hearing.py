"""Hearing a system out before it is written to: what it said already counts, though no worker has taken it in yet.

Whoever writes over an edit that waits in the inbox takes it away from the person who made it, until the
event is processed; where writes give no version, for good.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable
from typing import Final

from hub.flow.connection import ConnectionRow
from hub.store import waiting
from hub.store.database import Database

LOOK_EVERY_S: Final = 0.25
# A look reads what waits: with a long queue it must not become a load of its own.
SHARE: Final = 0.05


class Hearing:
    """Which connections may be written to because the hub has taken in what they said. One per deliverer, for one thread.

    A connection that begins to be written to (a process started, a halt or pause was lifted) waits for every event of it
    that the inbox held then. From then on it waits while an event of its live lane that one look found is still there at
    the next: so the pipeline's normal delay stops nothing, however many events come, and a backlog does. Quarantined
    events, which wait for a person, stop nothing. Compares ids of one queue and asks no clock of another process.
    """

    def __init__(self, db: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._clock = clock
        self._open: set[int] = set()
        self._until: dict[int, uuid.UUID] = {}
        self._behind: frozenset[int] = frozenset()
        self._newest = waiting.OLDEST
        self._next_at = float("-inf")

    def listen(self, rows: Iterable[ConnectionRow]) -> None:
        """Looks again when it is time, or when a connection is new among `rows`, those that may be written to now."""
        # Who halts only what comes in wants to write whatever was said.
        listening = {row.id for row in rows if not row.halted_in}
        opened = listening - self._open
        self._open = listening
        self._until = {id_: until for id_, until in self._until.items() if id_ in listening}
        if listening and (opened or self._clock() >= self._next_at):
            self._look(opened)

    def has_heard(self, row: ConnectionRow) -> bool:
        """Whether nothing that the system said earlier still waits, as of the last look."""
        return row.halted_in or not (row.id in self._until or row.id in self._behind)

    def _look(self, opened: Iterable[int]) -> None:
        started = self._clock()
        asked = {**self._until, **dict.fromkeys(opened, waiting.YOUNGEST)}
        found = waiting.look(self._db, self._newest, asked)
        # Only what was there when it was opened: what comes later must not put it off again and again.
        last = found.newest or waiting.OLDEST
        self._until = {id_: min(until, last) for id_, until in asked.items() if id_ in found.asked}
        self._behind = found.live
        self._newest = last
        ended = self._clock()
        self._next_at = ended + max(LOOK_EVERY_S, (ended - started) / SHARE)
