"""The locations that records know: for choosing what somebody may see, and a store of its own."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hub.store import near, scope
from hub.store.database import Connection, Database


def known(db: Database, limit: int = 200) -> list[tuple[str, str]]:
    """External id and name of each location, by id. One that several systems know under one id stands once."""
    return db.all(
        # By connection, since the index of kinds begins with it.
        "select r.external_id, coalesce(min(g.data ->> 'name'), '') from connection c"
        " join record r on r.connection_id = c.id and r.kind = 'location' join golden g on g.id = r.cluster"
        " where r.state = 1 and g.lifecycle = 'active' group by 1 order by 1 limit %s",
        (limit,),
    )


@dataclass(frozen=True, slots=True)
class Place:
    """A location as records refer to it. `keys`: its source keys, one per system; `rids`: its records.

    `zone`: IANA name, '' when nobody said it. `is_small`: of so few orders that what belongs to them is found from these
    (`hub.store.near`); False in lists of places, where it is not looked for.
    """

    id: uuid.UUID
    realm: str
    name: str
    code: str
    kind: str
    zone: str
    keys: tuple[dict[str, str], ...]
    rids: tuple[uuid.UUID, ...]
    is_small: bool = False


_PLACE = """
select g.id, g.realm, coalesce(g.data ->> 'name', ''), coalesce(g.data ->> 'code', ''),
       coalesce(g.data ->> 'location_kind', ''), coalesce(g.data ->> 'time_zone', ''),
       array_agg(json_build_object('connection', c.name, 'object_type', r.object_type, 'external_id', r.external_id)
                 order by r.rid), array_agg(r.rid order by r.rid), {small}
from golden g join record r on r.cluster = g.id join connection c on c.id = r.connection_id
where g.kind = 'location' and g.lifecycle = 'active' and {where}
group by g.id order by g.data ->> 'location_kind' is distinct from 'store', 3, g.id limit %(limit)s
"""
_SMALL = """(select count(*) <= %(most)s from (select from reference f
    where f.parent = any(array_agg(r.rid)) and f.field = 'store' limit %(most)s + 1) few)"""


def load(conn: Connection, rid: uuid.UUID) -> Place | None:
    """The location that this id belongs to now; None when there is none."""
    where = "g.id = (select cluster from record where rid = %(rid)s)"
    values = {"rid": rid, "limit": 1, "most": near.MOST_ORDERS}
    row = conn.execute(_PLACE.format(where=where, small=_SMALL), values).fetchone()
    return _read(row) if row else None


def seen(conn: Connection, realms: Sequence[str], limits: scope.Limits, limit: int = 200) -> list[Place]:
    """The locations in these realms, within `limits` (realm -> external ids) where it has the realm; stores first."""
    where = f"g.realm = any(%(realms)s) and {scope.limited('location')}"
    values = {"realms": list(realms), "limits": scope.written(limits), "limit": limit}
    return [_read(row) for row in conn.execute(_PLACE.format(where=where, small="false"), values)]


def named(conn: Connection, text: str, realms: Sequence[str]) -> list[Place]:
    """The locations with this code, or this id at some system."""
    where = """g.realm = any(%(realms)s) and (g.data ->> 'code' = %(text)s
        or exists (select from record x where x.cluster = g.id and x.external_id = %(text)s))"""
    return [
        _read(row)
        for row in conn.execute(
            _PLACE.format(where=where, small=_SMALL),
            {"realms": list(realms), "text": text, "limit": 20, "most": near.MOST_ORDERS},
        )
    ]


def _read(row: Sequence[Any]) -> Place:
    id_, realm, name, code, kind, zone, keys, rids, is_small = row
    return Place(id_, realm, name, code, kind, zone, tuple(keys), tuple(rids), is_small)
