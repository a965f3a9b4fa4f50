"""Records that one system has of one golden record: where their deliveries stand, and what is known of them."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from hub.store.database import Connection

Rid = uuid.UUID


@dataclass(frozen=True, slots=True)
class Twin:
    """A live record at a system. `owner`: of its target (itself where it has none); `major`: the newest version known.

    `is_busy`: something is being sent to it right now.
    """

    rid: Rid
    external_id: str
    owner: Rid
    target_id: Rid | None
    major: int
    is_busy: bool


_TWINS = """
    select r.rid, r.external_id, coalesce(t.owner_rid, r.rid), t.id,
        greatest(coalesce((select max(v.major) from version v where v.rid = r.rid), 0),
            coalesce((select max(w.major) from write w where w.rid = r.rid), 0)),
        coalesce(t.lease_until > clock_timestamp(), false)
    from record r left join target t on t.rid = r.rid and t.state <> 'dropped'
    where r.cluster = %s and r.connection_id = %s and r.object_type = %s and r.state = 1
    order by coalesce(t.owner_rid, r.rid), r.rid
"""


def twins(conn: Connection, cluster: Rid, connection_id: int, object_type: str) -> list[Twin]:
    """The live records that a system has of a golden record, the primary one (of the smallest owner) first."""
    return [Twin(*row) for row in conn.execute(_TWINS, (cluster, connection_id, object_type))]


def close_items(conn: Connection, target_ids: Collection[Rid], by: str) -> None:
    """What was said about several records of one entity at a system is settled."""
    conn.execute(
        "update item set state = 'resolved', resolved_at = now(), resolved_by = %s, resolution = '{\"joined\": true}'"
        " where cause_key = any(%s) and state <> 'resolved'",
        (by, [f"duplicate:{id_}" for id_ in target_ids]),
    )
