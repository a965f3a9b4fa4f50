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
    were cut off the end. `seq` is that row's number; 0 when there is none.
    """

    rows: int
    head: str
    broken_at: int | None
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Checked:
    """The last check of the chain, as noted: what it found, and when (aware)."""

    chain: Chain
    at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows of the trail; empty means all. `before`/`after`: the number to go on from, towards older / newer."""

    actor: str = ""
    act: str = ""
    object: str = ""
    since: datetime | None = None
    before: int | None = None
    after: int | None = None


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


def verify(conn: Connection, known: Chain | None = None) -> Chain:
    """Follows the chain to its last row: from its first, or from where an earlier check ended (`known`)."""
    previous, seq, rows = _START, 0, 0
    if known is not None and known.seq:
        found = conn.execute("select hash from audit where seq = %s", (known.seq,)).fetchone()
        if found is None or found[0].hex() != known.head:
            return Chain(0, known.head, known.seq, known.seq)
        previous, seq, rows = found[0], known.seq, known.rows
    while True:
        page = conn.execute(
            "select seq, at, actor, act, object, reason, detail, previous, hash from audit"
            " where seq > %s order by seq limit %s",
            (seq, _STEP),
        ).fetchall()
        for *parts, stated, found in page:
            row = AuditRow(*parts)
            if stated != previous or found != _hash(previous, row):
                return Chain(rows, previous.hex(), row.seq, seq)
            previous, seq, rows = found, row.seq, rows + 1
        if len(page) < _STEP:
            return Chain(rows, previous.hex(), None, seq)


def recent(conn: Connection, *, before: int | None = None, act: str = "", limit: int = 50) -> list[AuditRow]:
    """Rows with a number below `before` (None: from the newest), newest first; only of one act when named."""
    found = conn.execute(
        "select seq, at, actor, act, object, reason, detail from audit"
        " where (%(before)s::bigint is null or seq < %(before)s) and (%(act)s = '' or act = %(act)s)"
        " order by seq desc limit %(limit)s",
        {"before": before, "act": act, "limit": limit},
    )
    return [AuditRow(*row) for row in found]


_TRAIL = """
    select seq, at, actor, act, object, reason, detail from audit
    where (%(actor)s = '' or actor = %(actor)s) and (%(act)s = '' or act = %(act)s or act like %(group)s)
      and (%(object)s = '' or object = %(object)s)
      and (%(since)s::timestamptz is null or at >= %(since)s)
      and (%(before)s::bigint is null or seq < %(before)s) and (%(after)s::bigint is null or seq > %(after)s)
"""


def trail(conn: Connection, wish: Filter, limit: int) -> list[AuditRow]:
    """The rows that fit, newest first, at most `limit`. `act` may be a whole act or the part before its dot."""
    order = "asc" if wish.after is not None else "desc"
    values = {**{name: getattr(wish, name) for name in wish.__slots__}, "group": f"{wish.act}.%", "limit": limit}
    rows = [AuditRow(*row) for row in conn.execute(f"{_TRAIL} order by seq {order} limit %(limit)s", values)]
    return rows[::-1] if order == "asc" else rows


def acts(conn: Connection) -> list[str]:
    """Every act that stands in the trail, by name. Jumps through an index from one to the next."""
    found = conn.execute(
        "with recursive one as (select min(act) as act from audit union all"
        " select (select min(a.act) from audit a where a.act > one.act) from one where one.act is not null)"
        " select act from one where act is not null"
    )
    return [row[0] for row in found]


def note_check(conn: Connection, chain: Chain) -> None:
    """Keeps what a check found, for the page and for the next check to go on from."""
    value = {"rows": chain.rows, "head": chain.head, "broken_at": chain.broken_at, "seq": chain.seq}
    conn.execute(
        "insert into setting (key, value, updated_at) values ('audit_check', %s, clock_timestamp())"
        " on conflict (key) do update set value = excluded.value, updated_at = excluded.updated_at",
        (Jsonb(value),),
    )


def last_check(conn: Connection) -> Checked | None:
    """The last check of the chain; None before the first."""
    found = conn.execute("select value, updated_at from setting where key = 'audit_check'").fetchone()
    return Checked(Chain(**found[0]), found[1]) if found else None


def unchecked(conn: Connection, seq: int) -> int:
    """How many rows were added after number `seq`."""
    found = conn.execute("select count(*) from audit where seq > %s", (seq,)).fetchone()
    return int(found[0]) if found else 0


def _hash(previous: bytes, row: AuditRow) -> bytes:
    content = [row.seq, row.at.isoformat(), row.actor, row.act, row.object, row.reason, row.detail]
    return hashlib.sha256(previous + orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()
