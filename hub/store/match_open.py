"""Which pairs of golden records a person should look at: opened and closed by T2 as edges and clusters change."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from hub.store.database import Connection, new_id

Rid = uuid.UUID

# Once for each pair of clusters: by the heaviest edge between them, of equal ones the first by source key, since a rid says
# who came first. Two of one household are no question.
_WANTED = """
with own as materialized (select rid from record where cluster = any(%(clusters)s)),
near as (
    select e.a, e.b, e.weight, e.reason from own join edge e on e.a = own.rid and e.relation is null
    union all select e.a, e.b, e.weight, e.reason from own join edge e on e.b = own.rid and e.relation is null),
pair as materialized (
    select distinct on (least(x.cluster, y.cluster), greatest(x.cluster, y.cluster))
        least(x.cluster, y.cluster) as low, greatest(x.cluster, y.cluster) as high,
        case when x.cluster < y.cluster then n.a else n.b end as a, case when x.cluster < y.cluster then n.b else n.a end as b,
        n.weight, n.reason, x.realm, x.kind
    from near n join record x on x.rid = n.a join record y on y.rid = n.b
        join connection c on c.id = x.connection_id join connection d on d.id = y.connection_id
        cross join lateral (select row(c.name, x.object_type, x.external_id), row(d.name, y.object_type, y.external_id)) s(one, other)
    where x.cluster <> y.cluster
    order by 1, 2, n.weight desc, n.reason ->> 'apart', least(s.one, s.other), greatest(s.one, s.other))
select p.low, p.high, p.a, p.b, p.weight, p.reason, p.realm, p.kind from pair p
where not exists (
    select from record x join decision d on d.a = x.rid and d.type = 'cannot' and d.revoked_at is null
    join record y on y.rid = d.b where (x.cluster, y.cluster) in ((p.low, p.high), (p.high, p.low)) and x.cluster in (p.low, p.high))
"""
_OPEN = """
    select id, rid, other, data, state from item where type = 'match' and state <> 'resolved' and rid = any(%(clusters)s)
    union select id, rid, other, data, state from item
    where type = 'match' and state <> 'resolved' and other = any(%(clusters)s)
"""


@dataclass(frozen=True, slots=True)
class Question:
    """Two golden records, `left` < `right`, that may be one; `a`, `b`: the records of the heaviest edge between them."""

    left: Rid
    right: Rid
    a: Rid
    b: Rid
    weight: int
    reason: Mapping[str, Any]
    realm: str
    kind: str

    @property
    def cause(self) -> str:
        """One question, one item."""
        return f"match:{self.left}:{self.right}"


@dataclass(frozen=True, slots=True)
class Asked:
    """An item that is open, or put off, about a pair."""

    id: Rid
    left: Rid
    right: Rid
    data: Mapping[str, Any]
    state: str


def questions(conn: Connection, clusters: Iterable[Rid]) -> list[Question]:
    """What the scored edges of these golden records leave open: heavy enough to ask, not one, and not answered."""
    return [Question(*row) for row in conn.execute(_WANTED, {"clusters": list(clusters)}).fetchall()]


def asked(conn: Connection, clusters: Iterable[Rid]) -> list[Asked]:
    """The items about these golden records that nobody answered yet."""
    return [Asked(*row) for row in conn.execute(_OPEN, {"clusters": list(clusters)}).fetchall()]


def ask(conn: Connection, rows: Iterable[tuple[Question, Mapping[str, Any], int]]) -> None:
    """Opens items, or brings them up to date: question, `data` of the item, what is at stake. Keeps what is put off so."""
    found = [
        {"id": new_id(), "realm": q.realm, "cause_key": q.cause, "kind": q.kind, "rid": q.left, "other": q.right,
         "data": dict(data), "stake": stake}
        for q, data, stake in rows
    ]  # fmt: skip
    if found:
        conn.execute(
            "insert into item as i (id, realm, type, cause_key, kind, rid, other, data, stake)"
            " select id, realm, 'match', cause_key, kind, rid, other, data, stake from jsonb_to_recordset(%s::jsonb)"
            " as t(id uuid, realm text, cause_key text, kind text, rid uuid, other uuid, data jsonb, stake bigint)"
            " on conflict (cause_key) do update set data = excluded.data, stake = excluded.stake, last_at = now(),"
            " state = case when i.state = 'resolved' then 'open' else i.state end,"
            " resolved_at = null, resolved_by = null, resolution = null",
            (orjson.dumps(found).decode(),),
        )


def withdraw(conn: Connection, ids: Iterable[Rid]) -> None:
    """Closes items whose question is none any more."""
    conn.execute(
        "update item set state = 'resolved', resolved_at = now(), resolved_by = 'hub', claimed_by = null, claimed_until = null,"
        " resolution = '{\"answer\": \"gone\"}' where id = any(%s) and state <> 'resolved'",
        (list(ids),),
    )


def cut(conn: Connection, rids: Iterable[Rid]) -> set[Rid]:
    """Those of these records by which an open item names a component that was too large."""
    sql = "select rid from item where type = 'match_cut' and state <> 'resolved' and rid = any(%s)"
    return {rid for (rid,) in conn.execute(sql, (list(rids),)).fetchall()}


def is_any_cut(conn: Connection, turns: Collection[tuple[str, str]]) -> bool:
    """Whether a component of one of these (realm, kind) is too large now."""
    sql = """
        select 1 from item i join unnest(%s::text[], %s::text[]) as t(realm, kind) on t.realm = i.realm and t.kind = i.kind
        where i.type = 'match_cut' and i.state <> 'resolved' limit 1
    """
    return conn.execute(sql, ([realm for realm, _ in turns], [kind for _, kind in turns])).fetchone() is not None
