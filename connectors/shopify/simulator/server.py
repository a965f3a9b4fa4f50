"""A shop on loopback that speaks Shopify: the Admin API's GraphQL endpoint, and webhooks of its own."""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Literal

from connectors.shopify.simulator.day import CLOSING_S, Step, play_day
from connectors.shopify.simulator.graphql import Endpoint
from connectors.shopify.simulator.query import Asked, is_mutation
from connectors.shopify.simulator.shop import Hook, Shop
from hub.sdk.testing import SimAnswer, SimRequest, Simulator
from hub.sdk.webhooks import sign_hmac

API_PATH = re.compile(r"/admin/api/(20\d\d-\d\d)/graphql\.json")
SCOPES = ("read_customers", "write_customers", "read_orders", "read_all_orders", "read_products", "read_locations")
_SHANGHAI = dt.timezone(dt.timedelta(hours=8))


class ShopifySimulator(Simulator):
    """One shop. `family`: the header family its webhooks carry. `secret`: what it signs with.

    Beside the switches of every simulator: `fail(code, times)` lets the next queries fail with a
    GraphQL error code in HTTP 200; `lose(times)` carries the next mutations out and answers 500;
    `endpoint.bucket` holds the cost points. With `needs_subscriptions` it sends only what was
    subscribed to, to the address it was subscribed with.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        secret: str = "hush",  # noqa: S107 -- a simulator's
        token: str = "shpat_simulated",  # noqa: S107
        domain: str = "demo.myshopify.com",
        family: Literal["classic", "events"] = "classic",
        api_version: str = "2026-07",
        scopes: tuple[str, ...] = SCOPES,
    ) -> None:
        super().__init__(port)
        self.secret = secret
        self.token = token
        self.family = family
        self.api_version = api_version
        self._over = threading.Event()
        self._day_time: dt.datetime | None = None
        self._held: list[Hook] = []
        self.shop = Shop(self.shop_now, domain=domain)
        self.endpoint = Endpoint(self.shop, scopes)
        self.endpoint.on_change = self._changed
        self.needs_subscriptions = False
        self._lost = 0

    def halt_day(self) -> None:
        """Ends a day that is being played at its next step."""
        self._over.set()

    def stop(self) -> None:
        """Ends a day that is being played, then the server."""
        self.halt_day()
        super().stop()

    def shop_now(self) -> dt.datetime:
        """The shop's clock: the scripted day's while one is played, else the present; zone +08:00."""
        return self._day_time or dt.datetime.fromtimestamp(self.now(), _SHANGHAI)

    def answer(self, request: SimRequest) -> SimAnswer:
        """The Admin API."""
        found = API_PATH.fullmatch(request.path)
        if found is None or found[1] != self.api_version:
            return SimAnswer.of({"errors": "Not Found"}, 404)
        if request.headers.get("x-shopify-access-token") != self.token:
            return SimAnswer.of(
                {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}, 401
            )
        body = request.json()
        if request.method != "POST" or not isinstance(body, dict):
            return SimAnswer.of({"errors": "Bad Request"}, 400)
        self.ledger.note("query", {"query": body.get("query"), "variables": body.get("variables")})
        answer = self.endpoint.answer(body)
        if self._lost and is_mutation(str(body.get("query"))):
            self._lost -= 1
            return SimAnswer.of({"errors": "Internal Server Error"}, 500)
        return SimAnswer.of(answer)

    def _changed(self, asked: Asked, answer: Mapping[str, Any], hooks: list[Hook]) -> None:
        refused = [each.get("code") or each["message"] for each in answer.get("userErrors") or ()]
        content = {"arguments": asked.arguments, "refused": refused}
        self.ledger.note(asked.name, content, key=str(asked.directives.get("idempotent", {}).get("key") or ""))
        self.emit(hooks)

    def sign(self, topic: str, message_id: str, body: bytes) -> Mapping[str, str]:
        """The headers of one delivery. `message_id` is the event's; the delivery's own is made of it."""
        return self.headers(topic, message_id, body, self.secret)

    def headers(self, topic: str, event_id: str, body: bytes, secret: str) -> dict[str, str]:
        """All headers of a delivery, signed with `secret`."""
        prefix = "X-Shopify-" if self.family == "classic" else "shopify-"
        named = {
            "Hmac-Sha256": sign_hmac(body, secret),
            "Topic": topic,
            "Shop-Domain": self.shop.domain,
            "API-Version": self.api_version,
            "Webhook-Id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"delivery:{event_id}")),
            "Event-Id": event_id,
            "Triggered-At": self.shop_now().astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        return {"Content-Type": "application/json"} | {prefix + name: text for name, text in named.items()}

    def fail(self, code: str, times: int = 1) -> None:
        """Lets the next `times` queries fail with `code` (`THROTTLED`, `INTERNAL_SERVER_ERROR`, `ACCESS_DENIED`)."""
        self.endpoint.failures += [code] * times

    act_fail = fail

    def lose(self, times: int = 1) -> None:
        """Lets the next `times` mutations take effect and answers them with HTTP 500."""
        self._lost += times

    act_lose = lose

    def edit_customer(self, number: int, address: Mapping[str, Any] | None = None, **changes: Any) -> None:
        """Somebody edits a customer in the shop, by the payload's field names; `address`: of the default address."""
        with self.shop.lock:
            hooks = self.shop.change_customer(int(number), **changes) if changes else []
            hooks += self.shop.edit_address(int(number), **address) if address else []
        self.emit(hooks)

    act_edit_customer = edit_customer

    def emit(self, hooks: list[Hook]) -> None:
        """Sends what an act of the shop returned, each as an event of its own."""
        for topic, payload in hooks:
            if self.needs_subscriptions and not self._is_subscribed(topic):
                continue
            self.send(topic, payload, message_id=str(uuid.uuid4()))
            self.ledger.note("event", {"topic": topic, "id": payload.get("id")})

    def _is_subscribed(self, topic: str) -> bool:
        name = topic.replace("/", "_").upper()
        found = [each["uri"] for each in self.endpoint.mutations.subscriptions if each["topic"] == name]
        return self.sender.url in found

    def carry_out(self, step: Step) -> None:
        """Carries out a step of a day and sends its webhooks in the step's way."""
        with self.shop.lock:
            hooks = step.act()
        if step.way == "forged":
            for topic, payload in hooks:
                body = json.dumps(payload, ensure_ascii=False).encode()
                headers = self.headers(topic, str(uuid.uuid4()), body, "not the secret")
                status = self.sender.post_once(body, headers) if self.sender.url else 0
                self.ledger.note("forged", {"topic": topic, "status": status})
            return
        if step.way == "duplicate":
            self.switches.duplicate += 1
        if step.way == "late":
            self._held = hooks
            return
        self.emit(hooks)
        held, self._held = self._held, []
        self.emit(held)
        if step.way == "duplicate":
            self.switches.duplicate -= 1

    def play(
        self,
        seed: int = 7,
        *,
        speed: float = 0.0,
        customers: int = 12,
        orders: int = 18,
        wait: Callable[[float], Any] | None = None,
        on_step: Callable[[Step], None] = lambda _: None,
        settle_s: float = 60.0,
    ) -> dict[str, Any]:
        """Plays a whole day that ends now; returns `summary()` once all webhooks were accepted or given up.

        `speed`: seconds of the day per real second; 0 does not wait at all. The day's times lie in
        the past, so that nothing is ahead of the receiver's clock.
        """
        opening = (dt.datetime.fromtimestamp(self.now(), _SHANGHAI) - dt.timedelta(seconds=CLOSING_S + 60)).replace(
            microsecond=0
        )
        wait = wait or self._over.wait
        before_s = 0
        try:
            for step in self._steps(opening, seed, customers, orders):
                if speed:
                    wait((step.at_s - before_s) / speed)
                if self._over.is_set():
                    break
                before_s = step.at_s
                self._day_time = opening + dt.timedelta(seconds=step.at_s)
                on_step(step)
                self.carry_out(step)
        finally:
            self._day_time = None
        self.sender.wait_idle(settle_s)
        return self.summary()

    def _steps(self, opening: dt.datetime, seed: int, customers: int, orders: int) -> Any:
        self._day_time = opening
        return play_day(self.shop, seed, customers=customers, orders=orders)

    def summary(self) -> dict[str, Any]:
        """What there is to be found at the hub when everything has arrived."""
        with self.shop.lock:
            transactions = [each for rows in self.shop.transactions.values() for each in rows]
            orders = self.shop.orders.values()
            return {
                "customers": len(self.shop.customers),
                "orders": len(self.shop.orders),
                "products": len(self.shop.products),
                "payments": sum(each["kind"] == "sale" for each in transactions),
                "refunds": sum(len(order["refunds"]) for order in orders),
                "fulfilments": sum(len(order["fulfillments"]) for order in orders),
                "webhooks": len(self.sender.log),
                "accepted": sum(sent.is_accepted for sent in self.sender.log),
                "forged": len(self.ledger.entries("forged")),
            }

    act_summary = summary
