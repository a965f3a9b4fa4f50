"""What a process needs to receive: the fast way into the inbox, and one thread for all that can wait.

The thread wakes the pipeline after commits (coalesced, so a burst costs few round trips to Redis)
and writes down refusals in bulk, so that a flood of forged requests neither fills a table nor
costs a transaction each.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from hub.errors import RetryableError
from hub.flow.context import Hub
from hub.keyring import Keyring
from hub.queue import Wakeups
from hub.store import audit, cursor, tally
from hub.store.database import Connection, Database
from hub.store.inbox import AcceptResult, NewEvent
from hub.store.intake import Intake
from hub.store.outage import as_retryable

WAKE_EVERY_S = 0.02
BOOK_EVERY_S = 1.0
AUDIT_EVERY_S = 60.0
PULL_EVERY_S = 300.0
UNKNOWN = 0
_TOO_LARGE = 413
_log = logging.getLogger(__name__)

Refusal = tuple[int, str, int]
"""Connection id (0: unknown), its name ("" : unknown), the status that was answered."""


class Reception:
    """One per process and hub. Usable from many threads; `close` it with the hub."""

    def __init__(self, db: Database, keyring: Keyring, queue: Wakeups) -> None:
        self._db = db
        self._queue = queue
        self._intake = Intake(db.url, keyring)
        self._lock = threading.Lock()
        self._rouse = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_open = True
        self._has_news = False
        self._refused: Counter[Refusal] = Counter()
        self._ignored: Counter[int] = Counter()
        self._unaudited: Counter[Refusal] = Counter()
        self._audited_at: dict[Refusal, float] = {}
        self._pulled_at: dict[int, float] = {}

    def accept(self, rows: Sequence[NewEvent]) -> AcceptResult:
        """Stores the rows durably, then has the pipeline woken. `RetryableError`: the database is away."""
        result = self._intake.accept(rows)
        if result.ids and not self._has_news:
            self._has_news = True
            self._tell()
        return result

    def refused(self, connection_id: int, name: str, status: int) -> None:
        """Counts a request that was not accepted."""
        with self._lock:
            self._refused[connection_id, name, status] += 1
        self._tell()

    def ignored(self, connection_id: int) -> None:
        """Counts a verified request that on purpose stores nothing."""
        with self._lock:
            self._ignored[connection_id] += 1
        self._tell()

    def close(self) -> None:
        """Writes down what is counted, stops the thread and closes the connections."""
        self._is_open = False
        self._rouse.set()
        if self._thread is not None:
            self._thread.join(5)
        self._intake.close()

    def book(self) -> None:
        """Writes down all refusals counted so far: one row per connection, audited once a minute each."""
        with self._lock:
            refused, self._refused = self._refused, Counter()
            ignored, self._ignored = self._ignored, Counter()
        if not refused and not ignored:
            return
        try:
            with as_retryable():
                self._db.run(lambda conn: self._write(conn, refused, ignored))
        except RetryableError:
            with self._lock:
                self._refused.update(refused)
                self._ignored.update(ignored)

    def _write(self, conn: Connection, refused: Counter[Refusal], ignored: Counter[int]) -> None:
        today, now = datetime.now(UTC).date(), time.monotonic()
        per_connection: Counter[int] = Counter()
        for (connection_id, _, _), n in refused.items():
            per_connection[connection_id] += n
        rows = [tally.Tally(today, connection_id, "refused", n) for connection_id, n in per_connection.items()]
        rows += [tally.Tally(today, connection_id, "ignored", n) for connection_id, n in ignored.items()]
        tally.add(conn, rows)
        for connection_id, _, status in refused:
            if (
                status == _TOO_LARGE
                and connection_id
                and now - self._pulled_at.get(connection_id, -PULL_EVERY_S) >= PULL_EVERY_S
            ):
                # What was too large to be pushed is read instead.
                self._pulled_at[connection_id] = now
                cursor.wake(conn, connection_id)
        self._audit(conn, refused, now)

    def _audit(self, conn: Connection, refused: Counter[Refusal], now: float) -> None:
        self._unaudited.update(refused)
        for refusal, n in list(self._unaudited.items()):
            if now - self._audited_at.get(refusal, -AUDIT_EVERY_S) >= AUDIT_EVERY_S:
                self._audited_at[refusal] = now
                del self._unaudited[refusal]
                detail = {"status": refusal[2], "requests": n}
                audit.append(conn, "hub", "webhook.refused", refusal[1] or "unknown", "", detail)

    def _tell(self) -> None:
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="reception", daemon=True)
                    self._thread.start()
        if not self._rouse.is_set():
            self._rouse.set()

    def _run(self) -> None:
        booked_at = float("-inf")
        while self._is_open:
            self._rouse.wait(BOOK_EVERY_S if self._refused or self._ignored else None)
            self._rouse.clear()
            if self._has_news:
                # Lowered first: what commits during the wake-up asks for another one.
                self._has_news = False
                self._queue.wake("pipeline")
            if time.monotonic() - booked_at >= BOOK_EVERY_S:
                booked_at = time.monotonic()
                self._guarded_book()
            time.sleep(WAKE_EVERY_S)
        self._guarded_book()

    def _guarded_book(self) -> None:
        try:
            self.book()
        except Exception as error:  # noqa: BLE001 -- the thread must go on, the next round tries again
            _log.warning("refusals could not be written down: %s", type(error).__name__)


def reception_of(hub: Hub) -> Reception:
    """The hub's reception, made at the first call."""
    found = hub.extras.get("reception")
    if found is None:
        found = hub.extras.setdefault("reception", Reception(hub.db, hub.keyring, hub.queue))
    reception: Reception = found
    return reception
