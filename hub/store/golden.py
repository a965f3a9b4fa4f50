"""Golden records and the change feed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.model.upcast import Upcasts
from hub.store.database import Connection, upcasts_of
from hub.store.record import packed

Rid = uuid.UUID


@dataclass(slots=True)
class Golden:
    """A golden record as stored. `winners`: field -> rid as text; `{"*": rid}` when one record gave everything.

    `is_old`: it lies there in the form of an older declaration.
    """

    id: Rid
    realm: str
    kind: str
    version: int
    lifecycle: str
    data: dict[str, Any]
    winners: dict[str, str]
    is_old: bool = False


_COLUMNS = "id, realm, kind, version, lifecycle, data, winners"


def load(conn: Connection, ids: Iterable[Rid]) -> dict[Rid, Golden]:
    """The golden records of these ids; ids without one are missing from the answer."""
    sql = f"select {_COLUMNS} from golden where id = any(%s)"  # noqa: S608 -- constant columns
    upcasts = upcasts_of(conn)
    return {row[0]: _golden(upcasts, row) for row in conn.execute(sql, (list(ids),)).fetchall()}


def _golden(upcasts: Upcasts, row: tuple[Any, ...]) -> Golden:
    found = Golden(*row)
    if upcasts.changes(found.kind):
        data = upcasts.data(found.kind, found.data)
        found.is_old, found.data = data != found.data, data
        found.winners = {upcasts.name(found.kind, name): rid for name, rid in found.winners.items()}
    return found


def kinds_in_use(conn: Connection, realms: Sequence[str], kinds: Sequence[str]) -> set[str]:
    """Those of `kinds` of which one of the realms has any golden record."""
    sql = """
        select k from unnest(%s::text[]) as k
        where exists (select from golden g where g.realm = any(%s) and g.kind = k)
    """
    return {kind for (kind,) in conn.execute(sql, (list(kinds), list(realms))).fetchall()} if kinds else set()


def upsert(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Stores golden records. A row: `id, realm, kind, version, lifecycle, data, winners, release_id`."""
    if rows:
        conn.execute(
            """
            insert into golden (id, realm, kind, version, lifecycle, data, winners, release_id)
            select id, realm, kind, version, lifecycle, data, winners, release_id
            from jsonb_to_recordset(%s::jsonb) as t(id uuid, realm text, kind text, version integer, lifecycle text,
                 data jsonb, winners jsonb, release_id integer)
            on conflict (id) do update set version = excluded.version, lifecycle = excluded.lifecycle,
                data = excluded.data, winners = excluded.winners, release_id = excluded.release_id, updated_at = now()
            """,
            (packed(rows),),
        )


def delete(conn: Connection, ids: Sequence[Rid]) -> None:
    """Removes golden records whose cluster is no more; their ids still resolve through the records."""
    if ids:
        conn.execute("delete from golden where id = any(%s)", (list(ids),))


def last_versions(conn: Connection, ids: Sequence[Rid]) -> dict[Rid, int]:
    """The last version number ever given to these ids, so that one that comes back goes on counting."""
    sql = "select golden_id, max(version) from change where golden_id = any(%s) group by golden_id"
    return dict(conn.execute(sql, (list(ids),)).fetchall())


def append_changes(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Writes the feed, as the last statement of T2; returns the last sequence number.

    A row: `golden_id, realm, kind, type, version, fields, before, after, cause, cause_id`. `is_whole`
    instead of `after`: the golden record as it lies there, which is cheaper than to send it again. The row lock on `feed` is held until the commit, so that sequence order is commit order, without gaps.
    """
    if not rows:
        return 0
    found = conn.execute("update feed set seq = seq + %s returning seq", (len(rows),)).fetchone()
    assert found is not None  # noqa: S101 -- the table has its one row from the first migration on
    first = found[0] - len(rows)
    conn.execute(
        """
        insert into change (seq, golden_id, realm, kind, type, version, fields, before, after, cause, cause_id)
        select %s + n, golden_id, realm, kind, type, version,
               coalesce(array(select jsonb_array_elements_text(fields)), '{}'), before,
               case when is_whole then (select g.data from golden g where g.id = golden_id) else after end, cause, cause_id
        from rows from (jsonb_to_recordset(%s::jsonb) as (golden_id uuid, realm text, kind text, type text, version
             integer, fields jsonb, before jsonb, after jsonb, is_whole boolean, cause text, cause_id uuid)) with ordinality
             as t(golden_id, realm, kind, type, version, fields, before, after, is_whole, cause, cause_id, n)
        """,
        (first, packed(rows)),
    )
    return int(found[0])
