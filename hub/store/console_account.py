"""What a connection's page tells beside its figures: credentials, subscriptions, history, and the values it gives."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.store.audit import AuditRow
from hub.store.database import Database


@dataclass(frozen=True, slots=True)
class Credential:
    """The secrets of a connection: when the newest was set, until when its token lasts, what refused it last."""

    set_at: datetime | None
    expires_at: datetime | None
    error: str | None
    failed_at: datetime | None


def credentials(db: Database) -> dict[int, Credential]:
    """By connection id; connections without any secret or token are missing."""
    sql = """
        select c.id, s.at, a.expires_at, a.error, a.failed_at from connection c
        left join (select connection_id, max(created_at) as at from secret where active group by 1) s on s.connection_id = c.id
        left join (select distinct on (connection_id) connection_id, expires_at, error, failed_at from access_token
                   order by connection_id, failed_at desc nulls last, expires_at) a on a.connection_id = c.id
        where s.at is not null or a.connection_id is not null
    """
    return {row[0]: Credential(*row[1:]) for row in db.all(sql)}


@dataclass(frozen=True, slots=True)
class SecretRow:
    """One secret by name: how many values are active (several while it rotates), and when the newest was set."""

    name: str
    values: int
    set_at: datetime


def secrets_of(db: Database, connection_id: int) -> list[SecretRow]:
    """The secrets of a connection, never their values."""
    sql = "select name, count(*), max(created_at) from secret where connection_id = %s and active group by name order by name"
    return [SecretRow(*row) for row in db.all(sql, (connection_id,))]


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """What the system says that it sends us about one topic."""

    topic: str
    address: str
    state: str
    expires_at: datetime | None
    checked_at: datetime
    renewed_at: datetime | None
    error: str | None


def subscriptions_of(db: Database, connection_id: int) -> list[SubscriptionRow]:
    """The subscriptions of a connection as last asked, by topic."""
    sql = """select topic, address, state, expires_at, checked_at, renewed_at, error from subscription
             where connection_id = %s order by topic limit 200"""
    return [SubscriptionRow(*row) for row in db.all(sql, (connection_id,))]


def first_webhook_at(db: Database, connection_id: int, since: datetime) -> datetime | None:
    """When a connection received its first notification after `since`; None when none came yet."""
    first = uuid.UUID(int=int(since.timestamp() * 1000) << 80)
    row = db.one(
        "select received_at from event where id >= %s and connection_id = %s and origin = 'webhook' order by id limit 1",
        (first, connection_id),
    )
    return row[0] if row else None


def history(db: Database, name: str, before: int | None, limit: int) -> list[AuditRow]:
    """What people and the hub did to a connection, newest first, below number `before`."""
    sql = """select seq, at, actor, act, object, reason, detail from audit where object = %(name)s
             and (act like 'connection.%%' or act like 'webhook.%%') and (%(before)s::bigint is null or seq < %(before)s)
             order by seq desc limit %(limit)s"""
    return [AuditRow(*row) for row in db.all(sql, {"name": name, "before": before, "limit": limit})]


@dataclass(frozen=True, slots=True)
class Win:
    """How many of the looked-at golden records of a kind have their value of `field` from the connection.

    `of`: how many of them have a value at all; `looked_at`: golden records looked at.
    """

    kind: str
    field: str
    n: int
    of: int
    looked_at: int


# The newest of each kind, and not all: a page must not read a hundred thousand records.
_WINS = """
with g as materialized (
    select k.kind, x.data, x.winners,
        array(select r.rid::text from record r where r.cluster = x.id and r.connection_id = %(connection)s) as own
    from unnest(%(kinds)s::text[]) as k(kind) cross join lateral (
        select id, data, winners from golden
        where realm = %(realm)s and kind = k.kind and lifecycle = 'active' order by id desc limit %(limit)s) x),
totals as (select kind, count(*) as n from g group by 1)
select g.kind, d.key, count(*) filter (where coalesce(g.winners ->> d.key, g.winners ->> '*') = any(g.own)), count(*), t.n
from g join totals t on t.kind = g.kind cross join lateral jsonb_each(g.data) as d(key, value)
where d.value not in ('null', '[]', '{}', '""')
group by 1, 2, 5 having count(*) filter (where coalesce(g.winners ->> d.key, g.winners ->> '*') = any(g.own)) > 0
order by 1, 3 desc, 2
"""


def wins(db: Database, connection_id: int, realm: str, kinds: Sequence[str], most: int = 500) -> list[Win]:
    """The fields whose value a connection gives, over the newest golden records: at most `most` over all kinds."""
    if not kinds:
        return []
    values: dict[str, Any] = {
        "kinds": list(kinds), "realm": realm, "connection": connection_id, "limit": most // len(kinds),
    }  # fmt: skip
    found = [Win(*row) for row in db.all(_WINS, values)]
    return [replace(win, field=db.upcasts.name(win.kind, win.field)) for win in found] if db.upcasts else found
