"""Answers to writes that carried an `Idempotency-Key`, kept so that a repeat gets the same answer."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from hub.store.database import Connection

# A claim without an answer is older than any request may run: its process died.
STALE_S = 120
KEPT_HOURS = 48


@dataclass(frozen=True, slots=True)
class Stored:
    """What an earlier request with the same key left. `status` None: it has not been answered yet."""

    request_hash: bytes
    status: int | None
    response: bytes | None


def claim(conn: Connection, owner: UUID, key: str, request_hash: bytes) -> Stored | None:
    """Claims the key for this request: None means go on; else what the earlier one left.

    A claim that its process never answered may be taken over after two minutes, by the same request.
    """
    mine = conn.execute(
        "insert into idempotency (token_id, key, request_hash) values (%(owner)s, %(key)s, %(hash)s)"
        " on conflict (token_id, key) do update set created_at = now(), request_hash = excluded.request_hash, status = null, response = null"
        "  where (idempotency.status is null and idempotency.request_hash = excluded.request_hash"
        "         and idempotency.created_at < now() - make_interval(secs => %(stale)s))"
        "     or idempotency.created_at < now() - make_interval(hours => %(kept)s)"
        " returning true",
        {"owner": owner, "key": key, "hash": request_hash, "stale": STALE_S, "kept": KEPT_HOURS},
    ).fetchone()
    if mine:
        return None
    found = conn.execute(
        "select request_hash, status, response from idempotency where token_id = %s and key = %s", (owner, key)
    ).fetchone()
    return Stored(*found) if found else Stored(request_hash, None, None)


def answer(conn: Connection, owner: UUID, key: str, status: int, response: bytes) -> None:
    """Keeps the answer; `response` is sealed by the caller, since it may hold personal data."""
    conn.execute(
        "update idempotency set status = %s, response = %s where token_id = %s and key = %s",
        (status, response, owner, key),
    )


def release(conn: Connection, owner: UUID, key: str) -> None:
    """Gives a claim back after a failure of ours, so that the same key may be tried again."""
    conn.execute("delete from idempotency where token_id = %s and key = %s and status is null", (owner, key))


def purge(conn: Connection) -> int:
    """Removes answers past their time; returns how many."""
    return conn.execute(
        "delete from idempotency where created_at < now() - make_interval(hours => %s)", (KEPT_HOURS,)
    ).rowcount
