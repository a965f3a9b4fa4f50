"""Reads of golden records for people and programs: by any id ever given, in pages, by look-up key."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from hub.model.upcast import Upcasts
from hub.store.database import Connection, upcasts_of

Rid = uuid.UUID
Realms = frozenset[str] | None
"""Realms that may be seen; None: all."""


@dataclass(frozen=True, slots=True)
class GoldenRow:
    """A golden record as it is shown."""

    id: Rid
    realm: str
    kind: str
    version: int
    lifecycle: str
    data: dict[str, Any]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One record of a golden record's cluster. `fold`: its packed register (`hub.rules.register`)."""

    cluster: Rid
    rid: Rid
    connection: str
    object_type: str
    external_id: str
    last_event_at: datetime | None
    fold: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """What a listing is limited to: a connection that knows it, time of change, a set of ids (None: any)."""

    connection_id: int | None = None
    since: datetime | None = None
    ids: tuple[Rid, ...] | None = None


_GOLDEN = "g.id, g.realm, g.kind, g.version, g.lifecycle, g.data, g.created_at, g.updated_at"


def realms(conn: Connection, allowed: Realms) -> list[str]:
    """The realms in use among those allowed: few, since each connection has one."""
    found = [realm for (realm,) in conn.execute("select distinct realm from connection order by realm")]
    return [realm for realm in found if allowed is None or realm in allowed]


def golden_of(conn: Connection, rid: Rid, allowed: Realms) -> GoldenRow | None:
    """The golden record that this id belongs to now: the id of any of its records, also one merged away."""
    found = conn.execute(
        f"select {_GOLDEN} from record r join golden g on g.id = r.cluster where r.rid = %s",  # noqa: S608 -- constant
        (rid,),
    ).fetchone()
    row = _golden(conn, found) if found else None
    return row if row is not None and (allowed is None or row.realm in allowed) else None


def page(
    conn: Connection, kind: str, within: Sequence[str], filter_: Filter, after: Rid | None, limit: int
) -> list[GoldenRow]:
    """Golden records of a kind in id order (that of their making), at most `limit`; erased ones are left out."""
    if not within:
        return []
    # One realm is compared with =, so that the index gives the order as well.
    where = ["g.realm = %(realm)s" if len(within) == 1 else "g.realm = any(%(realms)s)", "g.kind = %(kind)s"]
    if filter_.connection_id is not None:
        where.append(
            "exists (select from record r where r.cluster = g.id and r.connection_id = %(connection)s and r.state > 0)"
        )
    if filter_.since is not None:
        # Not golden.updated_at: an index on it would make every update of a golden record write to that index.
        where.append("g.id in (select c.golden_id from change c where c.at >= %(since)s and c.kind = %(kind)s)")
    if filter_.ids is not None:
        where.append("g.id = any(%(ids)s)")
    if after is not None:
        where.append("g.id > %(after)s")
    sql = (
        f"select {_GOLDEN} from golden g where {' and '.join(where)} and g.lifecycle <> 'erased'"  # noqa: S608
        " order by g.id limit %(limit)s"
    )
    params = {
        "realm": within[0],
        "realms": list(within),
        "kind": kind,
        "connection": filter_.connection_id,
        "since": filter_.since,
        "ids": list(filter_.ids or ()),
        "after": after,
        "limit": limit,
    }
    return [_golden(conn, row) for row in conn.execute(sql, params)]


def _golden(conn: Connection, row: tuple[Any, ...]) -> GoldenRow:
    id_, realm, kind, version, lifecycle, data, *times = row
    return GoldenRow(id_, realm, kind, version, lifecycle, upcasts_of(conn).data(kind, data), *times)


def ids_of_keys(conn: Connection, hashes: Collection[bytes], most: int) -> set[Rid]:
    """Golden ids of the records that carry one of these look-up keys, at most `most`."""
    found = conn.execute(
        "select distinct r.cluster from match_key m join record r on r.rid = m.rid where m.hash = any(%s) limit %s",
        (list(hashes), most),
    )
    return {cluster for (cluster,) in found}


# The key begins with connection and object type: the few object types are hopped over in the index.
_BY_EXTERNAL = """
    select distinct r.cluster from connection c
    cross join lateral (
        with recursive found as (
            (select object_type from record where connection_id = c.id order by object_type limit 1)
            union all
            select (select r.object_type from record r where r.connection_id = c.id and r.object_type > found.object_type
                    order by r.object_type limit 1)
            from found where found.object_type is not null
        ) select object_type from found where object_type is not null) t
    join record r on r.connection_id = c.id and r.object_type = t.object_type and r.external_id = %(external_id)s
    where r.state > 0 and (%(connection)s::integer is null or c.id = %(connection)s)
"""


def ids_of_external(conn: Connection, connection_id: int | None, external_id: str) -> set[Rid]:
    """Golden ids of the records with this external id, at one connection or (None) at any; one statement."""
    found = conn.execute(_BY_EXTERNAL, {"connection": connection_id, "external_id": external_id})
    return {cluster for (cluster,) in found}


def sources(conn: Connection, ids: Collection[Rid]) -> dict[Rid, list[SourceRow]]:
    """The records seen so far in the cluster of each golden record, oldest first."""
    found: dict[Rid, list[SourceRow]] = {one: [] for one in ids}
    if found:
        rows = conn.execute(
            "select r.cluster, r.rid, c.name, r.object_type, r.external_id, r.last_event_at, r.fold"
            " from record r join connection c on c.id = r.connection_id"
            " where r.cluster = any(%s) and r.state > 0 order by r.rid",
            (list(found),),
        )
        for row in rows:
            found[row[0]].append(SourceRow(*row))
    return found


SourceKey = tuple[str, str, str]
"""Connection name, object type, external id."""


def golden_of_keys(conn: Connection, keys: Iterable[SourceKey], allowed: Realms) -> dict[SourceKey, tuple[str, Rid]]:
    """(kind, golden id now) of each source key that has a golden record; one query."""
    wanted = [{"c": c, "o": o, "e": e} for c, o, e in set(keys)]
    if not wanted:
        return {}
    rows = conn.execute(
        "select c.name, r.object_type, r.external_id, g.kind, g.id, g.realm"
        " from json_to_recordset(%s::json) as k(c text, o text, e text)"
        " join connection c on c.name = k.c"
        " join record r on r.connection_id = c.id and r.object_type = k.o and r.external_id = k.e"
        " join golden g on g.id = r.cluster",
        (orjson.dumps(wanted).decode(),),
    )
    return {
        (name, object_type, external_id): (kind, golden_id)
        for name, object_type, external_id, kind, golden_id, realm in rows
        if allowed is None or realm in allowed
    }


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One entry of the history. `before` and `after` hold only the fields that changed."""

    seq: int
    golden_id: Rid
    kind: str
    type: str
    version: int
    fields: list[str]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    cause: str
    cause_id: Rid | None
    at: datetime


_CHANGE = "seq, golden_id, kind, type, version, fields, before, after, cause, cause_id, at"


def history(conn: Connection, golden_id: Rid, before: int | None, limit: int) -> list[ChangeRow]:
    """What happened to a golden record, newest first; also what happened to those merged into it."""
    rows = conn.execute(
        f"select {_CHANGE} from change"  # noqa: S608 -- constant columns
        " where golden_id = any(array(select rid from record where cluster = %s))"
        " and (%s::bigint is null or seq < %s) order by seq desc limit %s",
        (golden_id, before, before, limit),
    )
    return [_change(upcasts_of(conn), row) for row in rows]


def _change(upcasts: Upcasts, row: tuple[Any, ...]) -> ChangeRow:
    seq, golden_id, kind, type_, version, fields, before, after, *rest = row
    return ChangeRow(seq, golden_id, kind, type_, version, *upcasts.change(kind, fields, before, after), *rest)
