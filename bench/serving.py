"""Processes of a hub on a benchmark's own servers: web servers and workers, started as in production."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.site import Site
from hub.embedded.process import end, leashed, wait_for

COMMAND = [sys.executable, "-m", "hub.cli.main"]
READY_S = 60.0
STOP = ((signal.SIGTERM, 30.0),)


@dataclass(frozen=True, slots=True)
class Served:
    """A web server that answers: its port and the process that started all others of it."""

    port: int
    pid: int


@contextmanager
def web(place: Site, name: str, *, app: str = "") -> Iterator[Served]:
    """`retail-hub web` with its own flags on one database, or the bare application on the same server."""
    port = free_port()
    arguments = ["web", "--port", str(port), *(["--app", app] if app else [])]
    with process(place, name, arguments) as pid:
        if not wait_for(lambda: answers(port), READY_S):
            raise RuntimeError(f"the web server {app} did not get ready")
        yield Served(port, pid)


@contextmanager
def workers(place: Site, name: str, count: int) -> Iterator[int]:
    """Pipeline workers with a scheduler; yields the process that started them."""
    with process(place, name, ["worker", "pipeline", "--processes", str(count), "--with-scheduler"]) as pid:
        yield pid


@contextmanager
def process(place: Site, name: str, arguments: list[str]) -> Iterator[int]:
    """Runs one command of the hub on one database for the time of the block."""
    env = {**os.environ, **place.environment(name), "HUB_ENVIRONMENT": "test"}
    started = subprocess.Popen(leashed([*COMMAND, *arguments]), env=env, stdin=subprocess.DEVNULL)
    try:
        yield started.pid
    finally:
        end(started, STOP)


def postgres_pid(data_dir: Path) -> int:
    """The embedded Postgres of a data folder; its sessions are its children."""
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])


def answers(port: int) -> bool:
    """Whether `/healthz` says 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])
