"""What all processes share of one remote account: its short-lived token and its addresses at the hub."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A short-lived token as the system issued it; `expires_at` in seconds since the epoch.

    `facts`: what else the answer said and later calls need (the API's address). Never printed.
    """

    value: str = field(repr=False)
    expires_at: float
    facts: dict[str, str] = field(default_factory=dict)


class Account(Protocol):
    """Given to each connector as `self.account`; the hub's one is shared by every process of the hub."""

    webhook_url: str
    """Where this connection's webhooks arrive, as the outside world reaches it; empty when the hub has no public address."""

    def token(
        self, refresh: Callable[[], AccessToken], *, name: str = "access", renew_before_s: float = 300
    ) -> AccessToken:
        """The token in force, refreshed by exactly one caller of all processes when it is about to expire.

        `refresh` makes the call that issues a new one; it runs while the token's row is locked, and
        whoever asks meanwhile waits for its result. What it raises is raised here, and for a while
        also to the others, so that a dead credential is not tried by everybody at once.
        """
        ...

    def reject(self, token: AccessToken, *, name: str = "access") -> None:
        """The system refused this token before its time: the next `token` refreshes, unless somebody did already."""
        ...


class LocalAccount:
    """An account of one process: for a connector that is used without a hub (the conformance kit, a script)."""

    def __init__(self, webhook_url: str = "") -> None:
        self.webhook_url = webhook_url
        self._tokens: dict[str, AccessToken] = {}
        self._lock = threading.Lock()

    def token(
        self, refresh: Callable[[], AccessToken], *, name: str = "access", renew_before_s: float = 300
    ) -> AccessToken:
        """See `Account.token`."""
        with self._lock:
            held = self._tokens.get(name)
            if held is None or held.expires_at - renew_before_s <= time.time():
                held = self._tokens[name] = refresh()
            return held

    def reject(self, token: AccessToken, *, name: str = "access") -> None:
        """See `Account.reject`."""
        with self._lock:
            if self._tokens.get(name) == token:
                del self._tokens[name]
