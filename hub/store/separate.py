"""Targets whose peer's record was made for, or found for, another record; and whose they are."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from hub.store.database import Connection

Rid = uuid.UUID


def made_for(conn: Connection, rids: Iterable[Rid]) -> list[tuple[Rid, Rid, Rid]]:
    """(target, owner, the peer's record) of the peers' records among `rids` that belong to another record, locked."""
    sql = """
        select id, owner_rid, rid from target where rid = any(%s) and owner_rid <> rid and state <> 'dropped'
        order by id for no key update
    """
    return conn.execute(sql, (list(rids),)).fetchall()


def rehome(conn: Connection, target_id: Rid, owner: Rid) -> None:
    """Makes a target that of `owner`, due to be compared again; what is under way for the former owner is fenced off.

    A dropped target that stood in that place goes.
    """
    conn.execute(
        "delete from target x using target t where t.id = %s and x.connection_id = t.connection_id"
        " and x.object_type = t.object_type and x.owner_rid = %s and x.state = 'dropped' and x.id <> t.id",
        (target_id, owner),
    )
    conn.execute(
        "update target set owner_rid = %s, dirty_seq = dirty_seq + 1, dirty_at = clock_timestamp(), wait_until = null,"
        " verify_at = case when lease_until is null then verify_at else clock_timestamp() end,"
        " lease_until = null, lease_token = lease_token + 1 where id = %s",
        (owner, target_id),
    )


def drop_unsent(conn: Connection, target_id: Rid, owner: Rid) -> bool:
    """Removes what stands in the place that target had with `owner`, if nothing was ever tried for it.

    True: the place is free.
    """
    place = """
        select x.id, x.state = 'dropped' or (
            x.rid is null and x.lease_until is null and not exists (select from attempt a where a.target_id = x.id))
        from target t join target x on x.connection_id = t.connection_id and x.object_type = t.object_type
        where t.id = %s and x.owner_rid = %s and x.id <> t.id for no key update of x
    """
    found = conn.execute(place, (target_id, owner)).fetchone()
    if found is None:
        return conn.execute("select from target where id = %s", (target_id,)).fetchone() is not None
    if not found[1]:
        return False
    conn.execute("delete from target where id = %s", (found[0],))
    return True
