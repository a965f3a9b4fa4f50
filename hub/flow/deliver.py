"""The deliver worker: claims what is due per live connection and hands it to threads, so that a hanging peer stops nobody."""

from __future__ import annotations

import logging
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final, cast

from hub.errors import ConfigError, NotFoundError
from hub.flow import golive, guard
from hub.flow.attempt import work
from hub.flow.connection import ConnectionRow
from hub.flow.context import Hub
from hub.flow.desk import Desk, Writer
from hub.flow.hearing import Hearing
from hub.sdk.connector import Writes
from hub.store.lease import Claim

log = logging.getLogger(__name__)

THREADS: Final = 16
CLAIM_AT_ONCE: Final = 4
TEND_EVERY_S: Final = 1.0
SOON_S: Final = 0.2
LOOK_AGAIN_S: Final = 0.1
ONCE_S: Final = 5.0
# Not a connection's number: the place of tending among what is under way.
TENDING: Final = 0


class Deliverer:
    """One process's delivery: a pool of threads, at most four calls at once per connection.

    Used by one thread, not across a fork. `close` waits for calls under way.
    """

    def __init__(self, hub: Hub, threads: int = THREADS) -> None:
        self.hub = hub
        self.desk = Desk(hub)
        self._hearing = Hearing(hub.db)
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads + 1, thread_name_prefix="deliver")
        self._flying: dict[Future[None], int] = {}
        self._tended_at = float("-inf")

    def round(self) -> int:
        """Starts what is due; returns how many targets were taken. Does not wait."""
        self._land()
        self.desk.renew()
        self._tend()
        rows = [row for row in self.hub.connections.all() if may_deliver(row)]
        self._hearing.listen(rows)
        return sum(self._start(row) for row in rows if self._hearing.has_heard(row))

    def run_once(self, limit_s: float = ONCE_S) -> int:
        """Rounds until nothing is due or under way, or the time is up; returns how many targets were taken.

        At least 1 while something is under way: call it again.
        """
        taken, end = 0, time.monotonic() + limit_s
        while True:
            started = self.round()
            taken += started
            if self._flying:
                wait(self._flying, timeout=LOOK_AGAIN_S, return_when=FIRST_COMPLETED)
            elif not started:
                return taken
            if time.monotonic() > end:
                return max(1, taken)

    def close(self) -> None:
        """Starts nothing more and waits for calls under way, whose leases it keeps."""
        while self._flying:
            self.desk.renew()
            wait(self._flying, timeout=LOOK_AGAIN_S)
            self._land()
        self._pool.shutdown()

    def _tend(self) -> None:
        """Mass causes are counted, phases move on: beside the deliveries, since counting may last."""
        if TENDING in self._flying.values():
            return
        age = time.monotonic() - self._tended_at
        if age < SOON_S or (age < TEND_EVERY_S and not guard.is_pending(self.hub)):
            return
        self._tended_at = time.monotonic()
        self._flying[self._pool.submit(tend, self.hub)] = TENDING

    def _start(self, row: ConnectionRow) -> int:
        in_flight = sum(1 for connection_id in self._flying.values() if connection_id == row.id)
        room = min(self.desk.breaker(row.id).room(in_flight), self._threads - len(self._flying))
        if room <= 0:
            return 0
        connector = self._connector(row)
        if connector is None:
            return 0
        size = max(CLAIM_AT_ONCE, connector.batch_size)
        if self.desk.breaker(row.id).state != "closed":
            size = room = 1
        claims = self.desk.claim(row.id, size * room)
        for start in range(0, len(claims), size):
            self._submit(row, connector, claims[start : start + size])
        return len(claims)

    def _connector(self, row: ConnectionRow) -> Writer | None:
        try:
            connector = self.hub.connections.connector(row.name)
        except (ConfigError, NotFoundError) as error:
            log.warning("%s cannot be delivered to: %s", row.name, error)
            return None
        return cast("Writer", connector) if isinstance(connector, Writes) else None

    def _submit(self, row: ConnectionRow, connector: Writer, claims: list[Claim]) -> None:
        self._flying[self._pool.submit(work, self.desk, row, connector, claims)] = row.id

    def _land(self) -> None:
        for future in [future for future in self._flying if future.done()]:
            connection_id = self._flying.pop(future)
            error = future.exception()
            if error is not None:
                what = f"delivering to connection {connection_id}" if connection_id else "counting plans"
                log.error("%s stopped; it is taken up again", what, exc_info=error)


def tend(hub: Hub) -> None:
    """Counts mass causes that are over and moves connections on to their next phase."""
    guard.settle(hub)
    golive.advance(hub)


def may_deliver(row: ConnectionRow) -> bool:
    """Whether a connection is written to as far as its row (half a second old) says; each call asks again."""
    return row.phase == "live" and row.may_call("out")


def run_once(hub: Hub) -> int:
    """Delivers what is due; returns how many targets were taken, at least 1 while calls are under way."""
    found = hub.extras.get("deliverer")
    if not isinstance(found, Deliverer):
        # Kept, because breakers and threads outlive one call.
        found = hub.extras["deliverer"] = Deliverer(hub)
    return found.run_once()
