"""The simulator base: faults, ledger, webhook sender, and its steering over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from hub.errors import ConfigError
from hub.sdk.testing import Ledger, SimAnswer, SimRequest, Simulator, Switches, wait_until


class Peer(Simulator):
    """Carries out writes once per key; takes webhooks of another peer under /hook."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.hook_status = 200
        super().__init__()

    def answer(self, request: SimRequest) -> SimAnswer:
        if request.path == "/hook":
            self.got.append({"body": request.json(), "headers": dict(request.headers)})
            return SimAnswer(self.hook_status)
        key = request.headers.get("key", "")
        made = self.ledger.once("write", key, request.json() or {}, lambda: {"id": len(self.ledger.entries()) + 1})
        return SimAnswer.of(made)

    def sign(self, topic: str, message_id: str, body: bytes) -> dict[str, str]:
        return {"x-topic": topic, "x-id": message_id, "x-time": str(self.now())}

    def act_double(self, number: int) -> int:
        return number * 2


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as peer:
        peer.sender.url = f"{peer.url}/hook"
        yield peer


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def test_ledger_when_a_key_comes_again_then_carried_out_once() -> None:
    ledger = Ledger()
    made: list[int] = []

    def carry_out() -> int:
        made.append(1)
        return len(made)

    threads = [threading.Thread(target=ledger.once, args=("write", "k", {}, carry_out)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len(ledger.entries("write")), len(ledger.carried_out())) == (1, 20, 1)
    assert ledger.once("write", "", {}, carry_out) != ledger.once("write", "", {}, carry_out)
    ledger.clear()
    assert ledger.once("write", "k", {}, carry_out) == 1


def test_switches_when_counted_then_run_out_and_reset() -> None:
    switches = Switches(drop=2)
    assert [switches.take("drop") for _ in range(3)] == [True, True, False]
    switches.set(hang=-1, delay=1.5)
    assert [switches.take("hang") for _ in range(5)] == [True] * 5
    switches.reset()
    assert switches.as_dict() == Switches().as_dict()
    with pytest.raises(ConfigError, match="nonsense"):
        switches.set(nonsense=1)


def test_faults_when_switched_then_answers_suffer(peer: Peer, session: requests.Session) -> None:
    peer.switches.set(burst_500=1, unauthorized=1, html=1)
    statuses = [session.post(peer.url, timeout=5).status_code for _ in range(4)]
    assert statuses == [401, 500, 200, 200]
    peer.switches.set(rate_limit=2)
    answers = [session.post(peer.url, timeout=5) for _ in range(8)]
    limited = [answer for answer in answers if answer.status_code == 429]
    assert limited
    assert limited[0].headers["Retry-After"] == "1"
    peer.switches.reset()
    peer.switches.set(delay=0.2)
    start = time.monotonic()
    session.post(peer.url, timeout=5)
    assert time.monotonic() - start >= 0.2


def test_faults_when_limited_to_a_path_then_others_are_spared(peer: Peer, session: requests.Session) -> None:
    peer.switches.set(burst_500=-1, path="/orders")
    assert session.post(f"{peer.url}/orders", timeout=5).status_code == 500
    assert session.post(f"{peer.url}/customers", timeout=5).status_code == 200


@pytest.mark.parametrize("mode", ["500", "close", "hang"])
def test_answer_when_lost_after_commit_then_a_retry_gets_the_first_answer(
    peer: Peer, session: requests.Session, mode: str
) -> None:
    peer.switches.set(error_after_commit=1, error_mode=mode)
    try:
        assert session.post(peer.url, headers={"key": "k"}, timeout=0.5).status_code == 500
    except requests.RequestException:
        assert mode != "500"
    assert session.post(peer.url, headers={"key": "k"}, timeout=5).json() == {"id": 1}
    assert len(peer.ledger.carried_out("write")) == 1


@pytest.mark.parametrize("fault", [{"hang": 1}, {"close_mid_body": 1}, {"slow_bytes": 2.0}])
def test_answer_when_it_never_completes_then_the_caller_sees_it(
    peer: Peer, session: requests.Session, fault: dict[str, Any]
) -> None:
    peer.switches.set(**fault)
    with pytest.raises(requests.RequestException):
        session.post(peer.url, timeout=0.4)


def test_port_when_refusing_then_closed_until_opened_again(peer: Peer, session: requests.Session) -> None:
    session.post(peer.url, timeout=5)
    peer.refuse()
    with pytest.raises(requests.ConnectionError):
        session.post(peer.url, timeout=5)
    peer.refuse(False)
    assert session.post(peer.url, timeout=5).status_code == 200


def test_webhooks_when_the_receiver_fails_then_retried_with_one_id(peer: Peer) -> None:
    peer.hook_status = 503
    peer.send("a.b", {"n": 1})
    assert wait_until(lambda: len(peer.got) >= 2)
    peer.hook_status = 200
    assert peer.sender.wait_idle(10)
    assert len({got["headers"]["x-id"] for got in peer.got}) == 1
    assert len({got["headers"]["x-time"] for got in peer.got}) == len(peer.got)
    assert [sent.is_accepted for sent in peer.sender.log] == [True]


def test_webhooks_when_switched_then_dropped_duplicated_reordered(peer: Peer) -> None:
    peer.switches.set(drop=1)
    peer.send("t", 0)
    peer.switches.set(duplicate=1)
    peer.send("t", 1)
    peer.switches.set(duplicate=0, reorder=10)
    for number in range(2, 12):
        peer.send("t", number)
    assert peer.sender.wait_idle(10)
    bodies = [got["body"] for got in peer.got]
    assert sorted(bodies) == [1, 1, *range(2, 12)]
    assert bodies != sorted(bodies)
    peer.switches.set(disable_webhooks=True)
    peer.send("t", 99)
    assert peer.sender.wait_idle(10)
    assert 99 not in [got["body"] for got in peer.got]


def test_webhooks_when_the_receiver_is_down_then_arrive_when_it_is_back(peer: Peer) -> None:
    peer.refuse()
    peer.send("t", 1)
    assert not peer.sender.wait_idle(0.3)
    peer.refuse(False)
    assert peer.sender.wait_idle(10)
    assert [got["body"] for got in peer.got] == [1]


def test_clock_when_skewed_then_now_and_zone_follow(peer: Peer) -> None:
    peer.switches.set(clock_skew=-600, time_zone="Asia/Shanghai")
    assert -601 < peer.now() - time.time() < -599
    assert peer.local_now().isoformat().endswith("+08:00")


def test_steering_when_over_http_then_switches_ledger_and_acts(peer: Peer, session: requests.Session) -> None:
    base = f"{peer.url}/_sim"
    assert session.post(f"{base}/switches", json={"delay": 0.01, "burst_500": -1}, timeout=5).json()["delay"] == 0.01
    assert session.post(f"{base}/act/double", json={"number": 21}, timeout=5).json() == 42
    assert session.post(f"{base}/reset", timeout=5).json()["burst_500"] == 0
    session.post(peer.url, json={"a": 1}, headers={"key": "k"}, timeout=5)
    assert session.get(f"{base}/ledger", timeout=5).json()[0]["content"] == {"a": 1}
    for path, content in (("switches", {"nonsense": 1}), ("nothing", {}), ("act/double", {"wrong": 1})):
        assert session.post(f"{base}/{path}", json=content, timeout=5).status_code == 400
