"""The shapes of streams. Workers store what they saw as differences; whoever finds a row held comes back later."""

from __future__ import annotations

from typing import Any

import orjson

from hub.store.database import Connection

Key = tuple[int, str]
"""(connection id, stream)."""


def versions(conn: Connection) -> dict[Key, int]:
    """The version of every shape: which of those in memory are old."""
    return {
        (c, stream): version
        for c, stream, version in conn.execute("select connection_id, stream, version from drift_shape")
    }


def load(conn: Connection, connection_id: int, stream: str) -> tuple[int, dict[str, Any]] | None:
    """(version, shape); None when nothing is known of the stream."""
    sql = "select version, shape from drift_shape where connection_id = %s and stream = %s"
    return conn.execute(sql, (connection_id, stream)).fetchone()


def take(conn: Connection, connection_id: int, stream: str) -> dict[str, Any] | None:
    """The shape, locked for this transaction; None when another worker has it, which is no harm."""
    sql = "select shape from drift_shape where connection_id = %s and stream = %s for update skip locked"
    row = conn.execute(sql, (connection_id, stream)).fetchone()
    return row[0] if row else None


def begin(conn: Connection, connection_id: int, stream: str, shape: dict[str, Any]) -> None:
    """Makes the row of a stream that is met for the first time; whoever came first wins."""
    conn.execute(
        "insert into drift_shape (connection_id, stream, shape) values (%s, %s, %s::jsonb) on conflict do nothing",
        (connection_id, stream, orjson.dumps(shape).decode()),
    )


def save(conn: Connection, connection_id: int, stream: str, shape: dict[str, Any]) -> int:
    """Stores a shape taken before; returns its new version."""
    row = conn.execute(
        "update drift_shape set shape = %s::jsonb, version = version + 1 where connection_id = %s and stream = %s"
        " returning version",
        (orjson.dumps(shape).decode(), connection_id, stream),
    ).fetchone()
    return int(row[0]) if row else 0
