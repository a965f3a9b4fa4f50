"""Alerts: something is wrong and a person should know. One cause, one row, for as long as the condition lasts."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from hub.store.database import Connection, new_id

HUB = "hub"
"""Who closes an alert whose condition ended."""
# A person closed it although the condition lasts: it stays closed until the condition ends or gets worse.
_DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `connection` and `realm` are None when it concerns the hub itself."""

    id: uuid.UUID
    cause_key: str
    type: str
    severity: int
    connection_id: int | None
    connection: str | None
    realm: str | None
    state: str
    count: int
    data: dict[str, Any]
    owner: str | None
    first_at: datetime
    last_at: datetime
    snoozed_until: datetime | None
    closed_at: datetime | None
    closed_by: str | None


def raise_alert(
    conn: Connection,
    type: str,  # noqa: A002 -- the word of the table
    cause_key: str,
    *,
    severity: int = 1,
    connection_id: int | None = None,
    data: Mapping[str, Any] | None = None,
    count: int = 1,
) -> uuid.UUID:
    """Opens an alert, or counts up the open one of the same cause, with the newest `data`; returns its id.

    For what is told once and not looked at again: it stays until a person or `close_cause` closes it.
    """
    row = conn.execute(
        """
        insert into alert as a (id, cause_key, type, severity, connection_id, count, data)
        values (%s, %s, %s, %s, %s, %s, %s)
        on conflict (cause_key) where state <> 'closed' do update set
            count = a.count + excluded.count, last_at = now(), data = excluded.data,
            severity = greatest(a.severity, excluded.severity)
        returning id
        """,
        (new_id(), cause_key, type, severity, connection_id, count, _json(dict(data or {}))),
    ).fetchone()
    assert row is not None  # noqa: S101 -- an upsert with returning yields its row
    found: uuid.UUID = row[0]
    return found


def _json(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()


def close_cause(conn: Connection, cause_key: str, by: str = HUB) -> bool:
    """Closes the alert of a cause that went away; False when none was open."""
    sql = "update alert set state = 'closed', closed_at = now(), closed_by = %s, snoozed_until = null"
    return conn.execute(f"{sql} where cause_key = %s and state <> 'closed'", (by, cause_key)).rowcount > 0


def close(conn: Connection, alert_id: uuid.UUID, by: str) -> bool:
    """A person closes it: it does not open again while the same condition lasts. False when it was closed."""
    sql = """
        update alert set state = 'closed', closed_at = now(), closed_by = %s, snoozed_until = null,
            data = data || jsonb_build_object(%s::text, true)
        where id = %s and state <> 'closed'
    """
    return conn.execute(sql, (by, _DISMISSED, alert_id)).rowcount > 0


def acknowledge(conn: Connection, alert_id: uuid.UUID, by: str) -> bool:
    """Somebody has seen it and takes it on; False when it is closed."""
    sql = """
        update alert set state = 'acknowledged', owner = coalesce(owner, %s), snoozed_until = null
        where id = %s and state <> 'closed'
    """
    return conn.execute(sql, (by, alert_id)).rowcount > 0


def assign(conn: Connection, alert_id: uuid.UUID, owner: str | None) -> bool:
    """Says whose it is, or nobody's (None); False when it is closed."""
    sql = "update alert set owner = %s where id = %s and state <> 'closed'"
    return conn.execute(sql, (owner, alert_id)).rowcount > 0


def snooze(conn: Connection, alert_id: uuid.UUID, until: datetime) -> bool:
    """Puts it aside until then; False when it is closed."""
    sql = "update alert set state = 'snoozed', snoozed_until = %s where id = %s and state <> 'closed'"
    return conn.execute(sql, (until, alert_id)).rowcount > 0


def wake_snoozed(conn: Connection) -> int:
    """Reopens alerts whose time has come; returns how many."""
    sql = "update alert set state = 'open', snoozed_until = null where state = 'snoozed' and snoozed_until <= now()"
    return conn.execute(sql).rowcount


def purge(conn: Connection, days: int = 90) -> int:
    """Removes alerts that were closed long ago; returns how many."""
    sql = "delete from alert where state = 'closed' and closed_at < now() - make_interval(days => %s)"
    return conn.execute(sql, (days,)).rowcount


_COLUMNS = """a.id, a.cause_key, a.type, a.severity, a.connection_id, c.name as connection, c.realm, a.state, a.count, a.data, a.owner,
    a.first_at, a.last_at, a.snoozed_until, a.closed_at, a.closed_by"""
_FROM = f"select {_COLUMNS} from alert a left join connection c on c.id = a.connection_id"  # noqa: S608 -- constant
_SEEN = "(%(realms)s::text[] is null or c.realm is null or c.realm = any(%(realms)s))"
# What waits for somebody first, then what somebody has taken on.
_WORST_FIRST = "order by a.state <> 'open', a.severity desc, a.first_at, a.id"
_STATES = {
    "open": "a.state in ('open', 'acknowledged')",
    "snoozed": "a.state = 'snoozed'",
    "closed": "a.state = 'closed'",
    "all": "true",
}


def list_alerts(
    conn: Connection,
    *,
    state: str = "open",
    type: str = "",  # noqa: A002 -- the word of the table
    connection: str = "",
    realms: list[str] | None = None,
    before: uuid.UUID | None = None,
    limit: int = 50,
) -> list[Alert]:
    """Alerts, worst first; closed and all of them newest first, below id `before`. `open` holds acknowledged ones.

    `realms` None: all. What concerns the hub itself everybody sees.
    """
    order = _WORST_FIRST if state in ("open", "snoozed") else "order by a.id desc"
    sql = f"""
        {_FROM} where {_STATES[state]} and {_SEEN} and (%(type)s = '' or a.type = %(type)s)
          and (%(connection)s = '' or c.name = %(connection)s) and (%(before)s::uuid is null or a.id < %(before)s)
        {order} limit %(limit)s
    """
    values = {"realms": realms, "type": type, "connection": connection, "before": before, "limit": limit}
    return [Alert(*row) for row in conn.execute(sql, values)]


# One statement, for the first screen: also when nothing is wrong it says whether anybody looks.
_FIRST = f"""
    select s.looked_at, a.* from (select (select updated_at from setting where key = 'alerts_looked') as looked_at) s
    left join lateral ({_FROM} where {_STATES["open"]} and {_SEEN} and (%(connection)s = '' or c.name = %(connection)s)
        {_WORST_FIRST} limit %(limit)s) a on true
    {_WORST_FIRST}
"""  # noqa: S608 -- constants of this module


def to_do(
    conn: Connection, realms: list[str] | None, connection: str = "", limit: int = 100
) -> tuple[list[Alert], datetime | None]:
    """Open alerts, worst first, and when conditions were looked at last (None: never)."""
    values = {"realms": realms, "connection": connection, "limit": limit}
    rows = conn.execute(_FIRST, values).fetchall()
    return [Alert(*row[1:]) for row in rows if row[1] is not None], rows[0][0]


def read(conn: Connection, alert_id: uuid.UUID) -> Alert | None:
    """One alert; None when there is none of that id."""
    row = conn.execute(f"{_FROM} where a.id = %s", (alert_id,)).fetchone()
    return Alert(*row) if row else None
