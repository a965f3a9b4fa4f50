"""Signed events over HTTP, sent as vendors send them: again and again, until the hub says 2xx."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
import requests

from connectors.webhook.simulator import SECRET
from hub.sdk import sign_standard
from tests.fixtures.hub import EPOCH
from tests.fixtures.peers import wait_for

SENDERS = 3
RETRY_S = 0.1
PATIENCE_S = 5.0


@dataclass(frozen=True)
class Message:
    """One event. `at` orders the edits of a record; `id` is the sender's own delivery id."""

    id: str
    connection: str
    type: str
    at: int
    data: dict[str, Any]

    @property
    def body(self) -> bytes:
        """What goes over the wire."""
        return orjson.dumps({"type": self.type, "timestamp": _time(self.at), "data": self.data})


def edit(place: str, person: int, note: str, serial: int) -> Message:
    """What the shop of a place says about one person at a time."""
    data = {"id": f"s{person}", "updated_at": _time(serial), "full_name": f"Name {serial}", "note": note}
    return Message(f"msg_{place}_{serial}", f"shop{place}", "customer.updated", serial, data)


class Load:
    """Threads that post messages to a hub. `accepted`: what got a 2xx, by id; nothing else is promised anything.

    `asked`: how many were to be sent, repeats included; `answers`: 2xx; `refusals`: tries without one.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.accepted: dict[str, Message] = {}
        self.asked = 0
        self.answers = 0
        self.refusals = 0
        self._queue: queue.Queue[Message] = queue.Queue()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def add(self, messages: Iterable[Message]) -> None:
        """Queues messages in this order; a message may come twice."""
        for message in messages:
            self.asked += 1
            self._queue.put(message)

    def send(self, messages: Iterable[Message], within_s: float = 30.0) -> None:
        """Queues messages and waits until all of them are accepted."""
        messages = list(messages)
        self.add(messages)
        wait_for(lambda: all(message.id in self.accepted for message in messages), within_s)

    def wait_answers(self, count: int, within_s: float = 60.0) -> None:
        """Waits until so many 2xx came in all."""
        wait_for(lambda: self.answers >= count, within_s)

    def close(self) -> None:
        """Ends the threads; what is still queued is not sent."""
        self._over.set()
        for thread in self._threads:
            thread.join(2 * PATIENCE_S)

    def _work(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while not self._over.is_set():
                try:
                    message = self._queue.get(timeout=0.1)
                except queue.Empty:
                    continue
                while not self._over.is_set() and not self._post(session, message):
                    self._over.wait(RETRY_S)

    def _post(self, session: requests.Session, message: Message) -> bool:
        headers = sign_standard([SECRET], message.id, int(time.time()), message.body)
        try:
            with session.post(
                f"{self.url}/webhooks/{message.connection}", data=message.body, headers=headers, timeout=PATIENCE_S
            ) as answer:
                is_accepted = 200 <= answer.status_code < 300
        except requests.RequestException:
            is_accepted = False
        with self._lock:
            self.answers += is_accepted
            self.refusals += not is_accepted
            if is_accepted:
                self.accepted[message.id] = message
        return is_accepted


class Story:
    """What a shop and a till say about some people and their orders, in random order and partly twice.

    Every third person is a member at the till too, known by one unionid; every second one has an order.
    Each edit has a time and values of its own.
    """

    def __init__(self, seed: int, people: int = 60, place: str = "") -> None:
        self.people = people
        self.place = place
        self._random = random.Random(seed)
        self._serial = 0

    def introduction(self) -> list[Message]:
        """Everybody, once."""
        said = [self._customer(person, "shop") for person in range(self.people)]
        said += [self._customer(person, "till") for person in range(0, self.people, 3)]
        return said + [self._order(person) for person in range(0, self.people, 2)]

    def chapter(self, edits: int) -> list[Message]:
        """Edits that arrive out of order, one in ten of them twice."""
        said = [self._edit() for _ in range(edits)]
        said += self._random.sample(said, edits // 10)
        self._random.shuffle(said)
        return said

    def _edit(self) -> Message:
        person = self._random.randrange(self.people)
        if person % 2 == 0 and self._random.random() < 0.3:
            return self._order(person)
        return self._customer(person, "till" if person % 3 == 0 and self._random.random() < 0.5 else "shop")

    def _customer(self, person: int, where: str) -> Message:
        serial = self._next()
        data: dict[str, Any] = {
            "id": f"{where[0]}{person}", "updated_at": _time(serial), "full_name": f"Name {serial}", "note": f"n{serial}",
        }  # fmt: skip
        if person % 3 == 0:
            unionid = {"namespace": "wechat_unionid", "scope": "acct", "value": f"u{person}", "verified": "oauth"}
            data["identities"] = [unionid]
        return self._message(serial, where, "customer.updated", data)

    def _order(self, person: int) -> Message:
        serial = self._next()
        total = {"amount": f"{serial}.00", "currency": "CNY"}
        data = {
            "id": f"o{person}", "updated_at": _time(serial), "number": f"{person}", "channel": "web", "currency": "CNY",
            "placed_at": _time(0), "tax_inclusive": True, "state": "open", "customer": f"s{person}", "lines": [],
            "totals": {"items": total, "total": total},
        }  # fmt: skip
        return self._message(serial, "shop", "order.updated", data)

    def _message(self, serial: int, where: str, type_: str, data: dict[str, Any]) -> Message:
        return Message(f"msg_{self.place}_{serial}", f"{where}{self.place}", type_, serial, data)

    def _next(self) -> int:
        self._serial += 1
        return self._serial


def _time(serial: int) -> str:
    from hub.model import time as hub_time

    return hub_time.from_micros(EPOCH + serial * 1_000_000)
