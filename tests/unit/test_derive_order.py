"""What an order's payments, refunds, fulfilments and returns make of it: one test per case of the table in the docs."""

from __future__ import annotations

from typing import Any

import pytest

from hub.rules.derive import derive_order

Row = dict[str, Any]


def cny(amount: str) -> Row:
    return {"amount": amount, "currency": "CNY"}


def line(id_: str, quantity: str = "1", price: str = "100.00", **more: Any) -> Row:
    return {"line_id": id_, "title": "Tea", "sku": f"SKU-{id_}", "quantity": quantity, "unit_price": cny(price), **more}


def order(total: str = "100.00", *lines: Row, **more: Any) -> Row:
    return {
        "currency": "CNY",
        "state": "open",
        "totals": {"total": cny(total)},
        "lines": list(lines) or [line("1")],
        **more,
    }


def pay(amount: str, state: str = "captured", **more: Any) -> Row:
    return {"state": state, "amount": cny(amount), **more}


def back(amount: str, state: str = "succeeded", *lines: Row, **more: Any) -> Row:
    return {"state": state, "amount": cny(amount), "lines": list(lines), **more}


def parcel(state: str, *lines: tuple[str, str]) -> Row:
    return {"state": state, "lines": [{"line_id": id_, "quantity": quantity} for id_, quantity in lines]}


def derived(of: Row, **children: list[Row]) -> dict[str, Any]:
    found = derive_order(of, children)
    amounts = {name: value["amount"] if isinstance(value, dict) else value for name, value in found.fields.items()}
    return {**amounts, "problems": sorted(found.problems)}


# Each case: the order, its payments, its refunds; then state, paid, refunded, outstanding, problems.
MONEY: dict[str, tuple[Row, list[Row], list[Row], str, str, str, str, list[str]]] = {
    "nothing paid": (order(), [], [], "unpaid", "0.00", "0.00", "100.00", []),
    "paid": (order(), [pay("100.00")], [], "paid", "100.00", "0.00", "0.00", []),
    "partly paid": (order(), [pay("40.00")], [], "partially_paid", "40.00", "0.00", "60.00", []),
    "authorized only": (order(), [pay("100.00", "authorized")], [], "authorized", "0.00", "0.00", "100.00", []),
    "pending only": (order(), [pay("100.00", "pending")], [], "pending", "0.00", "0.00", "100.00", []),
    "voided only": (order(), [pay("100.00", "voided")], [], "voided", "0.00", "0.00", "100.00", []),
    "voided and failed": (order(), [pay("100.00", "voided"), pay("100.00", "failed")], [], "voided", "0.00", "0.00", "100.00", []),
    "failed only": (order(), [pay("100.00", "failed")], [], "unpaid", "0.00", "0.00", "100.00", []),
    "partial refund": (order(), [pay("100.00")], [back("30.00")], "partially_refunded", "100.00", "30.00", "0.00", []),
    "several partial refunds": (
        order(), [pay("100.00")], [back("30.00"), back("20.00")], "partially_refunded", "100.00", "50.00", "0.00", [],
    ),
    "partial refunds of all": (order(), [pay("100.00")], [back("30.00"), back("70.00")], "refunded", "100.00", "100.00", "0.00", []),
    "refund before payment": (order(), [], [back("30.00")], "unpaid", "0.00", "30.00", "100.00", ["refund_exceeds"]),
    "pending refund": (order(), [pay("100.00")], [back("30.00", "pending")], "paid", "100.00", "0.00", "0.00", []),
    "failed refund": (order(), [pay("100.00")], [back("30.00", "failed")], "paid", "100.00", "0.00", "0.00", []),
    "refund that exceeds": (order(), [pay("100.00")], [back("100.01")], "refunded", "100.00", "100.01", "0.00", ["refund_exceeds"]),
    "overpayment": (order(), [pay("120.00")], [], "overpaid", "120.00", "0.00", "0.00", []),
    "overpayment given back": (order(), [pay("120.00")], [back("20.00")], "paid", "120.00", "20.00", "0.00", []),
    "mixed tender with change": (
        order(), [pay("60.00", method="wechat_pay"), pay("50.00", method="cash"), pay("-10.00", method="cash")],
        [], "paid", "100.00", "0.00", "0.00", [],
    ),
    "change as a refund": (order(), [pay("110.00", method="cash")], [back("10.00")], "paid", "110.00", "10.00", "0.00", []),
    "gift card and points": (
        order(), [pay("80.00", method="gift_card"), pay("20.00", method="points")], [], "paid", "100.00", "0.00", "0.00", [],
    ),
    "cash on delivery, on its way": (order(), [pay("100.00", "pending", method="cod")], [], "pending", "0.00", "0.00", "100.00", []),
    "cash on delivery, handed over": (order(), [pay("100.00", method="cod")], [], "paid", "100.00", "0.00", "0.00", []),
    "cancelled remainder, never paid": (
        order("100.00", line("1", price="60.00"), line("2", price="40.00")), [pay("60.00")],
        [back("0.00", "succeeded", {"line_id": "2", "quantity": "1", "amount": cny("40.00"), "restock": "cancel"})],
        "paid", "60.00", "0.00", "0.00", [],
    ),
    "cancelled remainder, paid before": (
        order("100.00", line("1", price="60.00"), line("2", price="40.00")), [pay("100.00")],
        [back("40.00", "succeeded", {"line_id": "2", "quantity": "1", "amount": cny("40.00"), "restock": "cancel"})],
        "partially_refunded", "100.00", "40.00", "0.00", [],
    ),
    "cancelled before payment": (order(state="cancelled"), [], [], "unpaid", "0.00", "0.00", "0.00", []),
    "cancelled and given back": (
        order(state="cancelled"), [pay("100.00")], [back("100.00")], "refunded", "100.00", "100.00", "0.00", [],
    ),
    "edited, quantity down": (order("60.00", line("1", "3", "20.00")), [pay("100.00")], [], "overpaid", "100.00", "0.00", "0.00", []),
    "edited, quantity down and given back": (
        order("60.00", line("1", "3", "20.00")), [pay("100.00")], [back("40.00")], "paid", "100.00", "40.00", "0.00", [],
    ),
    "edited, line removed before payment": (order("60.00", line("1")), [pay("60.00")], [], "paid", "60.00", "0.00", "0.00", []),
    "edited, shipping dearer": (order("110.00"), [pay("100.00")], [], "partially_paid", "100.00", "0.00", "10.00", []),
    "exchange for dearer goods": (
        order("120.00", line("1", line_kind="exchange_in"), line("2", price="120.00", line_kind="exchange_out")),
        [pay("100.00"), pay("20.00")], [], "paid", "120.00", "0.00", "0.00", [],
    ),
    "exchange for cheaper goods": (
        order("80.00", line("2", price="80.00", line_kind="exchange_out")), [pay("100.00")], [back("20.00")],
        "paid", "100.00", "20.00", "0.00", [],
    ),
    "chargeback": (order(), [pay("100.00", "chargeback")], [], "charged_back", "0.00", "0.00", "100.00", []),
    "chargeback of one of two": (
        order(), [pay("60.00"), pay("40.00", "chargeback")], [], "partially_paid", "60.00", "0.00", "40.00", [],
    ),
    "chargeback after a refund": (
        order(), [pay("100.00", "chargeback")], [back("30.00")], "charged_back", "0.00", "30.00", "100.00", ["refund_exceeds"],
    ),
    "zero total": (order("0.00"), [], [], "paid", "0.00", "0.00", "0.00", []),
    "zero total, cancelled": (order("0.00", state="cancelled"), [], [], "unpaid", "0.00", "0.00", "0.00", []),
    "the till gave back more than it sold": (order("-30.00"), [pay("-30.00")], [], "paid", "-30.00", "0.00", "0.00", []),
    "payment in another currency": (
        order(), [{"state": "captured", "amount": {"amount": "15.00", "currency": "USD"}}], [],
        "unpaid", "0.00", "0.00", "100.00", ["foreign_currency"],
    ),
    "refund in another currency": (
        order(), [pay("100.00")], [{"state": "succeeded", "amount": {"amount": "500", "currency": "JPY"}}],
        "paid", "100.00", "0.00", "0.00", ["foreign_currency"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MONEY)
def test_payment_when_derived_then_state_and_amounts(case: str) -> None:
    of, payments, refunds, state, paid, refunded, outstanding, problems = MONEY[case]
    found = derived(of, payment=payments, refund=refunds)
    assert (found["payment_state"], found["paid"], found["refunded"], found["outstanding"], found["problems"]) == (
        state, paid, refunded, outstanding, problems,
    )  # fmt: skip


TWO = (line("1", "2"), line("2", "1"))
CANCEL = {"line_id": "2", "quantity": "1", "restock": "cancel"}
GOODS: dict[str, tuple[Row, list[Row], list[Row], str]] = {
    "none": (order("1.00", *TWO), [], [], "unfulfilled"),
    "planned": (order("1.00", *TWO), [parcel("planned", ("1", "2"))], [], "in_progress"),
    "one of two parcels shipped": (
        order("1.00", *TWO), [parcel("shipped", ("1", "2")), parcel("packed", ("2", "1"))], [], "partially_fulfilled",
    ),
    "part of a line shipped": (order("1.00", *TWO), [parcel("shipped", ("1", "1"), ("2", "1"))], [], "partially_fulfilled"),
    "all shipped in two": (
        order("1.00", *TWO), [parcel("in_transit", ("1", "2")), parcel("delivered", ("2", "1"))], [], "fulfilled",
    ),
    "all delivered": (order("1.00", *TWO), [parcel("delivered", ("1", "2"), ("2", "1"))], [], "delivered"),
    "ready for pickup": (order(), [parcel("ready_for_pickup", ("1", "1"))], [], "fulfilled"),
    "no lines: the whole order": (order("1.00", *TWO), [{"state": "delivered"}], [], "delivered"),
    "by sku": (order(), [{"state": "shipped", "lines": [{"sku": "SKU-1", "quantity": "1"}]}], [], "fulfilled"),
    "by sku, not all": (
        order("1.00", line("1", "3")), [{"state": "shipped", "lines": [{"sku": "SKU-1", "quantity": "2"}]}], [],
        "partially_fulfilled",
    ),
    "failed and cancelled parcels": (order(), [parcel("failed", ("1", "1")), parcel("cancelled", ("1", "1"))], [], "unfulfilled"),
    "cancelled remainder": (order("1.00", *TWO), [parcel("shipped", ("1", "2"))], [back("0.00", "succeeded", CANCEL)], "fulfilled"),
    "remainder whose refund failed": (
        order("1.00", *TWO), [parcel("shipped", ("1", "2"))], [back("0.00", "failed", CANCEL)], "partially_fulfilled",
    ),
    "edited, quantity down": (order("1.00", line("1", "1")), [parcel("delivered", ("1", "1"))], [], "delivered"),
    "edited, line removed": (order("1.00", line("1")), [parcel("shipped", ("1", "1"), ("9", "1"))], [], "fulfilled"),
    "services and fees need no parcel": (
        order("1.00", line("1"), line("2", line_kind="service"), line("3", line_kind="fee")),
        [parcel("shipped", ("1", "1"))], [], "fulfilled",
    ),
    "exchange: what goes out counts, what comes in does not": (
        order("1.00", line("1", line_kind="exchange_in"), line("2", line_kind="exchange_out"), line("3")),
        [parcel("shipped", ("3", "1"))], [], "partially_fulfilled",
    ),
    "weighed goods": (order("1.00", line("1", "0.3")), [parcel("shipped", ("1", "0.300"))], [], "fulfilled"),
}  # fmt: skip


@pytest.mark.parametrize("case", GOODS)
def test_fulfilment_when_derived_then_state(case: str) -> None:
    of, parcels, refunds, state = GOODS[case]
    assert derived(of, fulfilment=parcels, refund=refunds)["fulfilment_state"] == state


@pytest.mark.parametrize(
    ("custody", "state"),
    [
        ([], "none"),
        ([None], "none"),
        (["advised"], "advised"),
        (["advised", "in_transit"], "in_transit"),
        (["received"], "received"),
        (["inspected", "received"], "received"),
        (["received", "in_transit"], "partially_received"),
        (["not_returned"], "not_returned"),
        (["not_returned", "received"], "received"),
        (["not_returned", "advised"], "advised"),
    ],
)
def test_return_when_derived_then_state(custody: list[str | None], state: str) -> None:
    assert derived(order(), **{"return": [{"custody": each} for each in custody]})["return_state"] == state


def test_return_when_fewer_came_than_were_advised_then_partly() -> None:
    lines = [{"line_id": "1", "advised": "2", "received": "1"}]
    assert (
        derived(order(), **{"return": [{"custody": "received", "lines": lines}]})["return_state"]
        == "partially_received"
    )


def test_order_when_it_states_no_total_then_whatever_came_in_is_paid() -> None:
    found = derived({"currency": "CNY"}, payment=[pay("5.00")])
    assert found["payment_state"] == "paid"
    assert "outstanding" not in found


def test_order_when_it_states_no_currency_then_that_of_its_payments() -> None:
    assert derived({}, payment=[pay("5.00")])["paid"] == "5.00"
    assert "paid" not in derived({})


@pytest.mark.parametrize(("currency", "total", "paid"), [("JPY", "1000", "400"), ("KWD", "1.000", "0.400")])
def test_order_when_in_a_currency_of_other_decimals_then_its_own(currency: str, total: str, paid: str) -> None:
    of = {"currency": currency, "totals": {"total": {"amount": total, "currency": currency}}}
    payments = [{"state": "captured", "amount": {"amount": paid, "currency": currency}}]
    found = derive_order(of, {"payment": payments}).fields
    assert found["paid"] == {"amount": paid, "currency": currency}
    assert found["outstanding"]["amount"] == {"JPY": "600", "KWD": "0.600"}[currency]


def test_order_when_seen_in_another_currency_then_reckoned_in_the_shop_s() -> None:
    of = {**order(), "presentment_currency": "USD"}
    found = derived(of, payment=[pay("100.00")])
    assert (found["payment_state"], found["problems"]) == ("paid", [])
