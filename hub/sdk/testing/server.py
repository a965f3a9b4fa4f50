"""The loopback HTTP server under every simulator: faults first, then the simulator's own answer."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from hub.sdk.testing.switches import Switches

_MAINTENANCE = b"<!doctype html><title>Maintenance</title><h1>We will be back soon</h1>"


@dataclass(frozen=True, slots=True)
class SimRequest:
    """A call as the simulated system sees it; header names are lower-case, the path is unquoted."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The parsed body; None when it is empty or not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class SimAnswer:
    """What the simulated system says."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, content: Any, status: int = 200, **headers: str) -> SimAnswer:
        """JSON, with UTF-8 kept as it is."""
        body = json.dumps(content, ensure_ascii=False, default=str).encode()
        return cls(status, body, {"Content-Type": "application/json; charset=utf-8", **headers})


class _HangUpError(Exception):
    """Close the connection without an answer."""


class _Limiter:
    """Fixed windows of one second, as most vendors count."""

    def __init__(self) -> None:
        self._second = 0
        self._count = 0
        self._lock = threading.Lock()

    def is_over(self, per_second: float) -> bool:
        with self._lock:
            second = int(time.monotonic())
            self._second, self._count = second, (self._count if second == self._second else 0) + 1
            return self._count > per_second


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One write per answer and no Nagle: else every answer waits 40 ms for the client's delayed ACK.
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 60
    server: SimServer

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, _HangUpError):
            self.close_connection = True

    def finish(self) -> None:
        try:
            super().finish()
        except OSError:
            self.close_connection = True

    def _respond(self) -> None:
        request = self._request()
        if request.path.startswith("/_sim/"):
            return self._write(self.server.control(request))
        answer = self._faulty(request)
        if answer is None:
            answer = self.server.answer(request)
            if self.server.switches.spoil:
                answer = replace(answer, body=self.server.switches.spoilt(answer.body))
            if request.method not in ("GET", "HEAD") and self._suffers(request, "error_after_commit"):
                answer = self._fail_late()
        return self._write(answer, is_faulty=request.path.startswith(self.server.switches.path))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _respond  # noqa: N815

    def _request(self) -> SimRequest:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        return SimRequest(
            self.command,
            unquote(parts.path),
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
        )

    def _suffers(self, request: SimRequest, name: str) -> bool:
        return request.path.startswith(self.server.switches.path) and self.server.switches.take(name)

    def _faulty(self, request: SimRequest) -> SimAnswer | None:
        """What goes wrong before the system does anything."""
        switches = self.server.switches
        if switches.delay:
            self.server.stopping.wait(switches.delay)
        if self._suffers(request, "hang"):
            self.server.stopping.wait()
            raise _HangUpError
        if switches.rate_limit and self.server.limiter.is_over(switches.rate_limit):
            return SimAnswer.of({"error": "too many requests"}, 429, **{"Retry-After": "1"})
        if self._suffers(request, "unauthorized"):
            return SimAnswer.of({"error": "unauthorized"}, 401)
        if self._suffers(request, "burst_500"):
            return SimAnswer.of({"error": "internal error"}, 500)
        if self._suffers(request, "html"):
            return SimAnswer(200, _MAINTENANCE, {"Content-Type": "text/html"})
        return None

    def _fail_late(self) -> SimAnswer:
        mode = self.server.switches.error_mode
        if mode == "hang":
            self.server.stopping.wait()
        if mode in ("hang", "close"):
            raise _HangUpError
        return SimAnswer.of({"error": "internal error"}, 500)

    def _write(self, answer: SimAnswer, *, is_faulty: bool = False) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        body = b"" if self.command == "HEAD" else answer.body
        if is_faulty and self.server.switches.take("close_mid_body"):
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            raise _HangUpError
        if is_faulty and self.server.switches.slow_bytes:
            self.wfile.flush()
            self._dribble(body)
        else:
            self.wfile.write(body)
        self.wfile.flush()

    def _dribble(self, body: bytes) -> None:
        for byte in body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.server.stopping.wait(1 / self.server.switches.slow_bytes):
                raise _HangUpError

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The `Date` header tells the system's own clock, too."""
        return super().date_time_string(
            time.time() + self.server.switches.clock_skew if timestamp is None else timestamp
        )

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Silent: the ledger is the log."""


class SimServer(ThreadingHTTPServer):
    """Serves `answer` on loopback, one thread a connection, with the switches' faults."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self,
        port: int,
        switches: Switches,
        answer: Callable[[SimRequest], SimAnswer],
        control: Callable[[SimRequest], SimAnswer],
    ) -> None:
        self.switches = switches
        self.answer = answer
        self.control = control
        self.limiter = _Limiter()
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True, name="simulator")
        self._thread.start()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Remembers open connections, so that `stop` can end the kept-alive ones."""
        sock, address = super().get_request()
        self._open.add(sock)
        return sock, address

    def shutdown_request(self, request: Any) -> None:
        """Forgets a connection that is over."""
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that went away is no news; anything else is a bug of the simulator and is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        """Closes the port and every connection."""
        self.stopping.set()
        with suppress(OSError):
            # Wakes the serving thread, which else looks for `shutdown` only between its polls.
            self.socket.shutdown(socket.SHUT_RDWR)
        self.shutdown()
        self.server_close()
        for sock in list(self._open):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._thread.join(5)
