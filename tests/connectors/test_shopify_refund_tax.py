"""What a refunded line gives back holds its tax, whichever way the shop states prices and the refund arrives."""

from __future__ import annotations

from typing import Any

import pytest

from hub.model.observation import Draft
from hub.rules.derive.sums import refund_sums
from tests.connectors.shopify_shared import by_key, cny, drafts, sample

KEY = ("refunds", "890088186047892319")


def _bag(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount, "currencyCode": "CNY"}}


def _pulled(taxes_included: bool, **amounts: str) -> Draft:
    """The refund in a pulled order."""
    line = {
        "quantity": 1, "restockType": "RETURN", "lineItem": {"id": "gid://shopify/LineItem/1"},
        "subtotalSet": _bag(amounts["subtotal"]), "totalTaxSet": _bag(amounts["tax"]),
    }  # fmt: skip
    moved = {
        "id": "gid://shopify/OrderTransaction/9",
        "kind": "REFUND",
        "status": "SUCCESS",
        "amountSet": _bag(amounts["given"]),
    }
    shipping = {"subtotalAmountSet": _bag(amounts["shipping"]), "taxAmountSet": _bag("0.00")}
    refund = {
        "legacyResourceId": KEY[1], "createdAt": "2026-11-23T02:00:00Z", "refundLineItems": {"nodes": [line]},
        "refundShippingLines": {"nodes": [shipping]}, "transactions": [moved],
    }  # fmt: skip
    order = {
        "legacyResourceId": "820982911946154508", "name": "#1", "createdAt": "2026-11-22T02:00:00Z", "updatedAt": "2026-11-23T02:00:00Z",
        "processedAt": "2026-11-22T02:00:00Z", "currencyCode": "CNY", "taxesIncluded": taxes_included, "refunds": [refund],
    }  # fmt: skip
    return by_key(drafts("orders.pull", order))[KEY]


def _said(**amounts: str) -> dict[str, Any]:
    payload = sample("refunds_create")
    payload["refund_line_items"][0] |= {"subtotal": amounts["subtotal"], "total_tax": amounts["tax"]}
    payload["transactions"][0] |= {"amount": amounts["given"]}
    if amounts["shipping"] != "0.00":
        payload["order_adjustments"] = [
            {"kind": "shipping_refund", "amount": f"-{amounts['shipping']}", "tax_amount": "0.00"}
        ]
    return payload


def _alone(taxes_included: bool, **amounts: str) -> Draft:
    """The refund by its own webhook."""
    (draft,) = drafts("refunds/create", _said(**amounts))
    return draft


def _within(taxes_included: bool, **amounts: str) -> Draft:
    """The refund in its order's webhook."""
    order = sample("orders_updated") | {"taxes_included": taxes_included, "refunds": [_said(**amounts)]}
    return by_key(drafts("orders/updated", order))[KEY]


@pytest.mark.parametrize("way", [_alone, _within, _pulled])
@pytest.mark.parametrize("shipping", ["0.00", "7.00"])
@pytest.mark.parametrize(
    ("taxes_included", "subtotal", "tax"),
    [(True, "90.00", "10.35"), (False, "79.65", "10.35"), (False, "90.00", "0.00")],
)
def test_refund_line_when_read_then_its_amount_is_what_went_back_for_it(
    way: Any, shipping: str, taxes_included: bool, subtotal: str, tax: str
) -> None:
    given = "97.00" if shipping == "7.00" else "90.00"
    draft = way(taxes_included, subtotal=subtotal, tax=tax, given=given, shipping=shipping)
    assert draft.asserted["amount"] == cny(given)
    assert draft.asserted["lines"][0]["amount"] == cny("90.00")
    assert refund_sums(draft.asserted, {}).problems == {}


def test_refund_line_when_nothing_tells_whether_tax_is_inside_then_the_subtotal_stands() -> None:
    """Less was given back than the lines are worth: the sums say nothing, and the order's flag is not there."""
    draft = _alone(False, subtotal="90.00", tax="10.35", given="50.00", shipping="0.00")
    assert draft.asserted["lines"][0]["amount"] == cny("90.00")
    assert "differs" in refund_sums(draft.asserted, {}).problems["totals_differ"]
