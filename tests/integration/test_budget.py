"""The rate budget that processes share in Valkey, and what becomes of it when Valkey is gone."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis

from hub import queue
from hub.embedded.valkey import Valkey
from hub.errors import ConfigError, RetryableError
from hub.flow import budget as flow
from hub.flow.account import check
from hub.flow.bucket import Rate
from hub.flow.budget import SharedBudget, state
from hub.flow.configure import Wish, connect
from hub.flow.context import Hub
from hub.flow.poll import pull
from hub.sdk.connector import CheckResult, Page
from hub.sdk.rate import Lane, RateBudget, current_lane
from hub.sdk.testing import wait_until
from tests.fixtures import spender
from tests.fixtures.bare import Till, bare_hub
from tests.fixtures.servers import _folder

Make = Callable[..., SharedBudget]


@pytest.fixture
def make(redis_url: str) -> Iterator[Make]:
    """Budgets as processes of their own have them; `url` of another server."""
    clients: list[Redis] = []

    def made(per_second: float = 0, burst: float = 1, concurrency: int = 0, *, url: str = redis_url) -> SharedBudget:
        clients.append(queue.connect(url, timeout_s=0.5))
        return SharedBudget(clients[-1], "shop", Rate(per_second, burst, concurrency))

    yield made
    for client in clients:
        client.close()


@pytest.fixture
def own_valkey() -> Iterator[Valkey]:
    """A server that the test may end."""
    with _folder() as folder:
        server = Valkey(folder, folder / "run", persistent=False)
        server.start()
        yield server
        server.stop()


def spent(budget: SharedBudget, lane: Lane = "live", cost: float = 1.0) -> bool:
    """Whether a call passes at once."""
    try:
        with budget.spend(lane, cost, wait_s=0):
            return True
    except RetryableError:
        return False


def test_budget_when_four_processes_spend_then_no_window_has_more_than_the_rate_allows(redis_url: str) -> None:
    processes = [spender.start(redis_url, 60, 10, 2.0) for _ in range(4)]
    for one in processes:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    begun = time.time()
    for one in processes:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    answers = [one.communicate(timeout=30)[0] for one in processes]
    calls = sorted(float(at) for answer in answers for at in answer.split())
    assert len(calls) <= 10 + 60 * (calls[-1] - begun)
    for first, begin in enumerate(calls):
        for last in range(first, len(calls)):
            # A call may begin some time after its token was taken.
            assert last - first + 1 <= 10 + 60 * (calls[last] - begin + 0.5), (first, last)
    # The whole rate is used, by all of them.
    assert len(calls) >= 60
    assert all(answer.split() for answer in answers)


def test_budget_when_used_up_then_every_process_is_told_when(make: Make) -> None:
    one, other = make(2, 2), make(2, 2)
    assert [spent(one, "interactive"), spent(other, "interactive")] == [True, True]
    for budget in (one, other):
        with pytest.raises(RetryableError) as caught, budget.spend("interactive", wait_s=0):
            pass
        assert caught.value.retry_after_s == pytest.approx(0.5, abs=0.2)


def test_budget_when_nearly_empty_then_kept_for_the_urgent_lanes(make: Make) -> None:
    one, other = make(0.001, 10), make(0.001, 10)
    assert [spent(one, "bulk") for _ in range(8)] == [True] * 7 + [False]
    assert [spent(other, "live") for _ in range(3)] == [True, True, False]
    assert spent(one, "interactive")


def test_budget_when_a_queue_of_bulk_calls_waits_then_an_interactive_one_passes_it(make: Make) -> None:
    holder, order, threads = make(concurrency=1), [], []
    budgets: dict[int, SharedBudget] = {}

    def work(budget: SharedBudget, lane: Lane) -> None:
        with budget.spend(lane, wait_s=20):
            order.append(lane)

    with holder.spend("live"):
        for number, lane in enumerate(("bulk", "bulk", "bulk", "live", "interactive")):
            # Two bulk callers in one process, everybody else in one of its own.
            budget = budgets.setdefault(max(number, 1), make(concurrency=1))
            threads.append(threading.Thread(target=work, args=(budget, lane)))
            threads[-1].start()
        client = holder._bucket._redis
        marked = lambda: client.hmget("hub:budget:{shop}", "mark1", "mark2")  # noqa: E731
        assert wait_until(lambda: None not in marked())
        assert wait_until(lambda: client.zcard("hub:budget:{shop}:callers") == 5)
    for thread in threads:
        thread.join(20)
    assert order == ["interactive", "live", "bulk", "bulk", "bulk"]


def test_budget_when_places_are_taken_then_no_more_run_at_once_in_all_processes(make: Make) -> None:
    budgets = [make(concurrency=3) for _ in range(4)]
    lock, running, most, done = threading.Lock(), [0], [0], []

    def work(budget: SharedBudget) -> None:
        for _ in range(5):
            with budget.spend(wait_s=20):
                with lock:
                    running[0] += 1
                    most[0] = max(most[0], running[0])
                threading.Event().wait(0.005)
                with lock:
                    running[0] -= 1
        done.append(True)

    threads = [threading.Thread(target=work, args=(budget,)) for budget in budgets for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(done) == 12
    assert 2 <= most[0] <= 3


def test_budget_when_bulk_calls_hold_their_places_then_one_is_left_for_the_others(make: Make) -> None:
    one, other = make(concurrency=4), make(concurrency=4)
    with one.spend("bulk", wait_s=0), one.spend("bulk", wait_s=0), other.spend("bulk", wait_s=0):
        assert not spent(other, "bulk")
        assert spent(other, "live")
    assert spent(make(concurrency=1), "bulk")


def test_budget_when_a_holder_dies_then_its_place_is_free_after_the_lease(make: Make) -> None:
    dead, other = make(concurrency=1), make(concurrency=1)
    assert dead._entered("live", 1.0, 0.3, time.monotonic() + 1)
    assert not spent(other)
    with other.spend(wait_s=10):
        pass


def test_budget_when_a_call_ends_then_its_place_is_soon_free_for_everybody(make: Make) -> None:
    # Giving it back is not waited for: another process may ask before it arrived.
    one, other = make(concurrency=1), make(concurrency=1)
    for _ in range(20):
        with one.spend(wait_s=1):
            pass
        with other.spend(wait_s=1):
            pass


def test_budget_when_peer_asked_for_a_pause_then_nobody_spends(make: Make) -> None:
    one, other = make(100, 100), make(100, 100)
    one.pause(60)
    one.pause(1)
    with pytest.raises(RetryableError) as caught, other.spend(wait_s=1):
        pass
    assert 55 < (caught.value.retry_after_s or 0) < 60.5


def test_budget_when_corrected_by_the_peer_then_all_wait_longer(make: Make) -> None:
    one, other = make(0.001, 10), make(0.001, 10)
    assert spent(one, "interactive")
    one.take_back(9)
    assert not spent(other, "interactive")
    one.take_back(-5)
    assert [spent(other, "interactive") for _ in range(6)] == [True] * 5 + [False]


def test_budget_when_a_call_costs_more_than_the_burst_then_it_still_passes(make: Make) -> None:
    assert spent(make(1, 5), "bulk", cost=50)


def test_budget_when_valkey_is_killed_then_each_goes_on_with_its_share(make: Make, own_valkey: Valkey) -> None:
    budget = make(0.001, 8, url=own_valkey.url)
    assert spent(budget, "interactive")
    own_valkey.stop()
    begun = time.monotonic()
    # It was the only process seen, so its share is all of it.
    assert [spent(budget, "interactive") for _ in range(9)] == [True] * 8 + [False]
    budget.pause(0.001)
    budget.take_back(1)
    assert time.monotonic() - begun < 5


def test_budget_when_valkey_dies_under_waiting_calls_then_they_go_on(make: Make, own_valkey: Valkey) -> None:
    budget, done = make(0.01, 1, url=own_valkey.url), []
    assert spent(budget, "interactive")

    def work() -> None:
        with budget.spend("interactive", wait_s=20):
            done.append(True)

    threads = [threading.Thread(target=work) for _ in range(2)]
    threads[0].start()
    assert wait_until(lambda: len(budget._line) == 1)
    own_valkey.stop()
    threads[0].join(20)
    assert done == [True]


def test_budget_when_valkey_is_frozen_then_a_call_waits_a_moment_and_the_next_ones_do_not(
    make: Make, own_valkey: Valkey
) -> None:
    budget = make(1000, 1000, concurrency=50, url=own_valkey.url)
    assert spent(budget)
    assert own_valkey.process is not None
    os.kill(own_valkey.process.pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        for _ in range(20):
            with budget.spend(wait_s=5):
                pass
        assert time.monotonic() - begun < 3.5
    finally:
        os.kill(own_valkey.process.pid, signal.SIGCONT)


def test_budget_when_valkey_comes_back_then_shared_again(
    make: Make, own_valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "AWAY_S", 0.05)
    one, other = make(0.001, 8, url=own_valkey.url), make(0.001, 8, url=own_valkey.url)
    assert spent(one)
    own_valkey.stop()
    assert spent(one)
    own_valkey.start()
    assert wait_until(lambda: spent(one, "interactive") and not one._away_until)
    while spent(one, "interactive"):
        pass
    assert not spent(other, "interactive")


def test_budget_when_process_count_is_known_then_the_share_is_by_it(make: Make) -> None:
    budgets = [make(10, 8, 4) for _ in range(2)]
    for budget in (*budgets, budgets[0]):
        assert spent(budget)
    local = budgets[0]._local
    assert (local.per_second, local.burst, local.concurrency) == (5, 4, 2)


@pytest.fixture
def hub(database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(Till, "manifest", replace(Till.manifest, rate={"per_second": 0.001, "burst": 10}))
    with bare_hub(database_url, redis_url, tmp_path) as made:
        for name in ("shop", "till"):
            connect(made, Wish(name, "till", secrets={"secret": ["s"]}, flows={"order": "in"}), "test")
        connect(made, Wish("crm", "sink", flows={"customer": "out"}), "test")
        yield made


def test_calls_when_the_hub_reads_all_or_checks_then_in_the_lane_of_that_work(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes: list[str] = []

    def fetch(self: Till, stream: str, cursor: object) -> Iterator[Page]:
        lanes.append(current_lane())
        yield Page([], 1, last=True)

    def checked(self: Till) -> CheckResult:
        lanes.append(current_lane())
        return CheckResult(True, "")

    monkeypatch.setattr(Till, "fetch", fetch)
    monkeypatch.setattr(Till, "check", checked)
    pull(hub, "shop", "orders")
    pull(hub, "shop", "orders")
    check(hub, "shop")
    assert [*lanes, current_lane()] == ["bulk", "live", "interactive", "live"]


def test_connector_when_it_declares_no_rate_then_nothing_is_shared(hub: Hub) -> None:
    assert isinstance(hub.connections.connector("crm").http.budget, RateBudget)
    assert state(hub, "crm").is_limited is False
    assert isinstance(hub.connections.connector("shop").http.budget, SharedBudget)


def test_state_when_spent_then_says_what_is_left_and_who_used_it(hub: Hub) -> None:
    budget = hub.connections.connector("shop").http.budget
    for lane, cost in (("bulk", 2.0), ("live", 3.0), ("live", 1.5)):
        with budget.spend(lane, cost, wait_s=0):
            pass
    budget.pause(90)
    found = state(hub, "shop")
    assert (found.is_shared, found.burst, found.running) == (True, 10, 0)
    assert found.tokens == pytest.approx(3.5, abs=0.1)
    assert found.used == {"interactive": 0, "live": 4.5, "bulk": 2}
    assert found.paused_until is not None
    assert 80 < found.paused_until.timestamp() - time.time() < 90.5
    assert found.connections == ("shop",)
    assert state(hub, "till").tokens == 10


def test_state_when_valkey_is_away_then_says_so(hub: Hub) -> None:
    hub.settings = replace(hub.settings, redis_url="unix:///nowhere/valkey.sock")
    hub.connections._settings = hub.settings
    hub.connections.close()
    hub.connections._redis = None
    found = state(hub, "shop")
    assert (found.is_limited, found.is_shared, found.tokens) == (True, False, None)


def test_connections_when_they_name_one_account_then_share_its_budget(hub: Hub) -> None:
    for name in ("shop", "till"):
        connect(hub, Wish(name, config={"rate_account": "a1"}), "test")
    with pytest.raises(ConfigError, match="rate_account"):
        connect(hub, Wish("shop", config={"rate_account": "a b"}), "test")
    with hub.connections.connector("shop").http.budget.spend("interactive", 9.0):
        pass
    assert not spent(hub.connections.connector("till").http.budget, "interactive", 2.0)
    assert state(hub, "till").connections == ("shop", "till")
