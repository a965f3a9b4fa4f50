"""All that the page of one golden record needs, in two statements: the record with its members, and what concerns it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.model.upcast import Upcasts
from hub.store.console_event import TARGET_STATE
from hub.store.database import Connection, upcasts_of
from hub.store.view import ChangeRow

Rid = uuid.UUID
MEMBERS = 200
"""A cluster is not larger: it was cut before."""


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One source record of a cluster. `state`: 0 stub, 1 live, 2 deleted, 3 superseded; times as text in UTC."""

    rid: Rid
    connection_id: int
    object_type: str
    external_id: str
    state: int
    is_parked: bool
    fold: dict[str, Any]
    last_event: Rid | None
    last_event_at: str | None


@dataclass(frozen=True, slots=True)
class Dossier:
    """A golden record with the records behind it, oldest first."""

    id: Rid
    realm: str
    kind: str
    version: int
    lifecycle: str
    data: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    members: list[MemberRow]


_DOSSIER = """
select r.rid, g.id, g.realm, g.kind, g.version, g.lifecycle, g.data, g.created_at, g.updated_at, m.rows
from record r join golden g on g.id = r.cluster
cross join lateral (
    select json_agg(json_build_array(m.rid, m.connection_id, m.object_type, m.external_id, m.state, m.parked, m.fold,
           m.last_event, m.last_event_at) order by m.rid) as rows
    from (select * from record where cluster = r.cluster order by rid limit %s) m) m
where r.rid = any(%s)
"""


def load(conn: Connection, rid: Rid) -> Dossier | None:
    """The golden record that this id belongs to now, with its members; None when there is none."""
    return load_all(conn, [rid]).get(rid)


def load_all(conn: Connection, rids: Iterable[Rid]) -> dict[Rid, Dossier]:
    """The golden record of each of these ids; those without one are missing. One statement."""
    upcasts = upcasts_of(conn)
    found = {}
    for rid, id_, realm, kind, *head, data, created_at, updated_at, members in conn.execute(
        _DOSSIER, (MEMBERS, list(rids))
    ):
        rows = [_member([*one[:6], upcasts.fold(kind, one[6]), *one[7:]]) for one in members or ()]
        version, lifecycle = head
        shown = upcasts.data(kind, data)
        found[rid] = Dossier(id_, realm, kind, version, lifecycle, shown, created_at, updated_at, rows)
    return found


def _member(one: list[Any]) -> MemberRow:
    return MemberRow(*[Rid(one[0]), *one[1:7], Rid(one[7]) if one[7] else None, one[8]])


@dataclass(frozen=True, slots=True)
class Ruling:
    """A live decision about one of the records. `group_id` undoes it."""

    id: Rid
    type: str
    a: Rid
    b: Rid | None
    field: str | None
    value: Any
    author: str
    reason: str
    created_at: datetime
    group_id: Rid


@dataclass(frozen=True, slots=True)
class OpenItem:
    """Work that waits for a person about one of the records."""

    id: Rid
    type: str
    state: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Purchases:
    """Orders in one currency, cancelled ones left out: how many, their sum as decimal text, the first and the last."""

    currency: str
    count: int
    amount: str
    first: str | None
    last: str | None


@dataclass(frozen=True, slots=True)
class Kin:
    """Another customer: of the same household, or (`is_stated` False) known by the same number and kept apart."""

    id: Rid
    realm: str
    data: dict[str, Any]
    is_stated: bool


@dataclass(frozen=True, slots=True)
class KeptInStep:
    """A delivery: where to, and how far it is; times as text."""

    target_id: Rid
    connection: str
    kind: str
    state: str
    external_id: str | None
    dirty_at: str
    done_at: str | None


@dataclass(slots=True)
class Concerns:
    """What concerns a golden record besides its values."""

    rulings: list[Ruling] = field(default_factory=list)
    items: list[OpenItem] = field(default_factory=list)
    deliveries: list[KeptInStep] = field(default_factory=list)
    history: list[ChangeRow] = field(default_factory=list)
    purchases: list[Purchases] = field(default_factory=list)
    kin: list[Kin] = field(default_factory=list)


_RULINGS = """
    select json_agg(json_build_array(d.id, d.type, d.a, d.b, d.field, d.value, d.author, d.reason, d.created_at, d.group_id)
        order by d.created_at, d.id)
    from decision d where d.revoked_at is null and (d.a = any(%(rids)s) or d.b = any(%(rids)s))
"""
_ITEMS = """
    select json_agg(json_build_array(i.id, i.type, i.state, i.data) order by i.id desc)
    from (
        select * from item where (rid = any(%(rids)s) or other = any(%(rids)s)) and state <> 'resolved'
        and type <> 'match_sample' order by id desc limit 20) i
"""
_DELIVERIES = f"""
    select json_agg(json_build_array(t.id, t.name, t.kind, t.state, t.external_id, t.dirty_at, t.done_at) order by t.dirty_at desc)
    from (select t.id, c.name, t.kind, {TARGET_STATE} as state, p.external_id, t.dirty_at, t.done_at
        from target t join connection c on c.id = t.connection_id left join record p on p.rid = t.rid
        where t.owner_rid = any(%(rids)s) order by t.dirty_at desc limit 50) t
"""  # noqa: S608 -- a constant
_HISTORY = """
    select json_agg(json_build_array(c.seq, c.golden_id, c.kind, c.type, c.version, c.fields, c.before, c.after, c.cause,
        c.cause_id, c.at) order by c.seq desc)
    from (select * from change where golden_id = any(%(rids)s) order by seq desc limit 12) c
"""
_PURCHASES = """
    select json_agg(json_build_array(currency, n, amount, first, last) order by n desc) from (
        select data #>> '{totals,total,currency}' as currency, count(*) as n,
            sum((data #>> '{totals,total,amount}')::numeric)::text as amount,
            min(data ->> 'placed_at') as first, max(data ->> 'placed_at') as last
        from golden where kind = 'order' and lifecycle = 'active' and coalesce(data ->> 'state', '') <> 'cancelled'
            and data #>> '{totals,total,currency}' is not null and id in (
                select o.cluster from reference f join record o on o.rid = f.child
                where f.parent = any(%(rids)s) and f.field = 'customer' and o.kind = 'order')
        group by 1) sums
"""
_KIN = """
    select json_agg(json_build_array(g.id, g.realm, g.data, k.is_stated) order by k.is_stated desc, g.id) from (
        select id, bool_or(is_stated) as is_stated from (
            select o.cluster as id, true as is_stated
            from reference f join record r on r.rid = f.child and r.kind = 'relation'
            join golden rel on rel.id = r.cluster and rel.lifecycle = 'active' and rel.data ->> 'type' = 'household'
            join reference f2 on f2.child = f.child and f2.field <> f.field and f2.field in ('a', 'b')
            join record o on o.rid = f2.parent
            where f.parent = any(%(rids)s) and f.field in ('a', 'b')
            union all
            select o.cluster, true from edge e join record o on o.rid = case when e.a = any(%(rids)s) then e.b else e.a end
            where (e.a = any(%(rids)s) or e.b = any(%(rids)s)) and e.relation = 'household'
            union all
            select o.cluster, true from decision d
            join record o on o.rid = case when d.a = any(%(rids)s) then d.b else d.a end
            where (d.a = any(%(rids)s) or d.b = any(%(rids)s)) and d.type = 'cannot' and d.revoked_at is null
            and d.value ->> 'relation' = 'household'
            union all
            (select o.cluster, false from match_key m
            join lateral (select rid from match_key k where k.hash = m.hash and k.strength = 2 limit 51) k on true
            join record o on o.rid = k.rid where m.rid = any(%(rids)s) and m.strength = 2 and m.guarded limit 200)) near
        where id <> %(id)s group by id order by 2 desc, 1 limit 6) k
    join golden g on g.id = k.id and g.lifecycle = 'active'
"""


def concerns(conn: Connection, dossier: Dossier) -> Concerns:
    """Live decisions, open items, deliveries (times as text), the last changes, or of a customer the purchases and the kin: one statement."""
    is_customer = dossier.kind == "customer"
    own = ("null", _PURCHASES, _KIN) if is_customer else (_HISTORY, "null", "null")
    parts = (_RULINGS, _ITEMS, _DELIVERIES, *own)
    sql = "select " + ", ".join(f"({part})" for part in parts)
    row = conn.execute(sql, {"rids": [member.rid for member in dossier.members], "id": dossier.id}).fetchone()
    assert row is not None  # noqa: S101 -- a select without from yields its row
    upcasts = upcasts_of(conn)
    return Concerns(
        [_ruling(one, upcasts, dossier.kind) for one in row[0] or ()],
        [
            OpenItem(Rid(id_), type_, state, upcasts.about(dossier.kind, data))
            for id_, type_, state, data in row[1] or ()
        ],
        [KeptInStep(*[Rid(one[0]), *one[1:]]) for one in row[2] or ()],
        [_change(one, upcasts) for one in row[3] or ()],
        [Purchases(*one) for one in row[4] or ()],
        [Kin(Rid(one[0]), one[1], upcasts.data(dossier.kind, one[2]), one[3]) for one in row[5] or ()],
    )


def _change(one: list[Any], upcasts: Upcasts) -> ChangeRow:
    seq, golden_id, kind, type_, version, fields, before, after, cause, cause_id, at = one
    names, before, after = upcasts.change(kind, fields, before, after)
    since = datetime.fromisoformat(at)
    caused_by = Rid(cause_id) if cause_id else None
    return ChangeRow(seq, Rid(golden_id), kind, type_, version, names, before, after, cause, caused_by, since)


def _ruling(one: list[Any], upcasts: Upcasts, kind: str) -> Ruling:
    id_, type_, a, b, name, value, author, reason, at, group = one
    field_, shown = upcasts.ruling(kind, type_, name, value)
    other = Rid(b) if b else None
    return Ruling(Rid(id_), type_, Rid(a), other, field_, shown, author, reason, datetime.fromisoformat(at), Rid(group))
