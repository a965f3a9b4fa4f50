"""A whole hub as its users start it, `retail-hub run` on a folder of its own, and a simulated peer beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.sender import SECRET
from bench.serving import COMMAND
from hub.embedded.process import end, leashed

KINDS = ("customer", "order")
# Of the hub's own settings, only those of the benchmark count.
OWN = ("HUB_", "DATABASE_URL", "REDIS_URL")
STOP = ((signal.SIGINT, 60.0),)
STOP_PEER = ((signal.SIGTERM, 10.0),)


class Running:
    """A started hub. `ready_s`: seconds from its start to its line `ready`."""

    def __init__(self, data_dir: Path, settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir
        kept = {name: text for name, text in os.environ.items() if not name.startswith(OWN)}
        self.env = {**kept, "HUB_DATA_DIR": str(data_dir), "HUB_ALLOWED_PRIVATE_HOSTS": "127.0.0.1"}
        self.env.update(settings or {})
        begun = time.perf_counter()
        self._process = subprocess.Popen(
            leashed([*COMMAND, "run"]), env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self.ready_s = time.perf_counter() - begun
        if not line.startswith("ready "):
            raise RuntimeError(f"the hub did not get ready; see {data_dir}/log")
        self.port = urlsplit(line.split()[1]).port or 0
        self.pid = self._process.pid

    def command(self, *arguments: str) -> str:
        """Runs one command on this hub; returns what it prints."""
        done = subprocess.run([*COMMAND, *arguments], env=self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{arguments[0]} failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def connect(self, peer_url: str) -> None:
        """One system that sends customers and orders, and one that gets them."""
        options = ["--connector", "webhook", "--secret", f"secret={SECRET}"]
        self.command("connect", "shop", *options, *(word for kind in KINDS for word in ("--flow", f"{kind}:in")))
        urls = ["--set", f"target_url={peer_url}/hooks", "--set", f"find_url={peer_url}/find"]
        flows = [word for kind in KINDS for word in ("--flow", f"{kind}:out")]
        self.command("connect", "crm", *options, *urls, *flows, "--go-live")

    def stop(self) -> None:
        """Ends it as Ctrl-C would."""
        end(self._process, STOP)
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextmanager
def running(settings: Mapping[str, str] | None = None) -> Iterator[Running]:
    """A hub on an empty folder for the time of the block; nothing of it stays. `settings`: more of its environment."""
    with folder() as data_dir:
        hub = Running(data_dir, settings)
        try:
            yield hub
        finally:
            hub.stop()


@contextmanager
def folder() -> Iterator[Path]:
    """An empty folder for one hub, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="rh-bench-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name) / "var"


@contextmanager
def peer() -> Iterator[str]:
    """The generic connector's simulator as a process of its own; yields its URL."""
    command = [sys.executable, "-m", "connectors.webhook.simulator", "--secret", SECRET]
    process = subprocess.Popen(leashed(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[1]
    finally:
        end(process, STOP_PEER)
        process.stdout.close()


def ledger(peer_url: str) -> list[dict[str, Any]]:
    """What the peer was told, oldest first; `at` is seconds since the epoch."""
    with urllib.request.urlopen(f"{peer_url}/_sim/ledger", timeout=60) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found
