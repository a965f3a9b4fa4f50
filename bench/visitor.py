"""People who look at the console: one who loads page after page, and ten whose first screen refreshes by itself."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlencode

from bench.pages import Address
from hub.console.blueprint import PREFIX
from hub.console.visit import SESSION_COOKIE

REFRESH_S = 5.0
FIRST_BYTES = 512
_PATIENCE_S = 120.0


@dataclass(slots=True)
class Loaded:
    """How long a page took to arrive whole (of a file its first bytes), and how large it is."""

    took_ms: float
    size: int


class Visitor:
    """A signed-in reader with one kept-alive connection."""

    def __init__(self, port: int, cookie: str) -> None:
        self._port = port
        self._headers = {"Cookie": f"{SESSION_COOKIE}={cookie}", "Accept-Encoding": "identity"}
        self._connection = self._connect()
        self._csrf = ""

    def load(self, address: Address) -> Loaded:
        """Asks for it once; RuntimeError when the answer is not a page."""
        if address.typed:
            return self._search(address.typed)
        begun = time.perf_counter()
        if address.is_file:
            return self._first_bytes(address, begun)
        status, body = self._ask("GET", address.path)
        took_ms = (time.perf_counter() - begun) * 1000
        if status != http.client.OK:
            raise RuntimeError(f"{address.name} answered {status}")
        return Loaded(took_ms, len(body))

    def refresh(self, path: str, region: str = "live") -> None:
        """What the script of an open page does every few seconds."""
        self._ask("GET", path, headers={"X-Region": region})

    def close(self) -> None:
        """Hangs up."""
        self._connection.close()

    def _search(self, text: str) -> Loaded:
        if not self._csrf:
            _status, body = self._ask("GET", f"{PREFIX}/search")
            found = re.search(rb'name="csrf" value="([^"]+)"', body)
            assert found
            self._csrf = found[1].decode()
        form = urlencode({"csrf": self._csrf, "q": text})
        begun = time.perf_counter()
        self._connection.request(
            "POST",
            f"{PREFIX}/search",
            form,
            {**self._headers, "Content-Type": "application/x-www-form-urlencoded"},
        )
        answer = self._connection.getresponse()
        answer.read()
        status, size = answer.status, 0
        place = answer.getheader("Location", "")
        while status in (302, 303):
            self._connection.request("GET", place, headers=self._headers)
            answer = self._connection.getresponse()
            size, status, place = len(answer.read()), answer.status, answer.getheader("Location", "")
        if status != http.client.OK:
            raise RuntimeError(f"the search answered {status}")
        return Loaded((time.perf_counter() - begun) * 1000, size)

    def _first_bytes(self, address: Address, begun: float) -> Loaded:
        """Of a file of any length; the connection is given up, as by somebody who cancels the download."""
        connection = self._connect()
        try:
            connection.request("GET", address.path, headers=self._headers)
            answer = connection.getresponse()
            size = len(answer.read(FIRST_BYTES))
            if answer.status != http.client.OK:
                raise RuntimeError(f"{address.name} answered {answer.status}")
            return Loaded((time.perf_counter() - begun) * 1000, size)
        finally:
            connection.close()

    def _ask(self, method: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        self._connection.request(method, path, headers={**self._headers, **(headers or {})})
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE_S)


@dataclass(slots=True)
class Consoles:
    """Open first screens. `asked`: how often they have refreshed."""

    asked: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def watch(self, port: int, cookie: str, wait_s: float) -> None:
        """One of them, until it is closed."""
        visitor = Visitor(port, cookie)
        try:
            while not self._over.wait(wait_s):
                visitor.refresh(f"{PREFIX}/")
                self.asked += 1
                wait_s = REFRESH_S
        finally:
            visitor.close()

    def close(self) -> None:
        """Closes all of them."""
        self._over.set()


@contextmanager
def consoles(port: int, cookie: str, count: int) -> Iterator[Consoles]:
    """So many open consoles for the time of the block, each refreshing in its turn."""
    watched = Consoles()
    threads = [
        threading.Thread(target=watched.watch, args=(port, cookie, REFRESH_S * number / max(1, count)))
        for number in range(count)
    ]
    for thread in threads:
        thread.start()
    try:
        yield watched
    finally:
        watched.close()
        for thread in threads:
            with suppress(RuntimeError):
                thread.join(_PATIENCE_S)
