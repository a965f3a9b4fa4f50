"""What hangs on a record that is not there yet, because an event about it stands in quarantine."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from hub.store.database import Database

MOST = 50


@dataclass(frozen=True, slots=True)
class Dependent:
    """A parked record that waits for it."""

    id: uuid.UUID
    kind: str
    external_id: str
    connection: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a record stands. `golden_id` None: nothing is known of it yet. `waiting`: all that wait, `dependents` the first.

    `newer`: events received after that one spoke about the record and were processed.
    """

    golden_id: uuid.UUID | None
    newer: int
    waiting: int
    dependents: tuple[Dependent, ...]


_RECORD = """
    select r.rid, case when r.state <> 0 then r.cluster end,
           (select count(*) from version v where v.rid = r.rid and v.event_id > %s)
    from record r where r.connection_id = %s and r.object_type = %s and r.external_id = %s
"""
_DEPENDENTS = """
    select r.rid, r.kind, r.external_id, c.name, count(*) over ()
    from reference f join record r on r.rid = f.child and r.parked join connection c on c.id = r.connection_id
    where f.parent = %s order by r.rid limit %s
"""


def standing(db: Database, event_id: uuid.UUID, key: tuple[int, str, str]) -> Standing:
    """Where the record of that source key (connection id, object type, external id) stands beside an event about it."""
    record = db.one(_RECORD, (event_id, *key))
    if record is None:
        return Standing(None, 0, 0, ())
    rid, golden_id, newer = record
    rows = db.all(_DEPENDENTS, (rid, MOST))
    found = tuple(Dependent(*row[:4]) for row in rows)
    return Standing(golden_id, newer, rows[0][4] if rows else 0, found)
