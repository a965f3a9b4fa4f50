"""How the conformance kit sets up the Shopify connector."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import orjson

from connectors.shopify.connector import ShopifyConnector
from connectors.shopify.simulator import ShopifySimulator
from connectors.shopify.simulator.catalogue import products
from hub.sdk import Delivery, RawEvent, WebhookRequest
from hub.sdk.testing.kit import ConnectorHarness

SHOP = "demo.myshopify.com"
NEW, OLD = "shpss_new_0123456789abcdef", "shpss_old_0123456789abcdef"
TOKEN = "shpat_0123456789abcdef"  # noqa: S105 -- of the simulator, worth nothing
SAMPLES = Path(__file__).parent / "samples"
TOPIC = "X-Shopify-Topic"


def _sample(name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = orjson.loads((SAMPLES / f"{name}.json").read_bytes())
    return found


class ShopifyHarness(ConnectorHarness):
    """A shop whose times are whole seconds, with pages of three."""

    connector = ShopifyConnector
    topic = "orders/create"
    sample = orjson.dumps(_sample("orders_create")["body"])
    family: Literal["classic", "events"] = "classic"

    def simulator(self) -> ShopifySimulator:
        return ShopifySimulator(secret=NEW, token=TOKEN)

    def config(self, simulator: ShopifySimulator) -> Mapping[str, Any]:
        return {"shop": SHOP, "base_url": simulator.url, "page_size": 3}

    def secrets(self, simulator: ShopifySimulator) -> Mapping[str, Sequence[str]]:  # noqa: ARG002
        return {"secret": [NEW], "access_token": [TOKEN]}

    def bad_secrets(self, simulator: ShopifySimulator) -> Mapping[str, Sequence[str]]:  # noqa: ARG002
        return {"secret": [NEW], "access_token": ["shpat_of_somebody_else"]}

    def webhook_secrets(self) -> tuple[str, str]:
        return NEW, OLD

    def receiver(self, secrets: Sequence[str]) -> ShopifyConnector:
        return ShopifyConnector(self.connection, {"shop": SHOP}, {"secret": list(secrets)}, None)

    def webhook(self, body: bytes, secret: str, *, at: float) -> WebhookRequest:  # noqa: ARG002 -- no time is signed
        signer = ShopifySimulator(family=self.family)
        headers = signer.headers(self.topic, "98880550-7158-44d4-b7cd-2c97c8a091b5", body, secret)
        signer.stop()
        return WebhookRequest("POST", {name.lower(): text for name, text in headers.items()}, {}, body, time.time())

    def samples(self) -> Sequence[RawEvent]:
        found = [orjson.loads(path.read_bytes()) for path in sorted(SAMPLES.glob("*.json"))]
        return [
            RawEvent(each["headers"][TOPIC], orjson.dumps(each["body"]))
            for each in found
            if TOPIC in each.get("headers", {})
        ]

    def seed(self, simulator: ShopifySimulator, stream: str, count: int) -> Sequence[str]:
        shop = simulator.shop
        before = len(getattr(shop, stream))
        for place in range(before, before + count):
            if stream == "customers":
                shop.add_customer(first_name="雷", last_name="李", email=f"li{place}@example.com")
            elif stream == "orders":
                shop.place_order(None, [{"variant": "TEA-LJ-250", "quantity": 1}])
            else:
                _put(simulator, stream, 9000 + place)
        return [str(number) for number in list(getattr(shop, stream))[before:]]

    def delivery(self, number: int, external_id: str | None = None) -> Delivery:
        data = {"firstName": "雷", "lastName": "李", "email": f"li{number}@example.com", "tags": ["vip"], "note": None}
        return Delivery(
            "customer", "customers", f"dlv_{number}", f"key-{number}", external_id, data, data, "customer.updated"
        )

    def remote_count(self, simulator: ShopifySimulator) -> int:
        return len(simulator.shop.customers)

    def remove(self, simulator: ShopifySimulator, external_id: str) -> None:
        simulator.emit(simulator.shop.remove_customer(int(external_id)))

    def lose_subscriptions(self, simulator: ShopifySimulator) -> None:
        del simulator.endpoint.mutations.subscriptions[3:6]

    def external_id(self, stream: str, event: RawEvent) -> str:  # noqa: ARG002
        return str(orjson.loads(event.body)["legacyResourceId"])


class EventsHarness(ShopifyHarness):
    """The newer family of headers."""

    family = "events"


def _put(simulator: ShopifySimulator, stream: str, number: int) -> None:
    """A product or location of this moment."""
    moment = simulator.shop.clock().isoformat(timespec="seconds")
    place = {"name": "仓", "active": True} | dict.fromkeys(("address1", "city", "province", "zip", "phone"), "1")
    template = products()[0] if stream == "products" else place
    held = template | {"id": number, "created_at": moment, "updated_at": moment}
    with simulator.shop.lock:
        getattr(simulator.shop, stream)[number] = held
        simulator.shop.register.put(stream, held)


HARNESSES = (ShopifyHarness,)
