"""What a simulated system was told: the evidence a test compares with what had to happen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One call that the system accepted. `repeat` says that its key had been carried out before."""

    seq: int
    at: float
    action: str
    key: str
    content: Mapping[str, Any]
    repeat: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The entry as JSON can carry it."""
        return asdict(self)


class Ledger:
    """Append-only, thread-safe. A key is carried out once; repeats get the first answer again."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._answers: dict[str, Any] = {}
        self._lock = threading.RLock()

    def once(self, action: str, key: str, content: Mapping[str, Any], carry_out: Callable[[], Any]) -> Any:
        """Carries out and notes a call; with a key seen before only notes it and gives the first answer."""
        with self._lock:
            repeat = bool(key) and key in self._answers
            answer = self._answers[key] if repeat else carry_out()
            if key:
                self._answers[key] = answer
            self._entries.append(Entry(len(self._entries) + 1, time.time(), action, key, content, repeat))
            return answer

    def recall(self, key: str, answer: Any) -> None:
        """Knows a key that an earlier process carried out, with the answer it gave."""
        with self._lock:
            self._answers[key] = answer

    def note(self, action: str, content: Mapping[str, Any], *, key: str = "") -> None:
        """Notes a call that needs no carrying out (a read, a page)."""
        with self._lock:
            self._entries.append(Entry(len(self._entries) + 1, time.time(), action, key, content))

    def entries(self, action: str = "") -> list[Entry]:
        """All entries, or those of one action, in order."""
        with self._lock:
            return [entry for entry in self._entries if not action or entry.action == action]

    def carried_out(self, action: str = "") -> list[Entry]:
        """The entries that had an effect: without the repeats of a key."""
        return [entry for entry in self.entries(action) if not entry.repeat]

    def clear(self) -> None:
        """Forgets the entries, not the answers: a late retry must still be recognised."""
        with self._lock:
            self._entries.clear()
