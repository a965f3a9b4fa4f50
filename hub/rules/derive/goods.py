"""How far an order's goods have come, by its fulfilments and returns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from hub.model.derivation import Data
from hub.rules.derive.figure import decimal_of

_SENT = {"shipped", "in_transit", "ready_for_pickup", "delivered"}
_BACK = {"received", "inspected"}
_GOODS = {"product", "bundle", "exchange_out"}
"""Lines that something is sent for."""


def fulfilment_state(order: Data, fulfilments: Sequence[Data], refunds: Sequence[Data] = ()) -> str:
    """`unfulfilled`, `in_progress`, `partially_fulfilled`, `fulfilled` or `delivered`.

    Quantities decide, by line, else by SKU. What was cancelled (a refund's lines with `restock: cancel`)
    need not be sent. A fulfilment without lines is of the whole order.
    """
    live = [each for each in fulfilments if each.get("state") not in ("cancelled", "failed")]
    sent = [each for each in live if each.get("state") in _SENT]
    if not sent:
        return "in_progress" if live else "unfulfilled"
    if all(each.get("lines") for each in sent) and _is_missing(order, sent, refunds):
        return "partially_fulfilled"
    return "delivered" if all(each.get("state") == "delivered" for each in sent) else "fulfilled"


def _is_missing(order: Data, sent: Sequence[Data], refunds: Sequence[Data]) -> bool:
    lines = [line for line in order.get("lines") or () if line.get("line_kind", "product") in _GOODS]
    open_ = _by_line(lines)
    cancelled = (line for refund in refunds if refund.get("state") != "failed" for line in refund.get("lines") or ())
    for line, quantity in _by_line(line for line in cancelled if line.get("restock") == "cancel").items():
        open_[line] = open_.get(line, Decimal(0)) - quantity
    by_sku: dict[str, Decimal] = {}
    for line in (line for each in sent for line in each["lines"]):
        name, quantity = str(line.get("line_id")), decimal_of(line.get("quantity")) or Decimal(0)
        if name in open_:
            open_[name] -= quantity
        elif line.get("sku"):
            by_sku[line["sku"]] = by_sku.get(line["sku"], Decimal(0)) + quantity
    for line in lines:
        name, sku = str(line.get("line_id")), line.get("sku")
        if sku in by_sku and open_.get(name, Decimal(0)) > 0:
            taken = min(open_[name], by_sku[sku])
            open_[name] -= taken
            by_sku[sku] -= taken
    return any(quantity > 0 for quantity in open_.values())


def _by_line(lines: Iterable[Any]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for line in lines:
        quantity = decimal_of(line.get("quantity"))
        if line.get("line_id") is not None and quantity is not None:
            key = str(line["line_id"])
            found[key] = found.get(key, Decimal(0)) + quantity
    return found


def return_state(returns: Sequence[Data]) -> str:
    """`none`, `advised`, `in_transit`, `partially_received`, `received`, or `not_returned` when nothing will come."""
    custody = [each.get("custody") for each in returns if each.get("custody")]
    if not custody:
        return "none"
    awaited = [each for each in returns if each.get("custody") not in (None, "not_returned")]
    if not awaited:
        return "not_returned"
    back = [each for each in awaited if each["custody"] in _BACK]
    if len(back) == len(awaited) and not any(_is_short(each) for each in back):
        return "received"
    if back:
        return "partially_received"
    return "in_transit" if "in_transit" in custody else "advised"


def _is_short(return_: Data) -> bool:
    for line in return_.get("lines") or ():
        advised, received = decimal_of(line.get("advised")), decimal_of(line.get("received"))
        if advised is not None and received is not None and received < advised:
            return True
    return False
