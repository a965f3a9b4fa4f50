"""What a simulated system does wrong on purpose."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from hub.errors import ConfigError


@dataclass(slots=True)
class Switches:
    """Set any attribute while the simulator runs; `reset()` makes it well behaved again.

    Counts are the number of next calls that suffer; -1 means all until reset. `path` limits the
    faults of answers to calls whose path starts with it.

    Answers: `delay` seconds before each · `rate_limit` calls a second, then 429 with `Retry-After` ·
    `error_after_commit` carries the call out, then fails as `error_mode` says (`hang`, `close`,
    `500`) · `hang` accepts and never answers · `slow_bytes` bytes a second · `close_mid_body` ·
    `burst_500` · `html` answers 200 with a maintenance page · `unauthorized` answers 401 · `spoil`
    writes raw text (Latin-1: also bytes that are not UTF-8) where an answer says a JSON text, as
    `[["a note", "NaN"]]`.
    `refuse` closes the port (see `Simulator.refuse`).

    Webhooks it sends: `drop` the next so many · `duplicate` extra copies of each · `reorder` shuffles
    within windows of this size · `disable_webhooks` sends none · `webhook_delay` seconds.

    Clock: `clock_skew` seconds added to its time · `time_zone` IANA name its local times are in.
    """

    delay: float = 0.0
    rate_limit: float = 0.0
    error_after_commit: int = 0
    error_mode: str = "500"
    hang: int = 0
    slow_bytes: float = 0.0
    close_mid_body: int = 0
    burst_500: int = 0
    html: int = 0
    unauthorized: int = 0
    spoil: Sequence[Sequence[str]] = ()
    path: str = ""
    drop: int = 0
    duplicate: int = 0
    reorder: int = 0
    disable_webhooks: bool = False
    webhook_delay: float = 0.0
    clock_skew: float = 0.0
    time_zone: str = "UTC"
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def take(self, name: str) -> bool:
        """Whether a counted fault happens now; counts it down."""
        with self._lock:
            left = getattr(self, name)
            if left > 0:
                setattr(self, name, left - 1)
            return bool(left)

    def spoilt(self, body: bytes) -> bytes:
        """An answer's body as `spoil` has it."""
        for text, raw in self.spoil:
            body = body.replace(json.dumps(text, ensure_ascii=False).encode(), raw.encode("latin-1"))
        return body

    def reset(self) -> None:
        """Everything works again."""
        self.set(**{item.name: item.default for item in fields(self) if item.name != "_lock"})

    def set(self, **values: Any) -> None:
        """Sets several at once; raises `ConfigError` for a name that is none."""
        known = {item.name for item in fields(self)} - {"_lock"}
        if unknown := sorted(set(values) - known):
            raise ConfigError(f"no such switch: {', '.join(unknown)}; there are {', '.join(sorted(known))}")
        with self._lock:
            for name, value in values.items():
                setattr(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        """All switches by name."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name != "_lock"}
