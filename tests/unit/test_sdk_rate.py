"""The rate budget and its lanes."""

from __future__ import annotations

import threading
import time

import pytest

from hub.errors import RetryableError
from hub.sdk import RateBudget
from hub.sdk.testing import wait_until


def test_budget_when_burst_is_used_up_then_error_says_when() -> None:
    budget = RateBudget(per_second=2, burst=2)
    for _ in range(2):
        with budget.spend("interactive", wait_s=0):
            pass
    with pytest.raises(RetryableError) as caught, budget.spend("interactive", wait_s=0):
        pass
    assert caught.value.retry_after_s == pytest.approx(0.5, abs=0.1)


def test_budget_when_it_may_wait_then_calls_come_at_the_rate() -> None:
    budget = RateBudget(per_second=50, burst=1)
    start = time.monotonic()
    for _ in range(6):
        with budget.spend("interactive"):
            pass
    assert 0.09 <= time.monotonic() - start < 1.0


def test_budget_when_nearly_empty_then_kept_for_the_urgent_lanes() -> None:
    budget = RateBudget(per_second=0.001, burst=10)
    for _ in range(7):
        with budget.spend("bulk", wait_s=0):
            pass
    with pytest.raises(RetryableError), budget.spend("bulk", wait_s=0):
        pass
    for _ in range(2):
        with budget.spend("live", wait_s=0):
            pass
    with pytest.raises(RetryableError), budget.spend("live", wait_s=0):
        pass
    with budget.spend("interactive", wait_s=0):
        pass


def test_budget_when_peer_asked_for_a_pause_then_nobody_spends() -> None:
    budget = RateBudget()
    budget.pause(60)
    with pytest.raises(RetryableError) as caught, budget.spend(wait_s=1):
        pass
    assert 59 < (caught.value.retry_after_s or 0) <= 60


def test_budget_when_a_place_is_free_then_the_most_urgent_waiter_has_it() -> None:
    budget = RateBudget(concurrency=1)
    order: list[str] = []

    def work(lane: str) -> None:
        with budget.spend(lane):  # type: ignore[arg-type]
            order.append(lane)

    with budget.spend("live"):
        threads = []
        for lane in ("bulk", "live", "interactive"):
            thread = threading.Thread(target=work, args=(lane,))
            thread.start()
            threads.append(thread)
            assert wait_until(lambda lane=lane: budget._waiting[lane] == 1)  # type: ignore[misc]
    for thread in threads:
        thread.join(5)
    assert order == ["interactive", "live", "bulk"]


def test_budget_when_a_call_costs_more_than_the_burst_then_it_still_passes() -> None:
    budget = RateBudget(per_second=1, burst=5)
    with budget.spend("bulk", cost=50, wait_s=0):
        pass


def test_budget_when_corrected_by_the_peer_then_waits_longer() -> None:
    budget = RateBudget(per_second=1, burst=10)
    with budget.spend("interactive", wait_s=0):
        budget.take_back(9)
    with pytest.raises(RetryableError), budget.spend("interactive", wait_s=0):
        pass
