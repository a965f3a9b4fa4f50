"""Transactions and refunds: what was paid, what was given back, and which of two sightings is the later.

Source: shopify.dev, Transaction and Refund (webhook payloads), OrderTransaction and Refund (GraphQL).
Neither has a time of change. Both only ever move forward, so their own times give an order that is
the same whichever way a sighting came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.shopify.shape import amount, elements, get, id_of, money_set, number_of, word
from hub.model.money import Money, add_up

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
_TAKES = {"sale": "captured", "capture": "captured", "authorization": "authorized", "emv_authorization": "authorized"}
_SHORTEST_REFERENCE = 8


def is_payment(transaction: Mapping[str, Any]) -> bool:
    """Whether it is a payment of the customer: no refund (a record of its own), no change given, no test.

    A void counts only when it succeeded: it then says of its authorization that it is void.
    """
    kind, status = word(get(transaction, "kind")), word(get(transaction, "status"))
    if get(transaction, "test") is True:
        return False
    return kind in _TAKES or (kind == "void" and status == "success" and bool(_parent(transaction)))


def payment(transaction: Mapping[str, Any], part: str) -> Any:
    """One `part` of a payment: `id`, `state`, `amount`, `provider`, `provider_ref`, `method`, `captured_at`, `authorized_at`.

    An authorization and its captures are payments of their own, because one authorization may be
    captured in several parts; only captured ones count as paid. A void is a sighting of the
    authorization that it voids, under its id.
    """
    return _PARTS[part](transaction)


def _parent(transaction: Mapping[str, Any]) -> str | None:
    return number_of(get(transaction, "parent_id")) or id_of(get(transaction, "parentTransaction"))


def _payment_id(transaction: Mapping[str, Any]) -> str | None:
    return _parent(transaction) if word(get(transaction, "kind")) == "void" else id_of(transaction)


def _state(transaction: Mapping[str, Any]) -> str:
    kind, status = word(get(transaction, "kind")), word(get(transaction, "status"))
    if kind == "void":
        return "voided"
    return {"success": _TAKES.get(kind, "pending"), "failure": "failed", "error": "failed"}.get(status, "pending")


def _amount(transaction: Mapping[str, Any]) -> dict[str, str] | None:
    found = _money(transaction)
    return found.as_dict() if found else None


def _money(transaction: Mapping[str, Any]) -> Money | None:
    return money_set(get(transaction, "amount_set")) or amount(
        transaction, "amount", str(get(transaction, "currency") or "")
    )


def _provider(transaction: Mapping[str, Any]) -> str | None:
    return str(get(transaction, "gateway") or "") or None


def _reference(transaction: Mapping[str, Any]) -> str | None:
    """The provider's own number where the gateway tells it, else Shopify's id.

    A bank's authorization code has six signs and comes back within weeks: two payments of one
    provider would be taken for one. So a short code is no reference, nor is an authorization's
    (its captures carry the same).
    """
    code = str(get(transaction, "authorization", "authorizationCode") or "").strip()
    if len(code) >= _SHORTEST_REFERENCE and word(get(transaction, "kind")) in ("sale", "capture", "refund"):
        return code
    return _payment_id(transaction)


def _method(transaction: Mapping[str, Any]) -> str:
    gateway = word(get(transaction, "gateway"))
    if gateway in _METHODS:
        return _METHODS[gateway]
    return next((method for part, method in _METHOD_PARTS if part in gateway), "other")


def _time(transaction: Mapping[str, Any]) -> Any:
    return get(transaction, "processed_at") or get(transaction, "created_at")


_PARTS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "id": _payment_id,
    "state": _state,
    "amount": _amount,
    "provider": _provider,
    "provider_ref": _reference,
    "method": _method,
    "captured_at": lambda each: _time(each) if _state(each) == "captured" else None,
    "authorized_at": lambda each: _time(each) if _state(each) == "authorized" else None,
}


def transaction_time(record: Mapping[str, Any]) -> str | None:
    """The place of a sighting of a transaction or refund in its own order, as a time.

    The newest of its own times and its transactions' (which are processed after it was made). One
    microsecond later once nothing is pending, as a transaction may settle within the second it was
    made in. None when it has no time.
    """
    parts = [record, *_refund_transactions(record)] if not get(record, "kind") else [record]
    times = [str(moment) for part in parts for moment in (get(part, "processed_at"), get(part, "created_at")) if moment]
    if not times:
        return None
    newest = max(datetime.fromisoformat(moment) for moment in times)
    is_pending = any(word(get(part, "status")) == "pending" for part in parts)
    return (newest + timedelta(microseconds=0 if is_pending else 1)).isoformat()


def _refund_transactions(refund: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return (each for each in elements(refund, "transactions") if word(get(each, "kind")) in ("refund", ""))


def refund_state(refund: Mapping[str, Any]) -> str:
    """`succeeded` as soon as money went back, `failed` when every try failed, else `pending`.

    A refund without transactions moved goods only: it is done.
    """
    states = [word(get(each, "status")) for each in _refund_transactions(refund)]
    if not states or "success" in states:
        return "succeeded"
    return "failed" if set(states) <= {"failure", "error"} else "pending"


def refund_amount(refund: Mapping[str, Any]) -> dict[str, str] | None:
    """What went back: the sum of the successful transactions, of all while none has succeeded.

    Without transactions zero in the lines' currency; None when no currency is said anywhere.
    """
    rows = [(word(get(each, "status")), _money(each)) for each in _refund_transactions(refund)]
    sums = [money for _, money in rows if money]
    done = [money for status, money in rows if money and status == "success"]
    currency = sums[0].currency if sums else _refund_currency(refund)
    return add_up(done or sums, currency).as_dict() if currency else None


def _refund_currency(refund: Mapping[str, Any]) -> str:
    """The currency the lines' plain amounts stand in: theirs where they say it, else the transactions'."""
    lines = (money_set(get(line, "subtotal_set")) for line in elements(refund, "refund_line_items"))
    paid = (_money(each) for each in _refund_transactions(refund))
    return next((money.currency for money in (*lines, *paid) if money), "")


def refund_lines(refund: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`{"line_id", "quantity", "amount", "restock"}` per line; the amount is Shopify's subtotal of the line."""
    currency = _refund_currency(refund)
    found = []
    for line in elements(refund, "refund_line_items"):
        subtotal = amount(line, "subtotal", currency)
        row = {
            "line_id": number_of(get(line, "line_item_id")) or id_of(get(line, "line_item")),
            "quantity": str(get(line, "quantity")),
            "amount": subtotal.as_dict() if subtotal else None,
            "restock": {"return": "return", "legacy_restock": "return", "cancel": "cancel"}.get(
                word(get(line, "restock_type")), "none"
            ),
        }
        found.append({name: value for name, value in row.items() if value is not None})
    return found


def refund_shipping(refund: Mapping[str, Any]) -> dict[str, str] | None:
    """Shipping given back, with its tax; None when none was.

    Stands in `refund_shipping_lines`, in older payloads as a negative adjustment of the order.
    """
    currency = _refund_currency(refund)
    parts = [
        part
        for line in elements(refund, "refund_shipping_lines")
        for part in (money_set(get(line, "subtotal_amount_set")), money_set(get(line, "tax_amount_set")))
    ]
    if not parts:
        rows = [row for row in elements(refund, "order_adjustments") if get(row, "kind") == "shipping_refund"]
        parts = [amount(row, name, currency) for row in rows for name in ("amount", "tax_amount")]
    given = [money if money.minor > 0 else -money for money in parts if money]
    return add_up(given, given[0].currency).as_dict() if given else None


def refund_settled_at(refund: Mapping[str, Any]) -> Any:
    """When the money went back: the last successful transaction's time, else the refund's own; None before."""
    if refund_state(refund) != "succeeded":
        return None
    times = [_time(each) for each in _refund_transactions(refund) if word(get(each, "status")) == "success"]
    return max((t for t in times if t), key=datetime.fromisoformat, default=get(refund, "created_at"))


def refund_reference(refund: Mapping[str, Any], part: str) -> str | None:
    """`provider`, `provider_ref` or `payment` (id of the payment given back) of a refund.

    A refund over several transactions has no single number at a provider: it goes by its own id.
    """
    rows = list(_refund_transactions(refund))
    if len(rows) != 1:
        return {"provider": "shopify", "provider_ref": id_of(refund)}.get(part)
    if part == "payment":
        return _parent(rows[0])
    return _provider(rows[0]) or "shopify" if part == "provider" else _reference(rows[0])
