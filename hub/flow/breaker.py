"""The circuit breaker of one connection: after failures in a row, one probe at a time until the peer answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

OPENS_AFTER: Final = 5
# Calls that hang are few: two in a row say as much when so long has passed.
HANGS_S: Final = 20.0
FIRST_REST_S: Final = 1.0
LONGEST_REST_S: Final = 15.0
CALLS: Final = 4


class Breaker:
    """Counts failed calls in a row. Closed: `CALLS` at once; open: none; half open: one probe.

    Lives in one process; usable from several threads.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._failing_since = 0.0
        self._is_down = False
        self._rests = 0
        self._open_until = 0.0
        self._throttled_until = 0.0

    @property
    def state(self) -> str:
        """`closed`, `open` or `half-open`."""
        with self._lock:
            return self._state()

    @property
    def failing_s(self) -> float:
        """For how long no call has got through; 0 when the last one did."""
        with self._lock:
            return self._clock() - self._failing_since if self._failures else 0.0

    def _state(self) -> str:
        if not self._is_down:
            return "closed"
        return "open" if self._clock() < self._open_until else "half-open"

    def room(self, in_flight: int) -> int:
        """How many more calls may be made now, with `in_flight` under way."""
        with self._lock:
            if self._clock() < self._throttled_until:
                return 0
            calls = {"closed": CALLS, "open": 0, "half-open": 1}[self._state()]
            return max(0, calls - in_flight)

    def succeed(self) -> bool:
        """The peer answered, even if it said no. True when that closes an open breaker."""
        with self._lock:
            was_open, self._is_down = self._is_down, False
            self._failures = self._rests = 0
            return was_open

    def fail(self) -> bool:
        """A call did not get through. True when that opens a closed breaker."""
        with self._lock:
            now, was_open = self._clock(), self._is_down
            if not self._failures:
                self._failing_since = now
            self._failures += 1
            is_hanging = self._failures > 1 and now - self._failing_since >= HANGS_S
            self._is_down = was_open or is_hanging or self._failures >= OPENS_AFTER
            if self._is_down:
                self._open_until = now + min(LONGEST_REST_S, FIRST_REST_S * 2.0**self._rests)
                self._rests = min(self._rests + 1, 30)
            return self._is_down and not was_open

    def throttle(self, seconds: float) -> None:
        """The peer asked for a pause; it concerns the whole account."""
        with self._lock:
            self._throttled_until = max(self._throttled_until, self._clock() + seconds)
