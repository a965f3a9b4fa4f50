"""Where a simulator's webhooks arrive in the kit, as they were sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from hub.sdk.connector import WebhookRequest
from hub.sdk.testing.server import SimAnswer, SimRequest
from hub.sdk.testing.simulator import Simulator


class Mailbox(Simulator):
    """Takes every webhook with 200; `address` is what a connector subscribes with."""

    def __init__(self) -> None:
        super().__init__()
        self._requests: list[WebhookRequest] = []
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        """The address of the connection under test."""
        return f"{self.url}/webhooks/under-test"

    def answer(self, request: SimRequest) -> SimAnswer:
        """Keeps it."""
        with self._lock:
            self._requests.append(
                WebhookRequest(request.method, request.headers, request.query, request.body, time.time())
            )
        return SimAnswer()

    def sign(self, topic: str, message_id: str, body: bytes) -> Mapping[str, str]:  # noqa: ARG002
        """Sends nothing itself."""
        return {}

    def take(self) -> list[WebhookRequest]:
        """What arrived since the last call."""
        with self._lock:
            taken, self._requests = self._requests, []
        return taken
