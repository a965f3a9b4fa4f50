"""What an order's lines, reductions and totals come to, in the shop's currency; and a product's variants.

Sources: shopify.dev, REST Admin Order (webhook payloads) and GraphQL Order. All amounts are those
before refunds; `current_*` fields are net of them and not read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from connectors.shopify.shape import amount, elements, get, money_set, word
from hub.model.money import Money, add_up
from hub.model.transform import transform

_GRAMS = {"g": Decimal(1), "grams": Decimal(1), "kg": Decimal(1000), "kilograms": Decimal(1000)}
_GRAMS |= {"oz": Decimal("28.349523125"), "ounces": Decimal("28.349523125")}
_GRAMS |= {"lb": Decimal("453.59237"), "pounds": Decimal("453.59237")}


class _Once(threading.local):
    """What was reckoned of the last objects, by the very objects: several fields of an order ask for the same."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[tuple[Any, ...], Money]] = {}

    def money(self, of: tuple[Any, ...], reckon: Callable[..., Money]) -> Money:
        """`reckon(*of)`, once for these objects; they are kept, so that no other takes their place in memory."""
        key = id(of[0])
        held = self._known.get(key)
        if held is not None and all(one is other for one, other in zip(held[0], of, strict=True)):
            return held[1]
        found = reckon(*of)
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[key] = (of, found)
        return found


_MOST_KNOWN = 64
_lines, _shares = _Once(), _Once()


@transform(
    gives="money",
    examples=[([{"amount": "5.00"}], {"currency": "CNY"}, {"amount": "5.00", "currency": "CNY"})],
    one_way="orders are not written",
)
def line_discount(value: Any, currency: str) -> dict[str, str]:
    """The sum of a line's `discount_allocations`: its share of every reduction of the order."""
    return _reduction(value, currency).as_dict()


@transform(
    gives="money",
    examples=[
        (
            {"price": "50.00", "quantity": 2, "discount_allocations": [{"amount": "5.00"}]},
            {"currency": "CNY"},
            {"amount": "95.00", "currency": "CNY"},
        )
    ],
    one_way="orders are not written",
)
def line_total(value: Mapping[str, Any], currency: str) -> dict[str, str]:
    """What a line comes to: price × quantity − its share of all reductions.

    Tax is in it exactly when the shop's prices contain tax (`tax_inclusive` of the order).
    """
    return (_gross(value, currency) - _reduction(get(value, "discount_allocations"), currency)).as_dict()


@transform(
    gives="money",
    examples=[
        (
            [{"price": "50.00", "quantity": 2}, {"price": "1.00", "quantity": 1}],
            {"currency": "CNY"},
            {"amount": "101.00", "currency": "CNY"},
        )
    ],
    one_way="orders are not written",
)
def items_total(value: Any, currency: str) -> dict[str, str]:
    """The sum of all lines but tips before any reduction; Shopify's own `subtotal` is already reduced."""
    return add_up((_gross(line, currency) for line in elements(value) if not get(line, "tip")), currency).as_dict()


@transform(
    gives="money",
    examples=[([{"price": "7.00"}], {"currency": "CNY"}, {"amount": "7.00", "currency": "CNY"})],
    one_way="orders are not written",
)
def shipping_total(value: Any, currency: str) -> dict[str, str]:
    """The sum of `shipping_lines` before any reduction, for payloads that do not state it."""
    prices = (amount(line, "price", currency) for line in elements(value))
    return add_up((price for price in prices if price), currency).as_dict()


@transform(
    examples=[
        (
            [[], [{"code": "TEA", "amount": "5.00"}]],
            {"currency": "CNY", "lines": [], "shipping": []},
            [{"code": "TEA", "amount": {"amount": "5.00", "currency": "CNY"}}],
        )
    ],
    one_way="orders are not written",
)
def discounts(value: list[Any], currency: str, lines: Any, shipping: Any) -> list[dict[str, Any]]:
    """`{"code" or "title", "amount"}` per reduction, of `[discount_applications, discount_codes]`.

    An amount is the sum of the reduction's shares over lines and shipping. Payloads without
    applications name their codes with the amounts.
    """
    applications, codes = ([*elements(each)] for each in (*value, None)[:2])
    if not applications:
        rows = ((code, amount(code, "amount", currency) or Money.zero(currency)) for code in codes)
        return [{"code": str(get(code, "code")), "amount": money.as_dict()} for code, money in rows]
    sums = _sums_by_application((*elements(lines), *elements(shipping)), currency)
    found = []
    for place, application in enumerate(applications):
        index, code = get(application, "index"), get(application, "code")
        name = {"code": str(code)} if code else {"title": str(get(application, "title") or "")}
        given = sums.get(place if index is None else int(index), Money.zero(currency))
        found.append({key: text for key, text in name.items() if text} | {"amount": given.as_dict()})
    return found


def _gross(line: Mapping[str, Any], currency: str) -> Money:
    price, quantity = get(line, "originalUnitPriceSet", "price_set", "price"), get(line, "quantity")
    return _lines.money((line, price, quantity, currency), _reckon_gross)


def _reckon_gross(line: Mapping[str, Any], _: Any, quantity: Any, currency: str) -> Money:
    price = money_set(get(line, "originalUnitPriceSet")) or amount(line, "price", currency) or Money.zero(currency)
    return price.times(quantity if quantity.__class__ is int else Decimal(str(quantity or 0)))


def _reduction(allocations: Any, currency: str) -> Money:
    return add_up((_share(share, currency) for share in elements(allocations)), currency)


def _share(share: Mapping[str, Any], currency: str) -> Money:
    given = get(share, "allocatedAmountSet", "amount_set", "amount")
    return _shares.money((share, given, currency), _reckon_share)


def _reckon_share(share: Mapping[str, Any], _: Any, currency: str) -> Money:
    return money_set(get(share, "allocatedAmountSet")) or amount(share, "amount", currency) or Money.zero(currency)


def _sums_by_application(lines: Iterable[Mapping[str, Any]], currency: str) -> dict[int, Money]:
    sums: dict[int, Money] = {}
    for line in lines:
        for share in elements(get(line, "discount_allocations")):
            index = get(share, "discount_application_index")
            place = int(get(get(share, "discountApplication"), "index") or 0) if index is None else int(index)
            sums[place] = sums.get(place, Money.zero(currency)) + _share(share, currency)
    return sums


@transform(
    examples=[("L / 红", {}, {"variant": "L / 红"}), ("Default Title", {}, None)], one_way="products are not written"
)
def variant_title(value: Any) -> dict[str, str] | None:
    """A line's `variant_title` as its options; null where the product has no variants."""
    return {"variant": str(value)} if value and value != "Default Title" else None


@transform(examples=[([{"name": "Size", "value": "L"}], {}, {"Size": "L"})], one_way="products are not written")
def options(value: Any) -> dict[str, str] | None:
    """`selectedOptions` (`[{"name", "value"}]`) as a map; null where the product has no variants."""
    chosen = {str(get(each, "name")): str(get(each, "value")) for each in elements(value) if get(each, "value")}
    return {name: text for name, text in chosen.items() if name != "Title"} or None


@transform(
    gives="decimal", examples=[({"value": 0.5, "unit": "KILOGRAMS"}, {}, "500")], one_way="products are not written"
)
def grams(value: Any) -> str | None:
    """A weight `{"value": 0.5, "unit": "KILOGRAMS"}` in grams, to the milligram; null of an unknown unit."""
    number, unit = get(value, "value"), word(get(value, "unit"))
    if number is None or unit not in _GRAMS:
        return None
    return format((Decimal(str(number)) * _GRAMS[unit]).quantize(Decimal("0.001")).normalize(), "f")


@transform(
    examples=[
        (
            [{"src": "https://cdn.example/a.jpg", "alt": "茶"}],
            {},
            [{"url": "https://cdn.example/a.jpg", "type": "image", "alt": "茶"}],
        )
    ],
    one_way="products are not written",
)
def media(value: Any) -> list[dict[str, str]]:
    """`{"url", "type", "alt"?}` per picture of `images` (webhooks) or `media` (GraphQL), by address only."""
    found = []
    for each in elements(value):
        image = get(each, "image") or each
        url, alt = get(image, "src", "url"), get(image, "alt", "altText")
        if url:
            found.append({"url": str(url), "type": "image"} | ({"alt": str(alt)} if alt else {}))
    return found
