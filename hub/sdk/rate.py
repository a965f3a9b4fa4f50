"""The rate budget of one remote account: a token bucket that serves urgent calls first."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Literal, Protocol

from hub.errors import RetryableError

Lane = Literal["interactive", "live", "bulk"]
LANES: tuple[Lane, ...] = ("interactive", "live", "bulk")

# What a lane has to leave in the bucket, as a share of the burst, so that a full pass cannot empty
# it in front of a person who waits.
RESERVE: Mapping[Lane, float] = {"interactive": 0.0, "live": 0.1, "bulk": 0.3}

_lane: ContextVar[Lane] = ContextVar("lane", default="live")


def current_lane() -> Lane:
    """The lane of calls that name none."""
    return _lane.get()


@contextmanager
def working_in(lane: Lane) -> Iterator[None]:
    """Calls made in the block by this thread are in that lane: the hub knows better than a connector who waits."""
    token = _lane.set(lane)
    try:
        yield
    finally:
        _lane.reset(token)


class Budget(Protocol):
    """What the HTTP client asks before each call: a `RateBudget`, or the one that all processes of the hub share."""

    def spend(
        self, lane: Lane = "live", cost: float = 1.0, *, wait_s: float = 30.0, hold_s: float = 60.0
    ) -> AbstractContextManager[None]:
        """Waits for `cost` tokens and a free place, at most `wait_s`; the place is free again after the block.

        `hold_s`: the block surely takes no longer; then the place is free although its holder died.
        Raises `RetryableError` with the seconds until it is worth trying, when the wait would be longer.
        """
        ...

    def pause(self, seconds: float) -> None:
        """Nobody spends for so long: the peer said so (`Retry-After`)."""
        ...

    def take_back(self, cost: float) -> None:
        """Corrects the bucket when a call turned out to cost more (`cost` > 0) or less than was paid."""
        ...


class RateBudget:
    """`per_second` tokens flow in up to `burst`; at most `concurrency` calls run at once; 0 means no limit.

    Per process: in the hub, `hub.flow.budget` takes its place for connectors that declare a rate.
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
    def spend(
        self,
        lane: Lane = "live",
        cost: float = 1.0,
        *,
        wait_s: float = 30.0,
        hold_s: float = 60.0,  # noqa: ARG002 -- threads of one process do not die alone
    ) -> Iterator[None]:
        """See `Budget.spend`."""
        self._enter(lane, min(cost, self.burst), time.monotonic() + wait_s)
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def pause(self, seconds: float) -> None:
        """See `Budget.pause`."""
        with self._changed:
            self._blocked_until = max(self._blocked_until, time.monotonic() + seconds)
            self._changed.notify_all()

    def take_back(self, cost: float) -> None:
        """See `Budget.take_back`."""
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
        if any(self._waiting[other] for other in LANES[: LANES.index(lane)]):
            return 0.05
        if not self.per_second:
            return 0.0
        self._tokens = min(self.burst, self._tokens + (now - self._filled_at) * self.per_second)
        self._filled_at = now
        # A call that costs nearly the whole burst could never leave the reserve behind.
        needed = min(self.burst, cost + RESERVE[lane] * self.burst)
        return max(0.0, (needed - self._tokens) / self.per_second)
