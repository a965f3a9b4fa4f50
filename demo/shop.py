"""The simulated shop with a memory: after a kill it holds what it held, and says nothing twice."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.shopify.simulator import ShopifySimulator
from connectors.shopify.simulator.graphql import Bucket
from connectors.shopify.simulator.query import is_mutation
from connectors.shopify.simulator.shop import Hook
from demo.systems import Systems
from demo.world import World
from hub.sdk.testing import SimAnswer, SimRequest

_SPACE = uuid.UUID("6f1c1b9e-3f0e-4d53-9a57-6d0f9e0c2a11")


class DemoShop(ShopifySimulator):
    """A shop in a `World`. `writes`: mutations of the hub since this start."""

    def __init__(self, port: int, systems: Systems, world: World) -> None:
        self._world = world
        self.writes = 0
        self.echoes = 0
        self._is_written = False
        super().__init__(
            port, secret=systems.shop_secret, token=systems.access_token, domain=systems.domain, family="classic"
        )
        # As large a shop as buys the plan with ten times the points.
        self.endpoint.bucket = Bucket(20_000.0, 1_000.0)

    def shop_now(self) -> dt.datetime:
        """The world's time."""
        return self._world.now()

    def answer(self, request: SimRequest) -> SimAnswer:
        """As the simulator does; a mutation is written down before it takes effect."""
        body = request.json()
        if not isinstance(body, dict) or not is_mutation(str(body.get("query"))):
            return super().answer(request)
        with self._world.happening({"shop": {"path": request.path, "body": body}}):
            self._is_written = True
            try:
                return super().answer(request)
            finally:
                self._is_written = False

    def emit(self, hooks: list[Hook]) -> None:
        """As the simulator does; what it sends about a write of the hub is an echo."""
        if self._is_written and hooks:
            self.writes += 1
            self.echoes += len(hooks)
        super().emit(hooks)

    def sign(self, topic: str, message_id: str, body: bytes) -> Mapping[str, str]:
        """As the simulator does; no connection stays open, which a web server that is to end would wait for."""
        return {**super().sign(topic, message_id, body), "Connection": "close"}

    def repeat(self, call: Mapping[str, Any]) -> None:
        """A mutation of an earlier process again."""
        headers = {"x-shopify-access-token": self.token}
        super().answer(SimRequest("POST", call["path"], {}, headers, json.dumps(call["body"]).encode()))

    def send(self, topic: str, content: Any, *, message_id: str = "") -> str:
        """Sends a webhook whose id follows from its content: the same webhook has the same id after a restart."""
        text = json.dumps([self.shop.domain, topic, content], sort_keys=True, default=str)
        message_id = str(uuid.uuid5(_SPACE, text))
        if self._world.holds_back(lambda: self.send(topic, content)):
            return message_id
        return super().send(topic, content, message_id=message_id)

    def taken(self) -> Decimal:
        """Money that came in by sales, refunds not subtracted."""
        with self.shop.lock:
            sales = [t for rows in self.shop.transactions.values() for t in rows if t["kind"] == "sale"]
            return sum((Decimal(each["amount"]) for each in sales), Decimal(0))

    def people(self) -> dict[str, dict[str, Any]]:
        """The customers it holds, by id, as payloads."""
        with self.shop.lock:
            return {str(number): dict(held) for number, held in self.shop.customers.items()}

    def forget_log(self) -> None:
        """Lets go of what was sent, so that memory does not grow with time."""
        self.sender.log.clear()
        self.ledger.clear()
