"""What stands aside: events in quarantine, grouped by cause, and records that wait for their parent."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.store.database import Database

MOST_GROUPS = 100


@dataclass(frozen=True, slots=True)
class Group:
    """Events of one connection and topic with one cause; `sample` is the newest."""

    connection_id: int
    connection: str
    topic: str
    cause: str
    count: int
    first_at: datetime | None
    last_at: datetime | None
    sample: uuid.UUID
    problem: dict[str, Any] | None


_GROUPS = """
select g.connection_id, c.name, g.topic, g.cause, g.n, g.first_at, g.last_at, g.sample::uuid, w.problem
from (select w.connection_id, e.topic, coalesce(w.cause, '') as cause, count(*) as n, min(w.failed_at) as first_at,
             max(w.failed_at) as last_at, max(w.id::text) as sample
      from event_work w join event e on e.id = w.id where w.state = 1 group by 1, 2, 3) g
join connection c on c.id = g.connection_id join event_work w on w.id = g.sample::uuid
where %s::text[] is null or c.realm = any(%s)
order by g.last_at desc nulls last limit %s
"""


def groups(db: Database, realms: list[str] | None) -> list[Group]:
    """One row per cause, the latest first."""
    return [Group(*row) for row in db.all(_GROUPS, (realms, realms, MOST_GROUPS))]


_IDS = """
select w.id from event_work w join event e on e.id = w.id
where w.state = 1 and w.connection_id = %s and e.topic = %s and coalesce(w.cause, '') = %s order by w.id limit %s
"""


def ids_of_group(db: Database, connection_id: int, topic: str, cause: str, limit: int = 10_000) -> list[uuid.UUID]:
    """The events of one group, oldest first."""
    return [found for (found,) in db.all(_IDS, (connection_id, topic, cause, limit))]


@dataclass(frozen=True, slots=True)
class ParkedRow:
    """A record whose mandatory parent has not been seen yet, and the source key it waits for."""

    id: uuid.UUID
    kind: str
    connection: str
    object_type: str
    external_id: str
    parked_at: datetime | None
    last_event: uuid.UUID | None
    parent_type: str | None
    parent_id: str | None


_PARKED = """
select r.rid, r.kind, c.name, r.object_type, r.external_id, r.parked_at, r.last_event, p.object_type, p.external_id
from record r join connection c on c.id = r.connection_id
left join lateral (select p.object_type, p.external_id from reference f join record p on p.rid = f.parent
                   where f.child = r.rid and p.state = 0 order by f.field limit 1) p on true
where r.parked and (%(realms)s::text[] is null or r.realm = any(%(realms)s)) {fits}
order by r.rid {direction} limit %(limit)s
"""


def parked(
    db: Database, realms: list[str] | None, before: uuid.UUID | None, after: uuid.UUID | None, limit: int
) -> list[ParkedRow]:
    """Parked records, newest ids first."""
    fits = (" and r.rid < %(before)s" if before else "") + (" and r.rid > %(after)s" if after else "")
    sql = _PARKED.format(fits=fits, direction="asc" if after else "desc")
    rows = [
        ParkedRow(*row) for row in db.all(sql, {"realms": realms, "before": before, "after": after, "limit": limit})
    ]
    return rows[::-1] if after else rows
