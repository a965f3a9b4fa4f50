"""A simulated system: a loopback server with a ledger, switches, and signed webhooks of its own.

A connector's simulator subclasses `Simulator`, answers calls in `answer` and signs in `sign`. It
runs inside tests (`with MySimulator() as peer:`), in the demo, or as a process of its own
(`run_simulator`), where the paths below `/_sim/` steer it:

    GET  /_sim/switches         all switches          POST /_sim/switches   {"delay": 0.2}
    GET  /_sim/ledger           what it was told      POST /_sim/reset      all switches off
    POST /_sim/act/<verb>       {"argument": 1}: calls `act_<verb>` of the simulator
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Self
from zoneinfo import ZoneInfo

from hub.errors import HubError
from hub.sdk.testing.ledger import Ledger
from hub.sdk.testing.sender import Sender
from hub.sdk.testing.server import SimAnswer, SimRequest, SimServer
from hub.sdk.testing.switches import Switches


class Simulator(ABC):
    """One simulated account. `port` 0 takes a free one; `start` and `stop`, or use it with `with`."""

    def __init__(self, port: int = 0, *, sender_threads: int = 1) -> None:
        self.switches = Switches()
        self.ledger = Ledger()
        self.sender = Sender(self.switches, self.sign, threads=sender_threads)
        self._port = port
        self._server: SimServer | None = None

    @abstractmethod
    def answer(self, request: SimRequest) -> SimAnswer:
        """What the system says to a call; notes in `ledger` whatever takes effect. Called from many threads."""

    @abstractmethod
    def sign(self, topic: str, message_id: str, body: bytes) -> Mapping[str, str]:
        """The headers of one attempt of a webhook, with the vendor's signature, made at `now()`."""

    @property
    def url(self) -> str:
        """`http://127.0.0.1:<port>`, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> Self:
        """Opens the port."""
        if self._server is None:
            self._server = SimServer(self._port, self.switches, self.answer, self._control)
            self._port = self._server.server_port
        return self

    def stop(self) -> None:
        """Closes the port, ends open calls and stops sending."""
        self.sender.stop()
        self._close()

    def refuse(self, is_refusing: bool = True) -> None:
        """Closes the port so that connecting is refused; `refuse(False)` opens the same one again."""
        if is_refusing:
            self._close()
        else:
            self.start()

    def now(self) -> float:
        """The system's own clock: seconds since the epoch, skewed by `clock_skew`."""
        return time.time() + self.switches.clock_skew

    def local_now(self) -> dt.datetime:
        """The same in its `time_zone`, aware."""
        return dt.datetime.fromtimestamp(self.now(), ZoneInfo(self.switches.time_zone))

    def send(self, topic: str, content: Any, *, message_id: str = "") -> str:
        """Queues a webhook with `content` as JSON (bytes go verbatim); returns its id."""
        body = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
        return self.sender.send(topic, body, message_id=message_id)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def _control(self, request: SimRequest) -> SimAnswer:
        name = request.path.removeprefix("/_sim/")
        arguments = request.json() or {}
        try:
            return SimAnswer.of(self._steer(request.method, name, arguments))
        except (HubError, TypeError, KeyError, ValueError) as error:
            return SimAnswer.of({"error": f"{type(error).__name__}: {error}"}, 400)

    def _steer(self, method: str, name: str, arguments: Mapping[str, Any]) -> Any:
        if name.startswith("act/"):
            return getattr(self, f"act_{name.removeprefix('act/')}")(**arguments)
        if name == "ledger":
            return [entry.as_dict() for entry in self.ledger.entries()]
        if name == "reset":
            self.switches.reset()
        elif name != "switches":
            raise KeyError(name)
        elif method == "POST":
            self.switches.set(**arguments)
        return self.switches.as_dict()


def run_simulator(simulator: Simulator) -> None:
    """Serves until SIGINT or SIGTERM; prints one line `ready URL` first."""
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    with simulator:
        print(f"ready {simulator.url}", flush=True)  # noqa: T201
        over.wait()


def simulator_arguments(description: str) -> argparse.ArgumentParser:
    """A parser with the arguments every simulator process takes: `--port`, `--webhook-url`, `--secret`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=0, help="port on loopback; a free one by default")
    parser.add_argument("--webhook-url", default="", help="where its own webhooks go; none are sent by default")
    parser.add_argument("--secret", default="", help="the secret it signs with and checks")
    return parser
