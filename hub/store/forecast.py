"""What a forecast looks at: the newest events of a stream, the golden records of a kind."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from hub.store.database import Connection


def topics(conn: Connection, connection_id: int) -> list[str]:
    """The topics of a connection's newest events."""
    sql = """
        select distinct topic from (
            select topic from event where connection_id = %s order by id desc limit 20000) newest
    """
    return sorted(topic for (topic,) in conn.execute(sql, (connection_id,)))


def newest_events(conn: Connection, connection_id: int, topics: Sequence[str], limit: int) -> list[uuid.UUID]:
    """Ids of the newest events of these topics that are done or set aside, newest first."""
    sql = """
        select e.id from event e where e.connection_id = %s and e.topic = any(%s)
        and not exists (select from event_work w where w.id = e.id and w.state <> 1) order by e.id desc limit %s
    """
    return [id_ for (id_,) in conn.execute(sql, (connection_id, list(topics), limit))]


def quarantined(conn: Connection, ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these events are set aside."""
    return {id_ for (id_,) in conn.execute("select id from event_work where state = 1 and id = any(%s)", (list(ids),))}


def golden_ids(conn: Connection, kind: str, last: int | None) -> list[uuid.UUID]:
    """The golden records of a kind by id; only the `last` changed ones when that is given."""
    if last is None:
        sql = "select id from golden where kind = %s and lifecycle = 'active' order by id"
        return [id_ for (id_,) in conn.execute(sql, (kind,))]
    sql = "select id from golden where kind = %s and lifecycle = 'active' order by updated_at desc, id limit %s"
    return sorted(id_ for (id_,) in conn.execute(sql, (kind, last)))
