"""What people ruled: merges, splits, pins. Rows are added and revoked, never changed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from hub.store.database import Connection, new_id, upcasts_of

Rid = uuid.UUID


@dataclass(frozen=True, slots=True)
class Decision:
    """One ruling. `group_id` holds together the rows of one act; undoing revokes the whole group."""

    id: Rid
    realm: str
    kind: str
    type: str
    a: Rid
    b: Rid | None
    field: str | None
    value: Any
    author: str
    reason: str
    group_id: Rid
    created_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None


_COLUMNS = "id, realm, kind, type, a, b, field, value, author, reason, group_id, created_at, revoked_at, revoked_by"


@dataclass(frozen=True, slots=True)
class Act:
    """Who rules, in which realm and about which kind, and why."""

    realm: str
    kind: str
    author: str
    reason: str


def add_pairs(
    conn: Connection,
    act: Act,
    type_: str,
    pairs: Sequence[tuple[Rid, Rid]],
    *,
    group: Rid | None = None,
    value: Any = None,
) -> Rid:
    """Adds must or cannot rows as one group (a new one, or more of `group`), each with `value`; returns the group's id."""
    group = group or new_id()
    rows = [{"id": new_id(), "a": min(pair), "b": max(pair)} for pair in pairs]
    note = None if value is None else orjson.dumps(value).decode()
    conn.execute(
        """
        insert into decision (id, realm, kind, type, a, b, author, reason, group_id, value)
        select id, %s, %s, %s, a, b, %s, %s, %s, %s::jsonb from json_to_recordset(%s::json) as t(id uuid, a uuid, b uuid)
        """,
        (act.realm, act.kind, type_, act.author, act.reason, group, note, orjson.dumps(rows).decode()),
    )
    return group


def remember(conn: Connection, group: Rid, pair: tuple[Rid, Rid], value: Any) -> None:
    """Notes with one ruling of an act what undoing it has to restore."""
    conn.execute(
        "update decision set value = %s::jsonb where group_id = %s and a = %s and b = %s",
        (orjson.dumps(value).decode(), group, min(pair), max(pair)),
    )


def add_pins(conn: Connection, act: Act, rid: Rid, values: Mapping[str, Any]) -> Rid:
    """Fixes fields of the golden record that `rid` belongs to, as one group; returns the group's id."""
    group = new_id()
    for name, value in values.items():
        _add(conn, act, "pin", rid, name, value, group)
    return group


def add_choice(conn: Connection, act: Act, rid: Rid, rule: str, contenders: Mapping[str, str]) -> Rid:
    """Takes what the record `rid` says of a field or group while `contenders` (rid -> hash) stay; returns the group's id."""
    group = new_id()
    _add(conn, act, "choice", rid, rule, {"contenders": dict(contenders)}, group)
    return group


def _add(conn: Connection, act: Act, type_: str, rid: Rid, name: str, value: Any, group: Rid) -> None:
    conn.execute(
        "insert into decision (id, realm, kind, type, a, field, value, author, reason, group_id)"
        " values (%s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s, %s)",
        (new_id(), act.realm, act.kind, type_, rid, name, orjson.dumps(value).decode(), act.author, act.reason, group),
    )


def live(conn: Connection, rids: Sequence[Rid], types: Sequence[str]) -> list[Decision]:
    """Live decisions that name one of these records on either side, oldest first."""
    sql = f"""
        select {_COLUMNS} from decision where (a = any(%(rids)s) or b = any(%(rids)s)) and type = any(%(types)s)
        and revoked_at is null order by created_at, id
    """  # noqa: S608 -- constant columns
    return _read(conn, sql, {"rids": list(rids), "types": list(types)})


def of_group(conn: Connection, group: Rid) -> list[Decision]:
    """The rows of one act, locked."""
    sql = f"select {_COLUMNS} from decision where group_id = %s order by id for update"  # noqa: S608
    return _read(conn, sql, (group,))


def about(conn: Connection, rids: Sequence[Rid]) -> list[Decision]:
    """Every decision, revoked ones too, that names one of these records, newest first."""
    sql = f"select {_COLUMNS} from decision where a = any(%s) or b = any(%s) order by created_at desc, id desc"  # noqa: S608
    return _read(conn, sql, (list(rids), list(rids)))


def _read(conn: Connection, sql: str, params: Any) -> list[Decision]:
    upcasts = upcasts_of(conn)
    found = []
    for id_, realm, kind, type_, a, b, name, value, *rest in conn.execute(sql, params):
        field, shown = upcasts.ruling(kind, type_, name, value)
        found.append(Decision(id_, realm, kind, type_, a, b, field, shown, *rest))
    return found


def revoke(conn: Connection, ids: Sequence[Rid], author: str) -> None:
    """Ends decisions; they stay on record."""
    conn.execute(
        "update decision set revoked_at = now(), revoked_by = %s where id = any(%s) and revoked_at is null",
        (author, list(ids)),
    )


def thaw(conn: Connection, revoked: Sequence[Decision]) -> list[Rid]:
    """Makes the targets whose freeze was revoked due again; returns those on which nothing is frozen any more."""
    frozen = [{"a": str(row.a), "c": row.value["connection"]} for row in revoked if row.type == "freeze"]
    if not frozen:
        return []
    sql = """
        update target t set dirty_seq = dirty_seq + 1, dirty_at = clock_timestamp(), wait_until = null
        from jsonb_to_recordset(%s::jsonb) as f(a uuid, c integer)
        where t.owner_rid = f.a and t.connection_id = f.c
        returning t.id, exists (select from decision d where d.a = f.a and d.type = 'freeze' and d.revoked_at is null
            and (d.value ->> 'connection')::integer = f.c)
    """
    return [id_ for id_, is_frozen in conn.execute(sql, (orjson.dumps(frozen).decode(),)) if not is_frozen]


def thawed_at(conn: Connection, target_ids: Sequence[Rid]) -> dict[Rid, datetime]:
    """When a freeze of these targets was last lifted; those never frozen are missing."""
    sql = """
        select t.id, max(d.revoked_at) from target t join decision d on d.a = t.owner_rid and d.type = 'freeze'
            and (d.value ->> 'connection')::integer = t.connection_id
        where t.id = any(%s) and d.revoked_at is not null group by t.id
    """
    return dict(conn.execute(sql, (list(target_ids),)).fetchall())
