"""SQL of households: who belongs with a golden record without being it, and what says so."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.store.database import Connection

Rid = uuid.UUID
MOST = 200
HOUSEHOLD = "household"


@dataclass(frozen=True, slots=True)
class ByScore:
    """A pair of records that matching finds to be two people of one household. `own` belongs to the record asked for."""

    other: Rid
    own: Rid
    theirs: Rid
    weight: int
    reason: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ByPerson:
    """Somebody's answer that two are of one household."""

    other: Rid
    group: Rid
    author: str
    reason: str
    at: datetime


_SCORED = """
    select o.cluster, r.rid, o.rid, e.weight, e.reason
    from record r join edge e on (e.a = r.rid or e.b = r.rid) and e.relation = 'household'
    join record o on o.rid = case when e.a = r.rid then e.b else e.a end
    where r.cluster = %(id)s and o.cluster <> %(id)s order by o.cluster, e.weight desc, e.a, e.b limit %(most)s
"""
_DECIDED = """
    select distinct on (o.cluster, d.group_id) o.cluster, d.group_id, d.author, d.reason, d.created_at
    from record r join decision d on (d.a = r.rid or d.b = r.rid) and d.type = 'cannot' and d.revoked_at is null
        and d.value ->> 'relation' = 'household'
    join record o on o.rid = case when d.a = r.rid then d.b else d.a end
    where r.cluster = %(id)s and o.cluster <> %(id)s order by o.cluster, d.group_id, d.created_at limit %(most)s
"""
_SAID = """
    select o.cluster, k.cluster
    from record r join reference f on f.parent = r.rid and f.field = any(%(ends)s)
    join record k on k.rid = f.child and k.kind = 'relation'
    join golden g on g.id = k.cluster and g.lifecycle = 'active' and g.data ->> 'type' = 'household'
    join reference t on t.child = f.child and t.field <> f.field and t.field = any(%(ends)s)
    join record o on o.rid = t.parent
    where r.cluster = %(id)s and o.cluster <> %(id)s group by 1, 2 order by 1, 2 limit %(most)s
"""


def by_score(conn: Connection, id_: Rid) -> list[ByScore]:
    """What matching found about the records of a golden record, by the other one, the heaviest first."""
    return [ByScore(*row) for row in conn.execute(_SCORED, {"id": id_, "most": MOST}).fetchall()]


def by_person(conn: Connection, id_: Rid) -> list[ByPerson]:
    """What people answered about it, by the other one."""
    return [ByPerson(*row) for row in conn.execute(_DECIDED, {"id": id_, "most": MOST}).fetchall()]


def by_system(conn: Connection, id_: Rid, ends: Sequence[str]) -> list[tuple[Rid, Rid]]:
    """(other golden id, id of the relation) of what systems say in records of their own."""
    return conn.execute(_SAID, {"id": id_, "most": MOST, "ends": list(ends)}).fetchall()


def live(conn: Connection, ids: Sequence[Rid]) -> set[Rid]:
    """Those of these golden records that are not deleted."""
    rows = conn.execute("select id from golden where id = any(%s) and lifecycle = 'active'", (list(ids),)).fetchall()
    return {id_ for (id_,) in rows}
