"""What an order's lines, reductions and totals come to, in the shop's currency.

Sources: shopify.dev, REST Admin Order (webhook payloads) and GraphQL Order. All amounts are those
before refunds; `current_*` fields are net of them and not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from connectors.shopify.shape import amount, currency_of, elements, get, has, id_of, money_set, parse, word
from hub.model.money import Money, add_up

_GRAMS = {"g": Decimal(1), "grams": Decimal(1), "kg": Decimal(1000), "kilograms": Decimal(1000)}
_GRAMS |= {"oz": Decimal("28.349523125"), "ounces": Decimal("28.349523125")}
_GRAMS |= {"lb": Decimal("453.59237"), "pounds": Decimal("453.59237")}


def order_lines(order: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lines in their order. `total` = price × quantity − the line's share of all reductions.

    Tax is in `total` exactly when the shop's prices contain it (`tax_inclusive` of the order).
    """
    currency, inclusive = currency_of(order), get(order, "taxes_included") is True
    return [_line(line, currency, inclusive=inclusive) for line in elements(order, "line_items")]


def _line(line: Mapping[str, Any], currency: str, *, inclusive: bool) -> dict[str, Any]:
    price, discount = _price(line, currency), _allocated(line, currency)
    product = id_of(get(line, "product")) or get(line, "product_id")
    kind = "gift_card" if get(line, "gift_card", "isGiftCard") else "fee" if get(line, "tip") else "product"
    variant = get(line, "variant_title")
    found = {
        "line_id": id_of(line),
        "product": str(product) if product else None,
        "sku": get(line, "sku") or None,
        "title": str(get(line, "title") or get(line, "name") or get(line, "sku") or "?"),
        "options": {"variant": str(variant)} if variant and variant != "Default Title" else None,
        "quantity": str(get(line, "quantity")),
        "unit_price": price.as_dict() if price else None,
        "discount": discount.as_dict(),
        "tax_lines": _taxes(line, currency, inclusive=inclusive),
        "total": (price.times(_quantity(line)) - discount).as_dict() if price else None,
        "line_kind": kind,
    }
    return {name: value for name, value in found.items() if value is not None}


def _price(line: Mapping[str, Any], currency: str) -> Money | None:
    return money_set(get(line, "originalUnitPriceSet")) or amount(line, "price", currency)


def _quantity(line: Mapping[str, Any]) -> Decimal:
    return Decimal(str(get(line, "quantity") or 0))


def _allocated(line: Mapping[str, Any], currency: str) -> Money:
    """The line's share of all reductions; a payload without allocations has the line's own one only."""
    if not has(line, "discount_allocations", "discountAllocations"):
        return amount(line, "total_discount", currency) or Money.zero(currency)
    return add_up((_share(share, currency) for share in elements(line, "discount_allocations")), currency)


def _share(share: Mapping[str, Any], currency: str) -> Money:
    return money_set(get(share, "allocatedAmountSet")) or amount(share, "amount", currency) or Money.zero(currency)


def _taxes(line: Mapping[str, Any], currency: str, *, inclusive: bool) -> list[dict[str, Any]]:
    found = []
    for tax in elements(line, "tax_lines"):
        levied, rate = amount(tax, "price", currency), get(tax, "rate")
        row = {
            "name": str(get(tax, "title") or ""),
            "rate": str(rate) if rate is not None else None,
            "amount": levied.as_dict() if levied else None,
            "inclusive": inclusive,
        }
        found.append({name: value for name, value in row.items() if value not in (None, "")})
    return found


def order_totals(order: Mapping[str, Any]) -> dict[str, Any]:
    """The totals, so that items − discount + shipping + tip + fees (+ tax, unless contained) = total.

    `items` is the sum over all lines but tips before reductions; Shopify's `subtotal` is already
    reduced. `discount` covers lines and shipping; `shipping` stands before it.
    """
    currency = currency_of(order)
    lines = [line for line in elements(order, "line_items") if not get(line, "tip")]
    prices = [(price, _quantity(line)) for line in lines if (price := _price(line, currency))]
    found = {
        "items": add_up((price.times(quantity) for price, quantity in prices), currency),
        "discount": amount(order, "total_discounts", currency),
        "shipping": money_set(get(order, "total_shipping_price_set")) or _shipping_sum(order, currency),
        "tax": amount(order, "total_tax", currency),
        "tip": amount(order, "total_tip_received", currency),
        "fees": money_set(get(order, "original_total_duties_set")),
        "total": amount(order, "total_price", currency),
    }
    always = ("items", "discount", "shipping", "tax", "total")
    return {name: sum_.as_dict() for name, sum_ in found.items() if sum_ is not None and (sum_ or name in always)}


def _shipping_sum(order: Mapping[str, Any], currency: str) -> Money:
    return add_up((_shipping_price(each, currency) for each in elements(order, "shipping_lines")), currency)


def _shipping_price(line: Mapping[str, Any], currency: str) -> Money:
    return money_set(get(line, "originalPriceSet")) or amount(line, "price", currency) or Money.zero(currency)


def order_shipping(order: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`{"title", "code", "amount"}` per way of shipping, before reductions."""
    currency = currency_of(order)
    rows = (
        {"title": get(line, "title"), "code": get(line, "code"), "amount": _shipping_price(line, currency).as_dict()}
        for line in elements(order, "shipping_lines")
    )
    return [{name: value for name, value in row.items() if value} for row in rows]


def order_discounts(order: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`{"code"|"title", "amount"}` per reduction of the order; the amount is the sum of its shares.

    A payload without applications names its codes with their amounts.
    """
    currency = currency_of(order)
    applications = list(elements(order, "discount_applications"))
    if not applications:
        return [
            {
                "code": str(get(code, "code")),
                "amount": (amount(code, "amount", currency) or Money.zero(currency)).as_dict(),
            }
            for code in elements(order, "discount_codes")
        ]
    sums = _sums_by_application(order, currency)
    found = []
    for place, application in enumerate(applications):
        index = get(application, "index")
        row = {"code": get(application, "code"), "title": get(application, "title")}
        given = sums.get(place if index is None else int(index), Money.zero(currency))
        row = {"code": row["code"]} if row["code"] else {"title": row["title"]}
        found.append({name: str(text) for name, text in row.items() if text} | {"amount": given.as_dict()})
    return found


def _sums_by_application(order: Mapping[str, Any], currency: str) -> dict[int, Money]:
    sums: dict[int, Money] = {}
    for line in (*elements(order, "line_items"), *elements(order, "shipping_lines")):
        for share in elements(line, "discount_allocations"):
            index = get(share, "discount_application_index")
            place = int(get(get(share, "discountApplication"), "index") or 0) if index is None else int(index)
            sums[place] = sums.get(place, Money.zero(currency)) + _share(share, currency)
    return sums


def variants(product: Mapping[str, Any], currency: str = "") -> list[dict[str, Any]]:
    """The variants. Prices need the shop's currency: a pulled product says it, a webhook does not."""
    currency = str(get(get(get(product, "priceRangeV2"), "minVariantPrice"), "currencyCode") or currency)
    names = [str(get(option, "name")) for option in elements(product, "options")]
    return [_variant(variant, names, currency) for variant in elements(product, "variants")]


def _variant(variant: Mapping[str, Any], names: Iterable[str], currency: str) -> dict[str, Any]:
    chosen = {str(get(o, "name")): get(o, "value") for o in elements(variant, "selected_options")}
    chosen = chosen or {name: get(variant, f"option{place}") for place, name in enumerate(names, 1)}
    item, barcode, price = get(variant, "inventory_item"), get(variant, "barcode"), get(variant, "price")
    tracked = get(item, "tracked") if item is not None else get(variant, "inventory_management") is not None
    found = {
        "sku": get(variant, "sku") or None,
        "barcodes": [str(barcode)] if barcode else [],
        "options": {name: str(value) for name, value in chosen.items() if value and name != "Title"} or None,
        "price": parse(price, currency).as_dict() if price is not None and currency else None,
        "weight_g": _grams(variant, item),
        "track_stock": tracked,
    }
    return {name: value for name, value in found.items() if value is not None}


def _grams(variant: Mapping[str, Any], item: Any) -> str | None:
    weight = get(get(item, "measurement"), "weight")
    value, unit = (
        (get(weight, "value"), get(weight, "unit")) if weight else (get(variant, "weight"), get(variant, "weight_unit"))
    )
    if value is None or word(unit) not in _GRAMS:
        return None
    grams = (Decimal(str(value)) * _GRAMS[word(unit)]).quantize(Decimal("0.001")).normalize()
    return format(grams, "f") if grams else None
