"""When a process of ours has to end: told to, or its parent is gone."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

from hub.embedded.leash import die_with_parent

_forker = 0


def about_to_fork() -> None:
    """To be called before a fork: the child then knows whose it was, even if that one dies at once."""
    global _forker
    _forker = os.getpid()


class Life:
    """Made in the main thread: SIGTERM then asks for an end instead of ending the process in mid-batch.

    A killed parent counts as SIGTERM too (by the kernel on Linux, by its changed pid elsewhere), so
    that no worker goes on alone, unseen by the one that is started in its parent's place.
    """

    def __init__(self) -> None:
        self._over = threading.Event()
        self._parent = _forker if _forker not in (0, os.getpid()) else os.getppid()
        self.listen()
        if sys.platform == "linux":
            die_with_parent(signal.SIGTERM, self._parent)

    def listen(self) -> None:
        """Takes SIGTERM, also after somebody else took it."""
        signal.signal(signal.SIGTERM, self._on_term)

    def is_over(self) -> bool:
        """Whether to finish and end."""
        return self._over.is_set() or os.getppid() != self._parent

    def pause(self, seconds: float) -> bool:
        """Waits, or less when the end comes; true when it is over."""
        self._over.wait(seconds)
        return self.is_over()

    def end(self) -> None:
        """As if SIGTERM had come."""
        self._over.set()

    def _on_term(self, _number: int, _frame: FrameType | None) -> None:
        self._over.set()
