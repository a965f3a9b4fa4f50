"""Stratum 2: what an order's child records say about it. Pure functions of golden data.

Sources: `payment_state` and `fulfilment_state` follow the words that shops commonly show; amounts
are sums in the order's own currency, in minor units. A payment known to shop, till and bill is one
golden payment, so it counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from hub.model.money import Money

Data = Mapping[str, Any]
DERIVED_FROM: Mapping[str, tuple[str, ...]] = {"order": ("payment", "refund", "fulfilment", "return")}
"""The DAG of strata: kind -> the kinds whose golden records it reads."""

DERIVED_FIELDS: Mapping[str, tuple[str, ...]] = {
    "order": ("payment_state", "fulfilment_state", "return_state", "paid", "refunded", "outstanding")
}


@dataclass(slots=True)
class Derived:
    """Derived fields, and what does not add up (`code` -> text) for an item."""

    fields: dict[str, Any]
    problems: dict[str, str] = field(default_factory=dict)


def derive_order(order: Data, children: Mapping[str, Iterable[Data]]) -> Derived:
    """The six derived fields of an order from its live payments, refunds, fulfilments and returns."""
    problems: dict[str, str] = {}
    payments, refunds = list(children.get("payment", ())), list(children.get("refund", ()))
    derived: dict[str, Any] = {
        "fulfilment_state": _fulfilment_state(order, list(children.get("fulfilment", ()))),
        "return_state": _return_state(list(children.get("return", ()))),
    }
    currency = _currency(order, payments)
    if currency:
        paid = _sum([p for p in payments if p.get("state") == "captured"], currency, problems)
        refunded = _sum([r for r in refunds if r.get("state") == "succeeded"], currency, problems)
        total = _total(order, currency)
        derived["paid"] = _amount(paid, currency)
        derived["refunded"] = _amount(refunded, currency)
        if total is not None:
            due = 0 if order.get("state") == "cancelled" else max(0, total - paid)
            derived["outstanding"] = _amount(due, currency)
        derived["payment_state"] = _payment_state(order, payments, paid, refunded, total)
        if refunded > paid:
            problems["refund_exceeds"] = "refunds exceed what was paid"
    difference = totals_difference(order)
    if difference:
        problems["totals_differ"] = difference
    return Derived(derived, problems)


def _currency(order: Data, payments: list[Data]) -> str | None:
    if order.get("currency"):
        return str(order["currency"])
    amounts = [p["amount"]["currency"] for p in payments if p.get("amount")]
    return amounts[0] if amounts else None


def _amount(minor: int, currency: str) -> dict[str, str]:
    return Money(minor, currency).as_dict()


def _sum(records: Iterable[Data], currency: str, problems: dict[str, str]) -> int:
    total = 0
    for record in records:
        amount = record.get("amount")
        if not amount:
            continue
        if amount["currency"] != currency:
            problems["foreign_currency"] = f"an amount in {amount['currency']} is not counted in {currency}"
            continue
        total += Money.parse(amount).minor
    return total


def _total(order: Data, currency: str) -> int | None:
    total = (order.get("totals") or {}).get("total")
    return Money.parse(total).minor if total and total["currency"] == currency else None


def _payment_state(order: Data, payments: list[Data], paid: int, refunded: int, total: int | None) -> str:
    states = {p.get("state") for p in payments}
    if "chargeback" in states and paid == 0:
        return "charged_back"
    if refunded and paid and refunded >= paid:
        return "refunded"
    if refunded and paid:
        return "partially_refunded"
    if paid and (total is None or paid >= total):
        return "paid"
    if paid:
        return "partially_paid"
    if "authorized" in states:
        return "authorized"
    if "pending" in states:
        return "pending"
    if states and states <= {"voided", "failed"} and "voided" in states:
        return "voided"
    return "paid" if total == 0 and order.get("state") != "cancelled" else "unpaid"


_SHIPPED = {"shipped", "in_transit", "ready_for_pickup", "delivered"}


def _fulfilment_state(order: Data, fulfilments: list[Data]) -> str:
    live = [f for f in fulfilments if f.get("state") not in ("cancelled", "failed")]
    sent = [f for f in live if f.get("state") in _SHIPPED]
    if not sent:
        return "in_progress" if live else "unfulfilled"
    ordered = _quantities(order.get("lines"))
    gone: dict[str, Decimal] = {}
    for fulfilment in sent:
        if not fulfilment.get("lines"):
            ordered = {}  # a fulfilment without lines is of the whole order
        for line, quantity in _quantities(fulfilment.get("lines")).items():
            gone[line] = gone.get(line, Decimal(0)) + quantity
    if any(gone.get(line, Decimal(0)) < quantity for line, quantity in ordered.items()):
        return "partially_fulfilled"
    return "delivered" if all(f.get("state") == "delivered" for f in sent) else "fulfilled"


def _quantities(lines: Any) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for line in lines or ():
        try:
            quantity = Decimal(str(line.get("quantity") or 0))
        except InvalidOperation:
            continue
        if line.get("line_id") is not None and line.get("line_kind", "product") == "product":
            key = str(line["line_id"])
            found[key] = found.get(key, Decimal(0)) + quantity
    return found


def _return_state(returns: list[Data]) -> str:
    custody = {r.get("custody") for r in returns} - {None}
    if not custody:
        return "none"
    if custody <= {"received", "inspected"}:
        return "received"
    return "in_transit" if "in_transit" in custody else "advised"


def totals_difference(order: Data) -> str:
    """Empty when the parts of `totals` sum to its total in minor units; else the difference in words.

    The source's total is the truth, ours is a check. Inclusive tax is a part of the items already.
    """
    totals = order.get("totals") or {}
    total = totals.get("total")
    if not total or not totals.get("items"):
        return ""
    currency = total["currency"]
    parts = 0
    for name, sign in (
        ("items", 1),
        ("discount", -1),
        ("shipping", 1),
        ("fees", 1),
        ("tip", 1),
        ("rounding", 1),
        ("tax", 1),
    ):
        amount = totals.get(name)
        if not amount or (name == "tax" and order.get("tax_inclusive")):
            continue
        if amount["currency"] != currency:
            return f"totals.{name} is in {amount['currency']}, the total in {currency}"
        parts += sign * Money.parse(amount).minor
    difference = Money.parse(total).minor - parts
    if not difference:
        return ""
    return f"the total differs from its parts by {_amount(difference, currency)['amount']} {currency}"
