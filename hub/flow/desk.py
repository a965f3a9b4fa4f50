"""What one deliver process shares between its threads: leases it holds, breakers, its part of the database pool."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from hub.flow.breaker import Breaker
from hub.flow.context import Hub
from hub.sdk.connector import Connector, Writes
from hub.store import lease
from hub.store.database import Connection
from hub.store.lease import Claim

T = TypeVar("T")


class Writer(Connector, Writes):
    """The type of a connector that can be written to."""


LEASE_S: Final = 15.0
RENEW_EVERY_S: Final = 4.0
# A call is not begun unless its lease lasts this long: time to reach the socket.
MARGIN_S: Final = 3.0


class Desk:
    """One process's working state of delivery. Usable from several threads."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        # The last quarter of the pool stays free for everybody else: peers that hang must not starve them.
        self._slots = threading.BoundedSemaphore(max(1, hub.settings.pool_size * 3 // 4))
        self._lock = threading.Lock()
        self._leases: dict[Claim, float] = {}
        self._breakers: dict[int, Breaker] = {}
        self._answered: set[int] = set()
        self._renewed_at = time.monotonic()

    def run(self, work: Callable[[Connection], T], *, durable: bool = True) -> T:
        """`Database.run` within this desk's share of the pool."""
        with self._slots:
            return self.hub.db.run(work, durable=durable)

    def breaker(self, connection_id: int) -> Breaker:
        """The breaker of a connection."""
        with self._lock:
            return self._breakers.setdefault(connection_id, Breaker())

    def is_first_answer(self, connection_id: int) -> bool:
        """Whether this process had none of that connection before."""
        with self._lock:
            is_first = connection_id not in self._answered
            self._answered.add(connection_id)
            return is_first

    def claim(self, connection_id: int, limit: int) -> list[Claim]:
        """Takes due targets of a connection for this process."""
        since = time.monotonic()
        # Losing a lease in a crash loses nothing, so it need not be flushed.
        taken = self.run(lambda conn: lease.claim(conn, connection_id, limit, LEASE_S), durable=False)
        with self._lock:
            self._leases.update(dict.fromkeys(taken, since + LEASE_S))
        return taken

    def may_call(self, claim: Claim) -> bool:
        """Whether the lease is surely held long enough to begin a call."""
        with self._lock:
            return self._leases.get(claim, 0.0) > time.monotonic() + MARGIN_S

    def let_go(self, claims: Iterable[Claim]) -> None:
        """Their work is over."""
        with self._lock:
            for claim in claims:
                self._leases.pop(claim, None)

    def renew(self) -> None:
        """Prolongs the leases of work under way, when it is time. A frozen process does not get here."""
        since = time.monotonic()
        with self._lock:
            if since < self._renewed_at + RENEW_EVERY_S or not self._leases:
                return
            self._renewed_at = since
            held = list(self._leases)
        kept = self.run(lambda conn: lease.renew(conn, held, LEASE_S), durable=False)
        with self._lock:
            for claim in held:
                if claim in kept and claim in self._leases:
                    self._leases[claim] = since + LEASE_S
                else:
                    self._leases.pop(claim, None)
