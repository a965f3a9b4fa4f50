"""The Shopify connector keeps the contract of every connector."""

from __future__ import annotations

from connectors.shopify.conformance import NEW, OLD, EventsHarness, ShopifyHarness
from hub.sdk.testing.kit import connector_suite
from tests.connectors.mapped import mapper

TestShopify = connector_suite(ShopifyHarness, mapper("shopify"))


class TestShopifyEventsHeaders:
    """The newer header family is signed and refused alike."""

    def test_delivery_when_signed_well_then_accepted(self) -> None:
        harness = EventsHarness()
        request = harness.fresh_webhook()
        assert "shopify-hmac-sha256" in request.headers
        assert harness.receiver([NEW, OLD]).verify(request) == 1
        assert [event.topic for event in harness.receiver([NEW]).decode(request)] == ["orders/create"]
