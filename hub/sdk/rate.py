"""The rate budget of one remote account: a token bucket that serves urgent calls first."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from hub.errors import RetryableError

Lane = Literal["interactive", "live", "bulk"]
_LANES: tuple[Lane, ...] = ("interactive", "live", "bulk")

# What a lane has to leave in the bucket, as a share of the burst, so that a full pass cannot empty
# it in front of a person who waits.
_RESERVE: Mapping[Lane, float] = {"interactive": 0.0, "live": 0.1, "bulk": 0.3}


class RateBudget:
    """`per_second` tokens flow in up to `burst`; at most `concurrency` calls run at once; 0 means no limit.

    Per process: with several workers give each its share.
    """

    def __init__(self, per_second: float = 0, burst: float = 0, concurrency: int = 0) -> None:
        self.per_second = per_second
        self.burst = max(burst, 1.0)
        self.concurrency = concurrency
        self._tokens = self.burst
        self._filled_at = time.monotonic()
        self._blocked_until = 0.0
        self._running = 0
        self._waiting: Counter[Lane] = Counter()
        self._changed = threading.Condition()

    @classmethod
    def of(cls, rate: Mapping[str, float]) -> RateBudget:
        """From a manifest's `rate`: the keys `per_second`, `burst`, `concurrency`, all optional."""
        return cls(rate.get("per_second", 0), rate.get("burst", 0), int(rate.get("concurrency", 0)))

    @contextmanager
    def spend(self, lane: Lane = "live", cost: float = 1.0, *, wait_s: float = 30.0) -> Iterator[None]:
        """Waits for `cost` tokens and a free place, at most `wait_s`.

        Raises `RetryableError` with the seconds until it is worth trying, when the wait would be longer.
        """
        self._enter(lane, min(cost, self.burst), time.monotonic() + wait_s)
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def pause(self, seconds: float) -> None:
        """Nobody spends for so long: the peer said so (`Retry-After`)."""
        with self._changed:
            self._blocked_until = max(self._blocked_until, time.monotonic() + seconds)
            self._changed.notify_all()

    def take_back(self, cost: float) -> None:
        """Corrects the bucket when a call turned out to cost more (`cost` > 0) or less than was paid."""
        with self._changed:
            self._tokens = min(self.burst, self._tokens - cost)
            self._changed.notify_all()

    def _enter(self, lane: Lane, cost: float, give_up_at: float) -> None:
        with self._changed:
            self._waiting[lane] += 1
            try:
                while (delay_s := self._delay_s(lane, cost)) > 0:
                    left_s = give_up_at - time.monotonic()
                    is_hopeless = self._blocked_until > give_up_at
                    if left_s <= 0 or is_hopeless:
                        raise RetryableError("the account's rate budget is used up", retry_after_s=round(delay_s, 3))
                    self._changed.wait(min(delay_s, left_s))
                self._tokens -= cost if self.per_second else 0
                self._running += 1
            finally:
                self._waiting[lane] -= 1
                self._changed.notify_all()

    def _delay_s(self, lane: Lane, cost: float) -> float:
        """Seconds to wait before asking again; 0: go now."""
        now = time.monotonic()
        if now < self._blocked_until:
            return self._blocked_until - now
        if self.concurrency and self._running >= self.concurrency:
            return 1.0
        if any(self._waiting[other] for other in _LANES[: _LANES.index(lane)]):
            return 0.05
        if not self.per_second:
            return 0.0
        self._tokens = min(self.burst, self._tokens + (now - self._filled_at) * self.per_second)
        self._filled_at = now
        # A call that costs nearly the whole burst could never leave the reserve behind.
        needed = min(self.burst, cost + _RESERVE[lane] * self.burst)
        return max(0.0, (needed - self._tokens) / self.per_second)
