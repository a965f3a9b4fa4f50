"""What a look found to be wrong, and how the alerts are brought to it: opened, counted, closed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import orjson

from hub.store.alert import HUB
from hub.store.database import Connection, new_id


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition that holds now. `severity`: 0 note, 1 to do, 2 urgent; `count`: how many things it concerns.

    `rest_s`: one that returns within so many seconds of its end is the same alert again, not a new one.
    """

    type: str
    cause_key: str
    severity: int = 1
    connection_id: int | None = None
    count: int = 1
    data: Mapping[str, Any] = field(default_factory=dict)
    first_at: datetime | None = None
    rest_s: float = 0.0


_GIVEN = """
    with f as (
        select * from json_to_recordset(%(found)s::json) as f(id uuid, cause_key text, type text, severity smallint,
            connection_id integer, count bigint, data jsonb, first_at timestamptz, rest_s float8)
    )
"""

_BACK = f"""
    {_GIVEN}
    update alert a set state = case when a.owner is null then 'open' else 'acknowledged' end, closed_at = null,
        closed_by = null
    from f where f.rest_s > 0 and not exists (select from alert o where o.cause_key = f.cause_key and o.state <> 'closed')
      and a.id = (select c.id from alert c where c.cause_key = f.cause_key and c.state = 'closed' and c.closed_by = %(by)s
                  and c.closed_at > now() - make_interval(secs => f.rest_s) order by c.closed_at desc limit 1)
"""  # noqa: S608 -- constants of this module

_FOUND = f"""
    {_GIVEN}
    insert into alert as a (id, cause_key, type, severity, connection_id, count, data, first_at)
    select f.id, f.cause_key, f.type, f.severity, f.connection_id, f.count, f.data, coalesce(f.first_at, now()) from f
    where not exists (
        select from alert d where d.cause_key = f.cause_key and d.state = 'closed' and d.data ? 'dismissed'
        and d.closed_at > now() - interval '90 days' and d.severity >= f.severity)
    on conflict (cause_key) where state <> 'closed' do update set
        count = excluded.count, last_at = now(), data = excluded.data, severity = excluded.severity, type = excluded.type
    where (a.count, a.data, a.severity, a.type)
        is distinct from (excluded.count, excluded.data, excluded.severity, excluded.type)
       or a.last_at < now() - interval '1 minute'
"""  # noqa: S608 -- constants of this module

_OVER = """
    update alert set state = 'closed', closed_at = now(), closed_by = %(by)s, snoozed_until = null
    where state <> 'closed' and type = any(%(types)s) and cause_key <> all(%(keys)s)
"""

_FORGET = """
    update alert set data = data - 'dismissed'
    where state = 'closed' and data ? 'dismissed' and type = any(%(types)s) and cause_key <> all(%(keys)s)
"""


def reconcile(conn: Connection, findings: Sequence[Finding], types: Collection[str]) -> None:
    """Brings the alerts of these types to what was found: opens, counts, and closes what is over. Idempotent."""
    keys = [finding.cause_key for finding in findings]
    over = {"by": HUB, "types": list(types), "keys": keys}
    conn.execute(_OVER, over)
    conn.execute(_FORGET, over)
    if findings:
        rows = [{"id": new_id(), **asdict(one)} for one in {one.cause_key: one for one in findings}.values()]
        found = orjson.dumps(rows, default=str).decode()
        if any(one.rest_s for one in findings):
            conn.execute(_BACK, {"found": found, "by": HUB})
        conn.execute(_FOUND, {"found": found})
