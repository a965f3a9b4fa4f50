"""Items: pieces of work for a person. One cause, one row: a repeat counts up and reopens."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from hub.errors import NotFoundError
from hub.model.identifier import format_id
from hub.store.database import Connection, new_id, upcasts_of


@dataclass(frozen=True, slots=True)
class Item:
    """One item. `severity`: 0 note, 1 to do, 2 urgent."""

    id: uuid.UUID
    realm: str
    type: str
    cause_key: str
    kind: str | None
    rid: uuid.UUID | None
    connection_id: int | None
    state: str
    severity: int
    count: int
    data: dict[str, Any]
    owner: str | None
    first_at: datetime
    last_at: datetime
    snoozed_until: datetime | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: dict[str, Any] | None
    other: uuid.UUID | None = None
    stake: int = 0
    claimed_by: str | None = None
    claimed_until: datetime | None = None
    """Of a pair (`hub.store.match_item`): its other golden record, what hangs on it, and who works on it until when."""


_COUNT_UP = """
    count = i.count + 1, last_at = now(), data = excluded.data, severity = greatest(i.severity, excluded.severity),
    rid = excluded.rid, state = case when i.state = 'resolved' then 'open' else i.state end,
    resolved_at = null, resolved_by = null, resolution = null
"""


def raise_item(
    conn: Connection,
    type: str,  # noqa: A002 -- the word of the table
    cause_key: str,
    *,
    realm: str = "default",
    kind: str | None = None,
    rid: uuid.UUID | None = None,
    connection_id: int | None = None,
    severity: int = 1,
    data: Mapping[str, Any] | None = None,
) -> uuid.UUID:
    """Opens an item, or counts up the one of the same cause, with the newest `data`; returns its id.

    A resolved one reopens; a snoozed one stays snoozed. `data` holds references and reasons, no personal values.
    """
    row = conn.execute(
        f"""
        insert into item as i (id, realm, type, cause_key, kind, rid, connection_id, severity, data)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
        on conflict (cause_key) do update set {_COUNT_UP}
        returning id
        """,  # noqa: S608 -- constant text
        (new_id(), realm, type, cause_key, kind, rid, connection_id, severity, orjson.dumps(dict(data or {})).decode()),
    ).fetchone()
    assert row is not None  # noqa: S101 -- an upsert with returning yields its row
    found: uuid.UUID = row[0]
    return found


@dataclass(frozen=True, slots=True)
class Raised:
    """An item about one record that is to be opened. `data` holds references and reasons, no personal values."""

    type: str
    cause_key: str
    realm: str
    kind: str
    rid: uuid.UUID
    data: Mapping[str, Any]


def raise_items(conn: Connection, raised: Iterable[Raised]) -> None:
    """`raise_item` for many at once, in one statement; causes must differ."""
    rows = [
        {"id": new_id(), "realm": each.realm, "type": each.type, "cause_key": each.cause_key, "kind": each.kind,
         "rid": each.rid, "data": dict(each.data)}
        for each in raised
    ]  # fmt: skip
    if not rows:
        return
    conn.execute(
        f"""
        insert into item as i (id, realm, type, cause_key, kind, rid, data)
        select id, realm, type, cause_key, kind, rid, data from jsonb_to_recordset(%s::jsonb)
            as t(id uuid, realm text, type text, cause_key text, kind text, rid uuid, data jsonb)
        on conflict (cause_key) do update set {_COUNT_UP}
        """,  # noqa: S608 -- constant text
        (orjson.dumps(rows).decode(),),
    )


def resolve_item(conn: Connection, item_id: uuid.UUID, by: str, resolution: Mapping[str, Any] | None = None) -> bool:
    """Closes an item; False when it was closed already. `NotFoundError` when there is none of that id."""
    done = _resolve(conn, "id", item_id, by, resolution)
    if not done and conn.execute("select 1 from item where id = %s", (item_id,)).fetchone() is None:
        raise NotFoundError(f"no item {format_id('itm', item_id)}")
    return done > 0


def resolve_cause(conn: Connection, cause_key: str, by: str, resolution: Mapping[str, Any] | None = None) -> bool:
    """Closes the item of a cause that went away by itself; False when none was open."""
    return _resolve(conn, "cause_key", cause_key, by, resolution) > 0


def close_others(conn: Connection, rids: Sequence[uuid.UUID], types: Sequence[str], open_keys: Sequence[str]) -> None:
    """Closes the items of these types about some records, but for the causes that are still there."""
    conn.execute(
        "update item set state = 'resolved', resolved_at = now(), resolved_by = 'hub'"
        " where rid = any(%s) and type = any(%s) and state <> 'resolved' and cause_key <> all(%s)",
        (list(rids), list(types), list(open_keys)),
    )


def _resolve(conn: Connection, column: str, value: Any, by: str, resolution: Mapping[str, Any] | None) -> int:
    return conn.execute(
        f"update item set state = 'resolved', resolved_at = now(), resolved_by = %s, resolution = %s"  # noqa: S608
        f" where {column} = %s and state <> 'resolved'",
        (by, orjson.dumps(dict(resolution or {})).decode(), value),
    ).rowcount


def note_resolution(conn: Connection, item_id: uuid.UUID, by: str, resolution: Mapping[str, Any]) -> None:
    """Says who settled an item and how, also when it closed by itself because of it."""
    conn.execute(
        "update item set state = 'resolved', resolved_at = coalesce(resolved_at, now()), resolved_by = %s,"
        " resolution = %s where id = %s",
        (by, orjson.dumps(dict(resolution)).decode(), item_id),
    )


def snooze_item(conn: Connection, item_id: uuid.UUID, until: datetime) -> bool:
    """Puts an open item aside until then; False when it is resolved or unknown."""
    sql = "update item set state = 'snoozed', snoozed_until = %s where id = %s and state <> 'resolved'"
    return conn.execute(sql, (until, item_id)).rowcount > 0


def wake_snoozed(conn: Connection) -> int:
    """Reopens items whose time has come; returns how many."""
    sql = "update item set state = 'open', snoozed_until = null where state = 'snoozed' and snoozed_until <= now()"
    return conn.execute(sql).rowcount


_COLUMNS = ", ".join(Item.__dataclass_fields__)
_LIST = f"""
    select {_COLUMNS} from item
    where (%(type)s = '' or type = %(type)s) and (%(state)s = '' or state = %(state)s)
      and (%(realms)s::text[] is null or realm = any(%(realms)s))
      and (%(connection)s::integer is null or connection_id = %(connection)s)
      and (%(before)s::uuid is null or id < %(before)s)
    order by id desc limit %(limit)s
"""  # noqa: S608 -- constant columns


def list_items(
    conn: Connection,
    *,
    type: str = "",  # noqa: A002 -- the word of the table
    state: str = "open",
    realms: list[str] | None = None,
    connection_id: int | None = None,
    before: uuid.UUID | None = None,
    limit: int = 50,
) -> list[Item]:
    """Items newest first, below id `before`; `state` '' for all, `realms` None for all."""
    filters = {
        "type": type,
        "state": state,
        "realms": realms,
        "connection": connection_id,
        "before": before,
        "limit": limit,
    }
    return [_item(conn, row) for row in conn.execute(_LIST, filters)]


def read_item(conn: Connection, item_id: uuid.UUID) -> Item:
    """One item; `NotFoundError` when there is none of that id."""
    row = conn.execute(f"select {_COLUMNS} from item where id = %s", (item_id,)).fetchone()  # noqa: S608
    if row is None:
        raise NotFoundError(f"no item {format_id('itm', item_id)}")
    return _item(conn, row)


def _item(conn: Connection, row: Sequence[Any]) -> Item:
    found = Item(*row)
    return replace(found, data=upcasts_of(conn).about(found.kind, found.data))


def close_twins(conn: Connection, cause_keys: Sequence[str]) -> None:
    """Closes what was said about several records of one entity at one system: each is another's, or the only one, now."""
    if cause_keys:
        conn.execute(
            "update item set state = 'resolved', resolved_at = now(), resolved_by = 'hub'"
            " where cause_key = any(%s) and state <> 'resolved' and data ->> 'twins' = 'true'",
            (list(cause_keys),),
        )
