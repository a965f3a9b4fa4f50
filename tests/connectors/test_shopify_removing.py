"""Finding, deleting, merging and erasing customers in the simulated shop, and its webhook subscriptions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.shopify.connector import ShopifyConnector
from connectors.shopify.simulator import ShopifySimulator
from connectors.shopify.subscribing import wanted_topics
from hub.errors import RejectedError
from hub.sdk import Delivery
from hub.sdk.account import LocalAccount
from tests.connectors.shopify_shared import connected

ADDRESS = "https://hub.example/webhooks/shop"
EMAIL = {"namespace": "email", "value": "li@example.com"}


@pytest.fixture
def shop() -> Iterator[ShopifySimulator]:
    with ShopifySimulator() as simulator:
        yield simulator


@pytest.fixture
def connector(shop: ShopifySimulator) -> Iterator[ShopifyConnector]:
    with connected(shop) as made:
        made.account = LocalAccount(ADDRESS)
        yield made


def add(shop: ShopifySimulator, **fields: Any) -> str:
    ((_, payload),) = shop.shop.add_customer(**fields)
    return str(payload["id"])


def removal(external_id: str) -> Delivery:
    return Delivery("customer", "customers", "dlv_1", "key", external_id, {}, {}, "customer.deleted", delete=True)


def test_find_when_a_contact_is_proven_then_finds_by_it(shop: ShopifySimulator, connector: ShopifyConnector) -> None:
    external_id = add(shop, email="li@example.com")
    found = connector.find("customer", "dlv_9", {"identities": [EMAIL | {"verified": "otp"}]})
    assert found is not None
    assert found.external_id == external_id
    assert connector.find("customer", "dlv_9", {"identities": [EMAIL | {"verified": "none"}]}) is None


def test_find_when_the_hub_made_it_for_somebody_else_then_does_not(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    external_id = add(shop, email="li@example.com")
    shop.shop.unsaid[int(external_id)] = {"hub_ref": "dlv_8"}
    assert connector.find("customer", "dlv_9", {"identities": [EMAIL | {"verified": "otp"}]}) is None


def test_read_when_gone_or_no_number_then_is_none(connector: ShopifyConnector) -> None:
    assert connector.read("customer", "7") is None
    assert connector.read("customer", "x") is None


def test_customer_when_deleted_twice_then_is_gone(shop: ShopifySimulator, connector: ShopifyConnector) -> None:
    external_id = add(shop, email="li@example.com")
    shop.shop.unsaid[int(external_id)] = {"hub_ref": "dlv_1"}
    assert [connector.write([removal(external_id)])[0].error for _ in range(2)] == [None, None]
    assert shop.shop.customers == {}


def test_customer_when_it_has_orders_then_is_not_deleted(shop: ShopifySimulator, connector: ShopifyConnector) -> None:
    external_id = add(shop, email="li@example.com")
    shop.shop.unsaid[int(external_id)] = {"hub_ref": "dlv_1"}
    shop.shop.place_order(int(external_id), [{"variant": "TEA-LJ-250", "quantity": 1}])
    assert isinstance(connector.write([removal(external_id)])[0].error, RejectedError)
    assert len(shop.shop.customers) == 1


def test_customer_when_not_made_by_the_hub_then_is_not_deleted(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    error = connector.write([removal(add(shop, email="li@example.com"))])[0].error
    assert isinstance(error, RejectedError)
    assert error.code == "not_ours"
    assert len(shop.shop.customers) == 1


@pytest.mark.parametrize(
    ("kept_email", "gone_email", "survivor"),
    [("a@example.com", "b@example.com", 0), (None, None, 0), (None, "b@example.com", 1), ("a@example.com", None, 0)],
)
def test_customers_when_merged_then_the_kept_one_stays_where_shopify_lets_it(
    shop: ShopifySimulator, connector: ShopifyConnector, kept_email: str | None, gone_email: str | None, survivor: int
) -> None:
    pair = [
        add(shop, email=kept_email, first_name="A", tags="a"),
        add(shop, email=gone_email, first_name="B", tags="b"),
    ]
    result = connector.merge("customer", pair[0], [pair[1]])
    assert result.external_id == pair[survivor]
    assert list(shop.shop.customers) == [int(pair[survivor])]
    assert shop.shop.customers[int(pair[survivor])]["tags"] == "a, b"
    assert result.version
    assert connector.merge("customer", pair[survivor], [pair[1 - survivor]]).external_id == pair[survivor]


def test_merge_when_the_kept_one_is_gone_then_is_rejected(shop: ShopifySimulator, connector: ShopifyConnector) -> None:
    with pytest.raises(RejectedError, match="gone"):
        connector.merge("customer", "7", [add(shop, first_name="B")])


def test_person_when_erased_then_shopify_is_asked_to(shop: ShopifySimulator, connector: ShopifyConnector) -> None:
    external_id = add(shop, email="li@example.com")
    connector.erase("customer", external_id)
    connector.erase("customer", "7")
    assert shop.shop.to_erase == {int(external_id)}


def test_subscriptions_when_missing_then_are_restored_and_no_more(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    assert list(connector.subscriptions()) == []
    connector.subscribe()
    held = shop.endpoint.mutations.subscriptions
    assert {each["topic"] for each in connector.subscriptions()} == set(wanted_topics())
    assert {each["state"] for each in connector.subscriptions()} == {"active"}
    count = len(held)
    del held[3]
    connector.subscribe()
    connector.subscribe()
    assert len(held) == count


def test_subscriptions_when_sent_elsewhere_then_ours_are_made_beside_them(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    shop.endpoint.mutations.subscriptions.append({"id": "1", "topic": "ORDERS_PAID", "uri": "https://other.example"})
    connector.subscribe()
    paid = [each for each in connector.subscriptions() if each["topic"] == "orders/paid"]
    assert [(each["address"], each["state"]) for each in paid] == [
        ("https://other.example", "elsewhere"),
        (ADDRESS, "active"),
    ]


def test_subscriptions_when_a_scope_is_missing_then_the_others_are_made_and_the_topics_named() -> None:
    with ShopifySimulator(scopes=("read_customers",)) as shop, connected(shop) as connector:
        connector.account = LocalAccount(ADDRESS)
        with pytest.raises(RejectedError, match="orders/create"):
            connector.subscribe()
        topics = {each["topic"] for each in connector.subscriptions()}
        assert "customers/update" in topics
        assert "orders/create" not in topics


def test_subscriptions_when_the_hub_has_no_address_then_nothing_is_subscribed(shop: ShopifySimulator) -> None:
    with connected(shop) as connector:
        connector.subscribe()
        assert shop.endpoint.mutations.subscriptions == []


def test_shop_when_it_needs_subscriptions_then_sends_only_what_was_subscribed(shop: ShopifySimulator) -> None:
    shop.needs_subscriptions, shop.sender.url = True, "http://127.0.0.1:9/webhooks/shop"
    number = int(add(shop, email="li@example.com"))
    shop.edit_customer(number, note="x")
    assert shop.ledger.entries("event") == []
    with connected(shop) as connector:
        connector.account = LocalAccount(shop.sender.url)
        connector.subscribe()
    shop.edit_customer(number, address={"address1": "南京西路 9 号"})
    assert [entry.content["topic"] for entry in shop.ledger.entries("event")] == ["customers/update"]


def test_cursor_when_asked_since_then_reads_what_changed_from_there(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    add(shop, updated_at="2026-11-01T10:00:00+08:00")
    late = add(shop, updated_at="2026-11-02T10:00:00+08:00")
    since = connector.cursor_since("customers", 1_793_500_000.0)
    events = [event for page in connector.fetch("customers", since) for event in page.events]
    assert len(events) == 1
    assert late.encode() in events[0].body
    with pytest.raises(NotImplementedError):
        connector.cursor_since("locations", 0.0)
