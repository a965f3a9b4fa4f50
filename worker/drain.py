"""The loop of a worker's job: look, do a batch, look again; then linger, so that the next event needs no fork."""

from __future__ import annotations

import logging
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hub.errors import HubError
from hub.flow.context import Hub
from hub.queue import Role
from worker.life import Life

# A longer batch of the pipeline is a mapping that never ends. Deliveries and reads wait for others,
# with limits of their own; this one only finds what has none.
SLOW_BATCH_S = 900
FAILURES = 5
WAIT_S = 1.0
SPREAD_S = 0.5

_log = logging.getLogger(__name__)


def drain(role: Role, step: Callable[[Hub], int]) -> int:
    """Repeats `step` until it finds nothing for `linger_s`, or the worker is told to end; returns the sum.

    Raises what `step` raised when it failed several times in a row: the job fails, and the scheduler
    starts another as long as something is due.
    """
    from worker.wiring import open_hub

    life = Life()
    with open_hub() as hub:
        return _Drain(hub, role, step, life).run()


class _Drain:
    def __init__(self, hub: Hub, role: Role, step: Callable[[Hub], int], life: Life) -> None:
        self._hub = hub
        self._role = role
        self._step = step
        self._life = life
        self._limit_s = hub.settings.batch_timeout_s if role == "pipeline" else SLOW_BATCH_S
        self._failures = 0
        self._spread_at = 0.0

    def run(self) -> int:
        queue, done, busy_at = self._hub.queue, 0, time.monotonic()
        while not self._life.is_over():
            queue.look(self._role)
            count = self._batch()
            if count:
                done += count
                busy_at = time.monotonic()
                self._share()
            elif time.monotonic() - busy_at > self._hub.settings.linger_s:
                break
            else:
                queue.wait(self._role, WAIT_S)
        queue.leave(self._role)
        return done

    def _batch(self) -> int:
        try:
            with time_limit(self._limit_s):
                count = self._step(self._hub)
        except Exception as error:
            self._failures += 1
            _report(self._role, error)
            if self._failures >= FAILURES:
                raise
            self._life.pause(min(2.0 ** (self._failures - 2), 8.0))
            return 0
        self._failures = 0
        return count

    def _share(self) -> None:
        """More than one batch is a reason to call another worker, but not at every batch."""
        if time.monotonic() - self._spread_at > SPREAD_S:
            self._spread_at = time.monotonic()
            self._hub.queue.spread(self._role)


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Has the kernel kill this process when the block takes longer.

    No exception can do that: a regular expression that never ends holds the interpreter. What it was
    doing stands in the batch journal.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def prolong(seconds: int) -> None:
    """Begins the time limit anew, where there is one: a full pass may last, as long as page comes after page."""
    if signal.getitimer(signal.ITIMER_REAL)[0] > 0:
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _report(role: str, error: Exception) -> None:
    # The texts of foreign errors quote rows; only ours are known to hold no personal data.
    text = str(error) if isinstance(error, HubError) else _frames(error)
    _log.error("%s (process %d): %s: %s", role, os.getpid(), type(error).__name__, text)


def _frames(error: Exception) -> str:
    frames: Any = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames))
