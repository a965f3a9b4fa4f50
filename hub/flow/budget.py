"""The rate budget that all processes of the hub share per remote account, and a share of it when Valkey is away."""

from __future__ import annotations

import bisect
import itertools
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from redis import Redis
from redis.exceptions import RedisError

from hub.errors import RetryableError
from hub.flow.bucket import LONGEST_LOOK_MS, Admission, Bucket, Rate
from hub.flow.context import Hub
from hub.flow.wish import ACCOUNT
from hub.sdk.rate import LANES, Lane, RateBudget
from hub.store.connection import ConnectionRow

# While Valkey is away nobody asks it more often, and one caller at a time.
AWAY_S = 2.0
# Deliveries, reads, web and scheduler, until it is known how many processes call the account.
CALLERS = 4
T = TypeVar("T")
_log = logging.getLogger(__name__)


class SharedBudget:
    """`hub.sdk.rate.Budget` over a `Bucket`. Usable from many threads; never waits for Valkey longer than its time limit.

    Of the threads of a process that wait, only the first in line asks: the most urgent one, then
    who came first. Without Valkey each process keeps to its share of the rate.
    """

    def __init__(self, redis: Redis, account: str, rate: Rate) -> None:
        self._rate = rate
        self._bucket = Bucket(redis, account, rate, f"{os.getpid()}-{uuid.uuid4().hex[:8]}")
        self._account = account
        self._changed = threading.Condition()
        self._line: list[tuple[int, int]] = []
        self._numbers = itertools.count()
        self._callers = CALLERS
        self._away_until = 0.0
        self._local = _share(rate, CALLERS)

    @contextmanager
    def spend(
        self, lane: Lane = "live", cost: float = 1.0, *, wait_s: float = 30.0, hold_s: float = 60.0
    ) -> Iterator[None]:
        """See `hub.sdk.rate.Budget.spend`."""
        give_up_at = time.monotonic() + wait_s
        lease = self._entered(lane, cost, hold_s, give_up_at)
        if lease is None:
            left_s = max(0.0, give_up_at - time.monotonic())
            with self._local.spend(lane, cost, wait_s=left_s, hold_s=hold_s):
                yield
            return
        try:
            yield
        finally:
            self._leave(lease)

    def pause(self, seconds: float) -> None:
        """See `hub.sdk.rate.Budget.pause`."""
        self._local.pause(seconds)
        self._try(lambda: self._bucket.correct(pause_s=seconds))

    def take_back(self, cost: float) -> None:
        """See `hub.sdk.rate.Budget.take_back`."""
        self._local.take_back(cost) if self._is_away() else self._try(lambda: self._bucket.correct(cost))

    def _entered(self, lane: Lane, cost: float, hold_s: float, give_up_at: float) -> str | None:
        """The lease of a place; None: Valkey is away, use the local share."""
        lease, place = uuid.uuid4().hex, (LANES.index(lane), next(self._numbers))
        with self._changed:
            bisect.insort(self._line, place)
        try:
            while True:
                self._wait_for_turn(place, give_up_at)
                answer = self._asked(lane, cost, lease, hold_s)
                if answer is None:
                    return None
                if not answer.delay_s:
                    return lease
                left_s = give_up_at - time.monotonic()
                if left_s <= 0 or (answer.is_paused and answer.delay_s > left_s):
                    raise _used_up(answer.delay_s)
                with self._changed:
                    self._changed.wait(min(answer.delay_s, left_s, LONGEST_LOOK_MS / 1000))
        finally:
            with self._changed:
                self._line.remove(place)
                self._changed.notify_all()

    def _wait_for_turn(self, place: tuple[int, int], give_up_at: float) -> None:
        with self._changed:
            while self._line[0] != place and not self._is_away():
                left_s = give_up_at - time.monotonic()
                if left_s <= 0:
                    raise _used_up(LONGEST_LOOK_MS / 1000)
                self._changed.wait(left_s)

    def _asked(self, lane: Lane, cost: float, lease: str, hold_s: float) -> Admission | None:
        answer = self._try(lambda: self._bucket.enter(lane, cost, lease, hold_s))
        if answer is None:
            return None
        if answer.callers != self._callers:
            self._callers = answer.callers
            self._local = _share(self._rate, answer.callers)
        return answer

    def _leave(self, lease: str) -> None:
        self._try(lambda: self._bucket.leave(lease))
        with self._changed:
            self._changed.notify_all()

    def _is_away(self) -> bool:
        return time.monotonic() < self._away_until

    def _try(self, ask: Callable[[], T]) -> T | None:
        """What Valkey answers; None when it does not: it is away for a while, and the call goes on."""
        if self._is_away():
            return None
        was_away = self._away_until > 0
        if was_away:
            # Whoever tries first does so alone; the others go on without.
            self._away_until = time.monotonic() + AWAY_S
        try:
            answer = ask()
        except RedisError as error:
            if not was_away:
                _log.warning("Valkey is away (%s): %s keeps to its share", type(error).__name__, self._account)
            with self._changed:
                self._away_until = time.monotonic() + AWAY_S
                self._changed.notify_all()
            return None
        if was_away:
            self._away_until = 0.0
            _log.warning("Valkey is back: the rate budget of %s is shared again", self._account)
        return answer


def budget_of(redis: Redis, row: ConnectionRow, rate: Rate) -> SharedBudget | None:
    """The budget of a connection's account; None when its connector declares no rate, so that nothing is shared."""
    return SharedBudget(redis, account_of(row), rate) if rate.per_second or rate.concurrency else None


def account_of(row: ConnectionRow) -> str:
    """What names the remote account: the setting `rate_account`, where connections share one, else the connection itself."""
    named = row.config.get(ACCOUNT)
    return f"{row.connector}:{named}" if named else f"#{row.id}"


@dataclass(frozen=True, slots=True)
class BudgetState:
    """How the budget of a connection's account stands, for people.

    `is_limited`: its connector declares a rate. `is_shared`: Valkey answers; else `tokens`,
    `running` and `used` are unknown and each process keeps to its share. `used`: lane -> tokens in
    the last minute. `connections`: all that share the account.
    """

    is_limited: bool
    is_shared: bool = True
    per_second: float = 0.0
    burst: float = 0.0
    concurrency: int = 0
    tokens: float | None = None
    running: int | None = None
    paused_until: datetime | None = None
    used: dict[Lane, float] = field(default_factory=dict)
    connections: tuple[str, ...] = ()


def state(hub: Hub, connection_name: str) -> BudgetState:
    """How the rate budget of a connection stands now. Raises `NotFoundError`, `ConfigError` (connector not installed)."""
    row = hub.connections.by_name(connection_name)
    rate = Rate.of(hub.registry.connector(row.connector).manifest.rate)
    if not (rate.per_second or rate.concurrency):
        return BudgetState(is_limited=False)
    account = account_of(row)
    sharing = tuple(one.name for one in hub.connections.all() if account_of(one) == account)
    found = BudgetState(True, False, rate.per_second, rate.burst, rate.concurrency, connections=sharing)
    try:
        level = Bucket(hub.connections.redis, account, rate, "console").level()
    except RedisError:
        return found
    paused_until = datetime.now(UTC) + timedelta(seconds=level.paused_s) if level.paused_s else None
    return replace(
        found,
        is_shared=True,
        tokens=round(level.tokens, 3) if rate.per_second else None,
        running=level.running,
        paused_until=paused_until,
        used=level.used,
    )


def _share(rate: Rate, callers: int) -> RateBudget:
    places = max(1, rate.concurrency // callers) if rate.concurrency else 0
    return RateBudget(rate.per_second / callers, rate.burst / callers, places)


def _used_up(delay_s: float) -> RetryableError:
    return RetryableError("the account's rate budget is used up", retry_after_s=round(delay_s, 3))
