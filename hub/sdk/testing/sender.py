"""The webhook sender of a simulated system: at least once, retried until the hub says 2xx."""

from __future__ import annotations

import queue
import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import requests

from hub.sdk.testing.switches import Switches

Sign = Callable[[str, str, bytes], Mapping[str, str]]


@dataclass(slots=True)
class Sent:
    """One webhook: its attempts and the status of the last one (0: no answer yet)."""

    message_id: str
    topic: str
    body: bytes
    attempts: int = 0
    status: int = 0

    @property
    def is_accepted(self) -> bool:
        """Whether the receiver has said 2xx."""
        return 200 <= self.status < 300


class Sender:
    """Posts to `url` from its own threads. `sign(topic, message_id, body)` makes each attempt's headers."""

    def __init__(
        self,
        switches: Switches,
        sign: Sign,
        *,
        threads: int = 1,
        attempts: int = 200,
        retry_s: float = 0.2,
        timeout_s: float = 10.0,
    ) -> None:
        self.url = ""
        self.log: list[Sent] = []
        self._switches = switches
        self._sign = sign
        self._attempts = attempts
        self._retry_s = retry_s
        self._timeout_s = timeout_s
        self._held: list[Sent] = []
        self._queue: queue.Queue[Sent | None] = queue.Queue()
        self._stopping = threading.Event()
        self._idle = threading.Condition()
        self._unfinished = 0
        # Reproducible disorder: a failing test must fail again.
        self._random = random.Random(7)  # noqa: S311
        self._threads = [
            threading.Thread(target=self._work, daemon=True, name=f"webhook-sender-{n}") for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def send(self, topic: str, body: bytes, *, message_id: str = "") -> str:
        """Queues one webhook, as the switches allow; returns its id. Without a `url` nothing is sent."""
        message_id = message_id or f"msg_{uuid.uuid4().hex}"
        if not self.url or self._switches.disable_webhooks or self._switches.take("drop"):
            return message_id
        for _ in range(1 + self._switches.duplicate):
            self._hold(Sent(message_id, topic, body))
        return message_id

    def post_once(self, body: bytes, headers: Mapping[str, str], *, url: str = "") -> int:
        """One attempt here and now with exactly these headers (a forgery, a replay); returns the status."""
        with requests.Session() as session:
            session.trust_env = False
            return self._post(session, url or self.url, body, headers)

    def flush(self) -> None:
        """Sends what `reorder` still holds back, shuffled."""
        with self._idle:
            held, self._held = self._held, []
        self._random.shuffle(held)
        for sent in held:
            self._queue.put(sent)

    def wait_idle(self, timeout_s: float = 30.0) -> bool:
        """Waits until every webhook was accepted or given up; False when it took longer."""
        self.flush()
        with self._idle:
            return self._idle.wait_for(lambda: self._unfinished == 0, timeout_s)

    def stop(self) -> None:
        """Drops what is queued and ends the threads."""
        self._stopping.set()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(self._timeout_s)

    def _hold(self, sent: Sent) -> None:
        with self._idle:
            self._unfinished += 1
            self.log.append(sent)
            self._held.append(sent)
            is_full = len(self._held) >= self._switches.reorder
        if is_full:
            self.flush()

    def _work(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while (sent := self._queue.get()) and not self._stopping.is_set():
                self._deliver(session, sent)
                with self._idle:
                    self._unfinished -= 1
                    self._idle.notify_all()

    def _deliver(self, session: requests.Session, sent: Sent) -> None:
        if self._switches.webhook_delay:
            self._stopping.wait(self._switches.webhook_delay)
        while sent.attempts < self._attempts and not self._stopping.is_set():
            sent.attempts += 1
            sent.status = self._post(session, self.url, sent.body, self._sign(sent.topic, sent.message_id, sent.body))
            if sent.is_accepted:
                return
            self._stopping.wait(self._retry_s)

    def _post(self, session: requests.Session, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        try:
            with session.post(
                url, data=body, headers=dict(headers), timeout=self._timeout_s, allow_redirects=False
            ) as response:
                return response.status_code
        except requests.RequestException:
            return 0


def wait_until(is_true: Callable[[], bool], *, timeout_s: float = 10.0, every_s: float = 0.01) -> bool:
    """Polls a condition; True as soon as it holds, False after `timeout_s`."""
    end = time.monotonic() + timeout_s
    while not is_true():
        if time.monotonic() >= end:
            return False
        time.sleep(every_s)
    return True
