"""Cursors: where reading a stream stopped, who reads it now (a lease), and when it is due again."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from hub.errors import ConflictError
from hub.store.database import Connection, Database, new_id

LEASE_S = 120.0


@dataclass(frozen=True, slots=True)
class CursorRow:
    """A stream's place. `position` is the connector's own, None for the beginning.

    `full_pass`: `{"id", "started_at" (µs), "status": running|done, "coverage", "seen"}` of the last or
    running full pass; `full_pass_at`: when the last complete one ended. `request`: what was asked of the
    next reading, `{"run", "full", "since"}`.
    """

    connection_id: int
    stream: str
    position: Any
    lease_token: uuid.UUID | None
    lease_until: datetime | None
    last_page_at: datetime | None
    next_poll_at: datetime | None
    full_pass_at: datetime | None
    full_pass: dict[str, Any] | None
    request: dict[str, Any] | None = None


_COLUMNS = ", ".join(CursorRow.__dataclass_fields__)


def ensure(conn: Connection, connection_id: int, streams: Iterable[str]) -> None:
    """Adds missing cursors, due at once; existing ones keep their place and time, and are due if they never were to be."""
    conn.execute(
        "insert into cursor (connection_id, stream, next_poll_at) select %s, s, now() from unnest(%s::text[]) as t(s)"
        " on conflict (connection_id, stream) do update set next_poll_at = excluded.next_poll_at"
        " where cursor.next_poll_at is null",
        (connection_id, list(streams)),
    )


def of_connection(conn: Connection, connection_id: int) -> list[CursorRow]:
    """The cursors of a connection, by stream."""
    rows = conn.execute(f"select {_COLUMNS} from cursor where connection_id = %s order by stream", (connection_id,))  # noqa: S608
    return [CursorRow(*row) for row in rows]


def due(db: Database, limit: int = 20) -> list[tuple[int, str]]:
    """(connection id, stream) whose time has come and that nobody reads, longest overdue first."""
    return [
        (connection_id, stream)
        for connection_id, stream in db.all(
            """
            select c.connection_id, c.stream from cursor c join connection k on k.id = c.connection_id
            where c.next_poll_at <= now() and (c.lease_until is null or c.lease_until <= now())
              and not k.halted_in and k.paused_at is null and k.disconnected_at is null and k.phase <> 'off'
            order by c.next_poll_at limit %s
            """,
            (limit,),
        )
    ]


def take(db: Database, connection_id: int, stream: str, lease_s: float = LEASE_S) -> CursorRow | None:
    """Leases the stream to one reader; None while another one's lease holds. Adds the cursor if it is missing."""
    with db.transaction() as conn:
        ensure(conn, connection_id, [stream])
        row = conn.execute(
            f"""
            update cursor set lease_token = %s, lease_until = clock_timestamp() + make_interval(secs => %s)
            where connection_id = %s and stream = %s and (lease_until is null or lease_until <= now())
            returning {_COLUMNS}
            """,  # noqa: S608 -- constant columns
            (new_id(), lease_s, connection_id, stream),
        ).fetchone()
    return CursorRow(*row) if row else None


def advance(
    conn: Connection, row: CursorRow, position: Any, full_pass: Mapping[str, Any] | None, lease_s: float = LEASE_S
) -> None:
    """Moves the cursor and renews the lease, in the transaction that stores the page.

    `ConflictError` when the lease went to another reader: roll back, it stores the same items.
    """
    moved = conn.execute(
        """
        update cursor set position = %s, full_pass = coalesce(%s, full_pass), last_page_at = clock_timestamp(),
               lease_until = clock_timestamp() + make_interval(secs => %s)
        where connection_id = %s and stream = %s and lease_token = %s
        """,
        (_json(position), _json(full_pass), lease_s, row.connection_id, row.stream, row.lease_token),
    )
    if not moved.rowcount:
        raise ConflictError(f"stream {row.stream}: another reader took over; this one stops")


def renew(db: Database, row: CursorRow, lease_s: float = LEASE_S) -> None:
    """Keeps the lease during work that stores no page. `ConflictError` when it went to another reader."""
    kept = db.execute(
        "update cursor set lease_until = clock_timestamp() + make_interval(secs => %s)"
        " where connection_id = %s and stream = %s and lease_token = %s",
        (lease_s, row.connection_id, row.stream, row.lease_token),
    )
    if not kept:
        raise ConflictError(f"stream {row.stream}: another reader took over; this one stops")


def release(db: Database, row: CursorRow, next_in_s: float | None) -> None:
    """Gives the lease back and sets when the stream is due again (None: never). Does nothing when the lease is lost."""
    db.execute(
        """
        update cursor set lease_token = null, lease_until = null, next_poll_at = clock_timestamp() + make_interval(secs => %s)
        where connection_id = %s and stream = %s and lease_token = %s
        """,
        (next_in_s, row.connection_id, row.stream, row.lease_token),
    )


def ask(conn: Connection, connection_id: int, stream: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
    """Makes the stream due now with a request for its next reading; returns the request that this one replaces."""
    ensure(conn, connection_id, [stream])
    row = conn.execute(
        "select request from cursor where connection_id = %s and stream = %s for update", (connection_id, stream)
    ).fetchone()
    conn.execute(
        "update cursor set request = %s, next_poll_at = now() where connection_id = %s and stream = %s",
        (_json(dict(request)), connection_id, stream),
    )
    return row[0] if row else None


def settle(db: Database, row: CursorRow, request: Mapping[str, Any] | None) -> None:
    """Keeps the request for the next reading, or drops it (None). Does nothing when the lease is lost."""
    db.execute(
        "update cursor set request = %s where connection_id = %s and stream = %s and lease_token = %s",
        (_json(request and dict(request)), row.connection_id, row.stream, row.lease_token),
    )


def drop_request(conn: Connection, connection_id: int, stream: str, run_id: uuid.UUID) -> bool:
    """Takes the request of a run back, so that nobody goes on with it; False when there is none."""
    dropped = conn.execute(
        "update cursor set request = null, next_poll_at = coalesce(next_poll_at, now())"
        " where connection_id = %s and stream = %s and request ->> 'run' = %s",
        (connection_id, stream, str(run_id)),
    )
    return dropped.rowcount > 0


def place(db: Database, connection_id: int, stream: str, position: Any) -> bool:
    """Sets where reading begins, of a stream that was never read; False when it was."""
    with db.transaction() as conn:
        ensure(conn, connection_id, [stream])
        placed = conn.execute(
            "update cursor set position = %s where connection_id = %s and stream = %s and position is null"
            " and lease_token is null",
            (_json(position), connection_id, stream),
        )
        return placed.rowcount > 0


def free_all(conn: Connection) -> int:
    """Takes every lease back: for a start at which no reader of before can still live. One that does is told so."""
    return conn.execute(
        "update cursor set lease_token = null, lease_until = null where lease_until is not null"
    ).rowcount


def end_full_pass(conn: Connection, row: CursorRow, full_pass: Mapping[str, Any], complete: bool) -> None:
    """Records how a full pass ended; only a complete one moves `full_pass_at`."""
    conn.execute(
        "update cursor set full_pass = %s, full_pass_at = case when %s then clock_timestamp() else full_pass_at end"
        " where connection_id = %s and stream = %s",
        (_json(full_pass), complete, row.connection_id, row.stream),
    )


def wake(conn: Connection, connection_id: int) -> None:
    """Makes every stream of a connection due now (it was resumed)."""
    conn.execute("update cursor set next_poll_at = now() where connection_id = %s", (connection_id,))


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
