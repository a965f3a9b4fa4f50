"""The inbox: every message from outside, verbatim and encrypted, before it is acknowledged.

`accept` stores events, their dedupe keys, body keys and work rows in one statement, so a caller in
autocommit mode pays one round trip and one commit. The work rows are claimed in `hub.store.claim`.
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb
from psycopg.types.numeric import Int2, Int4, Int8

from hub.keyring import Keyring
from hub.store import tally
from hub.store.claim import (
    claim,
    discard,
    finish,
    quarantine,
    release_quarantine,
    replays,
    requeue,
)
from hub.store.database import Connection
from hub.store.event import StoredEvent, read_event, read_many
from hub.store.journal import abandon_batch, begin_batch, end_batch, lock_batch, sweep_journal
from hub.store.partition import ensure_partitions

__all__ = [
    "AcceptResult",
    "NewEvent",
    "Packed",
    "StoredEvent",
    "abandon_batch",
    "accept",
    "begin_batch",
    "claim",
    "discard",
    "end_batch",
    "ensure_partitions",
    "finish",
    "lock_batch",
    "pack",
    "quarantine",
    "read_event",
    "read_many",
    "release_quarantine",
    "replays",
    "requeue",
    "storable",
    "store",
    "sweep_journal",
]

Origin = Literal["webhook", "pull", "file"]
LIVE, BULK = 0, 1
_TOPIC_LENGTH = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """One item to be stored.

    `dedupe` None: topic and body are its identity. `received_at` is microseconds since the epoch, 0
    for now; `read_at` likewise, 0 when the system pushed it. `lane` 0 live, 1 bulk. `key_no` says
    which of the active secrets verified it, 1 = newest.
    """

    connection_id: int
    topic: str
    body: bytes
    dedupe: str | None = None
    origin: Origin = "webhook"
    lane: int = LIVE
    received_at: int = 0
    read_at: int = 0
    full_pass: uuid.UUID | None = None
    key_no: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AcceptResult:
    """What became of the rows: ids of the new events, how many were duplicates, and for each row, in
    order, the id under which its content is stored (an older event's for a duplicate)."""

    ids: tuple[uuid.UUID, ...]
    duplicates: int
    stored_as: tuple[uuid.UUID, ...]


def storable(text: str, limit: int | None = None) -> str:
    """`text` as Postgres can hold it: no NUL, no lone surrogates (replaced), cut to `limit` characters."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()[:limit]


def mint(count: int) -> list[uuid.UUID]:
    """Fresh ULIDs that sort in the order given, so that a batch keeps the order of its lines."""
    start = (time.time_ns() // 1_000_000 << 80) | (int.from_bytes(os.urandom(10)) >> 1)
    return [uuid.UUID(int=start + n) for n in range(count)]


def key_hash(row: NewEvent) -> bytes:
    """16 bytes that identify the delivery within its connection."""
    if row.dedupe is not None:
        return hashlib.sha256(row.dedupe.encode("utf-8", "surrogatepass")).digest()[:16]
    digest = hashlib.sha256(row.topic.encode("utf-8", "surrogatepass") + b"\0")
    digest.update(row.body)
    return digest.digest()[:16]


_COLUMNS = {
    "id": "uuid",
    "connection_id": "integer",
    "key_hash": "bytea",
    "repeats": "integer",
    "topic": "text",
    "origin": "text",
    "lane": "smallint",
    "received_at": "timestamptz",
    "read_at": "bigint",
    "full_pass": "uuid",
    "key_no": "smallint",
    "size": "integer",
    "sha256": "bytea",
    "headers": "jsonb",
    "body": "bytea",
    "key": "bytea",
}
_REPEATS = list(_COLUMNS).index("repeats")
_ONE_ROW = "select " + ", ".join(f"%b::{kind} as {name}" for name, kind in _COLUMNS.items())
_MANY_ROWS = (
    f"select * from unnest({', '.join(f'%b::{kind}[]' for kind in _COLUMNS.values())}) as r({', '.join(_COLUMNS)})"  # noqa: S608
)
# A repeat finds the older event's id under its key, so the join keeps new rows only.
_STORE = """
    with r as (%s), fresh as (
        insert into event_key as k (connection_id, hash, event_id, duplicates, last_duplicate_at)
        select connection_id, key_hash, id, repeats, case when repeats > 0 then now() end from r
        on conflict (connection_id, hash) do update
            set duplicates = k.duplicates + 1 + excluded.duplicates, last_duplicate_at = now()
        returning connection_id, hash, event_id
    ), kept as (
        select r.* from r join fresh on fresh.event_id = r.id
    ), events as (
        insert into event (id, connection_id, topic, origin, lane, received_at, read_at, full_pass, key_no, size, sha256,
                           key_hash, headers, body)
        select id, connection_id, topic, origin, lane, received_at, read_at, full_pass, key_no, size, sha256,
               key_hash, headers, body from kept
    ), secrets as (
        insert into event_secret (id, key) select id, key from kept
    ), work as (
        insert into event_work (id, connection_id, lane) select id, connection_id, lane from kept
    )
    select connection_id, hash, event_id from fresh
"""
_STORE_ONE = _STORE % _ONE_ROW
_STORE_MANY = _STORE % _MANY_ROWS


@dataclass(frozen=True, slots=True)
class Packed:
    """A row that is ready to be stored: numbered and encrypted. `key`: connection id and dedupe hash."""

    key: tuple[int, bytes]
    id: uuid.UUID
    values: list[Any]


def accept(conn: Connection, keyring: Keyring, rows: Sequence[NewEvent]) -> AcceptResult:
    """Stores what is new and counts what is not. Idempotent by dedupe key; durable when the caller's commit is.

    Waits while another transaction stores the same key: its commit decides which of them is the duplicate.
    """
    return store(conn, pack(keyring, rows))


def pack(keyring: Keyring, rows: Sequence[NewEvent]) -> list[Packed]:
    """What needs no database: ids in the order given, and encryption. Pack anew before storing a second time."""
    return [_pack(keyring, row, event_id) for row, event_id in zip(rows, mint(len(rows)), strict=True)]


def store(conn: Connection, rows: Sequence[Packed]) -> AcceptResult:
    """Stores packed rows in one statement; the rest is as `accept`."""
    firsts: dict[tuple[int, bytes], Packed] = {}
    for row in rows:
        firsts.setdefault(row.key, row)
    if not firsts:
        return AcceptResult((), 0, ())
    if len(rows) > len(firsts):
        for key, times in Counter(row.key for row in rows).items():
            firsts[key].values[_REPEATS] = Int4(times - 1)
    # Sorted by key, so that two batches with common keys cannot deadlock.
    found = _store(conn, [firsts[key].values for key in sorted(firsts)])
    stored = {(connection, hashed): event for connection, hashed, event in found}
    new = tuple(row.id for key, row in firsts.items() if stored[key] == row.id)
    if len(new) < len(rows):
        _count_duplicates(conn, rows, set(new))
    return AcceptResult(new, len(rows) - len(new), tuple(stored[row.key] for row in rows))


def _pack(keyring: Keyring, row: NewEvent, event_id: uuid.UUID) -> Packed:
    """The values of `_COLUMNS`, wrapped so that they travel in binary with the right type."""
    hashed = key_hash(row)
    key, sealed_key = keyring.new_body_key()
    at = _EPOCH + timedelta(microseconds=row.received_at) if row.received_at else datetime.now(UTC)
    values = [
        event_id,
        Int4(row.connection_id),
        hashed,
        Int4(0),
        storable(row.topic, _TOPIC_LENGTH),
        row.origin,
        Int2(row.lane),
        at,
        Int8(row.read_at),
        row.full_pass,
        None if row.key_no is None else Int2(row.key_no),
        Int4(len(row.body)),
        hashlib.sha256(row.body).digest(),
        Jsonb({storable(name): storable(value) for name, value in row.headers.items()}),
        keyring.seal_with(key, row.body, event_id.bytes),
        sealed_key,
    ]
    return Packed((row.connection_id, hashed), event_id, values)


def _store(conn: Connection, packed: list[list[Any]]) -> list[TupleRow]:
    if len(packed) == 1:
        return conn.execute(_STORE_ONE, packed[0], prepare=True).fetchall()
    columns = [list(column) for column in zip(*packed, strict=True)]
    return conn.execute(_STORE_MANY, columns, prepare=True).fetchall()


def _count_duplicates(conn: Connection, rows: Iterable[Packed], new: set[uuid.UUID]) -> None:
    today = datetime.now(UTC).date()
    counts = Counter(row.key[0] for row in rows if row.id not in new)
    tally.add(conn, [tally.Tally(today, connection, "duplicate", n) for connection, n in counts.items()])
