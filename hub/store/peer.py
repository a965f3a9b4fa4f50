"""The peer's record behind a target: made or found, attached, and what was written to it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from hub.store.database import Connection, new_id

AT_VERSION: Final = -1
AFTER_LAST: Final = 9


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer's record, locked. `is_new`: made now; `was_stub`: others referred to it before it was known."""

    rid: uuid.UUID
    last_major: int
    is_new: bool
    was_stub: bool


_LOCK = """
    select rid, greatest(coalesce((fold -> 't' ->> 0)::bigint, 0), 0), state from record
    where connection_id = %s and object_type = %s and external_id = %s for no key update
"""


def ensure(conn: Connection, connection_id: int, object_type: str, external_id: str, kind: str, realm: str) -> Peer:
    """The record of a source key, locked; made live when it is missing, woken when it was a stub."""
    rid = new_id()
    made = conn.execute(
        "insert into record (rid, realm, connection_id, object_type, external_id, kind, cluster, state)"
        " values (%s, %s, %s, %s, %s, %s, %s, 1) on conflict do nothing",
        (rid, realm, connection_id, object_type, external_id, kind, rid),
    )
    row = conn.execute(_LOCK, (connection_id, object_type, external_id)).fetchone()
    assert row is not None  # noqa: S101 -- inserted above or there before
    if row[2] == 0:
        conn.execute("update record set state = 1 where rid = %s", (row[0],))
    return Peer(row[0], row[1], made.rowcount == 1, row[2] == 0)


def attach(conn: Connection, target_id: uuid.UUID, rid: uuid.UUID) -> bool:
    """Makes `rid` the record of this target; another target that had it is dropped, its results fenced off.

    False: the target has another record already, nothing changed.
    """
    row = conn.execute("select rid from target where id = %s for no key update", (target_id,)).fetchone()
    if row is None or row[0] not in (None, rid):
        return False
    conn.execute(
        "update target set rid = null, state = 'dropped', lease_until = null, lease_token = lease_token + 1"
        " where rid = %s and id <> %s",
        (rid, target_id),
    )
    conn.execute("update target set rid = %s where id = %s", (rid, target_id))
    return True


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


def add_write(
    conn: Connection, peer: Peer, major: int | None, asserted: Mapping[str, Any], attempt_id: uuid.UUID
) -> None:
    """Notes what was written (flat), at the version the peer gave, or after all that is known of it."""
    place = (peer.last_major, AFTER_LAST) if major is None else (major, AT_VERSION)
    conn.execute(
        "insert into write (rid, major, minor, asserted, attempt_id) values (%s, %s, %s, %s, %s)",
        (peer.rid, *place, orjson.dumps(asserted).decode(), attempt_id),
    )


def freeze(conn: Connection, realm: str, kind: str, owner_rid: uuid.UUID, connection_id: int, field: str) -> None:
    """Stops writing one field of one entity to one connection until a person lifts it."""
    id_ = new_id()
    conn.execute(
        "insert into decision (id, realm, kind, type, a, field, value, author, reason, group_id)"
        " values (%s, %s, %s, 'freeze', %s, %s, %s, 'hub', 'the value went to and fro', %s)",
        (id_, realm, kind, owner_rid, field, orjson.dumps({"connection": connection_id}).decode(), id_),
    )
