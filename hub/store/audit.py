"""The trail of what people and tokens did: append-only, each row carrying the hash of all before it.

Rows hold pseudonyms, ids and counts, never personal data: the trail outlives an erasure.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from psycopg.types.json import Jsonb

from hub.store.database import Connection

# Any constant will do: whoever appends holds it until commit, so the chain has one order.
CHAIN_LOCK = 0x52485F41
_START = b"\0" * 32
_STEP = 1000


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act. `actor` and `object` are pseudonyms (`usr_…`, `tok_…`, `cus_…`) or names of things."""

    seq: int
    at: datetime
    actor: str
    act: str
    object: str
    reason: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Chain:
    """What a check of the chain found. `broken_at` is the first row that does not fit; None when all do.

    `head` is the hash of the last good row, in hex: noted elsewhere, it also proves that no rows
    were cut off the end.
    """

    rows: int
    head: str
    broken_at: int | None


def append(
    conn: Connection,
    actor: str,
    act: str,
    object: str = "",  # noqa: A002 -- the word of the table
    reason: str = "",
    detail: dict[str, Any] | None = None,
) -> int:
    """Adds a row to the chain, in the caller's transaction; returns its number.

    Call it last: it takes the lock of the chain and keeps it until commit.
    """
    conn.execute("select pg_advisory_xact_lock(%s)", (CHAIN_LOCK,))
    found = conn.execute("select hash from audit order by seq desc limit 1").fetchone()
    previous = found[0] if found else _START
    made = conn.execute(
        "insert into audit (actor, act, object, reason, detail, previous) values (%s, %s, %s, %s, %s, %s)"
        " returning seq, at",
        (actor, act, object, reason, Jsonb(detail or {}), previous),
    ).fetchone()
    assert made is not None  # noqa: S101 -- an insert with returning yields its row
    row = AuditRow(made[0], made[1], actor, act, object, reason, detail or {})
    conn.execute("update audit set hash = %s where seq = %s", (_hash(previous, row), row.seq))
    return row.seq


def verify(conn: Connection) -> Chain:
    """Follows the chain from its first row to its last."""
    previous, seq, rows = _START, 0, 0
    while True:
        page = conn.execute(
            "select seq, at, actor, act, object, reason, detail, previous, hash from audit"
            " where seq > %s order by seq limit %s",
            (seq, _STEP),
        ).fetchall()
        for *parts, stated, found in page:
            row = AuditRow(*parts)
            if stated != previous or found != _hash(previous, row):
                return Chain(rows, previous.hex(), row.seq)
            previous, seq, rows = found, row.seq, rows + 1
        if len(page) < _STEP:
            return Chain(rows, previous.hex(), None)


def recent(conn: Connection, *, before: int | None = None, act: str = "", limit: int = 50) -> list[AuditRow]:
    """Rows with a number below `before` (None: from the newest), newest first; only of one act when named."""
    found = conn.execute(
        "select seq, at, actor, act, object, reason, detail from audit"
        " where (%(before)s::bigint is null or seq < %(before)s) and (%(act)s = '' or act = %(act)s)"
        " order by seq desc limit %(limit)s",
        {"before": before, "act": act, "limit": limit},
    )
    return [AuditRow(*row) for row in found]


def _hash(previous: bytes, row: AuditRow) -> bytes:
    content = [row.seq, row.at.isoformat(), row.actor, row.act, row.object, row.reason, row.detail]
    return hashlib.sha256(previous + orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()
