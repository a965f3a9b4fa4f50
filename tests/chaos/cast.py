"""Who is who among the processes of a running hub, so that a test can choose its victim."""

from __future__ import annotations

import signal
from collections.abc import Iterable
from contextlib import suppress

import psutil

from tests.fixtures.peers import wait_for
from tests.fixtures.running import Running

PRESENT_S = 75.0


class Cast:
    """The processes of a hub by part: `web`, `web parent`, `crew`, `scheduler`, `deliver`, `pipeline horse` ...

    The crew forks its members in one order and puts a new one in the place of each that died; that is
    how they are told apart, for all of them have the same command line.
    """

    def __init__(self, running: Running, workers: int) -> None:
        self.running = running
        self._parts = ["pipeline"] * workers + ["deliver", "poll", "scheduler"]
        self._members: list[psutil.Process | None] = []
        self._crew = 0

    def find(self, part: str) -> list[psutil.Process]:
        """The living processes of a part."""
        if part in ("postgres", "valkey"):
            return self.running.named("postgres -D" if part == "postgres" else "valkey-server")
        if part.startswith("web"):
            return self._web(is_parent=part == "web parent")
        if part == "crew":
            return self._crews()
        name, _, is_horse = part.partition(" ")
        members = [one for place, one in zip(self._parts, self._present(), strict=True) if one and place == name]
        return [horse for member in members for horse in _children(member)] if is_horse else members

    def wait(self, part: str, count: int = 1, within_s: float = PRESENT_S) -> list[psutil.Process]:
        """The same, once there are so many and the crew is complete: with two places empty nobody knows who took which."""
        found: list[psutil.Process] = []

        def is_there() -> bool:
            found[:] = self.find(part)
            return len(found) >= count and (part.partition(" ")[0] not in self._parts or None not in self._members)

        try:
            wait_for(is_there, within_s)
        except AssertionError:
            raise AssertionError(f"there is no {part} among {self._members}") from None
        return found

    def _web(self, *, is_parent: bool) -> list[psutil.Process]:
        parents = [one for one in self._launched() if "main web" in _command(one)]
        return parents if is_parent else [child for parent in parents for child in _children(parent)]

    def _crews(self) -> list[psutil.Process]:
        return [one for one in self._launched() if "worker all" in _command(one)]

    def _launched(self) -> list[psutil.Process]:
        return _children(psutil.Process(self.running.process.pid))

    def _present(self) -> list[psutil.Process | None]:
        crew = next(iter(self._crews()), None)
        if not self._members or (crew and crew.pid != self._crew):
            self._members = [None] * len(self._parts)
            self._crew = crew.pid if crew else 0
        living = sorted(_children(crew), key=lambda one: (one.create_time(), one.pid)) if crew else []
        self._members = [one if one in living else None for one in self._members]
        fresh = [one for one in living if one not in self._members]
        for place, one in enumerate(self._members):
            if one is None and fresh:
                self._members[place] = fresh.pop(0)
        return self._members


def kill(processes: Iterable[psutil.Process], number: int = signal.SIGKILL) -> None:
    """Sends a signal to each that has not ended by itself meanwhile."""
    for one in processes:
        with suppress(psutil.NoSuchProcess):
            one.send_signal(number)


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [one for one in process.children() if _lives(one)]
    except psutil.NoSuchProcess:
        return []


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
