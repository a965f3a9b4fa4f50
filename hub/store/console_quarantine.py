"""Events in quarantine, grouped by cause."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.store.database import Database
from hub.store.rerun import FITS, MOST_EVENTS, PATH, WORK, Which

MOST_GROUPS = 100


@dataclass(frozen=True, slots=True)
class Group:
    """Events of one connection and topic with one cause at one path; `sample` is the newest."""

    connection_id: int
    connection: str
    topic: str
    cause: str
    path: str
    count: int
    first_at: datetime | None
    last_at: datetime | None
    sample: uuid.UUID
    problem: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which groups; empty: any. `realms` None: all."""

    connection: str = ""
    cause: str = ""
    path: str = ""
    topic: str = ""
    realms: list[str] | None = None


_GROUPS = rf"""
select g.connection_id, c.name, g.topic, g.cause, g.path, g.n, g.first_at, g.last_at, g.sample::uuid, w.problem
from (select w.connection_id, e.topic, coalesce(w.cause, '') as cause, {PATH} as path, count(*) as n,
             min(w.failed_at) as first_at, max(w.failed_at) as last_at, max(w.id::text) as sample
      from event_work w join event e on e.id = w.id where w.state = 1 group by 1, 2, 3, 4) g
join connection c on c.id = g.connection_id join event_work w on w.id = g.sample::uuid
where (%(realms)s::text[] is null or c.realm = any(%(realms)s))
  and (%(connection)s = '' or c.name = %(connection)s) and (%(cause)s = '' or g.cause = %(cause)s)
  and (%(path)s = '' or g.path = %(path)s) and (%(topic)s = '' or g.topic = %(topic)s)
order by g.last_at desc nulls last limit %(limit)s
"""  # noqa: S608 -- constants of this module


def groups(db: Database, wish: Filter | None = None) -> list[Group]:
    """One row per cause and path, the latest first."""
    wish = wish or Filter()
    values = {name: getattr(wish, name) for name in ("realms", "connection", "cause", "path", "topic")}
    return [Group(*row) for row in db.all(_GROUPS, {**values, "limit": MOST_GROUPS})]


@dataclass(frozen=True, slots=True)
class Key:
    """What the events of one group have in common."""

    connection_id: int
    connection: str
    realm: str
    topic: str
    cause: str
    path: str


_KEY = rf"""
select w.connection_id, c.name, c.realm, e.topic, coalesce(w.cause, '') as cause, {PATH} as path
from event_work w join event e on e.id = w.id join connection c on c.id = w.connection_id where w.id = %s and w.state = 1
"""  # noqa: S608 -- constants of this module


def key_of(db: Database, event_id: uuid.UUID) -> Key | None:
    """The group of a quarantined event; None when it is not in quarantine."""
    row = db.one(_KEY, (event_id,))
    return Key(*row) if row else None


_GROUP_OF = rf"""
with k as ({_KEY}),
g as (select count(*) as n, min(w.failed_at) as first_at, max(w.failed_at) as last_at, max(w.id::text)::uuid as sample
      from k join event_work w on w.connection_id = k.connection_id and w.state = 1 and coalesce(w.cause, '') = k.cause
      join event e on e.id = w.id where e.topic = k.topic and {PATH} = k.path)
select k.*, g.*, s.problem from k cross join g join event_work s on s.id = g.sample
"""  # noqa: S608 -- constants of this module


def group_of(db: Database, event_id: uuid.UUID) -> tuple[Key, Group] | None:
    """The group that a quarantined event belongs to, in one statement; None when it is not in quarantine."""
    row = db.one(_GROUP_OF, (event_id,))
    if row is None:
        return None
    key = Key(*row[:6])
    return key, Group(key.connection_id, key.connection, key.topic, key.cause, key.path, *row[6:])


def members_of(db: Database, which: Which, shown: int) -> tuple[list[uuid.UUID], dict[uuid.UUID, list[dict[str, Any]]]]:
    """The events that fit, oldest first, and the problems of the first `shown` of them."""
    sql = f"""
        select w.id, case when row_number() over (order by w.id) <= %(shown)s then w.problem -> 'problems' end
        from {WORK} where {FITS} order by w.id limit {MOST_EVENTS}
    """  # noqa: S608 -- constants
    rows = db.all(sql, {**which.values, "shown": shown})
    return [event for event, _ in rows], {event: problems or [] for event, problems in rows[:shown]}


@dataclass(frozen=True, slots=True)
class Fault:
    """One problem that events of a group have, at one path and mapping line; `sample` is one of its values."""

    code: str
    path: str
    where: str
    message: str
    count: int
    sample: str


_FAULTS = r"""
select p.code, p.path, p.place, max(p.message), count(distinct p.id), max(p.value) from (
    select w.id, one ->> 'code' as code, regexp_replace(coalesce(one ->> 'path', ''), '\[\d+\]', '[*]', 'g') as path,
           coalesce(one ->> 'where', '') as place, one ->> 'message' as message, coalesce(one ->> 'value', '') as value
    from event_work w, jsonb_array_elements(w.problem -> 'problems') as one where w.id = any(%s)) p
group by 1, 2, 3 order by 5 desc, 2 limit 50
"""


def faults_of(db: Database, ids: Sequence[uuid.UUID]) -> list[Fault]:
    """Everything that is wrong with these events, by code, path and mapping line; the most frequent first."""
    return [Fault(*row) for row in db.all(_FAULTS, (list(ids),))]


def problems_of(db: Database, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[dict[str, Any]]]:
    """The problems of each of these events."""
    rows = db.all("select id, problem -> 'problems' from event_work where id = any(%s) and state = 1", (list(ids),))
    return {event: problems or [] for event, problems in rows}


def waiting_for(db: Database, connection_id: int) -> int:
    """How many records wait for a parent of this connection that may be among its quarantined events."""
    sql = """
        select count(*) from (select 1 from record r join reference f on f.child = r.rid join record p on p.rid = f.parent
            where r.parked and p.state = 0 and p.connection_id = %s limit 1000) few
    """
    row = db.one(sql, (connection_id,))
    return int(row[0]) if row else 0
