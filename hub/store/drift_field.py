"""Mapped fields of each connection's kinds: how often they had a value while that was learnt, and nulls in a row since."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Protocol

from hub.store.database import Connection

Key = tuple[int, str, str]
"""(connection id, kind, field)."""


@dataclass(frozen=True, slots=True)
class Known:
    """A field. `last_key`: the record of the newest null, as a hash."""

    seen: int = 0
    filled: int = 0
    run: int = 0
    first_event: uuid.UUID | None = None
    last_key: str = ""


class Counts(Protocol):
    """What a batch adds."""

    @property
    def seen(self) -> int:
        """Records that said something of the field."""

    @property
    def filled(self) -> int:
        """Those with a value."""


class Standing(Protocol):
    """The row of nulls that a batch ends with."""

    @property
    def length(self) -> int:
        """How many."""

    @property
    def first(self) -> uuid.UUID | None:
        """The event it began with."""

    @property
    def key(self) -> str:
        """The last record of it."""


def load(conn: Connection, connection_id: int, kind: str) -> dict[str, Known]:
    """The fields of one kind of a connection."""
    sql = (
        "select field, seen, filled, run, first_event, last_key from drift_field where connection_id = %s and kind = %s"
    )
    return {name: Known(*rest) for name, *rest in conn.execute(sql, (connection_id, kind))}


def take(conn: Connection, key: Key) -> Known:
    """One field, made when missing, locked for this (short) transaction: the row of nulls is one for all workers."""
    conn.execute("insert into drift_field (connection_id, kind, field) values (%s, %s, %s) on conflict do nothing", key)
    row = conn.execute(
        "select seen, filled, run, first_event, last_key from drift_field"
        " where connection_id = %s and kind = %s and field = %s for update",
        key,
    ).fetchone()
    return Known(*row) if row else Known()


def save(conn: Connection, key: Key, counts: Counts, run: Standing, *, is_learning: bool) -> None:
    """Stores where a field stands; shares are learnt once."""
    conn.execute(
        "update drift_field set seen = seen + %s, filled = filled + %s, run = %s, first_event = %s, last_key = %s"
        " where connection_id = %s and kind = %s and field = %s",
        (counts.seen if is_learning else 0, counts.filled if is_learning else 0, run.length, run.first, run.key, *key),
    )
