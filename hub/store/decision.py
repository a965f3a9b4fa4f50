"""What people ruled: merges, splits, pins. Rows are added and revoked, never changed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from hub.store.database import Connection, new_id

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


def add_pairs(conn: Connection, act: Act, type_: str, pairs: Sequence[tuple[Rid, Rid]]) -> Rid:
    """Adds must or cannot rows as one group; returns the group's id."""
    group = new_id()
    rows = [{"id": new_id(), "a": min(pair), "b": max(pair)} for pair in pairs]
    conn.execute(
        """
        insert into decision (id, realm, kind, type, a, b, author, reason, group_id)
        select id, %s, %s, %s, a, b, %s, %s, %s from json_to_recordset(%s::json) as t(id uuid, a uuid, b uuid)
        """,
        (act.realm, act.kind, type_, act.author, act.reason, group, orjson.dumps(rows).decode()),
    )
    return group


def remember(conn: Connection, group: Rid, pair: tuple[Rid, Rid], value: Any) -> None:
    """Notes with one ruling of an act what undoing it has to restore."""
    conn.execute(
        "update decision set value = %s::jsonb where group_id = %s and a = %s and b = %s",
        (orjson.dumps(value).decode(), group, min(pair), max(pair)),
    )


def add_pin(conn: Connection, act: Act, rid: Rid, name: str, value: Any) -> Rid:
    """Fixes a field of the golden record that `rid` belongs to; returns the group's id."""
    group = new_id()
    conn.execute(
        "insert into decision (id, realm, kind, type, a, field, value, author, reason, group_id)"
        " values (%s, %s, %s, 'pin', %s, %s, %s::jsonb, %s, %s, %s)",
        (new_id(), act.realm, act.kind, rid, name, orjson.dumps(value).decode(), act.author, act.reason, group),
    )
    return group


def live(conn: Connection, rids: Sequence[Rid], types: Sequence[str]) -> list[Decision]:
    """Live decisions that name one of these records on either side, oldest first."""
    sql = f"""
        select {_COLUMNS} from decision where (a = any(%(rids)s) or b = any(%(rids)s)) and type = any(%(types)s)
        and revoked_at is null order by created_at, id
    """  # noqa: S608 -- constant columns
    return [Decision(*row) for row in conn.execute(sql, {"rids": list(rids), "types": list(types)})]


def of_group(conn: Connection, group: Rid) -> list[Decision]:
    """The rows of one act, locked."""
    sql = f"select {_COLUMNS} from decision where group_id = %s order by id for update"  # noqa: S608
    return [Decision(*row) for row in conn.execute(sql, (group,))]


def about(conn: Connection, rids: Sequence[Rid]) -> list[Decision]:
    """Every decision, revoked ones too, that names one of these records, newest first."""
    sql = f"select {_COLUMNS} from decision where a = any(%s) or b = any(%s) order by created_at desc, id desc"  # noqa: S608
    return [Decision(*row) for row in conn.execute(sql, (list(rids), list(rids)))]


def revoke(conn: Connection, ids: Sequence[Rid], author: str) -> None:
    """Ends decisions; they stay on record."""
    conn.execute(
        "update decision set revoked_at = now(), revoked_by = %s where id = any(%s) and revoked_at is null",
        (author, list(ids)),
    )
