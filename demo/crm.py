"""The simulated CRM with a memory: after a kill it holds what it held, and still notifies whom it was told to."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from connectors.zoho.simulator import ZohoSimulator
from demo.systems import Systems
from demo.world import World
from hub.sdk.testing import SimAnswer, SimRequest

CLIENT_ID = "1000.DEMO"
_API = "/crm/v8"
_ASKS = ("/coql",)


class DemoCrm(ZohoSimulator):
    """A Zoho account in a `World`. `hub_url`: where the hub is today. `writes`: records the hub has written since this start."""

    def __init__(self, port: int, systems: Systems, world: World) -> None:
        self._world = world
        self.hub_url = ""
        self.writes = 0
        self.echoes = 0
        self._is_written = False
        self._place = ""
        super().__init__(
            port, client_id=CLIENT_ID, client_secret=systems.crm_secret, refresh_token=systems.refresh_token
        )
        # Every start of the demo begins with a token of its own.
        self.tokens.is_limited = False
        # The hub subscribes in the present, which the scripted day does not reach: channels have the later clock.
        born = dt.datetime.fromisoformat(systems.born)
        self.channels.now = lambda: max(world.now(), born)

    def now(self) -> float:
        """The world's time."""
        return self._world.now().timestamp()

    def local_now(self) -> dt.datetime:
        """The same, as the organisation writes it."""
        return self._world.now()

    def answer(self, request: SimRequest) -> SimAnswer:
        """As the simulator does; what changes something is written down before it takes effect."""
        path = request.path.removeprefix(_API)
        if path == request.path or request.method == "GET" or path in _ASKS:
            return super().answer(request)
        if not self.tokens.is_good(request.headers.get("authorization", "")):
            return super().answer(request)
        call = {"method": request.method, "path": path, "query": dict(request.query), "body": request.body.decode()}
        with self._world.happening({"crm": call}):
            before, self._is_written = self._written(), True
            try:
                return super().answer(request)
            finally:
                self._is_written = False
                self.writes += self._written() - before

    def sign(self, topic: str, message_id: str, body: bytes) -> Mapping[str, str]:
        """As the simulator does; no connection stays open, which a web server that is to end would wait for."""
        return {**super().sign(topic, message_id, body), "Connection": "close"}

    def repeat(self, call: Mapping[str, Any]) -> None:
        """A call of an earlier process again; it had a good token then."""
        path = call["path"]
        self._routed(SimRequest(call["method"], _API + path, call["query"], {}, call["body"].encode()), path)

    def send(self, topic: str, content: Any, *, message_id: str = "") -> str:
        """Sends a notification; one that only repeats what an earlier process said is held back."""
        if self._world.holds_back(lambda: self.send(topic, content, message_id=message_id)):
            return message_id
        self.sender.url = self.hub_url and self.hub_url + self._place
        return super().send(topic, content, message_id=message_id)

    def people(self) -> dict[str, dict[str, Any]]:
        """The contacts it holds, by id."""
        return {row["id"]: row for row in self.crm.listed()}

    def forget_log(self) -> None:
        """Lets go of what was sent, so that memory does not grow with time."""
        self.sender.log.clear()
        self.ledger.clear()

    def _written(self) -> int:
        return sum(len(self.ledger.entries(name)) for name in ("insert", "update", "delete"))

    def _tell(self, operation: str, ids: list[str]) -> None:
        notices = self.channels.notices(self.module, operation, ids, int(self.now() * 1000), self.url)
        if notices:
            # The hub may have another port today than when it subscribed; the newest channel is its last word.
            address, content = notices[-1]
            place = urlsplit(address)
            self._place = f"{place.path}?{place.query}"
            self.echoes += self._is_written
            self.send(operation, json.loads(json.dumps(content)))
