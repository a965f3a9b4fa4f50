"""The simulated token endpoint: errors in HTTP 200, ten refreshes in ten minutes, ten tokens alive."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

MOST_REFRESHES, WINDOW_S = 10, 600.0
MOST_ALIVE = 10
THROTTLED = {
    "error": "Access Denied",
    "error_description": "You have made too many requests continuously. Please try again after some time.",
    "status": "failure",
}


@dataclass
class Tokens:
    """Issues tokens for one client. `failures`: answers that the next refreshes get, first to last."""

    client_id: str
    client_secret: str
    refresh_token: str
    api_domain: Callable[[], str]
    life_s: float = 3600.0
    failures: list[dict[str, Any]] = field(default_factory=list)
    is_limited: bool = True
    _alive: dict[str, float] = field(default_factory=dict)
    _asked: list[float] = field(default_factory=list)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def issue(self, body: bytes) -> dict[str, Any]:
        """What a refresh is answered."""
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        with self._lock:
            now = time.monotonic()
            self._asked = [each for each in self._asked if now - each < WINDOW_S]
            if self.is_limited and len(self._asked) >= MOST_REFRESHES:
                return THROTTLED
            self._asked.append(now)
            if self.failures:
                return self.failures.pop(0)
            if form.get("client_id") != self.client_id:
                return {"error": "invalid_client"}
            if form.get("client_secret") != self.client_secret:
                return {"error": "invalid_client_secret"}
            if form.get("grant_type") != "refresh_token" or form.get("refresh_token") != self.refresh_token:
                return {"error": "invalid_code"}
            value = f"1000.{next(self._numbers):032x}.simulated"
            self._alive[value] = now + self.life_s
            for oldest in list(self._alive)[:-MOST_ALIVE]:
                del self._alive[oldest]
        return {
            "access_token": value,
            "api_domain": self.api_domain(),
            "token_type": "Bearer",
            "expires_in": int(self.life_s),
        }

    def is_good(self, header: str) -> bool:
        """Whether an `Authorization` header carries a token that is alive."""
        scheme, _, value = header.partition(" ")
        with self._lock:
            return scheme == "Zoho-oauthtoken" and self._alive.get(value, 0.0) > time.monotonic()

    def revoke_all(self) -> None:
        """Ends every token before its time, as when somebody ends the sessions of the client."""
        with self._lock:
            self._alive.clear()
