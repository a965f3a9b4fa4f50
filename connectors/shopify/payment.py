"""Transactions and refunds: what was paid, what was given back, and which of two sightings is the later.

Source: shopify.dev, Transaction and Refund (webhook payloads), OrderTransaction and Refund (GraphQL).
Neither has a time of change. Both only ever move forward, so their own times give an order that is
the same whichever way a sighting came.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.shopify.shape import amount, elements, get, id_of, money_set, number_of, word
from hub.model.money import Money, add_up
from hub.model.transform import transform

_METHODS = {
    "cash": "cash",
    "gift_card": "gift_card",
    "cash_on_delivery": "cod",
    "cash on delivery (cod)": "cod",
    "bank_transfer": "transfer",
    "bank deposit": "transfer",
    "shopify_payments": "card",
    "stripe": "card",
    "bogus": "card",
}
_METHOD_PARTS = (("wechat", "wechat_pay"), ("alipay", "alipay"), ("unionpay", "unionpay"))
_DONE = {"capture": "captured", "sale": "captured", "void": "voided"}
_SHORTEST_REFERENCE = 8
_SETTLED = timedelta(microseconds=1)


@transform(takes_null=True)
def moment(value: Sequence[Any] | None, status: Any = None, transactions: Any = None) -> str | None:
    """The place of a sighting in its record's own order, as a time, of `[created_at, processed_at]`.

    The newest of these and of a refund's `transactions` (processed after it was made), one
    microsecond later once nothing of it is pending: a transaction may settle within the second it
    was made in. Null when there is no time at all.
    """
    rows = [{"status": status}, *_given_back(transactions)]
    times = [*(value or ()), *(get(row, name) for row in rows for name in ("created_at", "processed_at"))]
    moments = [datetime.fromisoformat(str(each)) for each in times if each]
    if not moments:
        return None
    is_pending = any(word(get(row, "status")) == "pending" for row in rows)
    return (max(moments) + (timedelta(0) if is_pending else _SETTLED)).isoformat()


@transform(gives="enum")
def payment_state(value: Any, status: Any = None) -> str:
    """The state of a payment by its transaction's `kind` and `status`."""
    outcome = word(status)
    if outcome == "success":
        return _DONE.get(word(value), "authorized")
    return "failed" if outcome in ("failure", "error") else "pending"


@transform()
def payment_reference(value: Any, code: Any = None, kind: Any = None) -> str | None:
    """The provider's own number (`authorization`) where the gateway tells it, else Shopify's id (`value`).

    A bank's authorization code has six signs and comes back within weeks: two payments of one
    provider would be taken for one. So a short code is no reference, nor is the one of an
    authorization or void (its captures carry the same).
    """
    number = str(code or "").strip()
    is_own = len(number) >= _SHORTEST_REFERENCE and word(kind) in ("sale", "capture", "refund")
    return number if is_own else number_of(value)


@transform(gives="enum")
def method(value: Any) -> str:
    """How was paid, by the gateway's name."""
    gateway = word(value)
    return _METHODS.get(gateway) or next((name for part, name in _METHOD_PARTS if part in gateway), "other")


def _given_back(transactions: Any) -> Iterator[Mapping[str, Any]]:
    """A refund's transactions but those that gave nothing back (a void, change)."""
    return (each for each in elements(transactions) if word(get(each, "kind")) in ("refund", ""))


def _money(transaction: Mapping[str, Any]) -> Money | None:
    found = money_set(get(transaction, "amount_set"))
    return found or amount(transaction, "amount", str(get(transaction, "currency") or ""))


@transform(gives="enum")
def refund_state(value: Any) -> str:
    """The state of a refund by its `transactions`: succeeded as soon as money went back.

    One without transactions moved goods only: it is done.
    """
    states = {word(get(each, "status")) for each in _given_back(value)}
    if not states or "success" in states:
        return "succeeded"
    return "failed" if states <= {"failure", "error"} else "pending"


@transform(gives="money")
def refund_amount(value: Any, lines: Any = None, currency: str | None = None) -> dict[str, str] | None:
    """What went back, of a refund's `transactions`: the sum of the successful, of all while none has succeeded.

    Zero without any, in the currency of its `lines` or order; null when no currency is said.
    """
    rows = [(word(get(each, "status")), _money(each)) for each in _given_back(value)]
    sums = [money for _, money in rows if money]
    done = [money for status, money in rows if money and status == "success"]
    known = sums[0].currency if sums else _currency(lines, value) or currency
    return add_up(done or sums, known).as_dict() if known else None


@transform()
def refund_lines(value: Any, transactions: Any = None, currency: str | None = None) -> list[dict[str, Any]]:
    """`{"line_id", "quantity", "amount", "restock"}` per refunded line; the amount is Shopify's subtotal.

    The plain subtotal stands in the shop's currency: that of the money bags beside it, else of the order
    or the transactions.
    """
    known = _currency(value, ()) or currency or _currency((), transactions)
    restock = {"return": "return", "legacy_restock": "return", "cancel": "cancel"}
    found = []
    for line in elements(value):
        subtotal = amount(line, "subtotal", known)
        row = {
            "line_id": number_of(get(line, "line_item_id")) or id_of(get(line, "line_item")),
            "quantity": get(line, "quantity"),
            "amount": subtotal.as_dict() if subtotal else None,
            "restock": restock.get(word(get(line, "restock_type")), "none"),
        }
        found.append({name: each for name, each in row.items() if each is not None})
    return found


def _currency(lines: Any, transactions: Any) -> str:
    bags = (money_set(get(line, "subtotal_set")) for line in elements(lines))
    moved = (_money(each) for each in _given_back(transactions))
    return next((money.currency for money in (*bags, *moved) if money), "")


@transform()
def refund_shipping(value: list[Any], currency: str | None = None, transactions: Any = None) -> dict[str, str] | None:
    """Shipping given back with its tax, of `[refund_shipping_lines, order_adjustments]`; null when none was.

    Older payloads have it as a negative adjustment of the order only.
    """
    lines, adjustments = (*value, None)[:2]
    bags = ("subtotal_amount_set", "tax_amount_set")
    parts = [money_set(get(line, bag)) for line in elements(lines) for bag in bags]
    if not parts:
        known = currency or _currency((), transactions)
        rows = [row for row in elements(adjustments) if get(row, "kind") == "shipping_refund"]
        parts = [amount(row, name, known) for row in rows for name in ("amount", "tax_amount")]
    given = [money if money.minor > 0 else -money for money in parts if money]
    return add_up(given, given[0].currency).as_dict() if given else None


@transform()
def settled_at(value: Any, made_at: Any = None) -> Any:
    """When a refund's money went back: its last successful transaction's time, else its own; null before."""
    rows = [each for each in _given_back(value) if word(get(each, "status")) == "success"]
    if refund_state(value) != "succeeded":
        return None
    times = [get(each, "processed_at") or get(each, "created_at") for each in rows]
    return max((each for each in times if each), key=datetime.fromisoformat, default=made_at)


@transform()
def refund_reference(value: Any, part: str, own_id: Any = None) -> str | None:
    """`provider`, `provider_ref` or `payment` (id of the payment given back) by a refund's `transactions`.

    One over several transactions has no single number at a provider: it goes by its own id.
    """
    rows = list(_given_back(value))
    if len(rows) != 1:
        return {"provider": "shopify", "provider_ref": number_of(own_id)}.get(part)
    row = rows[0]
    if part == "payment":
        return number_of(get(row, "parent_id")) or id_of(get(row, "parentTransaction"))
    if part == "provider":
        return str(get(row, "gateway") or "shopify")
    return payment_reference(id_of(row), get(row, "authorization", "authorizationCode"), "refund")
