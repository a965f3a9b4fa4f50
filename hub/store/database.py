"""Connections to Postgres: one pool per process, sessions with limits, and the retry of whole transactions."""

from __future__ import annotations

import os
import select
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import orjson
import psycopg
from psycopg import errors
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import ConnectionPool

from hub.model.upcast import NONE, Upcasts
from hub.store import patience
from hub.store.arrays import IdListDumper

T = TypeVar("T")
Connection = psycopg.Connection[TupleRow]

set_json_loads(orjson.loads)
set_json_dumps(orjson.dumps)

SESSION = (
    "-c statement_timeout=60s -c lock_timeout=20s -c idle_in_transaction_session_timeout=60s"
    " -c timezone=UTC -c jit=off -c application_name=retail-hub"
)
_RETRIED = (errors.DeadlockDetected, errors.SerializationFailure)
_BEGIN_RELAXED = "begin; set local synchronous_commit = off"
# So long a connection that answered is taken to stand, unless the server has hung up.
_SURE_S = 5.0


_minting = threading.Lock()
_last = 0


def new_id() -> uuid.UUID:
    """A fresh ULID as uuid: later ids sort after earlier ones, in Python and in SQL; within a process strictly."""
    global _last
    fresh = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10), "big")
    with _minting:
        # A random step, not 1: a fork has the same last id.
        _last = fresh if fresh > _last else _last + (fresh & 0xFFFF_FFFF_FFFF_FFFF) + 1
        return uuid.UUID(int=_last)


def is_data_error(error: BaseException) -> bool:
    """Whether the content of a row is to blame (so its batch is bisected), not the database or the moment."""
    return isinstance(
        error, (psycopg.DataError, psycopg.IntegrityError, errors.ProgramLimitExceeded, TypeError, ValueError, KeyError)
    )


def upcasts_of(connection: Connection) -> Upcasts:
    """What brings stored values of older declarations to today's form, for whoever reads by this connection."""
    found: Upcasts = getattr(connection, "upcasts", NONE)
    return found


def check(connection: Connection) -> None:
    """Raises where a pooled connection no longer stands.

    One that answered a moment ago is not asked again: a server that ends a session says so, and what it said waits in the
    socket. To ask before each statement would double the ways to the database and back.
    """
    if not getattr(connection, "is_patient", True):
        connection.is_patient = patience.match_process(connection)  # type: ignore[attr-defined]
    answered_at: float = getattr(connection, "answered_at", 0.0)
    if time.monotonic() - answered_at < _SURE_S and not _has_news(connection):
        return
    ConnectionPool.check_connection(connection)


def _has_news(connection: Connection) -> bool:
    """Whether the server said something, or hung up, since its last answer."""
    look = select.poll()
    look.register(connection.fileno(), select.POLLIN)
    return bool(look.poll(0))


def _answered(connection: Connection) -> None:
    connection.answered_at = time.monotonic()  # type: ignore[attr-defined]


class Database:
    """A pool of connections to one database. Usable from many threads, not across a fork: make one per process."""

    def __init__(self, url: str, *, size: int = 8, options: str = "", upcasts: Upcasts = NONE) -> None:
        self.url = url
        self.upcasts = upcasts
        self.retries = 0
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url,
            min_size=0,
            max_size=size,
            timeout=10,
            max_idle=120,
            kwargs={"options": f"{SESSION} {options}".strip(), "prepare_threshold": 2, "autocommit": True},
            check=check,
            configure=self._configure,
            open=True,
        )

    def _configure(self, connection: Connection) -> None:
        connection.upcasts = self.upcasts  # type: ignore[attr-defined]
        connection.adapters.register_dumper(list, IdListDumper)
        connection.is_patient = patience.match_process(connection)  # type: ignore[attr-defined]

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Connection]:
        """One transaction: commit on leaving, rollback on an error.

        `durable=False` answers before the log is flushed. Only for work that is redone from the
        inbox if a crash loses it (T1, T2): the log keeps commit order, so what is lost is a suffix
        and the work rows come back with it.
        """
        with self._pool.connection() as connection:
            if durable:
                with connection.transaction():
                    yield connection
            else:
                # One way to the server for both; what fails here the pool rolls back.
                connection.execute(_BEGIN_RELAXED, prepare=False)
                yield connection
                connection.commit()
            _answered(connection)

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """A connection in autocommit mode, for statements that each stand alone."""
        with self._pool.connection() as connection:
            yield connection
            _answered(connection)

    def run(self, work: Callable[[Connection], T], *, durable: bool = True, tries: int = 5) -> T:
        """Runs `work` in a transaction; a deadlock or serialization failure runs it again, whole."""
        for left in range(tries - 1, -1, -1):
            try:
                with self.transaction(durable=durable) as connection:
                    return work(connection)
            except _RETRIED:
                self.retries += 1
                if not left:
                    raise
        raise AssertionError("unreachable")

    def one(self, sql: str, params: Any = None) -> TupleRow | None:
        """The first row of a query that stands alone."""
        with self.session() as connection:
            return connection.execute(sql, params).fetchone()

    def all(self, sql: str, params: Any = None) -> list[TupleRow]:
        """All rows of a query that stands alone."""
        with self.session() as connection:
            return connection.execute(sql, params).fetchall()

    def execute(self, sql: str, params: Any = None) -> int:
        """Runs one statement that stands alone; returns how many rows it touched."""
        with self.session() as connection:
            return connection.execute(sql, params).rowcount

    def close(self) -> None:
        """Closes the pool; its connections end when their users are done."""
        self._pool.close()
