"""The data folder of an embedded hub: its lock, its key, its sockets, and where its servers can be found."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import tempfile
from pathlib import Path
from typing import Any

from hub.config import KEY_FILE
from hub.embedded.process import wait_for
from hub.errors import ConfigError
from hub.keyring import Keyring

# Commands hold the lock for moments only; a running hub holds it for good.
PATIENCE_S = 30.0
LONGEST_SOCKET = ".s.PGSQL.5432.lock"


class Home:
    """One data folder. The lock is the kernel's (flock), so that no crash leaves a stale one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: int | None = None
        self._sockets: Path | None = None
        self._state = folder / "hub.json"

    def lock(self, purpose: str) -> None:
        """Takes the folder for this process; creates it when it is missing. `purpose` is `run` or `command`.

        Raises:
            ConfigError: another hub runs on it, or it cannot be written.
        """
        try:
            # Root lends parts of it to another account, which has to get through; nobody can list it.
            if not self.folder.exists():
                self.folder.mkdir(parents=True)
                self.folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
            handle = os.open(self.folder / "hub.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ConfigError(f"cannot write to HUB_DATA_DIR {self.folder}: {error.strerror}") from error
        if not wait_for(lambda: _try_lock(handle) or self.running().get("purpose") == "run", PATIENCE_S):
            os.close(handle)
            raise ConfigError(f"another command has kept {self.folder} busy for {PATIENCE_S:.0f} s: try again")
        if not _try_lock(handle):
            os.close(handle)
            pid = self.running().get("pid", "unknown")
            raise ConfigError(
                f"a hub runs on {self.folder} already (process {pid}): end it, or give --data-dir another folder"
            )
        self._lock = handle
        self._state.unlink(missing_ok=True)
        self.write_state({"purpose": purpose})

    def release(self) -> None:
        """Gives the folder back. May be called twice."""
        if self._lock is None:
            return
        self._state.unlink(missing_ok=True)
        if self._sockets and self._sockets.parent != self.folder:
            for left in self._sockets.iterdir():
                left.unlink()
            self._sockets.rmdir()
        os.close(self._lock)
        self._lock = None

    def write_state(self, values: dict[str, Any]) -> None:
        """Tells other processes of this user what runs here. No secrets: the file may outlive its writer."""
        fresh = self._state.with_suffix(".new")
        fresh.write_text(json.dumps({"pid": os.getpid(), **values}, indent=1))
        fresh.chmod(0o600)
        fresh.replace(self._state)

    def running(self) -> dict[str, Any]:
        """What the process that holds the lock wrote; empty when nobody holds it."""
        if not self._is_locked():
            return {}
        try:
            found: dict[str, Any] = json.loads(self._state.read_text())
        except (OSError, ValueError):
            return {}
        return found

    def ensure_key(self) -> Path:
        """The key file, made at the first start. Losing it makes every secret and event body unreadable."""
        path = self.folder / KEY_FILE
        if not path.exists():
            fresh = path.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(Keyring.generate().export() + "\n")
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        return path

    def sockets(self) -> Path:
        """A folder for unix sockets: in the data folder when that works, else in the temporary folder.

        A socket's path may have about 100 bytes, and some file systems take no sockets at all.
        """
        if self._sockets is None:
            inside = self.folder / "run"
            inside.mkdir(mode=0o700, exist_ok=True)
            self._sockets = (
                inside if _takes_sockets(inside) else Path(tempfile.mkdtemp(prefix="retail-hub-", dir="/tmp"))
            )
        return self._sockets

    def _is_locked(self) -> bool:
        try:
            handle = os.open(self.folder / "hub.lock", os.O_RDWR)
        except OSError:
            return False
        try:
            return self._lock is not None or not _try_lock(handle)
        finally:
            os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _takes_sockets(folder: Path) -> bool:
    path = folder / LONGEST_SOCKET.replace("5432", "0000")
    path.unlink(missing_ok=True)
    try:
        with socket.socket(socket.AF_UNIX) as trial:
            trial.bind(str(path))
    except OSError:
        return False
    path.unlink(missing_ok=True)
    return True
