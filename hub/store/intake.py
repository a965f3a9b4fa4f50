"""The fast way into the inbox: one connection per thread, no pool, no check, one round trip."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import psycopg

from hub.keyring import Keyring
from hub.store.database import SESSION, Connection
from hub.store.inbox import AcceptResult, NewEvent, accept
from hub.store.outage import as_retryable

# One plan serves every call; what differs is the row, never its number.
OPTIONS = f"{SESSION} -c plan_cache_mode=force_generic_plan -c application_name=retail-hub-intake"
CONNECT_TIMEOUT_S = 3


class Intake:
    """Accepts events durably from many threads. Not across a fork: make one per process, and close it."""

    def __init__(self, url: str, keyring: Keyring) -> None:
        self._url = url
        self._keyring = keyring
        self._local = threading.local()
        self._lock = threading.Lock()
        self._open: list[Connection] = []

    def accept(self, rows: Sequence[NewEvent]) -> AcceptResult:
        """Stores the rows and commits. `RetryableError` when the database is away: then nothing is known to be stored.

        A connection that turns out broken is replaced once. Rows that had been stored nevertheless
        are then found under their keys and count as duplicates, so nothing is stored twice.
        """
        with as_retryable():
            conn = self._connection()
            try:
                return accept(conn, self._keyring, rows)
            except (psycopg.OperationalError, psycopg.InterfaceError):
                if not conn.closed:
                    raise
                self._drop(conn)
            return accept(self._connection(), self._keyring, rows)

    def close(self) -> None:
        """Closes the connections of all threads."""
        with self._lock:
            for conn in self._open:
                conn.close()
            self._open.clear()

    def __del__(self) -> None:
        self.close()

    def _connection(self) -> Connection:
        conn: Connection | None = getattr(self._local, "conn", None)
        if conn is not None and not conn.closed:
            return conn
        conn = psycopg.connect(self._url, autocommit=True, options=OPTIONS, connect_timeout=CONNECT_TIMEOUT_S)
        self._local.conn = conn
        with self._lock:
            self._open = [known for known in self._open if not known.closed]
            self._open.append(conn)
        return conn

    def _drop(self, conn: Connection) -> None:
        with self._lock:
            self._open = [known for known in self._open if known is not conn]
        conn.close()
