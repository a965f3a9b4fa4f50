"""Reading Shopify by GraphQL: pages, nested lists, throttling, errors, resuming."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from connectors.shopify.connector import ShopifyConnector
from connectors.shopify.simulator import ShopifySimulator
from hub.errors import ConfigError, ConnectionPausedError, RetryableError
from hub.sdk import HttpClient, Page
from tests.connectors.shopify_shared import SAMPLES, SECRET, connected

TEA = {"variant": "TEA-LJ-250", "quantity": 1}


@pytest.fixture
def shop() -> Iterator[ShopifySimulator]:
    with ShopifySimulator() as simulator:
        yield simulator


@pytest.fixture
def connector(shop: ShopifySimulator) -> Iterator[ShopifyConnector]:
    with connected(shop, page_size=2) as made:
        yield made


def nodes(pages: list[Page]) -> list[dict[str, Any]]:
    return [orjson.loads(event.body) for page in pages for event in page.events]


def ids(pages: list[Page]) -> list[str]:
    return [node["legacyResourceId"] for node in nodes(pages)]


def queries(shop: ShopifySimulator) -> list[str]:
    return [entry.content["query"].partition("(")[0].removeprefix("query ") for entry in shop.ledger.entries("query")]


def test_pages_when_rows_are_changed_while_paging_then_seen_again_and_none_skipped(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    numbers = [shop.shop.add_customer(first_name=str(n))[0][1]["id"] for n in range(6)]
    reading = connector.fetch("customers", None)
    pages = [next(reading)]
    shop.switches.set(clock_skew=5.0)
    shop.shop.change_customer(numbers[0], note="changed")
    pages += list(reading)
    assert set(ids(pages)) == {str(number) for number in numbers}
    assert [node["note"] for node in nodes(pages) if node["legacyResourceId"] == str(numbers[0])] == [None, "changed"]


def test_cursor_when_pass_is_over_then_next_one_asks_two_minutes_before_the_newest(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    shop.shop.add_customer(first_name="a", updated_at="2026-11-22T10:00:00+08:00")
    shop.shop.add_customer(first_name="b", updated_at="2026-11-22T11:00:00+08:00")
    last = list(connector.fetch("customers", None))[-1]
    assert last.cursor == {"since": "2026-11-22T02:58:00Z", "after": None, "high": "2026-11-22T03:00:00Z"}
    assert ids(list(connector.fetch("customers", last.cursor))) == [str(max(shop.shop.customers))]


def test_cursor_when_nothing_new_then_stays(shop: ShopifySimulator, connector: ShopifyConnector) -> None:
    cursor = {"since": "2030-01-01T00:00:00Z", "after": None, "high": None}
    (page,) = connector.fetch("customers", cursor)
    assert page.cursor == cursor
    assert page.last


def test_cursor_when_its_place_mark_is_refused_then_asks_again_from_the_time(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    shop.shop.add_customer(first_name="a")
    pages = list(connector.fetch("customers", {"since": None, "after": "expired", "high": None}))
    assert len(ids(pages)) == 1


def test_order_when_its_lists_are_long_then_all_are_fetched(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    (_, order), *_ = shop.shop.place_order(None, [TEA])
    held = shop.shop.orders[order["id"]]
    held["line_items"] = [held["line_items"][0] | {"id": n, "title": f"line {n}"} for n in range(130)]
    shop.shop.pay(order["id"], "cash", amount=100)
    for _ in range(6):
        shop.shop.pay(order["id"], "cash", amount=100)
        shop.shop.refund(order["id"], 0, 1, note="x")
        shop.shop.fulfil(order["id"], carrier="SF", tracking="SF1", location=5)
    pages = list(connector.fetch("orders", None))
    (node,) = nodes(pages)
    assert [line["title"] for line in node["lineItems"]["nodes"]] == [f"line {n}" for n in range(130)]
    assert len(node["refunds"]) == 6
    assert len(node["fulfillments"]) == 6
    assert all(len(each["fulfillmentLineItems"]["nodes"]) == 130 for each in node["fulfillments"])
    assert len(node["transactions"]) == 13
    assert not pages[-1].truncated
    assert b"pageInfo" not in pages[0].events[0].body


def test_order_when_a_list_cannot_be_completed_then_page_says_so(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    (_, order), *_ = shop.shop.place_order(None, [TEA])
    held = shop.shop.orders[order["id"]]
    for n in range(45):
        held["fulfillments"].append(
            {"id": n, "status": "success", "created_at": held["created_at"], "updated_at": held["updated_at"]}
        )
    pages = list(connector.fetch("orders", None))
    assert "fulfillments" in pages[-1].truncated


def test_orders_when_scope_for_old_ones_is_missing_then_full_pass_is_truncated() -> None:
    with ShopifySimulator(scopes=("read_orders",)) as shop, connected(shop) as connector:
        shop.shop.place_order(None, [TEA])
        full = list(connector.fetch("orders", None))
        later = list(connector.fetch("orders", full[-1].cursor))
        assert "read_all_orders" in full[0].truncated
        assert not later[0].truncated
        with pytest.raises(NotImplementedError):
            list(connector.enumerate_ids("orders"))
        assert any("read_all_orders" in warning for warning in connector.check().warnings)


def test_ids_when_stream_lives_within_orders_then_not_offered(connector: ShopifyConnector) -> None:
    with pytest.raises(NotImplementedError):
        list(connector.enumerate_ids("refunds"))


def test_query_when_throttled_for_a_moment_then_waits_and_goes_on(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    shop.shop.add_customer(first_name="a")
    shop.fail("THROTTLED")
    assert len(ids(list(connector.fetch("customers", None)))) == 1
    assert queries(shop).count("CustomersPage") == 2


def test_query_when_throttled_for_long_then_retryable_with_the_wait(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    shop.endpoint.bucket.available, shop.endpoint.bucket.restore_rate = 0.0, 0.01
    with pytest.raises(RetryableError) as caught:
        list(connector.fetch("customers", None))
    assert caught.value.retry_after_s is not None
    assert caught.value.retry_after_s > 10


def test_wait_when_throttled_then_is_what_is_missing_by_the_restore_rate(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    answer = orjson.loads((SAMPLES / "graphql_throttled.json").read_bytes())["body"]
    client = connector._client()
    error = client._error_of(answer, is_safe=True)
    assert isinstance(error, RetryableError)
    assert error.retry_after_s == pytest.approx((202 - 118) / 100)


def test_query_when_too_costly_then_is_asked_in_halves(shop: ShopifySimulator) -> None:
    with connected(shop, page_size=200) as connector:
        numbers = {shop.shop.place_order(None, [TEA])[0][1]["id"] for _ in range(30)}
        assert set(ids(list(connector.fetch("orders", None)))) == {str(number) for number in numbers}
        sizes = [
            e.content["variables"]["first"] for e in shop.ledger.entries("query") if "OrdersPage" in e.content["query"]
        ]
        assert sizes[0] == 200
        assert sizes[-1] < 30


def test_query_when_shopify_has_an_error_then_tried_again(shop: ShopifySimulator, connector: ShopifyConnector) -> None:
    shop.fail("INTERNAL_SERVER_ERROR", 2)
    assert list(connector.fetch("customers", None))[-1].last
    shop.fail("INTERNAL_SERVER_ERROR", 50)
    with pytest.raises(RetryableError):
        list(connector.fetch("customers", None))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ACCESS_DENIED", ConnectionPausedError),
        ("SHOP_INACTIVE", ConnectionPausedError),
        ("undefinedField", ConfigError),
    ],
)
def test_query_when_refused_in_http_200_then_error_says_what_next(
    shop: ShopifySimulator, connector: ShopifyConnector, code: str, expected: type[Exception]
) -> None:
    shop.fail(code)
    with pytest.raises(expected) as caught:
        list(connector.fetch("customers", None))
    assert "shop" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_access_when_denied_then_error_names_the_scope(shop: ShopifySimulator, connector: ShopifyConnector) -> None:
    shop.fail("ACCESS_DENIED")
    with pytest.raises(ConnectionPausedError, match="read_customers"):
        list(connector.fetch("customers", None))


def test_api_version_when_no_longer_served_then_settings_are_to_blame(shop: ShopifySimulator) -> None:
    with connected(shop, api_version="2020-01") as connector, pytest.raises(ConfigError, match="api_version"):
        connector.check()


@pytest.mark.parametrize("domain", ["evil.example", "demo.myshopify.com.evil.example", "a/b.myshopify.com", ""])
def test_shop_when_not_a_shops_own_domain_then_nothing_is_called(domain: str) -> None:
    http = HttpClient("shop", hosts=[])
    connector = ShopifyConnector("shop", {"shop": domain}, {"access_token": ["t"]}, http)
    with pytest.raises(ConfigError, match="shop"):
        connector.check()
    http.close()


def test_stream_when_unknown_then_error_lists_the_known_ones(connector: ShopifyConnector) -> None:
    with pytest.raises(ConfigError, match="customers, orders, products, locations"):
        list(connector.fetch("carts", None))
