"""What the mappings make of Shopify's orders and what belongs to them: payments, refunds, fulfilments."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import RecordError
from hub.model.observation import Draft
from hub.model.time import micros_of
from hub.rules.derive import derive_order
from tests.connectors.shopify_shared import ADDRESS, ORDER_REF, by_key, cny, drafts, ref, same, sample


def test_order_when_created_then_every_field_is_mapped() -> None:
    (draft,) = drafts("orders/create", sample("orders_create"))
    assert (draft.kind, draft.object_type, draft.external_id) == ("order", "orders", "820982911946154508")
    assert draft.major == draft.since == micros_of("2026-11-22T08:30:05+08:00")
    assert draft.asserted == {
        "number": "#1001",
        "channel": "web",
        "customer": ref("customers", "706405506930370084"),
        "placed_at": "2026-11-22T00:30:00.000000Z",
        "currency": "CNY",
        "presentment_currency": "CNY",
        "tax_inclusive": True,
        "lines": [
            {
                "line_id": "1",
                "product": ref("products", "111"),
                "sku": "TEA-500",
                "title": "Green tea",
                "quantity": "2",
                "unit_price": cny("100.00"),
                "discount": cny("20.00"),
                "total": cny("180.00"),
                "line_kind": "product",
            }
        ],
        "discounts": [{"code": "WELCOME20", "amount": cny("20.00")}],
        "shipping": [{"title": "SF", "code": "SF", "amount": cny("10.00")}],
        "totals": {
            "items": cny("200.00"),
            "discount": cny("20.00"),
            "shipping": cny("10.00"),
            "tax": cny("0.00"),
            "total": cny("190.00"),
        },
        "state": "open",
        "cancelled_at": None,
        "cancel_reason": None,
        "addresses": {"billing": ADDRESS, "shipping": ADDRESS},
    }
    assert [(one.field, one.kind, one.object_type) for one in draft.references] == [
        ("customer", "customer", "customers")
    ]


def test_order_when_a_test_then_maps_to_nothing() -> None:
    assert drafts("orders/create", sample("orders_updated") | {"test": True}) == []


def test_order_when_of_a_guest_then_has_no_customer() -> None:
    (draft,) = drafts("orders/create", sample("orders_create") | {"customer": None})
    assert draft.asserted["customer"] is None
    assert draft.references == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"cancelled_at": "2026-11-22T09:00:00+08:00", "closed_at": "2026-11-22T10:00:00+08:00"}, "cancelled"),
        ({"closed_at": "2026-11-22T10:00:00+08:00"}, "completed"),
        ({}, "open"),
    ],
)
def test_order_when_cancelled_or_closed_then_state_says_so(changes: dict[str, str], expected: str) -> None:
    (draft,) = drafts("orders/updated", sample("orders_create") | changes)
    assert draft.asserted["state"] == expected


def test_order_when_amount_is_no_number_then_quarantined_with_its_place() -> None:
    with pytest.raises(RecordError) as caught:
        drafts("orders/create", sample("orders_create") | {"total_price": "1,90", "total_price_set": None})
    assert {problem.path for problem in caught.value.problems} == {"total_price_set.shop_money"}
    assert all(problem.where.startswith("shopify/orders.yaml:") for problem in caught.value.problems)


def test_order_when_taxed_and_discounted_by_line_then_totals_add_up() -> None:
    payload = sample("orders_create") | {"taxes_included": False, "total_tax": "11.70", "total_price": "201.70"}
    payload["total_price_set"] = {"shop_money": {"amount": "201.70", "currency_code": "CNY"}}
    payload["line_items"][0]["tax_lines"] = [{"title": "VAT", "rate": 0.065, "price": "11.70"}]
    (draft,) = drafts("orders/create", payload)
    assert draft.asserted["lines"][0]["tax_lines"] == [
        {"name": "VAT", "rate": "0.065", "amount": cny("11.70"), "inclusive": False}
    ]
    assert derive_order(draft.asserted, {}).problems == {}


def test_order_when_it_holds_refunds_and_fulfilments_then_each_is_a_record_of_its_own() -> None:
    found = by_key(drafts("orders/updated", sample("orders_updated")))
    assert set(found) == {
        ("orders", "820982911946154508"),
        ("refunds", "890088186047892319"),
        ("fulfillments", "123456"),
    }


@pytest.mark.parametrize(
    ("key", "topic", "name"),
    [
        (("refunds", "890088186047892319"), "refunds/create", "refunds_create"),
        (("fulfillments", "123456"), "fulfillments/update", "fulfillments_update"),
    ],
)
def test_record_when_within_an_order_then_equal_to_its_own_webhook(key: tuple[str, str], topic: str, name: str) -> None:
    within = by_key(drafts("orders/updated", sample("orders_updated")))[key]
    (alone,) = drafts(topic, sample(name))
    assert same(within) == same(alone)


def test_refund_when_created_then_every_field_is_mapped() -> None:
    (draft,) = drafts("refunds/create", sample("refunds_create"))
    assert (draft.kind, draft.object_type, draft.external_id) == ("refund", "refunds", "890088186047892319")
    assert draft.since == micros_of("2026-11-23T10:00:00+08:00")
    assert draft.asserted == {
        "order": ORDER_REF,
        "payment": None,
        "provider": "bogus",
        "provider_ref": "9",
        "state": "succeeded",
        "amount": cny("90.00"),
        "lines": [{"line_id": "1", "quantity": "1", "amount": cny("90.00"), "restock": "return"}],
        "shipping_amount": None,
        "reason": "damaged",
        "requested_at": "2026-11-23T02:00:00.000000Z",
        "settled_at": "2026-11-23T02:00:00.000000Z",
    }


def moved(**changes: Any) -> dict[str, Any]:
    return {
        "id": 9,
        "kind": "refund",
        "status": "success",
        "amount": "90.00",
        "currency": "CNY",
        "gateway": "alipay",
    } | changes


@pytest.mark.parametrize(
    ("transactions", "state", "amount"),
    [
        ([moved(), moved(id=10, amount="10.00")], "succeeded", "100.00"),
        ([moved(), moved(id=10, amount="10.00", status="failure")], "succeeded", "90.00"),
        ([moved(status="pending")], "pending", "90.00"),
        ([moved(status="failure"), moved(status="error")], "failed", "180.00"),
        ([moved(), moved(kind="void", amount="5.00")], "succeeded", "90.00"),
    ],
)
def test_refund_when_transactions_differ_then_amount_is_what_went_back(
    transactions: list[dict[str, Any]], state: str, amount: str
) -> None:
    (draft,) = drafts("refunds/create", sample("refunds_create") | {"transactions": transactions})
    assert (draft.asserted["state"], draft.asserted["amount"]) == (state, cny(amount))


def test_refund_when_one_transaction_then_names_the_payment_and_its_number() -> None:
    one = [moved(parent_id=5, authorization="2026112222001499")]
    (draft,) = drafts("refunds/create", sample("refunds_create") | {"transactions": one})
    assert draft.asserted["payment"] == ref("transactions", "5")
    assert (draft.asserted["provider"], draft.asserted["provider_ref"]) == ("alipay", "2026112222001499")


def test_refund_when_of_goods_only_then_zero_in_the_orders_currency() -> None:
    order = sample("orders_updated")
    order["refunds"][0]["transactions"] = []
    draft = by_key(drafts("orders/updated", order))[("refunds", "890088186047892319")]
    assert draft.asserted["amount"] == cny("0.00")
    assert draft.asserted["lines"][0]["amount"] == cny("90.00")


def test_refund_when_shipping_is_given_back_then_its_amount_is_positive() -> None:
    adjustment = {"kind": "shipping_refund", "amount": "-10.00", "tax_amount": "-1.00"}
    payload = sample("refunds_create") | {"order_adjustments": [adjustment]}
    (draft,) = drafts("refunds/create", payload)
    assert draft.asserted["shipping_amount"] == cny("11.00")


def test_refund_when_its_transaction_settles_later_then_the_later_sighting_is_the_newer() -> None:
    def sighting(status: str, processed_at: str | None) -> Draft:
        one = moved(status=status, created_at="2026-11-23T10:00:00+08:00", processed_at=processed_at)
        (draft,) = drafts("refunds/create", sample("refunds_create") | {"transactions": [one]})
        return draft

    pending = sighting("pending", None)
    at_once = sighting("success", "2026-11-23T10:00:00+08:00")
    later = sighting("success", "2026-11-23T10:05:00+08:00")
    assert pending.major is not None
    assert at_once.major is not None
    assert later.major is not None
    assert pending.major < at_once.major < later.major


def test_payment_when_transaction_is_created_then_every_field_is_mapped() -> None:
    (draft,) = drafts("order_transactions/create", sample("order_transactions_create"))
    assert (draft.kind, draft.object_type, draft.external_id) == ("payment", "transactions", "120560818172775265")
    assert draft.asserted == {
        "order": ORDER_REF,
        "provider": "alipay",
        "method": "alipay",
        "merchant_ref": "#1001.1",
        "provider_ref": "2026112222001412345678",
        "state": "captured",
        "amount": cny("190.00"),
        "captured_at": "2026-11-22T00:30:04.000000Z",
    }


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"status": "pending"}, "pending"),
        ({"status": "failure"}, "failed"),
        ({"kind": "capture"}, "captured"),
        ({"kind": "authorization"}, "authorized"),
    ],
)
def test_payment_when_kind_and_status_differ_then_state_follows(changes: dict[str, str], state: str) -> None:
    (draft,) = drafts("order_transactions/create", sample("order_transactions_create") | changes)
    assert draft.asserted["state"] == state
    assert ("captured_at" in draft.asserted) == (state == "captured")


def test_payment_when_code_is_short_or_of_an_authorization_then_goes_by_shopifys_id() -> None:
    payload = sample("order_transactions_create")
    (short,) = drafts("order_transactions/create", payload | {"authorization": "123456"})
    (held,) = drafts("order_transactions/create", payload | {"kind": "authorization"})
    (none,) = drafts("order_transactions/create", payload | {"authorization": None})
    assert {draft.asserted["provider_ref"] for draft in (short, held, none)} == {"120560818172775265"}


@pytest.mark.parametrize("changes", [{"kind": "refund"}, {"kind": "change"}, {"test": True}])
def test_transaction_when_no_payment_then_maps_to_nothing(changes: dict[str, Any]) -> None:
    assert drafts("order_transactions/create", sample("order_transactions_create") | changes) == []


def test_authorization_when_voided_then_its_own_record_says_so_later() -> None:
    payload = sample("order_transactions_create") | {"kind": "authorization"}
    (held,) = drafts("order_transactions/create", payload)
    void = payload | {"id": 5, "kind": "void", "parent_id": payload["id"], "processed_at": "2026-11-22T09:00:00+08:00"}
    voided = by_key(drafts("order_transactions/create", void))[("transactions", held.external_id)]
    assert voided.asserted == {"order": ORDER_REF, "state": "voided"}
    assert held.major is not None
    assert voided.major is not None
    assert held.major < voided.major
    assert drafts("order_transactions/create", void | {"status": "failure"})[0].asserted["state"] == "failed"


def test_fulfilment_when_updated_then_every_field_is_mapped() -> None:
    (draft,) = drafts("fulfillments/update", sample("fulfillments_update"))
    assert (draft.kind, draft.object_type, draft.external_id) == ("fulfilment", "fulfillments", "123456")
    assert draft.asserted == {
        "order": ORDER_REF,
        "state": "in_transit",
        "location": ref("locations", "5"),
        "lines": [{"line_id": "1", "sku": "TEA-500", "quantity": "2"}],
        "tracking": [
            {"carrier": "顺丰速运", "number": "SF1234567890123", "url": "https://track.example/SF1234567890123"}
        ],
        "shipped_at": "2026-11-22T02:00:00.000000Z",
    }


@pytest.mark.parametrize(
    ("status", "carrier", "expected"),
    [
        ("success", None, "shipped"),
        ("success", "label_printed", "packed"),
        ("success", "ready_for_pickup", "ready_for_pickup"),
        ("success", "out_for_delivery", "in_transit"),
        ("success", "delivered", "delivered"),
        ("success", "failure", "failed"),
        ("cancelled", "delivered", "cancelled"),
        ("error", None, "failed"),
        ("pending", None, "planned"),
    ],
)
def test_fulfilment_when_carrier_speaks_then_state_follows(status: str, carrier: str | None, expected: str) -> None:
    payload = sample("fulfillments_update") | {"status": status, "shipment_status": carrier}
    (draft,) = drafts("fulfillments/update", payload)
    assert draft.asserted["state"] == expected
