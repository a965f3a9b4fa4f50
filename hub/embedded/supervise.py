"""Child processes of a running hub: started, restarted with growing pauses, ended together."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from hub.embedded.process import end, spawn

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
# A child that lived this long has earned a quick restart.
STEADY_S = 30.0
GRACE_S = 30.0
LARGEST_LOG = 10 * 1024 * 1024


class Child:
    """One program. It does not hear Ctrl-C: the launcher ends the children in order, by SIGTERM."""

    def __init__(
        self, name: str, command: Sequence[str], env: Mapping[str, str], log: Path | None, *, restarts: bool = True
    ) -> None:
        self.name = name
        self.log = log
        self.restarts = restarts
        self._command = list(command)
        self._env = dict(env)
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._due_at = 0.0
        self._pause_s = FIRST_PAUSE_S

    def start(self) -> None:
        """Starts the program; its output goes to the log, or where ours goes when there is none."""
        self._started_at = time.monotonic()
        options = ["--ignore-interrupt"]
        if self.log is None:
            self._process = spawn(self._command, options=options, env=self._env)
            return
        _rotate(self.log)
        with self.log.open("ab") as log:
            self._process = spawn(self._command, output=log, options=options, env=self._env)

    def status(self) -> int | None:
        """The exit status; None while it runs (or was not started)."""
        return self._process.poll() if self._process else None

    def check(self) -> str | None:
        """To be called often: notices an end, starts again when the pause is over. Returns what is worth telling."""
        status = self.status()
        if status is None:
            return None
        if self._due_at:
            if time.monotonic() >= self._due_at:
                self._due_at = 0.0
                self.start()
            return None
        if not self.restarts:
            self._process = None
            return None if status == 0 else f"{self.name} ended with status {status}"
        steady = time.monotonic() - self._started_at > STEADY_S
        self._pause_s = FIRST_PAUSE_S if steady else min(self._pause_s * 2, LONGEST_PAUSE_S)
        self._due_at = time.monotonic() + self._pause_s
        return f"{self.name} ended with status {status}; it starts again in {self._pause_s:g} s{self._where()}"

    def ask_to_end(self) -> None:
        """Sends SIGTERM."""
        if self._process and self._process.poll() is None:
            self._process.terminate()

    def end(self) -> None:
        """Waits for the end after `ask_to_end`; kills what does not end."""
        if self._process:
            # Signal 0 only waits: a second SIGTERM would mean "now".
            end(self._process, [(0, GRACE_S)])
            self._process = None

    def _where(self) -> str:
        return f" (see {self.log})" if self.log else ""


def end_all(children: Sequence[Child]) -> None:
    """Ends all at the same time, each with its grace."""
    for child in children:
        child.ask_to_end()
    for child in children:
        child.end()


def _rotate(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))
