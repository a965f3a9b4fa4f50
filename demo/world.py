"""What both simulated systems share: one clock, one order of all that happens to them, and the memory of it.

Whatever changes a system (a step of its script, an act of the demo, a call of the hub) is written down
before it takes effect. A system is a pure function of these rows: after a kill they are carried out
again, at their own times, and the systems are what they were, ids and webhooks included.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from demo.journal import Journal

ZONE = dt.timezone(dt.timedelta(hours=8))
SECOND = dt.timedelta(seconds=1)
Row = Mapping[str, Any]
Resend = Callable[[], Any]


class World:
    """The order of events. Usable from several threads: one thing happens at a time.

    `opening`: when the scripted day begins. Until `is_present` is set the clock stands still between
    two happenings; after it the time is the present. Each happening has a second of its own, so that
    no two changes of one record share one.
    """

    def __init__(self, folder: Path, opening: dt.datetime) -> None:
        self.lock = threading.RLock()
        self.opening = opening
        self.is_present = False
        self.is_replaying = False
        self.kept: dict[str, Any] = {}
        self._now = opening
        self._is_happening = False
        self._unsent: list[Resend] = []
        self._journal = Journal(folder / "world.ndjson")

    def now(self) -> dt.datetime:
        """The time in both systems, zone +08:00."""
        with self.lock:
            if self.is_present and not self._is_happening:
                return max(self._now, _present())
            return self._now

    @contextmanager
    def happening(self, row: Row, at: dt.datetime | None = None) -> Iterator[None]:
        """Something that changes a system: written down with its time, then carried out by the block.

        `at`: when it should be, at the earliest; the next second otherwise.
        """
        with self.lock:
            if not self.is_replaying and not self._is_happening:
                wanted = at or (_present() if self.is_present else self._now)
                self._now = max(wanted, self._now + SECOND)
                self._journal.append({**row, "at": self._now.isoformat()})
            outer, self._is_happening = self._is_happening, True
            try:
                yield
            finally:
                self._is_happening = outer

    def replay(self, carry_out: Callable[[Row], None]) -> None:
        """Carries out every row so far again; what was sent since the last `settled` is kept for `send_again`."""
        self.is_replaying = True
        try:
            for row in self._journal.rows():
                if "at" in row:
                    self._now = dt.datetime.fromisoformat(row["at"])
                    with self.happening(row):
                        carry_out(row)
                elif "keep" in row:
                    self.kept.update(row["keep"])
                else:
                    self._unsent.clear()
        finally:
            self.is_replaying = False

    def holds_back(self, send: Resend) -> bool:
        """Whether a system is only being repeated: then `send` waits until it is known whether it was ever sent."""
        if self.is_replaying:
            self._unsent.append(send)
        return self.is_replaying

    def send_again(self) -> None:
        """Sends what nobody is known to have accepted. The same content has the same id, so nothing counts twice."""
        unsent, self._unsent = self._unsent, []
        for send in unsent:
            send()

    def settled(self) -> None:
        """Notes that everything sent so far was accepted."""
        with self.lock:
            self._journal.append({"settled": True})

    def keep(self, **values: Any) -> None:
        """Remembers values (JSON) beyond this process."""
        with self.lock:
            self._journal.append({"keep": values})
            self.kept.update(values)

    def close(self) -> None:
        """Ends the memory: what happens later happens to nobody."""
        self._journal.close()


def _present() -> dt.datetime:
    """The time in whole seconds, as both systems write it."""
    return dt.datetime.now(ZONE).replace(microsecond=0)
