"""What the mappings make of Shopify's customers, products and locations, and that both ways of reading agree."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from connectors.shopify.manifest import MANIFEST
from connectors.shopify.simulator import ShopifySimulator
from connectors.shopify.transforms import TRANSFORMS
from hub.model.kinds import KINDS
from hub.model.observation import Draft
from hub.model.time import micros_of
from hub.rules.derive import derive_order
from hub.rules.derive.sums import refund_sums
from hub.rules.mapping import check_mappings
from tests.connectors.shopify_shared import ADDRESS, ROOT, by_key, cny, connected, drafts, same, sample


def test_mappings_when_checked_then_are_faultless() -> None:
    assert [fault for fault in check_mappings([ROOT / "mappings"], KINDS, TRANSFORMS) if "shopify/" in fault] == []


def test_transforms_when_registered_then_are_documented() -> None:
    assert all(name.startswith("shopify_") and function.__doc__ for name, function in TRANSFORMS.items())


def test_customer_when_updated_then_every_field_is_mapped() -> None:
    (draft,) = drafts("customers/update", sample("customers_update"))
    assert (draft.kind, draft.object_type, draft.external_id) == ("customer", "customers", "706405506930370084")
    assert draft.major == draft.since == micros_of("2026-11-22T08:30:00+08:00")
    assert draft.asserted == {
        "full_name": "李雷",
        "given_name": "雷",
        "family_name": "李",
        "identities": [
            {"namespace": "phone", "value": "+8613800138000", "verified": "none"},
            {"namespace": "email", "value": "li.lei@example.com", "verified": "otp"},
        ],
        "addresses": [ADDRESS],
        "tags": ["beijing", "vip"],
        "status": "enabled",
        "note": None,
    }
    assert draft.extensions["email_marketing_consent"]["state"] == "subscribed"


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("雷", "李", "李雷"),
        ("娜娜", "欧阳", "欧阳娜娜"),
        ("Lei", "Li", "Lei Li"),
        ("Lei", "李", "Lei 李"),
        (None, "李雷", "李雷"),
        ("李雷", " ", "李雷"),
        (None, None, None),
        ("太郎", "やまだ", "やまだ太郎"),
    ],
)
def test_name_when_split_then_is_put_together_as_its_owner_writes_it(
    first: str | None, last: str | None, expected: str | None
) -> None:
    (draft,) = drafts("customers/update", sample("customers_update") | {"first_name": first, "last_name": last})
    assert draft.asserted["full_name"] == expected


@pytest.mark.parametrize(
    ("verified", "state", "expected"),
    [(True, "enabled", "otp"), (True, "disabled", "staff"), (True, "invited", "staff"), (False, "enabled", "none")],
)
def test_email_when_verified_then_the_account_says_by_whom(verified: bool, state: str, expected: str) -> None:
    payload = sample("customers_update") | {"verified_email": verified, "state": state}
    (draft,) = drafts("customers/update", payload)
    assert draft.asserted["identities"][1]["verified"] == expected


def test_customer_when_payload_is_shortened_then_asserts_only_what_it_carries() -> None:
    (draft,) = drafts("customers/update", {"id": 1, "updated_at": "2026-11-22T08:30:00+08:00", "note": "x"})
    assert draft.asserted == {"note": "x"}


def test_customer_when_contact_is_cleared_then_identities_are_none() -> None:
    (draft,) = drafts("customers/update", sample("customers_update") | {"email": None, "phone": ""})
    assert draft.asserted["identities"] == []


@pytest.mark.parametrize("topic", ["customers/delete", "orders/delete", "products/delete"])
def test_record_when_deleted_then_only_its_id_is_read(topic: str) -> None:
    (draft,) = drafts(topic, {"id": 7})
    assert (draft.external_id, draft.deleted, draft.asserted) == ("7", True, {})


def test_product_when_updated_then_all_but_the_variants_is_mapped() -> None:
    (draft,) = drafts("products/update", sample("products_update"))
    assert (draft.kind, draft.object_type, draft.external_id) == ("product", "products", "111")
    assert draft.asserted == {
        "title": "龙井茶",
        "brand": "茶语",
        "categories": ["茶叶"],
        "state": "active",
        "media": [{"url": "https://cdn.example/111.jpg", "type": "image", "alt": "龙井茶"}],
    }


def test_graphql_sample_when_mapped_then_is_the_customer_it_shows() -> None:
    page = orjson.loads((ROOT / "connectors/shopify/samples/graphql_customers_page.json").read_bytes())
    node = page["response"]["data"]["customers"]["nodes"][0]
    (draft,) = drafts("customers.pull", node)
    assert (draft.object_type, draft.external_id) == ("customers", "1")
    assert draft.asserted["full_name"] == "李雷"
    assert [one["value"] for one in draft.asserted["identities"]] == ["+8613800138000", "li.lei@example.com"]
    assert draft.asserted["tags"] == ["vip"]


@pytest.fixture(scope="module")
def day() -> Iterator[tuple[dict[tuple[str, str], Draft], dict[tuple[str, str], Draft]]]:
    """A whole day's records, by their last webhooks and as read after it."""
    with ShopifySimulator() as simulator:
        hooks: list[tuple[str, dict[str, Any]]] = []
        simulator.emit = hooks.extend  # type: ignore[method-assign]
        simulator.play(3, customers=8, orders=14)
        pushed: dict[tuple[str, str], Draft] = {}
        for topic, payload in hooks:
            if MANIFEST.stream_of_topic(topic) and "元" not in str(payload.get("total_price")):
                for draft in drafts(topic, payload):
                    key = (draft.object_type, draft.external_id)
                    if key not in pushed or (draft.major or 0) >= (pushed[key].major or 0):
                        pushed[key] = draft
        with connected(simulator) as connector:
            streams = ("customers", "orders", "products", "locations")
            pages = itertools.chain.from_iterable(connector.fetch(stream, None) for stream in streams)
            events = [event for page in pages for event in page.events]
        yield pushed, by_key([draft for e in events for draft in drafts(e.topic, orjson.loads(e.body))])


def test_record_when_read_and_pushed_then_both_say_the_same(
    day: tuple[dict[tuple[str, str], Draft], dict[tuple[str, str], Draft]],
) -> None:
    pushed, read = day
    types = {object_type for object_type, _ in pushed}
    assert types == {"customers", "orders", "refunds", "fulfillments", "transactions", "products"}
    assert set(pushed) == {key for key in read if key[0] != "locations"}
    for key, draft in pushed.items():
        if key[0] == "products":
            assert read[key].asserted.pop("variants")
        assert same(read[key]) == same(draft), key


def test_variants_when_read_then_have_prices_in_the_shops_currency() -> None:
    with ShopifySimulator() as simulator, connected(simulator) as connector:
        simulator.shop.stock()
        (page,) = connector.fetch("products", None)
        found = by_key([draft for event in page.events for draft in drafts(event.topic, orjson.loads(event.body))])
    assert found[("products", "111")].asserted["variants"][0] == {
        "sku": "TEA-LJ-250",
        "barcodes": ["690123451110"],
        "options": {"规格": "250g"},
        "price": cny("128.00"),
        "weight_g": "250",
        "track_stock": True,
    }


def test_location_when_read_then_has_its_address() -> None:
    with ShopifySimulator() as simulator, connected(simulator) as connector:
        simulator.shop.stock()
        (page,) = connector.fetch("locations", None)
        found = by_key([draft for event in page.events for draft in drafts(event.topic, orjson.loads(event.body))])
    assert found[("locations", "6")].asserted == {
        "name": "静安旗舰店",
        "state": "active",
        "address": {
            "country": "CN",
            "province": "上海市",
            "city": "上海市",
            "street": "南京西路 1601 号",
            "postcode": "200040",
            "recipient_phone": "+862162880000",
        },
    }


def test_day_when_over_then_the_money_of_every_order_adds_up(
    day: tuple[dict[tuple[str, str], Draft], dict[tuple[str, str], Draft]],
) -> None:
    _, read = day
    orders = [draft for (object_type, _), draft in read.items() if object_type == "orders"]
    for order in orders:
        children = {
            kind: [
                d.asserted
                for d in read.values()
                if d.kind == kind and d.asserted["order"]["external_id"] == order.external_id
            ]
            for kind in ("payment", "refund", "fulfilment")
        }
        derived = derive_order(order.asserted, children)
        assert derived.problems == {}
        assert [refund_sums(refund, {}).problems for refund in children["refund"]] == [{}] * len(children["refund"])
        assert (derived.fields["paid"] == order.asserted["totals"]["total"]) == bool(children["payment"])
