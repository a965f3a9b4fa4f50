"""The load: a process of its own that sends signed webhooks over kept-alive connections. `python -m bench.sender`.

One thread over epoll, with every request built and signed before the clock starts, so that it takes as
little as possible of the processor that it shares with what it measures.

It reads a `Load` as one line of JSON, prints `ready`, begins at the next line, and prints what it measured.
"""

from __future__ import annotations

import json
import select
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.load import events
from bench.measure import percentile
from hub.sdk import sign_standard

SECRET = "whsec_YmVuY2htYXJrcyBhcmUgbm90IGEgc2VjcmV0IQ=="
SILENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Load:
    """What to send. `rate` events a second, 0: as fast as the answers come. `tag` keeps ids apart between runs.

    `numbered`: each record carries the number of its event as note, so that it can be found at a peer.
    """

    port: int
    path: str
    count: int
    tag: str
    connections: int = 32
    rate: float = 0.0
    seed: int = 1
    numbered: bool = False


@dataclass(slots=True)
class Sent:
    """What a load measured. Latencies count from the moment a request was due, so waiting for a free connection counts.

    `started`: epoch seconds at which each event was due, for `numbered` loads only.
    """

    count: int
    refused: int
    took_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_s: float
    started: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Answered requests a second."""
        return self.count / self.took_s


class Sender:
    """A started sender process: signs, then waits for `go`."""

    def __init__(self, load: Load) -> None:
        command = [sys.executable, "-m", "bench.sender"]
        self._load = load
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._say(json.dumps(asdict(load)))
        self._hear()

    def go(self) -> None:
        """Begins to send."""
        self._say("go")

    def result(self) -> Sent:
        """Waits for the end. Whatever was not answered with 2xx fails the benchmark: a refusal is fast."""
        sent = Sent(**json.loads(self._hear()))
        self._process.communicate()
        if sent.refused:
            raise RuntimeError(f"{sent.refused} of {sent.count} requests to {self._load.path} were refused")
        return sent

    def _say(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()

    def _hear(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.communicate()
            raise RuntimeError("the sender ended early; its error stands above")
        return line


def send(load: Load) -> Sent:
    """Sends a load from a process of its own and returns what that measured."""
    sender = Sender(load)
    sender.go()
    return sender.result()


def requests(load: Load) -> list[bytes]:
    """Every request of a load, signed now: signatures are good for five minutes."""
    now = int(time.time())
    return [_request(load, number, body, now) for number, (_, body) in enumerate(_events(load))]


def _events(load: Load) -> Sequence[tuple[str, bytes]]:
    return list(events(load.count, load.seed, numbered=load.tag if load.numbered else ""))


def _request(load: Load, number: int, body: bytes, now: int) -> bytes:
    headers = {
        "Host": f"127.0.0.1:{load.port}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **sign_standard([SECRET], f"msg_{load.tag}_{number}", now, body),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {load.path} HTTP/1.1\r\n{head}\r\n".encode() + body


class _Driver:
    """Sends over a fixed number of connections, each with one request under way."""

    def __init__(self, load: Load, messages: Sequence[bytes]) -> None:
        self._load = load
        self._messages = messages
        self._epoll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._idle: deque[int] = deque()
        self._due: dict[int, float] = {}
        self._partial: dict[int, bytes] = {}
        self._next = 0
        self.took: list[float] = []
        self.refused = 0
        self.started: list[float] = []
        for _ in range(load.connections):
            self._connect()

    def run(self) -> float:
        """Sends everything; returns the seconds from the first request to the last answer."""
        begin, heard = time.perf_counter(), time.perf_counter()
        offset = time.time() - begin
        while len(self.took) < len(self._messages):
            self._fill(begin)
            answers = self._epoll.poll(self._pause(begin))
            now = time.perf_counter()
            for number, _ in answers:
                self._receive(number, now)
            heard = now if answers else heard
            if now - heard > SILENCE_S:
                raise RuntimeError(f"no answer for {SILENCE_S:.0f} s")
        self.started = [offset + begin + self._due_in_s(number) for number in range(len(self._messages))]
        return time.perf_counter() - begin

    def _due_in_s(self, number: int) -> float:
        return number / self._load.rate if self._load.rate else 0.0

    def _fill(self, begin: float) -> None:
        while self._idle and self._next < len(self._messages):
            now = time.perf_counter()
            due = begin + self._due_in_s(self._next) if self._load.rate else now
            if due > now:
                return
            number = self._idle.popleft()
            self._due[number] = due
            self._sockets[number].sendall(self._messages[self._next])
            self._next += 1

    def _pause(self, begin: float) -> float:
        if not self._load.rate or not self._idle or self._next >= len(self._messages):
            return 1.0
        return max(0.0, begin + self._due_in_s(self._next) - time.perf_counter())

    def _receive(self, number: int, now: float) -> None:
        data = self._partial.pop(number, b"") + self._sockets[number].recv(65536)
        if not data:
            raise RuntimeError("the server closed a kept-alive connection")
        if not is_whole(data):
            self._partial[number] = data
            return
        self.refused += data[9:10] != b"2"
        self.took.append(now - self._due.pop(number))
        self._idle.append(number)

    def _connect(self) -> None:
        sock = socket.create_connection(("127.0.0.1", self._load.port), timeout=10)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sockets[sock.fileno()] = sock
        self._idle.append(sock.fileno())
        self._epoll.register(sock.fileno(), select.EPOLLIN)


def is_whole(data: bytes) -> bool:
    """Whether an answer has arrived whole."""
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return False
    _, _, length = head.lower().partition(b"content-length:")
    return len(body) >= int(length.partition(b"\r\n")[0] or 0)


def drive(load: Load, messages: Sequence[bytes]) -> Sent:
    """Sends the messages from this process."""
    driver = _Driver(load, messages)
    cpu = time.process_time()
    took_s = driver.run()
    cpu = time.process_time() - cpu
    p50, p95, p99 = (round(percentile(driver.took, share) * 1000, 2) for share in (0.5, 0.95, 0.99))
    started = driver.started if load.numbered else []
    return Sent(len(messages), driver.refused, took_s, p50, p95, p99, cpu, started)


def main() -> None:
    """Reads the load, signs it, waits for the start, sends, reports."""
    spec: dict[str, Any] = json.loads(sys.stdin.readline())
    load = Load(**spec)
    messages = requests(load)
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(asdict(drive(load, messages))), flush=True)


if __name__ == "__main__":
    main()
