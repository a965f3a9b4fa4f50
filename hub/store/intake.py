"""The fast way into the inbox: what many threads bring at the same time is stored by one statement.

While one commit is on its way, those who come meanwhile queue up; the next commit takes all of
them. Nobody waits for company: a thread that comes alone goes at once. A row in company costs the
database and this process about half of what it costs alone.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg

from hub.errors import RetryableError
from hub.keyring import Keyring
from hub.store.database import SESSION, Connection
from hub.store.inbox import AcceptResult, NewEvent, Packed, pack, store
from hub.store.outage import as_retryable

# One plan serves every call; what differs is the rows, never their table.
OPTIONS = f"{SESSION} -c plan_cache_mode=force_generic_plan -c application_name=retail-hub-intake"
CONNECT_TIMEOUT_S = 3
MOST_CALLERS = 64
# Where the log is flushed quickly, processor time is what is short: one commit at a time, as many rows as
# there are. Where flushing is slow, waiting is what costs: many commits at once, which the server flushes together.
QUICK_S = 0.0015
MANY_TURNS = 8
_REMEMBERED = 32
_BROKEN = (psycopg.OperationalError, psycopg.InterfaceError)


@dataclass(slots=True, eq=False)
class _Caller:
    """A thread that brought rows and waits on its lock for a result, an error, or its turn to store."""

    rows: Sequence[NewEvent]
    packed: Sequence[Packed]
    lock: threading.Lock = field(default_factory=threading.Lock)
    result: AcceptResult | None = None
    error: Exception | None = None


class Intake:
    """Accepts events durably from many threads. Not across a fork: make one per process, and close it."""

    def __init__(self, url: str, keyring: Keyring) -> None:
        self._url = url
        self._keyring = keyring
        self._lock = threading.Lock()
        self._waiting: list[_Caller] = []
        self._active = 0
        self._turns = 1
        self._latest: deque[float] = deque(maxlen=_REMEMBERED)
        self._idle: list[Connection] = []

    def accept(self, rows: Sequence[NewEvent]) -> AcceptResult:
        """Stores the rows and commits. `RetryableError` when the database is away: then nothing is known to be stored.

        A connection that turns out broken is replaced once. Rows that had been stored nevertheless
        are then found under their keys and count as duplicates, so nothing is stored twice.
        """
        # Before its turn, while others' rows are on their way.
        own = _Caller(rows, pack(self._keyring, rows))
        with self._lock:
            if has_turn := self._active < self._turns:
                self._active += 1
            else:
                own.lock.acquire()
                self._waiting.append(own)
        if not has_turn:
            own.lock.acquire()
        if own.result is None and own.error is None:
            self._take_turn(own)
        if own.error is not None:
            raise own.error
        assert own.result is not None  # noqa: S101 -- whoever stored the rows set one of the two
        return own.result

    def close(self) -> None:
        """Closes the connections that are not in use; the next accept opens one again."""
        with self._lock:
            idle, self._idle = self._idle, []
        for conn in idle:
            conn.close()

    def __del__(self) -> None:
        self.close()

    def _take_turn(self, own: _Caller) -> None:
        """Stores the own rows and what others wait with; then hands on the turn and wakes them."""
        with self._lock:
            callers = [own, *self._waiting[:MOST_CALLERS]]
            del self._waiting[:MOST_CALLERS]
        started = time.monotonic()
        try:
            self._store(callers)
        finally:
            self._hand_on(time.monotonic() - started)
            for caller in callers[1:]:
                caller.lock.release()

    def _hand_on(self, took_s: float) -> None:
        with self._lock:
            self._latest.append(took_s)
            # The quickest of the last ones tells the disk from a busy processor.
            self._turns = 1 if min(self._latest) < QUICK_S else MANY_TURNS
            free = max(self._turns - self._active + 1, 0)
            heirs = self._waiting[:free]
            del self._waiting[:free]
            self._active += len(heirs) - 1
        for heir in heirs:
            heir.lock.release()

    def _store(self, callers: Sequence[_Caller]) -> None:
        try:
            with as_retryable():
                result = self._stored(callers)
        except RetryableError as error:
            for caller in callers:
                caller.error = RetryableError(str(error), retry_after_s=error.retry_after_s)
        except Exception as error:  # noqa: BLE001 -- raised again in the thread whose rows are to blame
            if len(callers) == 1:
                callers[0].error = error
                return
            for caller in callers:
                self._store([caller])
        else:
            _share_out(callers, result)

    def _stored(self, callers: Sequence[_Caller]) -> AcceptResult:
        conn = self._taken()
        try:
            return store(conn, [row for caller in callers for row in caller.packed])
        except _BROKEN:
            if not conn.closed:
                raise
            # A server that restarted has cut the idle ones as well.
            self.close()
        finally:
            self._give_back(conn)
        conn = self._taken()
        try:
            return store(conn, pack(self._keyring, [row for caller in callers for row in caller.rows]))
        finally:
            self._give_back(conn)

    def _taken(self) -> Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return psycopg.connect(self._url, autocommit=True, options=OPTIONS, connect_timeout=CONNECT_TIMEOUT_S)

    def _give_back(self, conn: Connection) -> None:
        if conn.closed:
            conn.close()
            return
        with self._lock:
            self._idle.append(conn)


def _share_out(callers: Sequence[_Caller], result: AcceptResult) -> None:
    """Gives each caller its part of a common result. Of equal rows the first one is new, the others are duplicates."""
    if len(callers) == 1:
        callers[0].result = result
        return
    new = set(result.ids)
    start = 0
    for caller in callers:
        stored_as = result.stored_as[start : start + len(caller.rows)]
        start += len(caller.rows)
        ids = tuple(event for event in dict.fromkeys(stored_as) if event in new)
        new.difference_update(ids)
        caller.result = AcceptResult(ids, len(stored_as) - len(ids), stored_as)
