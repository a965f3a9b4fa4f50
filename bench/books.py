"""What a hub with a past has written down besides records: counts, runs, acts, reveals, drift, plans, alerts."""

from __future__ import annotations

from hub.flow import alert, match_bulk
from hub.flow.context import Hub
from hub.store import audit

_TALLIES = """
    insert into tally (at, day, connection_id, stage, n)
    select date_trunc(case when received_at > now() - interval '2 days' then 'minute' else 'day' end, received_at),
           (received_at at time zone 'UTC')::date, connection_id, 'done', count(*)
    from event e where not exists (select from event_work w where w.id = e.id) group by 1, 2, 3
"""
# As many rows as a day leaves: each minute one for each connection.
_MINUTES = """
    insert into tally (at, day, connection_id, stage, n)
    select at, (at at time zone 'UTC')::date, c.id, 'done', 0
    from connection c, generate_series(date_trunc('minute', now()) - interval '1 day', now(), interval '1 minute') at
"""
_RUNS = """
    insert into run (id, type, connection_id, stream, status, outcome, coverage, counts, started_at, ended_at)
    select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || left(md5(at::text), 20))::uuid, 'pull',
           c.id, 'customers', 'done', 'ok', 'complete', '{"accepted": 0, "duplicates": 2}', at, at
    from connection c, generate_series(now() - interval '7 days', now(), %s * interval '1 minute') at where c.name = 'till'
"""
# New fields of one stream, as if the others had been decided on.
_DRIFT = """
    insert into drift (id, connection_id, stream, what, path, state, count, episode)
    select gen_random_uuid(), c.id, 'orders', 'new', 'extra.field_' || n, 'open', n, gen_random_uuid()
    from connection c, generate_series(1, least(%s, 40)) n where c.name = 'shop'
"""
_ASKED_BY = "name=exact rarity=very_rare"
_REVEALS = """
    insert into reveal (id, person, kind, subject, field, reason, at)
    select id, 'usr_bench', 'customer', id, 'full_name', 'service', created_at from golden where kind = 'customer'
    order by id limit %s
"""


def keep_books(hub: Hub, few: int) -> None:
    """Tallies that add up to the events; `few` runs, acts and reveals each, a plan for pairs, open alerts; fresh statistics."""
    hub.db.execute("delete from tally")
    hub.db.execute(_TALLIES)
    hub.db.execute(_MINUTES)
    hub.db.execute(_RUNS, (max(2, 7 * 1440 // few),))
    hub.db.execute(_REVEALS, (few,))
    acts = (
        "connection.paused",
        "connection.resumed",
        "list.exported",
        "user.created",
        "plan.released",
        "token.created",
    )
    with hub.db.transaction(durable=False) as conn:
        for number in range(few):
            audit.append(conn, "cli:bench", acts[number % len(acts)], ("shop", "crm")[number % 2])
    alert.evaluate(hub)
    hub.db.execute(_DRIFT, (few,))
    match_bulk.propose(hub, "bench", _ASKED_BY, "different", reason="looked at ten of them")
    with hub.db.session() as conn:
        conn.execute("set statement_timeout = 0")
        conn.execute("vacuum analyze")
