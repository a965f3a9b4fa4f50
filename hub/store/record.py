"""Records and what hangs on them: versions, references, look-up keys, marks. Set-based, one statement a batch.

Batches travel as one JSON document (`jsonb_to_recordset`): one parameter, no per-row binding.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import orjson

from hub.model.upcast import NONE, Upcasts
from hub.store.database import Connection, upcasts_of

STUB, LIVE, DELETED, SUPERSEDED = 0, 1, 2, 3

Key = tuple[int, str, str]
"""Source key inside one hub: connection id, object type, external id."""


@dataclass(slots=True)
class Row:
    """A record as stored."""

    rid: uuid.UUID
    key: Key
    kind: str
    realm: str
    state: int
    parked: bool
    fold: dict[str, Any]
    cluster: uuid.UUID


def packed(rows: Any) -> str:
    """The JSON document of a batch."""
    return orjson.dumps(rows).decode()


_COLUMNS = "r.rid, r.connection_id, r.object_type, r.external_id, r.kind, r.realm, r.state, r.parked, r.fold, r.cluster"
_BY_KEYS = (
    f"select {_COLUMNS} from jsonb_to_recordset(%s::jsonb) as k(c integer, o text, e text)"  # noqa: S608 -- constant columns
    " join record r on r.connection_id = k.c and r.object_type = k.o and r.external_id = k.e"
)


_LIGHT_BY_KEYS = _BY_KEYS.replace("r.fold", "'{}'::jsonb")


def lock_by_keys(conn: Connection, keys: Iterable[Key], *, wait: bool = True) -> dict[Key, Row]:
    """The records that exist among `keys`, locked against other writers, in rid order.

    `wait` False leaves out those that somebody else holds.
    """
    return _by_keys(conn, keys, " order by r.rid for no key update of r" + ("" if wait else " skip locked"))


def find_by_keys(conn: Connection, keys: Iterable[Key]) -> dict[Key, Row]:
    """The records that exist among `keys`, unlocked and without their folds."""
    document = packed([{"c": c, "o": o, "e": e} for c, o, e in keys])
    rows = [_row(found) for found in conn.execute(_LIGHT_BY_KEYS, (document,)).fetchall()]
    return {row.key: row for row in rows}


def _by_keys(conn: Connection, keys: Iterable[Key], suffix: str) -> dict[Key, Row]:
    document = packed([{"c": c, "o": o, "e": e} for c, o, e in keys])
    rows = [_row(found, upcasts_of(conn)) for found in conn.execute(_BY_KEYS + suffix, (document,)).fetchall()]
    return {row.key: row for row in rows}


def _row(found: Sequence[Any], upcasts: Upcasts = NONE) -> Row:
    rid, connection_id, object_type, external_id, kind, realm, state, parked, fold, cluster = found
    key = (connection_id, object_type, external_id)
    return Row(rid, key, kind, realm, state, parked, upcasts.fold(kind, fold), cluster)


def _rows(conn: Connection, sql: str, rids: Iterable[uuid.UUID]) -> list[Row]:
    return [_row(found, upcasts_of(conn)) for found in conn.execute(sql, (list(rids),)).fetchall()]


def lock_rids(conn: Connection, rids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Row]:
    """The records of these rids, locked, in rid order."""
    sql = f"select {_COLUMNS} from record r where r.rid = any(%s) order by r.rid for no key update"  # noqa: S608
    return {row.rid: row for row in _rows(conn, sql, rids)}


def insert(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> set[Key]:
    """Inserts new records in key order; returns the keys that were new. The others exist by now: load and update them.

    A row: `rid, realm, connection_id, object_type, external_id, kind, state, parked, fold, release_id,
    last_event, last_event_at`.
    """
    if not rows:
        return set()
    ordered = sorted(rows, key=lambda row: (row["connection_id"], row["object_type"], row["external_id"]))
    sql = """
        insert into record (rid, realm, connection_id, object_type, external_id, kind, cluster, state, parked, parked_at,
                            fold, release_id, last_event, last_event_at)
        select rid, realm, connection_id, object_type, external_id, kind, rid, state, parked,
               case when parked then clock_timestamp() end, fold, release_id, last_event, last_event_at
        from jsonb_to_recordset(%s::jsonb) as t(rid uuid, realm text, connection_id integer, object_type text,
             external_id text, kind text, state smallint, parked boolean, fold jsonb, release_id integer,
             last_event uuid, last_event_at timestamptz)
        on conflict (connection_id, object_type, external_id) do nothing
        returning connection_id, object_type, external_id
    """
    return {(c, o, e) for c, o, e in conn.execute(sql, (packed(ordered),)).fetchall()}


def update(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Stores new folds of locked records. A row: `rid, state, parked, fold, release_id, last_event, last_event_at`."""
    if not rows:
        return
    sql = """
        update record r set state = t.state, parked = t.parked and not r.orphan, fold = t.fold,
               parked_at = case when t.parked and not r.orphan then coalesce(r.parked_at, clock_timestamp()) end,
               release_id = coalesce(t.release_id, r.release_id),
               last_event = coalesce(t.last_event, r.last_event), last_event_at = coalesce(t.last_event_at, r.last_event_at)
        from jsonb_to_recordset(%s::jsonb) as t(rid uuid, state smallint, parked boolean, fold jsonb, release_id integer,
             last_event uuid, last_event_at timestamptz)
        where r.rid = t.rid
    """
    conn.execute(sql, (packed(rows),))


def insert_versions(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Adds observations; one already there (same order, content and event) is left as it is.

    A row: `rid, major, minor, read_at, hash (hex), event_id, since, weak, ahead, release_id, asserted`.
    """
    if not rows:
        return
    sql = """
        insert into version (rid, major, minor, read_at, hash, event_id, since, weak, ahead, release_id, asserted)
        select rid, major, minor, read_at, decode(hash, 'hex'), event_id, since, weak, ahead, release_id, asserted
        from jsonb_to_recordset(%s::jsonb) as t(rid uuid, major bigint, minor smallint, read_at bigint, hash text,
             event_id uuid, since bigint, weak boolean, ahead boolean, release_id integer, asserted jsonb)
        on conflict do nothing
    """
    conn.execute(sql, (packed(rows),))


def said_about(conn: Connection, event_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Event -> the records that it said something about."""
    sql = "select distinct event_id, rid from version where event_id = any(%s)"
    found: dict[uuid.UUID, set[uuid.UUID]] = {}
    for event_id, rid in conn.execute(sql, (list(event_ids),)).fetchall():
        found.setdefault(event_id, set()).add(rid)
    return found


def held_by_others(conn: Connection, rids: Set[uuid.UUID]) -> Set[uuid.UUID]:
    """Those of these records that somebody else holds; the others are locked, in rid order."""
    sql = "select rid from record where rid = any(%s) order by rid for no key update skip locked"
    return rids - {rid for (rid,) in conn.execute(sql, (list(rids),)).fetchall()}


def delete_versions(conn: Connection, event_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Forgets what these events said (they are about to be mapped again); returns the records concerned."""
    if not event_ids:
        return set()
    sql = "delete from version where event_id = any(%s) returning rid"
    return {rid for (rid,) in conn.execute(sql, (list(event_ids),)).fetchall()}


@dataclass(frozen=True, slots=True)
class Line:
    """One stored item of a record's line: an observation, or a write of the hub (`is_write`)."""

    rid: uuid.UUID
    major: int
    minor: int
    read_at: int
    tie: str
    asserted: dict[str, Any]
    since: int
    weak: bool
    is_write: bool
    event_id: uuid.UUID | None = None


_LINES = """
    select rid, major, minor, read_at, encode(hash, 'hex'), asserted, since, weak, false, event_id
    from version where rid = any(%(rids)s)
    union all
    select rid, major, minor, 0, lpad(seq::text, 20, '0'), asserted, 0, false, true, null
    from write where rid = any(%(rids)s)
"""


def lines(conn: Connection, rids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Line]]:
    """All observations and writes of these records, unsorted."""
    found: dict[uuid.UUID, list[Line]] = {rid: [] for rid in rids}
    if found:
        for row in conn.execute(_LINES, {"rids": list(found)}).fetchall():
            found[row[0]].append(Line(*row))
        _upcast_lines(conn, found)
    return found


def _upcast_lines(conn: Connection, found: dict[uuid.UUID, list[Line]]) -> None:
    upcasts = upcasts_of(conn)
    if not upcasts:
        return
    for rid, kind in conn.execute("select rid, kind from record where rid = any(%s)", (list(found),)).fetchall():
        found[rid] = [replace(line, asserted=upcasts.flat(kind, line.asserted)) for line in found[rid]]


def upsert_references(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> list[uuid.UUID]:
    """Points child fields at their parents. A row: `child, field, parent` (parent null: no reference any more).

    Returns the parents that lost a child, so that what is derived from them is computed again.
    """
    if not rows:
        return []
    document = packed(rows)
    sql = """
        with t as (select * from jsonb_to_recordset(%s::jsonb) as t(child uuid, field text, parent uuid))
        select r.child, r.field, r.parent from reference r join t on t.child = r.child and t.field = r.field
        where r.parent is distinct from t.parent
    """
    moved = conn.execute(sql, (document,)).fetchall()
    conn.execute(
        """
        insert into reference (child, field, parent)
        select child, field, parent from jsonb_to_recordset(%s::jsonb) as t(child uuid, field text, parent uuid)
        where parent is not null
        on conflict (child, field) do update set parent = excluded.parent where reference.parent <> excluded.parent
        """,
        (document,),
    )
    gone = [{"child": row["child"], "field": row["field"]} for row in rows if row["parent"] is None]
    if gone:
        conn.execute(
            "delete from reference r using jsonb_to_recordset(%s::jsonb) as t(child uuid, field text)"
            " where r.child = t.child and r.field = t.field",
            (packed(gone),),
        )
    return [parent for _, _, parent in moved]


def insert_references(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """References of records that are new in this transaction."""
    if rows:
        conn.execute(
            "insert into reference (child, field, parent)"
            " select child, field, parent from jsonb_to_recordset(%s::jsonb) as t(child uuid, field text, parent uuid)"
            " on conflict do nothing",
            (packed(rows),),
        )


_UNPARK = """
    update record set parked = false, parked_at = null where rid = any(array(
        select c.rid from record c where c.parked and {} order by c.rid for no key update skip locked))
    returning rid
"""


def unpark(conn: Connection, parents: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Children that waited for these parents wait no longer; returns them.

    A child that somebody else holds is skipped, so that no lock is waited for out of order;
    `unpark_arrived` finds it.
    """
    if not parents:
        return []
    condition = "c.rid in (select child from reference where parent = any(%s))"
    return [rid for (rid,) in conn.execute(_UNPARK.format(condition), (list(parents),)).fetchall()]


def unpark_arrived(conn: Connection) -> list[uuid.UUID]:
    """Children whose parents have all come, whoever missed it; returns them. For the sweep."""
    condition = """
        exists (select from reference r where r.child = c.rid)
        and not exists (select from reference r join record p on p.rid = r.parent where r.child = c.rid and p.state = 0)
    """
    return [rid for (rid,) in conn.execute(_UNPARK.format(condition)).fetchall()]


def append_marks(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Asks T2 to look at these records. A row: `rid, relink, cause, cause_id, full_pass, rekey, was`."""
    if rows:
        conn.execute(
            "insert into resolve_work (rid, relink, cause, cause_id, full_pass, rekey, was)"
            " select rid, relink, coalesce(cause, 'event'), cause_id, full_pass, coalesce(rekey, false), was"
            " from jsonb_to_recordset(%s::jsonb)"
            " as t(rid uuid, relink boolean, cause text, cause_id uuid, full_pass uuid, rekey boolean, was uuid)",
            (packed(rows),),
        )


def load_rids(conn: Connection, rids: Iterable[uuid.UUID]) -> list[Row]:
    """The records of these rids, unlocked, in rid order."""
    sql = f"select {_COLUMNS} from record r where r.rid = any(%s) order by r.rid"  # noqa: S608 -- constant columns
    return _rows(conn, sql, rids)
