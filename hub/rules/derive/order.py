"""What an order's payments, refunds, fulfilments and returns say about it.

The words and what they mean are those of docs/explanation/order-states.md. Amounts are sums in the
order's own currency, in minor units. A payment known to shop, till and bill is one golden payment,
so it counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.model.derivation import Data, Derived
from hub.model.money import Money
from hub.rules.derive.goods import fulfilment_state, return_state
from hub.rules.derive.sums import order_sums


@dataclass(frozen=True, slots=True)
class _Account:
    """In minor units: what the order comes to (None: not stated), what of it was given up, what moved."""

    total: int | None
    given_up: int
    paid: int
    refunded: int

    @property
    def due(self) -> int | None:
        return None if self.total is None else self.total - self.given_up

    @property
    def kept(self) -> int:
        return self.paid - self.refunded


def derive_order(order: Data, children: Mapping[str, Sequence[Data]]) -> Derived:
    """The six derived fields of an order from its live payments, refunds, fulfilments and returns."""
    problems: dict[str, str] = {}
    payments, refunds = list(children.get("payment", ())), list(children.get("refund", ()))
    derived: dict[str, Any] = {
        "fulfilment_state": fulfilment_state(order, children.get("fulfilment", ()), refunds),
        "return_state": return_state(children.get("return", ())),
    }
    currency = _currency(order, payments)
    if currency:
        account = _account(order, payments, refunds, currency, problems)
        derived["paid"] = _amount(account.paid, currency)
        derived["refunded"] = _amount(account.refunded, currency)
        if account.due is not None:
            open_ = 0 if order.get("state") == "cancelled" else max(0, account.due - account.paid)
            derived["outstanding"] = _amount(open_, currency)
        derived["payment_state"] = _payment_state(order, {p.get("state") for p in payments}, account)
        if account.refunded > max(0, account.paid):
            over = _amount(account.refunded - max(0, account.paid), currency)["amount"]
            problems["refund_exceeds"] = f"refunds exceed what was paid by {over} {currency}"
    difference = order_sums(order)
    if difference:
        problems["totals_differ"] = difference
    return Derived(derived, problems)


def _currency(order: Data, payments: Sequence[Data]) -> str | None:
    if order.get("currency"):
        return str(order["currency"])
    amounts = [p["amount"]["currency"] for p in payments if p.get("amount")]
    return amounts[0] if amounts else None


def _amount(minor: int, currency: str) -> dict[str, str]:
    return Money(minor, currency).as_dict()


def _account(
    order: Data, payments: Sequence[Data], refunds: Sequence[Data], currency: str, problems: dict[str, str]
) -> _Account:
    stated = (order.get("totals") or {}).get("total")
    total = Money.parse(stated).minor if stated and stated["currency"] == currency else None
    paid = _sum((p.get("amount") for p in payments if p.get("state") == "captured"), currency, problems)
    refunded = _sum((r.get("amount") for r in refunds if r.get("state") == "succeeded"), currency, problems)
    live = [r for r in refunds if r.get("state") != "failed"]
    cancelled = _sum(
        (line.get("amount") for r in live for line in r.get("lines") or () if line.get("restock") == "cancel"),
        currency,
        problems,
    )
    given_back = _sum((r.get("amount") for r in live), currency, problems)
    # Cancelled goods that no money went back for were never paid: they are not owed any more.
    return _Account(total, max(0, cancelled - given_back), paid, refunded)


def _sum(amounts: Iterable[Any], currency: str, problems: dict[str, str]) -> int:
    total = 0
    for amount in amounts:
        if not amount:
            continue
        if amount["currency"] != currency:
            problems["foreign_currency"] = f"an amount in {amount['currency']} is not counted in {currency}"
            continue
        total += Money.parse(amount).minor
    return total


def _payment_state(order: Data, states: set[Any], account: _Account) -> str:
    if "chargeback" in states and account.paid <= 0:
        return "charged_back"
    if account.paid > 0:
        return _moved_state(account, is_cancelled=order.get("state") == "cancelled")
    if account.total is not None and account.paid <= account.total < 0:
        return "paid"  # the till gave back more than it sold
    if "authorized" in states:
        return "authorized"
    if "pending" in states:
        return "pending"
    if "voided" in states and states <= {"voided", "failed"}:
        return "voided"
    return "paid" if account.total == 0 and order.get("state") != "cancelled" else "unpaid"


def _moved_state(account: _Account, *, is_cancelled: bool) -> str:
    if account.refunded >= account.paid:
        return "refunded"
    due = account.due
    if due is not None and account.kept > due and not is_cancelled:
        return "overpaid"
    if account.refunded > 0 and (due is None or account.kept < due or is_cancelled):
        return "partially_refunded"
    return "paid" if due is None or account.kept >= due or is_cancelled else "partially_paid"
