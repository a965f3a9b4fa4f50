"""Deliveries as programs list them: the targets of the hub, newest first."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.store.console_event import TARGET_STATE
from hub.store.database import Connection

# What may be asked for, and a condition on indexed columns that goes with it.
STATES = {
    "due": "t.dirty_seq > t.done_seq and t.state = 'due' and t.plan_id is null",
    "retry": "t.dirty_seq > t.done_seq and t.state = 'due' and t.plan_id is null",
    "sending": "t.lease_until > now()",
    "held": "t.plan_id is not null",
    "sent": "t.state = 'due'",
    "unknown": "t.state = 'unknown'",
    "dead": "t.state = 'dead'",
    "dropped": "t.state = 'dropped'",
}


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One target. `golden_id`: whom it is for; `external_id`: the peer's record, None before it was made."""

    id: uuid.UUID
    connection: str
    kind: str
    object_type: str
    state: str
    golden_id: uuid.UUID
    external_id: str | None
    failures: int
    error: dict[str, Any] | None
    dirty_at: datetime
    done_at: datetime | None
    next_at: datetime | None
    plan_id: uuid.UUID | None
    cause: str
    cause_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class Filter:
    """What to list; empty texts and None mean any."""

    state: str = ""
    connection: str = ""
    realms: list[str] | None = None
    before: uuid.UUID | None = None


def list_deliveries(conn: Connection, wish: Filter, limit: int) -> list[DeliveryRow]:
    """Targets, newest first, at most `limit`."""
    where = [
        "(%(connection)s = '' or c.name = %(connection)s)",
        "(%(realms)s::text[] is null or t.realm = any(%(realms)s))",
    ]
    if wish.state:
        where += [STATES[wish.state], f"({TARGET_STATE}) = %(state)s"]
    if wish.before is not None:
        where.append("t.id < %(before)s")
    sql = f"""
        select t.id, c.name, t.kind, t.object_type, {TARGET_STATE}, o.cluster, p.external_id, t.failures, t.error,
               t.dirty_at, t.done_at, coalesce(t.verify_at, t.wait_until), t.plan_id, t.cause, t.cause_id
        from target t join connection c on c.id = t.connection_id join record o on o.rid = t.owner_rid
        left join record p on p.rid = t.rid
        where {" and ".join(where)} order by t.id desc limit %(limit)s
    """  # noqa: S608 -- constants of this module
    params = {
        "state": wish.state,
        "connection": wish.connection,
        "realms": wish.realms,
        "before": wish.before,
        "limit": limit,
    }
    return [DeliveryRow(*row) for row in conn.execute(sql, params)]
