"""Short-lived access tokens, one row per connection and name: whoever refreshes holds the row's lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg
from psycopg import errors

from hub.store.database import SESSION, Connection, Database


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as stored. `expires_at`: seconds since the epoch; `basis`: what it was issued for.

    `error` is what the last refresh met, `failed_s` ago; None when it worked, or when somebody
    changed the connection since.
    """

    sealed: bytes | None
    expires_at: float
    generation: int
    basis: bytes | None
    error: dict[str, Any] | None
    failed_s: float


# A change of the connection (a new secret, a person who resumes it) is a reason to try again.
_SELECT = """
    select t.sealed, coalesce(extract(epoch from t.expires_at), 0)::double precision, t.generation, t.basis,
           case when t.failed_at > k.updated_at then t.error end,
           coalesce(extract(epoch from clock_timestamp() - t.failed_at), 0)::double precision
    from access_token t join connection k on k.id = t.connection_id
    where t.connection_id = %s and t.name = %s
"""


class HeldToken:
    """The row while its lock is held: nobody else refreshes."""

    def __init__(self, conn: Connection, connection_id: int, name: str, row: TokenRow) -> None:
        self._conn = conn
        self._key = (connection_id, name)
        self.row = row

    def put(self, sealed: bytes, expires_at: float, basis: bytes) -> int:
        """Stores a fresh token; returns its generation. It counts from the commit on, when the block ends."""
        self._conn.execute(
            "update access_token set sealed = %s, expires_at = to_timestamp(%s), basis = %s, generation = generation + 1,"
            " refreshed_at = clock_timestamp(), error = null, failed_at = null where connection_id = %s and name = %s",
            (sealed, expires_at, basis, *self._key),
        )
        return self.row.generation + 1

    def fail(self, error: Mapping[str, Any], basis: bytes) -> None:
        """Remembers why no token was issued; the last token stays for as long as it lasts."""
        self._conn.execute(
            "update access_token set error = %s, failed_at = clock_timestamp(), basis = %s,"
            " sealed = case when basis = %s then sealed end where connection_id = %s and name = %s",
            (orjson.dumps(dict(error)).decode(), basis, basis, *self._key),
        )


def peek(db: Database, connection_id: int, name: str) -> TokenRow | None:
    """The token as last committed; waits for nobody. None before the first one."""
    row = db.one(_SELECT, (connection_id, name))
    return TokenRow(*row) if row else None


@contextmanager
def hold(db: Database, connection_id: int, name: str, *, wait_s: float, work_s: float) -> Iterator[HeldToken | None]:
    """Locks the row for the time of the block, on a session of its own, and commits at its end.

    Yields None when somebody else held it for longer than `wait_s` (0: at all). The database ends
    the session, and with it the lock, when the block takes longer than `work_s`; when the process
    dies it does so at once.
    """
    db.execute(
        "insert into access_token (connection_id, name) values (%s, %s) on conflict do nothing", (connection_id, name)
    )
    limits = (
        f" -c lock_timeout={max(int(wait_s * 1000), 1)} -c idle_in_transaction_session_timeout={int(work_s * 1000)}"
    )
    with psycopg.connect(db.url, options=SESSION + limits, connect_timeout=10) as conn:
        try:
            row = conn.execute(_SELECT + " for update of t", (connection_id, name)).fetchone()
        except errors.LockNotAvailable:
            row = None
        yield HeldToken(conn, connection_id, name, TokenRow(*row)) if row else None


def expire(db: Database, connection_id: int, name: str, generation: int) -> bool:
    """Ends the token of that generation before its time; False when it was replaced already, or is about to be."""
    changed = db.execute(
        """
        update access_token t set expires_at = null from (
            select connection_id, name from access_token
            where connection_id = %s and name = %s and generation = %s and expires_at is not null
            for update skip locked) held
        where t.connection_id = held.connection_id and t.name = held.name
        """,
        (connection_id, name, generation),
    )
    return changed > 0


def forget(conn: Connection, connection_id: int) -> None:
    """Deletes every token of a connection."""
    conn.execute("delete from access_token where connection_id = %s", (connection_id,))
