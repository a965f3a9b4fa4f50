"""Transactions: what was paid, and which of two sightings is the later.

Source: shopify.dev, Transaction and Refund (webhook payloads), OrderTransaction and Refund (GraphQL).
Neither has a time of change. Both only ever move forward, so their own times give an order that is
the same whichever way a sighting came.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.shopify.shape import elements, get, number_of, word
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


@transform(
    takes_null=True,
    examples=[
        (["2026-11-22T08:30:05Z", None], {"status": "success"}, "2026-11-22T08:30:05.000001+00:00"),
        (["2026-11-22T08:30:05Z", None], {"status": "pending"}, "2026-11-22T08:30:05+00:00"),
    ],
    one_way="Shopify keeps its own times",
)
def moment(value: Sequence[Any] | None, status: Any = None, transactions: Any = None) -> str | None:
    """The place of a sighting in its record's own order, as a time, of `[created_at, processed_at]`.

    The newest of these and of a refund's `transactions` (processed after it was made), one
    microsecond later once nothing of it is pending: a transaction may settle within the second it
    was made in. Null when there is no time at all.
    """
    rows = [{"status": status}, *given_back(transactions)]
    times = [*(value or ()), *(get(row, name) for row in rows for name in ("created_at", "processed_at"))]
    moments = [datetime.fromisoformat(str(each)) for each in times if each]
    if not moments:
        return None
    is_pending = any(word(get(row, "status")) == "pending" for row in rows)
    return (max(moments) + (timedelta(0) if is_pending else _SETTLED)).isoformat()


@transform(
    gives="enum",
    examples=[
        ("sale", {"status": "success"}, "captured"),
        ("authorization", {"status": "success"}, "authorized"),
        ("sale", {"status": "error"}, "failed"),
    ],
    one_way="payments are not written",
)
def payment_state(value: Any, status: Any = None) -> str:
    """The state of a payment by its transaction's `kind` and `status`."""
    outcome = word(status)
    if outcome == "success":
        return _DONE.get(word(value), "authorized")
    return "failed" if outcome in ("failure", "error") else "pending"


@transform(
    examples=[
        ("9", {"code": "2026112222001499", "kind": "sale"}, "2026112222001499"),
        ("9", {"code": "A12345", "kind": "sale"}, "9"),
    ],
    one_way="payments are not written",
)
def payment_reference(value: Any, code: Any = None, kind: Any = None) -> str | None:
    """The provider's own number (`authorization`) where the gateway tells it, else Shopify's id (`value`).

    A bank's authorization code has six signs and comes back within weeks: two payments of one
    provider would be taken for one. So a short code is no reference, nor is the one of an
    authorization or void (its captures carry the same).
    """
    number = str(code or "").strip()
    is_own = len(number) >= _SHORTEST_REFERENCE and word(kind) in ("sale", "capture", "refund")
    return number if is_own else number_of(value)


@transform(
    gives="enum",
    examples=[("wechat_pay_cn", {}, "wechat_pay"), ("cash", {}, "cash"), ("other gateway", {}, "other")],
    one_way="payments are not written",
)
def method(value: Any) -> str:
    """How was paid, by the gateway's name."""
    gateway = word(value)
    return _METHODS.get(gateway) or next((name for part, name in _METHOD_PARTS if part in gateway), "other")


def given_back(transactions: Any) -> Iterator[Mapping[str, Any]]:
    """A refund's transactions but those that gave nothing back (a void, change)."""
    return (each for each in elements(transactions) if word(get(each, "kind")) in ("refund", ""))
