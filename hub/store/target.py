"""Targets: one row per record the hub keeps in step at a connection. Level-triggered: a mark says
"look again", never "send this".
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from hub.store import plan
from hub.store.database import Connection, new_id

MARK_CHUNK: Final = 2000


@dataclass(frozen=True, slots=True)
class Mark:
    """A golden record changed, so the target of `owner_rid` may lack something.

    `rid`: the peer's own record when it is known (then that target is meant, whoever owns it);
    None: it is still to be created there. `cause` and `cause_id` say what changed it.
    """

    connection_id: int
    object_type: str
    kind: str
    realm: str
    owner_rid: uuid.UUID
    rid: uuid.UUID | None = None
    cause: str = "event"
    cause_id: uuid.UUID | None = None


_BUMP = """
    dirty_seq = t.dirty_seq + 1,
    dirty_at = case when t.dirty_seq > t.done_seq then t.dirty_at else clock_timestamp() end,
    wait_until = case when t.waiting_for is null and t.state = 'due' then t.wait_until end,
    waiting_for = null,
    failures = case when t.state = 'due' then t.failures else 0 end,
    state = case when t.state in ('dead', 'dropped') then 'due' else t.state end
"""

# A held target keeps the cause it is held for: a later single change must not hide it.
_BY_RID = f"""
    update target t set {_BUMP},
        plan_id = coalesce(t.plan_id, m.plan),
        cause = case when t.plan_id is not null and m.plan is null then t.cause else m.cause end,
        cause_id = case when t.plan_id is not null and m.plan is null then t.cause_id else m.cause_id end
    from json_to_recordset(%s::json) as m(n integer, p uuid, cause text, cause_id uuid, plan uuid)
    where t.rid = m.p and t.state <> 'dropped'
    returning m.n
"""  # noqa: S608 -- constant text

_BY_OWNER = f"""
    insert into target as t (id, connection_id, object_type, kind, realm, owner_rid, rid, cause, cause_id, plan_id)
    select m.id, m.c, m.o, m.k, m.r, m.w, m.p, m.cause, m.cause_id, m.plan
    from json_to_recordset(%s::json) as m(id uuid, c integer, o text, k text, r text, w uuid, p uuid, cause text,
         cause_id uuid, plan uuid)
    on conflict (connection_id, object_type, owner_rid) do update set {_BUMP},
        rid = coalesce(t.rid, excluded.rid),
        plan_id = coalesce(t.plan_id, excluded.plan_id),
        cause = case when t.plan_id is not null and excluded.plan_id is null then t.cause else excluded.cause end,
        cause_id = case when t.plan_id is not null and excluded.plan_id is null then t.cause_id else excluded.cause_id end
"""  # noqa: S608 -- constant text

_WHOLE = f"""
    update target t set {_BUMP}, shape_seq = t.dirty_seq + 1,
        plan_id = coalesce(t.plan_id, %(plan)s),
        cause = case when t.plan_id is not null and %(plan)s::uuid is null then t.cause else %(cause)s end,
        cause_id = case when t.plan_id is not null and %(plan)s::uuid is null then t.cause_id else %(cause_id)s end
    where t.id = any(%(ids)s)
"""  # noqa: S608 -- constant text


def mark(conn: Connection, rows: Sequence[Mark]) -> None:
    """Marks targets dirty and makes those that are missing. Two statements a batch; runs in the caller's transaction.

    Call it in the transaction that changes the golden records: marks of a mass cause (`plan.MASS`)
    hold their targets, and the hold must become visible with the change, not after it.
    """
    unique = {(row.connection_id, row.object_type, row.owner_rid): row for row in rows}
    ordered = [unique[key] for key in sorted(unique)]
    plans = plan.provisional(conn, {(m.connection_id, m.cause, m.cause_id) for m in ordered})
    packed = [_packed(n, row, plans) for n, row in enumerate(ordered)]
    known = {n for (n,) in conn.execute(_BY_RID, (_json(m for m in packed if m["p"]),)).fetchall()}
    rest = [m for m in packed if m["n"] not in known]
    for start in range(0, len(rest), MARK_CHUNK):
        conn.execute(_BY_OWNER, (_json(rest[start : start + MARK_CHUNK]),))


def mark_whole(conn: Connection, connection_id: int, ids: Sequence[uuid.UUID], cause: str, cause_id: uuid.UUID) -> None:
    """Marks targets of one connection as to be sent whole, in whatever shape the system has them; held like `mark`'s."""
    plans = plan.provisional(conn, [(connection_id, cause, cause_id)])
    params = {
        "ids": list(ids), "plan": plans.get((connection_id, cause, cause_id)), "cause": cause, "cause_id": cause_id,
    }  # fmt: skip
    conn.execute(_WHOLE, params)


def _packed(n: int, row: Mark, plans: dict[plan.Cause, uuid.UUID]) -> dict[str, Any]:
    return {
        "n": n, "id": new_id(), "c": row.connection_id, "o": row.object_type, "k": row.kind, "r": row.realm,
        "w": row.owner_rid, "p": row.rid, "cause": row.cause, "cause_id": row.cause_id,
        "plan": plans.get((row.connection_id, row.cause, row.cause_id)),
    }  # fmt: skip


def _json(rows: Iterable[dict[str, Any]]) -> str:
    return orjson.dumps(list(rows)).decode()


def of_owners(conn: Connection, owners: Iterable[uuid.UUID]) -> dict[tuple[int, str, uuid.UUID], uuid.UUID | None]:
    """The targets created for these records: (connection id, object type, owner) -> the peer's record, None before."""
    sql = "select connection_id, object_type, owner_rid, rid from target where owner_rid = any(%s)"
    return {(c, o, owner): rid for c, o, owner, rid in conn.execute(sql, (list(owners),)).fetchall()}


def due_of_owners(conn: Connection, owners: Iterable[uuid.UUID]) -> list[uuid.UUID]:
    """The targets of these records to which something is to be sent, held ones too."""
    sql = "select id from target where owner_rid = any(%s) and dirty_seq > done_seq and state <> 'dropped' order by id"
    return [id_ for (id_,) in conn.execute(sql, (list(owners),)).fetchall()]


@dataclass(frozen=True, slots=True)
class Missing:
    """Golden records without a target. `rows`: (golden id, owner, the peer's record); `last` None: that was all."""

    rows: list[tuple[uuid.UUID, uuid.UUID, uuid.UUID | None]]
    last: uuid.UUID | None


# A record that is alone in its cluster is its own projection: nothing to keep in step.
_MISSING = """
    select g.id, coalesce(p.rid, g.id), p.rid
    from (select id from golden where realm = %(realm)s and kind = %(kind)s and lifecycle = 'active'
          and (%(after)s::uuid is null or id > %(after)s) order by id limit %(limit)s) g
    left join record p on p.cluster = g.id and p.connection_id = %(connection)s and p.object_type = %(object_type)s
         and p.state = 1
    where not exists (select from record m join target t on t.owner_rid = m.rid where m.cluster = g.id
          and t.connection_id = %(connection)s and t.object_type = %(object_type)s)
      and (p.rid is null or exists (select from record o where o.cluster = g.id and o.rid <> p.rid))
"""


def missing(
    conn: Connection, connection_id: int, object_type: str, kind: str, realm: str, after: uuid.UUID | None, limit: int
) -> Missing:
    """The next `limit` golden records above `after`, those that have no target at a connection."""
    params = {
        "connection": connection_id, "object_type": object_type, "kind": kind, "realm": realm, "after": after,
        "limit": limit,
    }  # fmt: skip
    rows = [(golden, owner, rid) for golden, owner, rid in conn.execute(_MISSING, params).fetchall()]
    sql = """
        select id from (select id from golden where realm = %(realm)s and kind = %(kind)s and lifecycle = 'active'
            and (%(after)s::uuid is null or id > %(after)s) order by id limit %(limit)s) g order by id desc limit 1
    """
    seen = conn.execute(sql, params).fetchone()
    return Missing(rows, seen[0] if seen else None)


def wake_children(conn: Connection, connection_id: int, owner_rids: Iterable[uuid.UUID]) -> int:
    """The entities of these records have external ids at a connection now: what waits for one, or named it otherwise, is due.

    A child that is under way was compared before; it is compared again when it is done.
    """
    sent = """
        update target t set dirty_seq = t.dirty_seq + 1, dirty_at = clock_timestamp()
        from record owner join record same on same.cluster = owner.cluster join reference r on r.parent = same.rid
            join record child on child.rid = r.child join record holder on holder.cluster = child.cluster
        where owner.rid = any(%s) and t.owner_rid = holder.rid and t.connection_id = %s
          and (t.done_seq = t.dirty_seq or t.lease_until is not null)
    """
    owners = list(owner_rids)
    return wake_waiting(conn, connection_id, owners) + conn.execute(sent, (owners, connection_id)).rowcount


def wake_waiting(conn: Connection, connection_id: int, owner_rids: Iterable[uuid.UUID]) -> int:
    """What waits for the entities of these records is due.

    Once in the transaction that makes their external ids known, and once after its commit: a child
    that began to wait meanwhile was not to be seen before. (The child asks by `wake_crossed`.)
    """
    sql = """
        update target t set wait_until = null, waiting_for = null
        from record owner join record same on same.cluster = owner.cluster
        where owner.rid = any(%s) and t.waiting_for = same.rid and t.connection_id = %s
    """
    return conn.execute(sql, (list(owner_rids), connection_id)).rowcount


def wake_crossed(conn: Connection, target_ids: Iterable[uuid.UUID]) -> int:
    """Of these targets that wait for a parent, those whose parent is there by now are due.

    To be called after the commit that made them wait: with `wake_waiting`, whichever commit comes last sees the other.
    """
    sql = """
        update target t set wait_until = null, waiting_for = null
        from record s
        where t.id = any(%s) and s.rid = t.waiting_for and exists (
            select from (
                select rid from record where cluster = s.cluster
                union select x.rid from record m join target x on x.owner_rid = m.rid
                    where m.cluster = s.cluster and x.connection_id = t.connection_id) named
            join record r on r.rid = named.rid
            where r.connection_id = t.connection_id and r.kind = s.kind and r.state in (0, 1))
    """
    return conn.execute(sql, (list(target_ids),)).rowcount


def wake_failed(conn: Connection, connection_id: int) -> int:
    """The peer answers again: what backs off from it is due within two seconds, spread."""
    sql = """
        update target set wait_until = clock_timestamp() + random() * interval '2 seconds'
        where id = any(array(select id from target where connection_id = %s and dirty_seq > done_seq and state = 'due'
            and plan_id is null and failures > 0 and waiting_for is null and verify_at is null
            and coalesce(wait_until, dirty_at) > clock_timestamp() + interval '2 seconds' for update skip locked))
    """
    return conn.execute(sql, (connection_id,)).rowcount


def wake_shadow(conn: Connection, connection_id: int) -> int:
    """The mode became live: what was only noted is due."""
    sql = "update target set dirty_seq = dirty_seq + 1, wanted = null, dirty_at = clock_timestamp()"
    return conn.execute(sql + " where connection_id = %s and wanted is not null", (connection_id,)).rowcount
