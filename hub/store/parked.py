"""Parked records: what each waits for."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from hub.store.database import Connection, Database
from hub.store.overdue import OVERDUE_S


@dataclass(frozen=True, slots=True)
class Waiting:
    """A parked record and the source key of the parent that it waits for."""

    rid: uuid.UUID
    realm: str
    parent: uuid.UUID
    parent_connection: str
    parent_kind: str
    parent_type: str
    parent_id: str


@dataclass(frozen=True, slots=True)
class ParkedRow:
    """A record whose mandatory parent has not been seen yet. After `overdue_at` somebody is told."""

    id: uuid.UUID
    realm: str
    kind: str
    connection: str
    object_type: str
    external_id: str
    parked_at: datetime | None
    overdue_at: datetime | None
    last_event: uuid.UUID | None
    parent_connection: str | None
    parent_connector: str | None
    parent_kind: str | None
    parent_type: str | None
    parent_id: str | None


_PARENT = """left join lateral (
    select p.rid, pc.name, pc.connector, p.kind, p.object_type, p.external_id from reference f
    join record p on p.rid = f.parent join connection pc on pc.id = p.connection_id
    where f.child = r.rid and p.state = 0 order by f.field limit 1) p on true"""
_PARKED = f"""
select r.rid, r.realm, r.kind, c.name, r.object_type, r.external_id, r.parked_at,
       r.parked_at + make_interval(secs => {OVERDUE_S}), r.last_event, p.name, p.connector, p.kind, p.object_type, p.external_id
from record r join connection c on c.id = r.connection_id {_PARENT}
where r.parked and (%(realms)s::text[] is null or r.realm = any(%(realms)s)) {{fits}}
order by r.rid {{direction}} limit %(limit)s
"""  # noqa: S608 -- constants of this module


def list_parked(
    db: Database, realms: list[str] | None, before: uuid.UUID | None, after: uuid.UUID | None, limit: int
) -> list[ParkedRow]:
    """Parked records, newest ids first."""
    fits = (" and r.rid < %(before)s" if before else "") + (" and r.rid > %(after)s" if after else "")
    sql = _PARKED.format(fits=fits, direction="asc" if after else "desc")
    rows = [
        ParkedRow(*row) for row in db.all(sql, {"realms": realms, "before": before, "after": after, "limit": limit})
    ]
    return rows[::-1] if after else rows


def realm_of(conn: Connection, rid: uuid.UUID) -> str | None:
    """The realm of a record; None when there is none."""
    row = conn.execute("select realm from record where rid = %s", (rid,)).fetchone()
    return str(row[0]) if row else None


def exists(conn: Connection, rid: uuid.UUID) -> bool:
    """Whether there is such a record."""
    return realm_of(conn, rid) is not None


_WAITING = f"select r.rid, r.realm, p.rid, p.name, p.kind, p.object_type, p.external_id from record r {_PARENT}"  # noqa: S608


def waiting(conn: Connection, rid: uuid.UUID) -> Waiting | None:
    """What a parked record waits for; None when it is not parked, or its parent came."""
    row = conn.execute(f"{_WAITING} where r.rid = %s and r.parked and p.rid is not null", (rid,)).fetchone()
    return Waiting(*row) if row else None


def release(conn: Connection, rid: uuid.UUID) -> None:
    """Parked no more, also not by its next event; looked at again."""
    conn.execute("update record set parked = false, parked_at = null, orphan = true where rid = %s", (rid,))
    conn.execute("insert into resolve_work (rid, relink, cause) values (%s, false, 'decision')", (rid,))
