"""The books: everything accepted is done, waits, is parked or quarantined; nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hub.store import ledger
from hub.store.about import About
from hub.store.database import Database


@dataclass(frozen=True, slots=True)
class Books:
    """`accepted = done + waiting + parked + quarantined`, with duplicates and refusals beside it.

    `accepted` counts stored events, `done` what workers booked (discarded events among them), the
    others the queue and the records: so `lost`, the difference, is found and not defined away.
    """

    accepted: int
    done: int
    waiting: int
    parked: int
    quarantined: int
    duplicates: int
    refused: int
    discarded: int

    @property
    def is_counted(self) -> bool:
        """Whether all of it was counted, so that a loss shows; else what waits is what the other figures leave."""
        return not any(isinstance(n, About) for n in (self.waiting, self.parked, self.quarantined))

    @property
    def lost(self) -> int:
        """What is missing from the right side; less than 0 when something was counted twice. 0 where not all was counted."""
        if not self.is_counted:
            return 0
        return self.accepted - self.done - self.waiting - self.parked - self.quarantined

    @property
    def is_balanced(self) -> bool:
        """Whether nothing is lost."""
        return self.lost == 0


def books(
    db: Database, realms: Sequence[str] | None = None, *, day: date | None = None, most: int | None = None
) -> Books:
    """The books of the events received on a day (UTC), or of all; of some realms, or of all. One snapshot.

    `most`: how far to count what waits, is parked or quarantined (None: to the end). What comes to more is an `About`;
    what waits is then the rest of what was accepted.
    """
    accepted, done, discarded, waiting, quarantined, parked, duplicates, refused = ledger.figures(db, realms, day, most)
    quarantined, parked = (About(n) if most is not None and n >= most else n for n in (quarantined, parked))
    # A parked record's event is booked as done; it is shown as parked until its parent comes.
    parked = min(done, parked)
    if most is not None and waiting >= most:
        waiting = About(max(waiting, accepted - done - discarded - quarantined))
    done += discarded - int(parked)
    return Books(accepted, done, waiting, parked, quarantined, duplicates, refused, discarded)
