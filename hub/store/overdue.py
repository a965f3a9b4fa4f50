"""Parents that do not come: one item for each record that others have waited for too long."""

from __future__ import annotations

import orjson

from hub.store.database import Connection, new_id

OVERDUE_S = 3600.0
MOST = 500

_MISSING = """
    select p.rid, p.realm, p.kind, p.connection_id, p.object_type, p.external_id, count(*) as n, min(r.parked_at) as since
    from record r join reference f on f.child = r.rid join record p on p.rid = f.parent and p.state = 0
    where r.parked and r.parked_at < clock_timestamp() - make_interval(secs => %(age)s)
    group by p.rid order by since limit %(most)s
"""

_OPEN = """
    with m as materialized (select * from json_to_recordset(%(rows)s::json) as m(id uuid, rid uuid, realm text, kind text,
        connection_id integer, object_type text, external_id text, n bigint, since timestamptz))
    insert into item as i (id, realm, type, cause_key, kind, rid, connection_id, count, data, first_at)
    select m.id, m.realm, 'parked', 'parked:' || m.rid, m.kind, m.rid, m.connection_id, m.n,
           jsonb_build_object('object_type', m.object_type, 'external_id', m.external_id), m.since from m
    on conflict (cause_key) do update set count = excluded.count, last_at = now(),
        state = case when i.state = 'resolved' then 'open' else i.state end, resolved_at = null, resolved_by = null,
        resolution = null
    where i.count <> excluded.count or i.state = 'resolved'
"""

_CLOSE = """
    update item i set state = 'resolved', resolved_at = now(), resolved_by = 'hub'
    where i.type = 'parked' and i.state <> 'resolved' and not exists (
        select from reference f join record r on r.rid = f.child and r.parked join record p on p.rid = f.parent
        where f.parent = i.rid and p.state = 0)
"""


def reconcile(conn: Connection, older_than_s: float = OVERDUE_S) -> None:
    """Opens items for missing parents and closes those whose parent came or who has no child left waiting. Idempotent."""
    conn.execute(_CLOSE)
    names = ("rid", "realm", "kind", "connection_id", "object_type", "external_id", "n", "since")
    found = conn.execute(_MISSING, {"age": older_than_s, "most": MOST}).fetchall()
    if found:
        rows = [{"id": new_id(), **dict(zip(names, row, strict=True))} for row in found]
        conn.execute(_OPEN, {"rows": orjson.dumps(rows).decode()})
