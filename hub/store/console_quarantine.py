"""Events in quarantine, grouped by cause."""

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
where (%(realms)s::text[] is null or c.realm = any(%(realms)s))
  and (%(connection)s = '' or c.name = %(connection)s) and (%(cause)s = '' or g.cause = %(cause)s)
order by g.last_at desc nulls last limit %(limit)s
"""


def groups(db: Database, realms: list[str] | None, connection: str = "", cause: str = "") -> list[Group]:
    """One row per cause, the latest first; of one connection, or with one cause, when named."""
    values = {"realms": realms, "connection": connection, "cause": cause, "limit": MOST_GROUPS}
    return [Group(*row) for row in db.all(_GROUPS, values)]


_IDS = """
select w.id from event_work w join event e on e.id = w.id
where w.state = 1 and w.connection_id = %s and e.topic = %s and coalesce(w.cause, '') = %s order by w.id limit %s
"""


def ids_of_group(db: Database, connection_id: int, topic: str, cause: str, limit: int = 10_000) -> list[uuid.UUID]:
    """The events of one group, oldest first."""
    return [found for (found,) in db.all(_IDS, (connection_id, topic, cause, limit))]


@dataclass(frozen=True, slots=True)
class Key:
    """What the events of one group have in common."""

    connection_id: int
    connection: str
    realm: str
    topic: str
    cause: str


_KEY = """
select w.connection_id, c.name, c.realm, e.topic, coalesce(w.cause, '')
from event_work w join event e on e.id = w.id join connection c on c.id = w.connection_id where w.id = %s and w.state = 1
"""


def key_of(db: Database, event_id: uuid.UUID) -> Key | None:
    """The group of a quarantined event; None when it is not in quarantine."""
    row = db.one(_KEY, (event_id,))
    return Key(*row) if row else None


def waiting_for(db: Database, connection_id: int) -> int:
    """How many records wait for a parent of this connection that may be among its quarantined events."""
    sql = """
        select count(*) from (select 1 from record r join reference f on f.child = r.rid join record p on p.rid = f.parent
            where r.parked and p.state = 0 and p.connection_id = %s limit 1000) few
    """
    row = db.one(sql, (connection_id,))
    return int(row[0]) if row else 0
