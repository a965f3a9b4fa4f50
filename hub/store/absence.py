"""Which records a complete listing did not contain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from hub.store.database import Connection
from hub.store.partition import first_id

_ABSENT = """
    select r.external_id, greatest(
        (select max(v.major) from version v where v.rid = r.rid and v.event_id < %(first)b),
        (select max(w.major) from write w where w.rid = r.rid and w.at < to_timestamp(%(started)s / 1e6))) as major
    from record r
    where r.connection_id = %(connection)s and r.object_type = %(type)s and r.kind = %(kind)s and r.state = 1
      and r.rid < %(first)b
      and not exists (select from unnest(%(ids)s::text[]) as seen(id) where seen.id = r.external_id)
    order by r.external_id
"""


def absent(
    conn: Connection, connection_id: int, object_type: str, kind: str, ids: Sequence[str], started_at: int
) -> list[tuple[str, int]]:
    """Live records known before `started_at` (µs) that are not among `ids`: external id and last major known then."""
    found = conn.execute(
        _ABSENT,
        {
            "first": first_id(datetime.fromtimestamp(started_at / 1e6, UTC)),
            "started": started_at,
            "connection": connection_id,
            "type": object_type,
            "kind": kind,
            "ids": list(ids),
        },
    )
    return [(external_id, major) for external_id, major in found if major is not None]
