"""The Shopify connector keeps the contract of every connector."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from connectors.shopify.connector import ShopifyConnector
from connectors.shopify.simulator import ShopifySimulator
from connectors.shopify.simulator.catalogue import products
from hub.model.observation import Draft
from hub.sdk import Delivery, RawEvent, WebhookRequest
from hub.sdk.testing.kit import ConnectorHarness, connector_suite
from tests.connectors.shopify_shared import SHOP, drafts, sample

NEW, OLD = "shpss_new_0123456789abcdef", "shpss_old_0123456789abcdef"
TOKEN = "shpat_0123456789abcdef"


class ShopifyHarness(ConnectorHarness):
    connector = ShopifyConnector
    topic = "orders/create"
    sample = orjson.dumps(sample("orders_create"))
    family = "classic"

    def simulator(self) -> ShopifySimulator:
        return ShopifySimulator(secret=NEW, token=TOKEN)

    def config(self, simulator: ShopifySimulator) -> Mapping[str, Any]:
        return {"shop": SHOP, "base_url": simulator.url, "page_size": 3}

    def secrets(self, simulator: ShopifySimulator) -> Mapping[str, Sequence[str]]:
        return {"secret": [NEW], "access_token": [TOKEN]}

    def bad_secrets(self, simulator: ShopifySimulator) -> Mapping[str, Sequence[str]]:
        return {"secret": [NEW], "access_token": ["shpat_of_somebody_else"]}

    def webhook_secrets(self) -> tuple[str, str]:
        return NEW, OLD

    def receiver(self, secrets: Sequence[str]) -> ShopifyConnector:
        return ShopifyConnector(self.connection, {"shop": SHOP}, {"secret": list(secrets)}, None)

    def webhook(self, body: bytes, secret: str, *, at: float) -> WebhookRequest:
        signer = ShopifySimulator(family="events" if self.family == "events" else "classic")
        headers = signer.headers(self.topic, "98880550-7158-44d4-b7cd-2c97c8a091b5", body, secret)
        signer.stop()
        return WebhookRequest("POST", {name.lower(): text for name, text in headers.items()}, {}, body, time.time())

    def seed(self, simulator: ShopifySimulator, stream: str, count: int) -> Sequence[str]:
        shop = simulator.shop
        before = len(getattr(shop, stream))
        for place in range(before, before + count):
            if stream == "customers":
                shop.add_customer(first_name="雷", last_name="李", email=f"li{place}@example.com")
            elif stream == "orders":
                shop.place_order(None, [{"variant": "TEA-LJ-250", "quantity": 1}])
            else:
                moment = shop.clock().isoformat(timespec="seconds")
                held = {"id": 9000 + place, "created_at": moment, "updated_at": moment}
                template = (
                    products()[0]
                    if stream == "products"
                    else {"name": "仓", "active": True}
                    | dict.fromkeys(("address1", "city", "province", "zip", "phone"), "1")
                )
                getattr(shop, stream)[held["id"]] = template | held
        return [str(number) for number in list(getattr(shop, stream))[before:]]

    def delivery(self, number: int, external_id: str | None = None) -> Delivery:
        data = {"firstName": "雷", "lastName": "李", "email": f"li{number}@example.com", "tags": ["vip"], "note": None}
        return Delivery(
            "customer", "customers", f"dlv_{number}", f"key-{number}", external_id, data, data, "customer.updated"
        )

    def remote_count(self, simulator: ShopifySimulator) -> int:
        return len(simulator.shop.customers)

    def drafts(self, event: RawEvent) -> Sequence[Draft]:
        return drafts(event.topic, orjson.loads(event.body))

    def external_id(self, stream: str, event: RawEvent) -> str:
        return str(orjson.loads(event.body)["legacyResourceId"])


class EventsHarness(ShopifyHarness):
    family = "events"


TestShopify = connector_suite(ShopifyHarness)


class TestShopifyEventsHeaders:
    """The newer header family is signed and refused alike."""

    def test_delivery_when_signed_well_then_accepted(self) -> None:
        harness = EventsHarness()
        request = harness.fresh_webhook()
        assert "shopify-hmac-sha256" in request.headers
        assert harness.receiver([NEW, OLD]).verify(request) == 1
        assert [event.topic for event in harness.receiver([NEW]).decode(request)] == ["orders/create"]
