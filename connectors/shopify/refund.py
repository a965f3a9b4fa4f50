"""Refunds: what was given back, for what, and whether it arrived.

Source: shopify.dev, Refund, RefundLineItem and Transaction (webhook payloads and GraphQL).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.shopify.given_back import Parts, reading_of, shipping_currency, shipping_of
from connectors.shopify.payment import given_back, payment_reference
from connectors.shopify.shape import amount, elements, get, id_of, money_set, number_of, word
from hub.model.money import Money, add_up
from hub.model.transform import transform


@transform(
    gives="enum",
    examples=[([{"kind": "refund", "status": "pending"}], {}, "pending"), ([], {}, "succeeded")],
    one_way="refunds are not written",
)
def refund_state(value: Any) -> str:
    """The state of a refund by its `transactions`: succeeded as soon as money went back.

    One without transactions moved goods only: it is done.
    """
    states = {word(get(each, "status")) for each in given_back(value)}
    if not states or "success" in states:
        return "succeeded"
    return "failed" if states <= {"failure", "error"} else "pending"


@transform(
    gives="money",
    examples=[
        ([{"status": "success", "amount": "90.00", "currency": "CNY"}], {}, {"amount": "90.00", "currency": "CNY"})
    ],
    one_way="refunds are not written",
)
def refund_amount(value: Any, lines: Any = None, currency: str | None = None) -> dict[str, str] | None:
    """What went back, of a refund's `transactions`: the sum of the successful, of all while none has succeeded.

    Zero without any, in the currency of its `lines` or order; null when no currency is said.
    """
    rows = [(word(get(each, "status")), _money(each)) for each in given_back(value)]
    sums = [money for _, money in rows if money]
    done = [money for status, money in rows if money and status == "success"]
    known = sums[0].currency if sums else _currency(lines, value) or currency
    return add_up(done or sums, known).as_dict() if known else None


@transform(
    examples=[
        (
            [{"line_item_id": 1, "quantity": 1, "restock_type": "return", "subtotal": "79.65", "total_tax": "10.35"}],
            {"currency": "CNY", "taxes_included": False},
            [{"line_id": "1", "quantity": 1, "amount": {"amount": "90.00", "currency": "CNY"}, "restock": "return"}],
        ),
        (
            [{"line_item_id": 1, "quantity": 1, "restock_type": "return", "subtotal": "79.65", "total_tax": "10.35"}],
            {"currency": "CNY", "taxes_included": True},
            [{"line_id": "1", "quantity": 1, "amount": {"amount": "79.65", "currency": "CNY"}, "restock": "return"}],
        ),
    ],
    one_way="refunds are not written",
)
def refund_lines(
    value: Any,
    transactions: Any = None,
    currency: str | None = None,
    taxes_included: Any = None,
    shipping: Any = None,
    adjustments: Any = None,
) -> list[dict[str, Any]]:
    """`{"line_id", "quantity", "amount", "restock"}` per refunded line; the amount is what went back for it, with tax.

    The plain subtotal stands in the shop's currency: that of the money bags beside it, else of the order
    or the transactions. Where prices are without tax (the order's `taxes_included` is false) it is without it too; a
    refund's own webhook does not say which, so there the sums do: lines, their tax and the `shipping`
    lines (older: `adjustments`) beside what the transactions gave back.
    """
    known = _currency(value, ()) or currency or _currency((), transactions)
    restock = {"return": "return", "legacy_restock": "return", "cancel": "cancel"}
    beside = shipping_of(shipping, adjustments, known)
    is_inside = reading_of(_goods(value, known), beside, _whole(transactions, value, known), taxes_included).lines
    found = []
    for line in elements(value):
        given, tax = amount(line, "subtotal", known), amount(line, "total_tax", known)
        if given and tax and not is_inside:
            given = add_up([given, tax], given.currency)
        row = {
            "line_id": number_of(get(line, "line_item_id")) or id_of(get(line, "line_item")),
            "quantity": get(line, "quantity"),
            "amount": given.as_dict() if given else None,
            "restock": restock.get(word(get(line, "restock_type")), "none"),
        }
        found.append({name: each for name, each in row.items() if each is not None})
    return found


def _goods(lines: Any, currency: str) -> Parts:
    """The subtotals of lines and the taxes beside them, in minor units."""
    stated = [[amount(line, name, currency) for line in elements(lines)] for name in ("subtotal", "total_tax")]
    bare, tax = (sum(money.minor for money in column if money) for column in stated)
    return Parts(bare, tax)


def _whole(transactions: Any, lines: Any, currency: str) -> int | None:
    whole = refund_amount(transactions, lines, currency)
    return Money.parse(whole).minor if whole else None


def _currency(lines: Any, transactions: Any) -> str:
    bags = (money_set(get(line, "subtotal_set")) for line in elements(lines))
    moved = (_money(each) for each in given_back(transactions))
    return next((money.currency for money in (*bags, *moved) if money), "")


@transform(
    examples=[
        (
            [[], [{"kind": "shipping_refund", "amount": "-10.00", "tax_amount": "-1.00"}]],
            {"currency": "CNY"},
            {"amount": "11.00", "currency": "CNY"},
        )
    ],
    one_way="refunds are not written",
)
def refund_shipping(
    value: list[Any],
    currency: str | None = None,
    transactions: Any = None,
    goods: Any = None,
    taxes_included: Any = None,
) -> dict[str, str] | None:
    """Shipping given back with its tax, of `[refund_shipping_lines, order_adjustments]`; null when none was.

    `goods` (the refunded lines), `transactions` and `taxes_included` say whether the amounts hold their tax, as for the lines.
    """
    shipping, adjustments = (*value, None)[:2]
    known = shipping_currency(shipping, adjustments) or _currency(goods, ()) or currency or _currency((), transactions)
    given = shipping_of(shipping, adjustments, known) if known else None
    if given is None:
        return None
    read = reading_of(_goods(goods, known), given, _whole(transactions, goods, known), taxes_included)
    return Money(given.bare if read.shipping else given.bare + given.tax, known).as_dict()


@transform(
    examples=[
        ([{"status": "success", "processed_at": "2026-11-23T10:00:00+08:00"}], {}, "2026-11-23T10:00:00+08:00"),
        ([], {"made_at": "2026-11-23T10:00:00+08:00"}, "2026-11-23T10:00:00+08:00"),
    ],
    one_way="refunds are not written",
)
def settled_at(value: Any, made_at: Any = None) -> Any:
    """When a refund's money went back: its last successful transaction's time, else its own; null before."""
    rows = [each for each in given_back(value) if word(get(each, "status")) == "success"]
    if refund_state(value) != "succeeded":
        return None
    times = [get(each, "processed_at") or get(each, "created_at") for each in rows]
    return max((each for each in times if each), key=datetime.fromisoformat, default=made_at)


@transform(
    examples=[
        ([{"id": 9, "parent_id": 5}], {"part": "payment"}, "5"),
        ([], {"part": "provider_ref", "own_id": 7}, "7"),
    ],
    one_way="refunds are not written",
)
def refund_reference(value: Any, part: str, own_id: Any = None) -> str | None:
    """`provider`, `provider_ref` or `payment` (id of the payment given back) by a refund's `transactions`.

    One over several transactions has no single number at a provider: it goes by its own id.
    """
    rows = list(given_back(value))
    if len(rows) != 1:
        return {"provider": "shopify", "provider_ref": number_of(own_id)}.get(part)
    row = rows[0]
    if part == "payment":
        return number_of(get(row, "parent_id")) or id_of(get(row, "parentTransaction"))
    if part == "provider":
        return str(get(row, "gateway") or "shopify")
    return payment_reference(id_of(row), get(row, "authorization", "authorizationCode"), "refund")


def _money(transaction: Mapping[str, Any]) -> Money | None:
    found = money_set(get(transaction, "amount_set"))
    return found or amount(transaction, "amount", str(get(transaction, "currency") or ""))
