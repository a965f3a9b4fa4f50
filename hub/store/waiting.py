"""Which connections have events in the inbox that no worker has taken in yet."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hub.store.database import Database

OLDEST: Final = uuid.UUID(int=0)
YOUNGEST: Final = uuid.UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One look at the queue of the inbox. `newest`: the youngest event in it, quarantined ones too; None when it is empty.

    `live`: connections that have a waiting event of the live lane. `asked`: of those asked for, the ones that have
    a waiting event of any lane.
    """

    newest: uuid.UUID | None
    live: frozenset[int]
    asked: frozenset[int]


# In two parts, since the indexes of what waits are two partial ones.
_LOOK = """
    select (select id from event_work order by id desc limit 1),
        (select array_agg(distinct connection_id) from (
            select connection_id from event_work where state = 0 and not alone and lane = 0 and id <= %(upto)s
            union all
            select connection_id from event_work where state = 0 and alone and lane = 0 and id <= %(upto)s) live),
        (select array_agg(a.id) from unnest(%(ids)s::integer[], %(until)s::uuid[]) a(id, until) where exists (
            select from event_work w where w.state = 0 and w.connection_id = a.id and w.id <= a.until))
"""


def look(db: Database, upto: uuid.UUID, asked: Mapping[int, uuid.UUID]) -> Waiting:
    """What waits now: of the live lane up to the event `upto`, and of each connection `asked` for up to its event.

    Quarantined events do not wait. Reads as much of the queue as there is up to these events.
    """
    row = db.one(_LOOK, {"upto": upto, "ids": list(asked), "until": list(asked.values())})
    newest, live, found = row or (None, None, None)
    return Waiting(newest, frozenset(live or ()), frozenset(found or ()))
