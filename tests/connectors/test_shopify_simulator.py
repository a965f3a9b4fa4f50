"""The simulated shop: its day, its webhooks, its process."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from connectors.shopify.connector import ShopifyConnector
from connectors.shopify.simulator import Shop, ShopifySimulator, play_day
from connectors.shopify.simulator.query import QueryError, parse
from hub.errors import WebhookError
from hub.sdk import WebhookRequest
from tests.connectors.shopify_shared import SECRET, SHOP


class Receiver:
    """A hub's door: verifies, remembers what got in, and answers as a hub does."""

    def __init__(self) -> None:
        self.connector = ShopifyConnector("shop", {"shop": SHOP}, {"secret": [SECRET]}, None)
        self.accepted: list[tuple[str, str | None, bytes]] = []
        self.refused = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.send_response(receiver.take(WebhookRequest("POST", headers, {}, body, 0.0)))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks/shop"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def take(self, request: WebhookRequest) -> int:
        try:
            self.connector.verify(request)
        except WebhookError as error:
            self.refused += 1
            return error.status
        (event,) = self.connector.decode(request)
        self.accepted.append((event.topic, event.dedupe, event.body))
        return 200


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.mark.parametrize("family", ["classic", "events"])
def test_day_when_played_then_all_but_the_forged_gets_in(receiver: Receiver, family: str) -> None:
    with ShopifySimulator(family="events" if family == "events" else "classic") as simulator:
        simulator.sender.url = receiver.url
        summary = simulator.play(7, customers=6, orders=9)
    assert summary["customers"] == 6
    assert summary["orders"] == 9
    assert summary["refunds"] >= 1
    assert summary["fulfilments"] >= 1
    assert summary["accepted"] == summary["webhooks"] == len(receiver.accepted)
    assert receiver.refused == summary["forged"] == 1
    repeats = [count for count in Counter(dedupe for _, dedupe, _ in receiver.accepted).values() if count > 1]
    assert repeats == [2]


def test_day_when_played_then_one_step_is_late_and_one_is_broken(receiver: Receiver) -> None:
    with ShopifySimulator() as simulator:
        simulator.sender.url = receiver.url
        ways = []
        simulator.play(7, on_step=lambda step: ways.append(step.way))
    assert Counter(ways) & Counter(["duplicate", "late", "forged", "broken"]) == Counter(
        ["duplicate", "late", "forged", "broken"]
    )
    updates = [json.loads(body) for topic, _, body in receiver.accepted if topic.startswith("orders/")]
    places = [(each["id"], each["updated_at"]) for each in updates]
    late = [first for first, second in itertools.combinations(places, 2) if first[0] == second[0] and first > second]
    assert len(late) == 1
    assert sum(b"49,00" in body for _, _, body in receiver.accepted) == 1


def test_day_when_same_seed_then_same_day() -> None:
    def steps(seed: int) -> list[tuple[int, str]]:
        found = []
        with ShopifySimulator() as simulator:
            simulator.play(seed, on_step=lambda step: found.append((step.at_s, step.title)))
        return found

    assert steps(1) == steps(1)
    assert steps(1) != steps(2)


def test_day_when_played_fast_or_slow_then_waits_by_its_speed() -> None:
    waited: list[float] = []
    with ShopifySimulator() as simulator:
        simulator.play(7, speed=100.0, customers=2, orders=2, wait=waited.append)
        last = simulator.ledger.entries("event")
    assert last
    assert 0 < sum(waited) <= 12 * 3600 / 100


def test_steps_when_asked_for_then_are_in_time_order() -> None:
    with ShopifySimulator() as simulator:
        times = []
        shop = Shop(simulator.shop_now)
        for step in play_day(shop, 5):
            step.act()
            times.append(step.at_s)
    assert times == sorted(times)


def test_query_when_field_is_unknown_then_refused_as_shopify_does() -> None:
    with ShopifySimulator() as simulator:
        simulator.shop.add_customer()
        answer = simulator.endpoint.answer({"query": "query X{customers(first:1){nodes{id shoeSize}}}"})
    assert answer["errors"][0]["extensions"]["code"] == "undefinedField"


@pytest.mark.parametrize("text", ["", "{", "query X{customers(first:1){nodes{id}}", "nonsense"])
def test_query_when_malformed_then_a_query_error(text: str) -> None:
    with pytest.raises(QueryError):
        parse(text, {})


def test_process_when_started_then_plays_and_ends(receiver: Receiver) -> None:
    command = [sys.executable, "-m", "connectors.shopify.simulator", "--exit", "--speed", "0", "--customers", "3"]
    command += ["--orders", "3", "--webhook-url", receiver.url, "--secret", SECRET]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("ready http://127.0.0.1:")
    assert json.loads(lines[-1])["done"]["accepted"] == len(receiver.accepted)
