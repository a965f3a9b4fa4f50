"""The peer's record behind a target: made or found, attached, and what was written to it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from hub.store.database import Connection, new_id, upcasts_of

AT_VERSION: Final = -1
AFTER_LAST: Final = 9


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer's record, locked. `is_new`: made now; `was_stub`: others referred to it before it was known."""

    rid: uuid.UUID
    last_major: int
    fold: dict[str, Any]
    is_new: bool
    was_stub: bool


Key = tuple[str, str]
"""Object type and external id at one connection."""

_MAKE = """
    insert into record (rid, realm, connection_id, object_type, external_id, kind, cluster, state)
    select rid, realm, %s, o, e, kind, rid, 1 from json_to_recordset(%s::json) as t(rid uuid, realm text, o text, e text, kind text)
    order by o, e on conflict do nothing returning object_type, external_id
"""
_LOCK = """
    select r.object_type, r.external_id, r.rid, greatest(coalesce((r.fold -> 't' ->> 0)::bigint, 0), 0), r.state, r.fold
    from json_to_recordset(%s::json) as t(o text, e text)
    join record r on r.connection_id = %s and r.object_type = t.o and r.external_id = t.e
    order by r.rid for no key update of r
"""


def ensure(conn: Connection, connection_id: int, keys: Mapping[Key, tuple[str, str]]) -> dict[Key, Peer]:
    """The records of these source keys, locked in rid order; made live where missing, woken where a stub.

    `keys`: key -> (kind, realm).
    """
    rows = [
        {"rid": new_id(), "realm": realm, "o": o, "e": e, "kind": kind}
        for (o, e), (kind, realm) in sorted(keys.items())
    ]
    document = orjson.dumps(rows).decode()
    made = {(o, e) for o, e in conn.execute(_MAKE, (connection_id, document))}
    upcasts = upcasts_of(conn)
    found = {(o, e): Peer(rid, last, upcasts.fold(keys[o, e][0], fold), (o, e) in made, state == 0)
             for o, e, rid, last, state, fold in conn.execute(_LOCK, (document, connection_id))}  # fmt: skip
    stubs = [each.rid for each in found.values() if each.was_stub]
    if stubs:
        conn.execute("update record set state = 1 where rid = any(%s)", (stubs,))
    return found


def attach(conn: Connection, found: Mapping[uuid.UUID, uuid.UUID]) -> set[uuid.UUID]:
    """Makes records those of their targets: target id -> rid. Other targets that had one are dropped, their results fenced off.

    Returns the targets that have another record already: for them nothing changed.
    """
    ids = sorted(found)
    held: dict[uuid.UUID, uuid.UUID | None] = dict(
        conn.execute("select id, rid from target where id = any(%s) order by id for no key update", (ids,)).fetchall()
    )
    # One record for each target: of two that were answered with the same one, the first keeps it.
    takers: dict[uuid.UUID, uuid.UUID] = {}
    for id_ in ids:
        if id_ in held and held[id_] in (None, found[id_]):
            takers.setdefault(found[id_], id_)
    pairs = (list(takers), list(takers.values()))
    conn.execute(
        "update target t set rid = null, state = 'dropped', lease_until = null, lease_token = lease_token + 1"
        " from unnest(%s::uuid[], %s::uuid[]) as m(rid, id) where t.rid = m.rid and t.id <> m.id",
        pairs,
    )
    conn.execute(
        "update target t set rid = m.rid from unnest(%s::uuid[], %s::uuid[]) as m(rid, id) where t.id = m.id", pairs
    )
    return set(ids) - set(takers.values())


def adopt(conn: Connection, found: Mapping[uuid.UUID, uuid.UUID]) -> None:
    """Gives targets that are not sent yet the peers' records that were found for them: rid -> target id.

    A target that got a record meanwhile, or a record that got a target, is left as it is.
    """
    conn.execute(
        "update target t set rid = m.rid from unnest(%s::uuid[], %s::uuid[]) as m(rid, id) where t.id = m.id and t.rid is null"
        " and not exists (select from target x where x.rid = m.rid)",
        (list(found), list(found.values())),
    )


def was_known(conn: Connection, rid: uuid.UUID | None, major: int, moment: datetime) -> bool:
    """Whether that version of a peer's record, or a later one, was known here before `moment`.

    A call made at `moment` cannot have made it.
    """
    before = uuid.UUID(int=int(moment.timestamp() * 1000) << 80)  # event ids begin with their time of receipt
    row = conn.execute(
        "select exists (select from version where rid = %(rid)s and major >= %(major)s and event_id < %(before)s)"
        " or exists (select from write where rid = %(rid)s and major >= %(major)s and at < %(moment)s)",
        {"rid": rid, "major": major, "before": before, "moment": moment},
    ).fetchone()
    return row is not None and bool(row[0])


@dataclass(frozen=True, slots=True)
class Write:
    """What was written to a record (flat), at the version the peer gave, or (`major` None) after all that is known of it."""

    peer: Peer
    major: int | None
    asserted: Mapping[str, Any]
    attempt_id: uuid.UUID


def add_writes(conn: Connection, writes: Sequence[Write]) -> None:
    """Notes writes, in this order."""
    rows = []
    for n, each in enumerate(writes):
        major, minor = (each.peer.last_major, AFTER_LAST) if each.major is None else (each.major, AT_VERSION)
        rows.append({"n": n, "rid": each.peer.rid, "major": major, "minor": minor, "asserted": each.asserted,
                     "attempt": each.attempt_id})  # fmt: skip
    conn.execute(
        "insert into write (rid, major, minor, asserted, attempt_id) select rid, major, minor, asserted, attempt"
        " from json_to_recordset(%s::json) as t(n integer, rid uuid, major bigint, minor smallint, asserted jsonb, attempt uuid)"
        " order by n",
        (orjson.dumps(rows).decode(),),
    )


def freeze(conn: Connection, realm: str, kind: str, owner_rid: uuid.UUID, connection_id: int, field: str) -> None:
    """Stops writing one field of one entity to one connection until a person lifts it."""
    id_ = new_id()
    conn.execute(
        "insert into decision (id, realm, kind, type, a, field, value, author, reason, group_id)"
        " values (%s, %s, %s, 'freeze', %s, %s, %s, 'hub', 'the value went to and fro', %s)",
        (id_, realm, kind, owner_rid, field, orjson.dumps({"connection": connection_id}).decode(), id_),
    )
