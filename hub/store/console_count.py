"""What waits for a person, counted for the menu: one statement, each count cut at a thousand."""

from __future__ import annotations

from dataclasses import dataclass

from hub.store.database import Database

CAP = 1000
_SQL = """
select (select count(*) from (select 1 from event_work where state = 1 limit %(cap)s) q),
       (select count(*) from (select 1 from target where state in ('unknown', 'dead') limit %(cap)s) t),
       (select count(*) from (select 1 from alert where state = 'open' limit %(cap)s) a),
       (select count(*) from (select 1 from item where type in ('conflict', 'loop') and state = 'open' limit %(cap)s) i),
       (select count(*) from (select 1 from item where type = 'match' and state = 'open' limit %(cap)s) m),
       (select count(*) from (select 1 from drift where state = 'open' limit %(cap)s) d)
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows that wait for a decision; `none` is the count of entries that have none."""

    quarantined: int = 0
    deliveries: int = 0
    alerts: int = 0
    conflicts: int = 0
    matches: int = 0
    drift: int = 0
    none: int = 0


def open_counts(db: Database) -> Counts:
    """The counts now."""
    row = db.one(_SQL, {"cap": CAP})
    return Counts(*row) if row else Counts()
