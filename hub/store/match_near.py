"""What surrounds a pair: the scored edges between both sides, other open pairs of theirs, what they bought where."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.store import match_stake
from hub.store.database import Connection, upcasts_of
from hub.store.match_stake import Stake

Rid = uuid.UUID
EDGES = 50


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """A scored pair. `reason`: `{"parts": [[comparison, level, weight], ...], "apart": guard or ""}`."""

    a: Rid
    b: Rid
    weight: int
    reason: dict[str, Any]
    relation: str


def between(conn: Connection, left: Rid, right: Rid, limit: int = EDGES) -> list[EdgeRow]:
    """The edges between two golden records, the heaviest first."""
    sql = """
        select e.a, e.b, e.weight, e.reason, coalesce(e.relation, '') from (
            select e.* from record r join edge e on e.a = r.rid join record o on o.rid = e.b and o.cluster = %(y)s
            where r.cluster = %(x)s
            union all
            select e.* from record r join edge e on e.b = r.rid join record o on o.rid = e.a and o.cluster = %(y)s
            where r.cluster = %(x)s) e
        order by e.weight desc, e.a, e.b limit %(limit)s
    """
    return [EdgeRow(*row) for row in conn.execute(sql, {"x": left, "y": right, "limit": limit})]


def of_pair(conn: Connection, a: Rid, b: Rid) -> list[EdgeRow]:
    """The edge between two records; empty where there is none."""
    sql = "select a, b, weight, reason, coalesce(relation, '') from edge where a = %s and b = %s"
    return [EdgeRow(*row) for row in conn.execute(sql, (min(a, b), max(a, b)))]


def features(conn: Connection, rids: Collection[Rid]) -> dict[Rid, dict[str, Any]]:
    """What is compared of each record; those without are missing."""
    return dict(conn.execute("select rid, features from match_feature where rid = any(%s)", (list(rids),)).fetchall())


@dataclass(frozen=True, slots=True)
class NearRow:
    """An open pair beside another one: `other` the golden record at its far end, `to` the side it is beside."""

    item_id: Rid
    other: Rid
    to: Rid
    data: dict[str, Any]
    golden: dict[str, Any] | None


_NEAR = """
    select id, other, near, data, golden from (
        select i.id, case when i.rid = any(%(ids)s) then i.other else i.rid end as other,
            case when i.rid = any(%(ids)s) then i.rid else i.other end as near, i.data, i.kind
        from item i where i.type = 'match' and i.state in ('open', 'snoozed') and i.id <> %(item)s
            and (i.rid = any(%(ids)s) or i.other = any(%(ids)s))
        order by (i.data ->> 'weight')::integer desc, i.id limit %(limit)s) n
    left join lateral (select g.data as golden from golden g where g.id = n.other) g on true
"""


def near(conn: Connection, item_id: Rid, ids: Collection[Rid], kind: str, limit: int = 4) -> list[NearRow]:
    """Other pairs that wait for an answer about one of these golden records, the heaviest first."""
    rows = conn.execute(_NEAR, {"ids": list(ids), "item": item_id, "limit": limit}).fetchall()
    upcasts = upcasts_of(conn)
    return [
        NearRow(item_id, other, to, data, golden and upcasts.data(kind, golden))
        for item_id, other, to, data, golden in rows
    ]


@dataclass(frozen=True, slots=True)
class Visits:
    """Orders of one golden record: how many, the stores most visited first, the first and the last time."""

    orders: int
    stores: tuple[str, ...]
    first: str | None
    last: str | None


_VISITS = """
    with bought as (
        select distinct on (r.cluster, c.cluster) r.cluster as id, g.data from record r
        cross join lateral (
            select child from reference f where f.parent = r.rid and f.field = any(%(fields)s) limit 2000) f
        join record c on c.rid = f.child and c.kind = 'order' and c.state = 1
        join golden g on g.id = c.cluster and g.lifecycle = 'active' where r.cluster = any(%(ids)s))
    select id, sum(n)::integer, min(first), max(last), json_agg(json_build_array(store, n) order by n desc, store)
    from (
        select id, count(*) as n, min(data ->> 'placed_at') as first, max(data ->> 'placed_at') as last,
            data #>> '{store,external_id}' as store
        from bought group by id, data #>> '{store,external_id}') s
    group by id
"""


_WORTH = f"""
    select (select json_agg(json_build_array(id, orders, points::text, consents))
            from ({match_stake.STAKES}) s (id, orders, points, consents)),
        (select json_agg(json_build_array(id, orders, first, last, stores)) from ({_VISITS}) v (id, orders, first, last, stores))
"""  # noqa: S608 -- constant text


def worth(conn: Connection, ids: Collection[Rid]) -> tuple[dict[Rid, Stake], dict[Rid, Visits]]:
    """What hangs on each golden record, and what it bought where (those without orders are missing). One statement."""
    params = {"ids": list(ids), "fields": upcasts_of(conn).formerly(["customer"]), "most": match_stake.MOST}
    row = conn.execute(_WORTH, params).fetchone()
    stakes, bought = row or (None, None)
    found = {id_: Stake() for id_ in ids}
    for id_, orders, points, consents in stakes or ():
        found[Rid(id_)] = Stake(orders, Decimal(points), consents)
    visits = {
        Rid(id_): Visits(orders, tuple(str(name) for name, _ in stores if name), first, last)
        for id_, orders, first, last, stores in bought or ()
    }
    return found, visits
