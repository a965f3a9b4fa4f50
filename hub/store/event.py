"""Reading events back: their plaintext for the pipeline, and their place in the books."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import TupleRow

from hub.errors import NotFoundError
from hub.keyring import Keyring
from hub.model.identifier import format_id
from hub.store.database import Connection


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as the pipeline reads it. Times are microseconds since the epoch; `body` None: erased."""

    id: uuid.UUID
    connection_id: int
    topic: str
    origin: str
    lane: int
    received_at: int
    read_at: int
    full_pass: uuid.UUID | None
    headers: dict[str, str]
    body: bytes | None


_READ = """
    select e.id, e.connection_id, e.topic, e.origin, e.lane, (extract(epoch from e.received_at) * 1000000)::bigint,
           e.read_at, e.full_pass, e.headers, e.body, s.key
    from event e left join event_secret s on s.id = e.id
    where e.id = any(%b)
"""


def read_many(conn: Connection, keyring: Keyring, ids: Sequence[uuid.UUID]) -> list[StoredEvent]:
    """These events with their plaintext, in id order; ids that do not exist are left out. One query."""
    rows = conn.execute(_READ, (list(ids),), binary=True, prepare=True).fetchall() if ids else []
    return sorted((_opened(keyring, row) for row in rows), key=lambda event: event.id)


def read_event(conn: Connection, keyring: Keyring, event_id: uuid.UUID) -> StoredEvent:
    """One event with its plaintext; `NotFoundError` when there is none of that id."""
    found = read_many(conn, keyring, [event_id])
    if not found:
        raise NotFoundError(f"no event {format_id('evt', event_id)}")
    return found[0]


def _opened(keyring: Keyring, row: TupleRow) -> StoredEvent:
    *head, body, sealed_key = row
    plain = None if sealed_key is None else keyring.open_with(keyring.open(sealed_key), body, row[0].bytes)
    fields: list[Any] = [*head, plain]
    return StoredEvent(*fields)
