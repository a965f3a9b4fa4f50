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


_STANDING = """
    select case when r.state <> 0 then r.cluster end,
           (select count(*) from version v where v.rid = r.rid and v.event_id > %s),
           d.rid, d.kind, d.external_id, d.name, coalesce(d.waiting, 0)
    from record r left join lateral (
        select k.rid, k.kind, k.external_id, c.name, count(*) over () as waiting
        from reference f join record k on k.rid = f.child and k.parked join connection c on c.id = k.connection_id
        where f.parent = r.rid order by k.rid limit %s) d on true
    where r.connection_id = %s and r.object_type = %s and r.external_id = %s order by d.rid
"""


def standing(db: Database, event_id: uuid.UUID, key: tuple[int, str, str]) -> Standing:
    """Where the record of that source key (connection id, object type, external id) stands beside an event about it."""
    rows = db.all(_STANDING, (event_id, MOST, *key))
    if not rows:
        return Standing(None, 0, 0, ())
    golden_id, newer = rows[0][:2]
    return Standing(golden_id, newer, rows[0][6], tuple(Dependent(*row[2:6]) for row in rows if row[2] is not None))
