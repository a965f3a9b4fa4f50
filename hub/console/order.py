"""What the order page adds to a record: totals as a sum that adds up, and the ledger of what refers to it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from hub.store.console_record import Child

# In the order people add them up; the sign with which each counts.
_PARTS = (("items", 1), ("discount", -1), ("shipping", 1), ("tax", 1), ("fees", 1), ("tip", 1), ("rounding", 1))
_LEDGER = ("payment", "refund", "fulfilment", "return")
_TIMES = ("captured_at", "settled_at", "delivered_at", "shipped_at", "authorized_at", "requested_at", "received_at")


@dataclass(frozen=True, slots=True)
class Totals:
    """The parts of an order's total. `difference`: total less the sum of parts; None when it cannot be said."""

    rows: list[tuple[str, int, dict[str, Any], bool]]
    total: dict[str, Any] | None
    difference: dict[str, Any] | None


def totals_of(data: dict[str, Any]) -> Totals:
    """`rows`: (name, sign, money, counts). Inclusive tax is shown and does not count: the items hold it."""
    totals = data.get("totals") or {}
    total = totals.get("total")
    is_inclusive = bool(data.get("tax_inclusive"))
    rows = [
        (name, sign, totals[name], not (name == "tax" and is_inclusive)) for name, sign in _PARTS if totals.get(name)
    ]
    return Totals(rows, total, _difference(rows, total) if totals.get("items") else None)


def _difference(
    rows: list[tuple[str, int, dict[str, Any], bool]], total: dict[str, Any] | None
) -> dict[str, Any] | None:
    if not total or any(money["currency"] != total["currency"] for _name, _sign, money, _counts in rows):
        return None
    try:
        found = Decimal(total["amount"]) - sum(
            (sign * Decimal(money["amount"]) for _name, sign, money, counts in rows if counts), Decimal(0)
        )
    except InvalidOperation:
        return None
    return {"amount": str(found), "currency": total["currency"]}


def time_of(child: Child) -> Any:
    """When it happened, as the source says; else when the hub first saw it."""
    return next((child.data[name] for name in _TIMES if child.data.get(name)), child.created_at)


def ledger_of(children: list[Child]) -> list[Child]:
    """Payments, refunds, fulfilments and returns of an order, in the order of their happening."""
    return sorted((c for c in children if c.kind in _LEDGER), key=lambda child: str(time_of(child)))
