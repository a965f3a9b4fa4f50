"""Webhook subscriptions as a system last listed them, one row per topic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import orjson

from hub.store.database import Connection, Database


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """What a system will send. `state`: active, elsewhere, expired, missing, or the system's own word.

    `renewed_at`: when its end was first seen to be what it is, so that its length of life is known.
    """

    topic: str
    address: str
    state: str
    expires_at: datetime | None
    checked_at: datetime
    renewed_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """One topic as just listed."""

    topic: str
    address: str
    state: str
    expires_at: datetime | None = None
    error: str | None = None


_COLUMNS = ", ".join(SubscriptionRow.__dataclass_fields__)


def of_connection(db: Database, connection_id: int) -> list[SubscriptionRow]:
    """The subscriptions of a connection, by topic."""
    rows = db.all(f"select {_COLUMNS} from subscription where connection_id = %s order by topic", (connection_id,))  # noqa: S608
    return [SubscriptionRow(*row) for row in rows]


def replace(conn: Connection, connection_id: int, listed: Iterable[Listed]) -> None:
    """Makes exactly these the connection's subscriptions, checked now."""
    document = [
        {
            "topic": one.topic,
            "address": one.address,
            "state": one.state,
            "expires_at": one.expires_at,
            "error": one.error,
        }
        for one in listed
    ]
    conn.execute(
        "delete from subscription where connection_id = %s and topic <> all(%s::text[])",
        (connection_id, [one["topic"] for one in document]),
    )
    conn.execute(
        """
        insert into subscription as s (connection_id, topic, address, state, expires_at, checked_at, renewed_at, error)
        select %s, topic, address, state, expires_at, clock_timestamp(),
               case when expires_at is not null then clock_timestamp() end, error
        from json_to_recordset(%s::json) as t(topic text, address text, state text, expires_at timestamptz, error text)
        on conflict (connection_id, topic) do update set
            address = excluded.address, state = excluded.state, expires_at = excluded.expires_at, checked_at = excluded.checked_at,
            renewed_at = case when s.expires_at is not distinct from excluded.expires_at then s.renewed_at else excluded.renewed_at end,
            error = excluded.error
        """,
        (connection_id, orjson.dumps(document).decode()),
    )


def forget(conn: Connection, connection_id: int) -> None:
    """Deletes what is known of a connection's subscriptions."""
    conn.execute("delete from subscription where connection_id = %s", (connection_id,))


def is_failing(db: Database, connection_id: int) -> bool:
    """Whether the last look at a connection's subscriptions went wrong."""
    row = db.one("select health -> 'subscriptions' ->> 'ok' from connection where id = %s", (connection_id,))
    return row == ("false",)
