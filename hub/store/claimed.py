"""Everything an attempt must know of claimed targets, read in one statement and so of one moment.

One statement, because a golden record that a mass change altered and the hold on its target become
visible together: an attempt that sees the one sees the other.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from hub.model.upcast import Upcasts
from hub.store.database import Connection, upcasts_of


@dataclass(frozen=True, slots=True)
class Due:
    """A target with its golden record and its peer's record.

    `data` None: there is no golden record. `twin`: the peer already holds this entity under another target.
    `elder`: an unsent target of the same entity with a smaller owner. `adoptable`: a live record of the entity
    at the peer that no target has. `last_major`: newest version known of the peer's record. `is_verify_due`:
    somebody asked to look first. `frozen`: fields that the loop breaker froze.
    """

    id: uuid.UUID
    connection_id: int
    object_type: str
    kind: str
    realm: str
    owner_rid: uuid.UUID
    rid: uuid.UUID | None
    dirty_seq: int
    done_seq: int
    plan_id: uuid.UUID | None
    verify_at: datetime | None
    is_verify_due: bool
    failures: int
    cause: str
    cause_id: uuid.UUID | None
    cluster: uuid.UUID | None
    data: dict[str, Any] | None
    lifecycle: str | None
    external_id: str | None
    fold: dict[str, Any] | None
    peer_state: int | None
    last_major: int
    twin: uuid.UUID | None
    elder: uuid.UUID | None
    adoptable: uuid.UUID | None
    frozen: list[str] | None
    is_unread: bool
    """Its system said that the record changed, and it has not been read yet."""
    age_s: float
    is_reshaped: bool
    """The mapping writes it in another shape since it was sent: all of it is to be sent."""


# `offset 0`: from the cluster to its few records, whatever the planner thinks of a table that was filled just now.
_LOAD = """
    select t.id, t.connection_id, t.object_type, t.kind, t.realm, t.owner_rid, t.rid, t.dirty_seq, t.done_seq, t.plan_id,
        t.verify_at, coalesce(t.verify_at <= now(), false), t.failures, t.cause, t.cause_id, o.cluster, g.data, g.lifecycle,
        p.external_id, p.fold, p.state,
        greatest(coalesce((p.fold -> 't' ->> 0)::bigint, 0), 0),
        family.twin, family.elder, case when t.rid is null then (
            select r.rid from (select * from record where cluster = o.cluster offset 0) r
            where r.connection_id = t.connection_id and r.object_type = t.object_type and r.state = 1
            and not exists (select from target x where x.rid = r.rid)
            order by r.rid limit 1) end,
        (select array_agg(d.field) from decision d where d.a = t.owner_rid and d.type = 'freeze' and d.revoked_at is null
            and (d.value ->> 'connection')::integer = t.connection_id),
        p.external_id is not null and exists (select from notice n where n.connection_id = t.connection_id
            and n.stream = t.object_type and n.external_id = p.external_id and n.failures < 3),
        extract(epoch from now() - t.dirty_at)::double precision, t.shape_seq > t.done_seq
    from target t
    left join record o on o.rid = t.owner_rid
    left join golden g on g.id = o.cluster
    left join record p on p.rid = t.rid
    left join lateral (
        select (array_agg(x.id order by x.id) filter (where x.rid is not null))[1] as twin,
               (array_agg(x.id order by x.id) filter (where x.rid is null and x.state <> 'dropped'
                    and x.owner_rid < t.owner_rid))[1] as elder
        from (select rid from record where cluster = o.cluster offset 0) r
        cross join lateral (select * from target where owner_rid = r.rid offset 0) x
        where x.connection_id = t.connection_id and x.object_type = t.object_type and x.id <> t.id) family on true
    where t.id = any(%s)
"""


def load(conn: Connection, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Due]:
    """The targets of these ids, as of now."""
    found = {row[0]: Due(*row) for row in conn.execute(_LOAD, (list(ids),))}
    upcasts = upcasts_of(conn)
    return {id_: _today(upcasts, due) for id_, due in found.items()} if upcasts else found


def _today(upcasts: Upcasts, due: Due) -> Due:
    data, fold, frozen = due.data, due.fold, due.frozen
    return replace(
        due,
        data=upcasts.data(due.kind, data) if data else data,
        fold=upcasts.fold(due.kind, fold) if fold else fold,
        frozen=frozen and [upcasts.name(due.kind, name) for name in frozen],
    )


@dataclass(frozen=True, slots=True)
class Local:
    """What a source key is called at a connection. `rid`: the record it names; `external_id` None: not there yet.

    `is_coming`: it is not there, and a delivery that creates it is due.
    """

    rid: uuid.UUID | None
    object_type: str | None
    external_id: str | None
    is_coming: bool


SourceKey = tuple[str, str, str]
"""Connection name, object type, external id."""

# The key itself when it is the connection's own; else the oldest live record of the same entity there, or one just
# created for it that is not linked yet.
_LOCAL = """
    select k.c, k.o, k.e, s.rid, p.object_type, p.external_id, p.external_id is null and exists (
        select from record m join target t on t.owner_rid = m.rid where m.cluster = s.cluster
        and t.connection_id = %(connection)s and t.rid is null and t.state = 'due' and t.dirty_seq > t.done_seq)
    from json_to_recordset(%(keys)s::json) as k(c text, o text, e text)
    join connection sc on sc.name = k.c
    left join record s on s.connection_id = sc.id and s.object_type = k.o and s.external_id = k.e
    left join lateral (
        select r.rid, r.object_type, r.external_id from (
            select rid from record where cluster = s.cluster
            union select t.rid from record m join target t on t.owner_rid = m.rid
                where m.cluster = s.cluster and t.connection_id = %(connection)s) named
        join record r on r.rid = named.rid
        where r.connection_id = %(connection)s and r.kind = s.kind and r.state in (0, 1)
        order by (r.rid = s.rid) desc, r.state desc, r.rid limit 1) p on true
"""


def local_keys(conn: Connection, connection_id: int, keys: Iterable[Mapping[str, Any]]) -> dict[SourceKey, Local]:
    """What the entities of these source keys are called at a connection."""
    unique = {(str(key["connection"]), str(key["object_type"]), str(key["external_id"])) for key in keys}
    if not unique:
        return {}
    document = orjson.dumps([{"c": c, "o": o, "e": e} for c, o, e in sorted(unique)]).decode()
    rows = conn.execute(_LOCAL, {"keys": document, "connection": connection_id})
    return {(c, o, e): Local(*local) for c, o, e, *local in rows}


def may_write(conn: Connection, connection_id: int) -> str:
    """Empty when the connection may be written to now, else why not. Read before each call."""
    sql = """
        select case when halted_out then 'halted' when paused_at is not null then 'paused'
            when disconnected_at is not null then 'disconnected' when phase <> 'live' then 'not live'
            when mode <> 'live' then 'shadow' else '' end
        from connection where id = %s
    """
    row = conn.execute(sql, (connection_id,)).fetchone()
    return str(row[0]) if row else "gone"
