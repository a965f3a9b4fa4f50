"""What must be known of a connection before it goes live: whether it was read to the end, and what it shares."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from hub.store.database import Connection


def is_read(conn: Connection, connection_id: int, streams: Sequence[str]) -> bool:
    """Whether each of these streams had a complete full pass and the pipeline took all of it up."""
    sql = """
        select (select count(*) from cursor where connection_id = %(id)s and stream = any(%(streams)s)
                and full_pass ->> 'coverage' = 'complete') = cardinality(%(streams)s::text[])
            and not exists (select from event_work where connection_id = %(id)s and state = 0)
            and not exists (select from resolve_work w join record r on r.rid = w.rid where r.connection_id = %(id)s)
    """
    row = conn.execute(sql, {"id": connection_id, "streams": list(streams)}).fetchone()
    return row is not None and bool(row[0])


def overlap(conn: Connection, connection_id: int) -> dict[str, int]:
    """`linked`: its records that others know too; `conflicts`: open disagreements about its entities."""
    sql = """
        select (select count(*) from record r where r.connection_id = %(id)s and r.state = 1 and exists (
                select from record o where o.cluster = r.cluster and o.connection_id <> r.connection_id)),
            (select count(*) from item i where i.type = 'conflict' and i.state <> 'resolved' and exists (
                select from record r where r.cluster = i.rid and r.connection_id = %(id)s))
    """
    row = conn.execute(sql, {"id": connection_id}).fetchone()
    return {"linked": row[0], "conflicts": row[1]} if row else {}


def open_plans(conn: Connection, connection_id: int, cause: str) -> list[uuid.UUID]:
    """The undecided plans of one cause at a connection."""
    sql = "select id from plan where connection_id = %s and cause = %s and state in ('held', 'canary') order by id for update"
    return [row[0] for row in conn.execute(sql, (connection_id, cause))]
