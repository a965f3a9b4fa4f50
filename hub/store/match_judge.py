"""SQL of judging: where records stand, how many pairs are compared, what people are asked."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from hub.store.database import Connection

Rid = uuid.UUID
PATIENCE = "5min"


def object_types(conn: Connection, kind: str) -> list[str]:
    """Under which object types systems keep a kind."""
    sql = "select distinct object_type from record where kind = %s order by 1"
    return [name for (name,) in conn.execute(sql, (kind,)).fetchall()]


_STANDING = """
    select distinct on (t.n) t.n, r.rid, r.cluster
    from unnest(%(connections)s::integer[], %(ids)s::text[]) with ordinality as t(connection_id, external_id, n)
    cross join unnest(%(types)s::text[]) as o(name)
    join record r on r.connection_id = t.connection_id and r.object_type = o.name and r.external_id = t.external_id
    where r.kind = %(kind)s and r.state > 0 order by t.n, r.object_type
"""


def standing(
    conn: Connection, kind: str, types: Sequence[str], keys: Sequence[tuple[int, str]]
) -> dict[int, tuple[Rid, Rid]]:
    """Place in `keys` (connection id, external id) -> record and golden id, of those that are held and were seen."""
    params = {
        "connections": [connection for connection, _ in keys], "ids": [id_ for _, id_ in keys],
        "types": list(types), "kind": kind,
    }  # fmt: skip
    return {n - 1: (rid, cluster) for n, rid, cluster in conn.execute(_STANDING, params).fetchall()}


@dataclass(frozen=True, slots=True)
class Standing:
    """How much there is of a kind. `compared`: pairs that share a candidate key; `sure`, `doubtful`: scored from the upper threshold, and between both."""

    records: int
    clusters: int
    compared: int
    sure: int
    doubtful: int
    households: int
    questions: int


_RECORDS = "select count(*), count(distinct cluster) from record where kind = %(kind)s and state > 0"
_COMPARED = """
    select count(*) from (
        select distinct m.rid, o.rid from match_key m join match_key o on o.hash = m.hash and o.rid > m.rid
        join record r on r.rid = m.rid
        where r.kind = %(kind)s and m.strength >= 1 and o.strength >= 1 and m.namespace = any(%(namespaces)s)
        and not exists (select from hot_key h where h.hash = m.hash)) pair
"""
_EDGES = """
    select count(*) filter (where e.weight >= %(auto)s),
           count(*) filter (where e.weight >= %(review)s and e.weight < %(auto)s),
           count(*) filter (where e.relation = 'household')
    from edge e join record r on r.rid = e.a where r.kind = %(kind)s
"""
_QUESTIONS = "select count(*) from item where type = 'match' and kind = %(kind)s and state <> 'resolved'"


def count(conn: Connection, kind: str, namespaces: Sequence[str], auto: int, review: int) -> Standing:
    """Counts it all, also of large stores: to be called in a transaction of its own."""
    conn.execute(f"set local statement_timeout = '{PATIENCE}'")
    params = {"kind": kind, "namespaces": list(namespaces), "auto": auto, "review": review}
    numbers: list[int] = []
    for sql in (_RECORDS, _COMPARED, _EDGES, _QUESTIONS):
        numbers += conn.execute(sql, params).fetchone() or ()
    return Standing(*numbers)
