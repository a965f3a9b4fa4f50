"""Whether the amounts of a refund hold their tax: for its lines, and for the shipping given back.

What is documented (shopify.dev, Refund, RefundShippingLine and OrderAdjustment, 2024-10 to 2026-04):

- `order_adjustments` of kind `shipping_refund` have the shipping as a negative `amount`, and in `tax_amount` "the taxes that
  are added to `amount`". Since 2024-10 shipping stands in `refund_shipping_lines`; webhooks go on to have the adjustment, too.
- A line of `refund_shipping_lines` has `subtotal_amount_set`; the tax beside it only in GraphQL (`taxAmountSet`). So a
  webhook's tax on shipping stands in the adjustment alone.
- In a shop whose prices hold their tax (`taxes_included`), the price of shipping does, as the prices of lines do.

Whether a subtotal of refunded shipping holds its tax in such a shop is nowhere said. So the sums decide: of the readings that
the shop's prices allow the one by which lines and shipping make up what the transactions gave back. Where none does,
the difference stays, and the hub opens an item with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connectors.shopify.shape import amount, elements, get, money_set
from hub.model.money import Money


@dataclass(frozen=True, slots=True)
class Parts:
    """Amounts as they are stated, and the tax stated beside them, in minor units. `is_added`: the tax is not in them."""

    bare: int
    tax: int
    is_added: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """Whether the tax is inside the amounts of `lines`, and of `shipping`."""

    lines: bool
    shipping: bool


INSIDE, OUTSIDE, BESIDE_SHIPPING = Reading(True, True), Reading(False, False), Reading(True, False)


def reading_of(goods: Parts, shipping: Parts | None, whole: int | None, taxes_included: Any) -> Reading:
    """How the amounts are to be read. `whole`: what was given back in all; None when that is not known."""
    if taxes_included is False:
        return OUTSIDE
    usual = BESIDE_SHIPPING if shipping is not None and shipping.is_added else INSIDE
    possible = [usual, INSIDE, BESIDE_SHIPPING]
    if taxes_included is not True:  # a refund's own webhook does not say how the shop states its prices
        possible.append(OUTSIDE)
    return next((each for each in possible if _sum(each, goods, shipping) == whole), usual)


def _sum(reading: Reading, goods: Parts, shipping: Parts | None) -> int:
    found = goods.bare if reading.lines else goods.bare + goods.tax
    if shipping is not None:
        found += shipping.bare if reading.shipping else shipping.bare + shipping.tax
    return found


def shipping_of(lines: Any, adjustments: Any, currency: str) -> Parts | None:
    """Shipping given back; None when none was."""
    rows = [row for row in _adjusted(adjustments) if amount(row, "amount", currency)]
    added = Parts(
        sum(_minor(amount(row, "amount", currency)) for row in rows),
        sum(_minor(amount(row, "tax_amount", currency)) for row in rows),
        is_added=True,
    )
    given = [money for line in elements(lines) if (money := money_set(get(line, "subtotal_amount_set")))]
    if not given:
        return added if rows else None
    stated = [money for line in elements(lines) if (money := money_set(get(line, "tax_amount_set")))]
    bare, tax = sum(map(_minor, given)), sum(map(_minor, stated)) if stated else added.tax
    return Parts(bare, tax, is_added=bool(rows) and bare == added.bare)


def shipping_currency(lines: Any, adjustments: Any) -> str:
    """The currency that refunded shipping states; "" when it states none."""
    bags = [money_set(get(line, "subtotal_amount_set")) for line in elements(lines)]
    bags += [money_set(get(row, "amount_set")) for row in _adjusted(adjustments)]
    return next((money.currency for money in bags if money), "")


def _adjusted(adjustments: Any) -> Iterator[Any]:
    return (row for row in elements(adjustments) if get(row, "kind") == "shipping_refund")


def _minor(money: Money | None) -> int:
    return abs(money.minor) if money else 0
