"""SQL of the look-up keys of records."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from hub.store import copying, hot_key
from hub.store.database import Connection

Rid = uuid.UUID


class KeyRow(NamedTuple):
    """A key of a record as it is stored. `hash`: 16 bytes; `strength`: 0 look-up only, 1 finds candidates, 2 links by itself."""

    hash: bytes
    rid: Rid
    namespace: str
    strength: int
    guarded: bool


_COPY = "copy match_key (hash, rid, namespace, strength, guarded) from stdin (format binary)"
_ROW, _ID = copying.count(5) + struct.pack("!i", 16), struct.pack("!i", 16)


def replace(conn: Connection, losing: Sequence[Rid], rows: Sequence[KeyRow]) -> None:
    """Sets the keys of records that are new in this transaction, and of `losing`, which lose theirs first. Idempotent.

    The caller holds their rows. What they lose is noted for whoever next has the turn of their kind.
    """
    if losing:
        own = set(losing)
        kept = [(row.rid, row.hash, row.strength) for row in rows if row.strength >= 1 and row.rid in own]
        hot_key.lose(conn, losing, kept)
        conn.execute("delete from match_key where rid = any(%s)", (list(losing),))
    if rows:
        # What one record has lies together: it is read together.
        copying.send(conn, _COPY, _written(rows))


def _written(rows: Iterable[KeyRow]) -> list[bytes]:
    parts: list[bytes] = []
    for digest, rid, namespace, strength, guarded in rows:
        parts += (_ROW, digest, _ID, rid.bytes, _rest(namespace, strength, guarded))
    return parts


@lru_cache(maxsize=1024)
def _rest(namespace: str, strength: int, guarded: bool) -> bytes:
    return copying.field(namespace.encode()) + struct.pack("!ihi?", 2, strength, 1, guarded)


def add(conn: Connection, rows: Collection[KeyRow]) -> None:
    """Adds keys that records may have already: those stay as they are. Idempotent."""
    if rows:
        hashes, rids, namespaces, strengths, guarded = (list(column) for column in zip(*rows, strict=True))
        conn.execute(
            "insert into match_key (hash, rid, namespace, strength, guarded)"
            " select * from unnest(%s::bytea[], %s::uuid[], %s::text[], %s::smallint[], %s::boolean[])"
            " on conflict do nothing",
            (hashes, rids, namespaces, strengths, guarded),
        )
