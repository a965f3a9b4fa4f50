"""What a refunded line gives back holds its tax, whichever way the shop states prices and the refund arrives."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.shopify.refund import refund_shipping
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
    shipping = {
        "subtotalAmountSet": _bag(amounts["shipping"]),
        "taxAmountSet": _bag(amounts.get("shipping_tax", "0.00")),
    }
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


# rate -> (goods, shipping), each as (without tax, tax)
RATES = {"13 %": (("100.00", "13.00"), ("10.00", "1.30")), "7 %": (("100.00", "7.00"), ("10.00", "0.70")),
         "13 % rounded": (("8.84", "1.15"), ("5.30", "0.69"))}  # fmt: skip


def _total(*amounts: str) -> str:
    return str(sum(Decimal(one) for one in amounts))


def _set(amount: str) -> dict[str, Any]:
    return {"shop_money": {"amount": amount, "currency_code": "CNY"}}


def _adjustments(bare: str, tax: str) -> list[dict[str, Any]]:
    return [{"kind": "shipping_refund", "amount": f"-{bare}", "tax_amount": f"-{tax}"}]


def _shipping_before_2024_10(stated: str, bare: str, tax: str) -> dict[str, Any]:
    return {"order_adjustments": _adjustments(bare, tax)}


def _shipping_of_a_webhook(stated: str, bare: str, tax: str) -> dict[str, Any]:
    """The line has no tax beside it; the adjustment has."""
    line = {"id": 3, "shipping_line_id": 4, "subtotal_amount_set": _set(stated)}
    return {"refund_shipping_lines": [line], "order_adjustments": _adjustments(bare, tax)}


def _shipping_with_its_tax(stated: str, bare: str, tax: str) -> dict[str, Any]:
    return {"refund_shipping_lines": [{"subtotal_amount_set": _set(stated), "tax_amount_set": _set(tax)}]}


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("way", ["alone", "within"])
@pytest.mark.parametrize("shape", [_shipping_before_2024_10, _shipping_of_a_webhook, _shipping_with_its_tax])
@pytest.mark.parametrize(("is_inside", "is_shipping_inside"), [(True, True), (True, False), (False, False)])
def test_shipping_given_back_when_taxed_then_the_parts_sum_to_what_went_back(
    rate: str, way: str, shape: Any, is_inside: bool, is_shipping_inside: bool
) -> None:
    """In a shop whose prices hold their tax nothing says whether a subtotal of shipping does: both are read right."""
    goods, (bare, tax) = RATES[rate]
    line, shipping = _total(*goods), _total(bare, tax)
    payload = _said(
        subtotal=line if is_inside else goods[0], tax=goods[1], given=_total(line, shipping), shipping="0.00"
    ) | shape(shipping if is_shipping_inside else bare, bare, tax)
    order = sample("orders_updated") | {"taxes_included": is_inside, "refunds": [payload]}
    found = drafts("refunds/create", payload) if way == "alone" else drafts("orders/updated", order)
    _check(by_key(found)[KEY], line, shipping)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("is_inside", "is_shipping_inside"), [(True, True), (True, False), (False, False)])
def test_shipping_given_back_when_pulled_then_the_same(rate: str, is_inside: bool, is_shipping_inside: bool) -> None:
    goods, (bare, tax) = RATES[rate]
    line, shipping = _total(*goods), _total(bare, tax)
    draft = _pulled(
        is_inside, subtotal=line if is_inside else goods[0], tax=goods[1], given=_total(line, shipping),
        shipping=shipping if is_shipping_inside else bare, shipping_tax=tax,
    )  # fmt: skip
    _check(draft, line, shipping)


def _check(draft: Draft, line: str, shipping: str) -> None:
    assert draft.asserted["lines"][0]["amount"] == cny(line)
    assert draft.asserted["shipping_amount"] == cny(shipping)
    assert draft.asserted["amount"] == cny(_total(line, shipping))
    assert refund_sums(draft.asserted, {}).problems == {}


@pytest.mark.parametrize("taxes_included", [True, False])
def test_shipping_given_back_alone_when_taxed_then_it_is_what_went_back(taxes_included: bool) -> None:
    payload = _said(subtotal="0.00", tax="0.00", given="11.30", shipping="0.00") | {"refund_line_items": []}
    payload |= _shipping_of_a_webhook("11.30" if taxes_included else "10.00", "10.00", "1.30")
    (draft,) = drafts("refunds/create", payload)
    assert draft.asserted["shipping_amount"] == draft.asserted["amount"] == cny("11.30")


@pytest.mark.parametrize(("taxes_included", "stated"), [(True, "113.00"), (False, "100.00")])
def test_refund_when_less_went_back_than_its_parts_are_worth_then_the_difference_is_told(
    taxes_included: bool, stated: str
) -> None:
    """A restocking fee of 4.30 was kept: Shopify states the parts in full, and a `refund_discrepancy` beside them."""
    payload = _said(subtotal=stated, tax="13.00", given="120.00", shipping="0.00")
    payload |= _shipping_of_a_webhook("10.00", "10.00", "1.30")
    payload["order_adjustments"].append({"kind": "refund_discrepancy", "amount": "4.30", "tax_amount": "0.00"})
    order = sample("orders_updated") | {"taxes_included": taxes_included, "refunds": [payload]}
    draft = by_key(drafts("orders/updated", order))[KEY]
    assert (draft.asserted["lines"][0]["amount"], draft.asserted["shipping_amount"]) == (cny("113.00"), cny("11.30"))
    assert "4.30" in refund_sums(draft.asserted, {}).problems["totals_differ"]


def test_shipping_given_back_when_no_currency_or_amount_is_stated_then_null() -> None:
    assert refund_shipping([[], _adjustments("10.00", "1.30")]) is None
    assert refund_shipping([[], [{"kind": "shipping_refund"}]], "CNY") is None
    assert refund_shipping([None, None], "CNY") is None
