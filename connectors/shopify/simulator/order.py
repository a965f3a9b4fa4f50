"""How the payloads of an order, of its parcels and of its refunds are put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.shopify.simulator.catalogue import LOCATIONS, VARIANTS, both, price

Code = tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class Basket:
    """What is bought: variants with quantities; a discount code and its amount; shipping. Minor units, tax contained."""

    rows: Sequence[tuple[Mapping[str, Any], int]]
    code: Code
    shipping: int

    @classmethod
    def of(cls, lines: Sequence[Mapping[str, Any]], code: Code, shipping: int) -> Basket:
        """Of lines `{"variant", "quantity"}`."""
        return cls([(VARIANTS[line["variant"]], int(line["quantity"])) for line in lines], code, shipping)

    @property
    def gross(self) -> list[int]:
        """What each row costs before any reduction."""
        return [round(float(variant["price"]) * 100) * quantity for variant, quantity in self.rows]

    @property
    def off(self) -> int:
        """The reduction, never more than the goods cost."""
        return min(self.code[1], sum(self.gross)) if self.code else 0

    @property
    def shares(self) -> list[int]:
        """The reduction shared out over the rows by their prices."""
        gross = self.gross
        given = [self.off * each // sum(gross) for each in gross]
        given[0] += self.off - sum(given)
        return given

    @property
    def taxes(self) -> list[int]:
        """The 13 % contained in what is left of each row."""
        return [round((each - share) * 13 / 113) for each, share in zip(self.gross, self.shares, strict=True)]


def order_payload(
    number: int, display: int, currency: str, buyer: Mapping[str, Any] | None, basket: Basket, now: str
) -> dict[str, Any]:
    """A payload of orders/create, unpaid."""
    address = (buyer or {}).get("default_address")
    return {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Order/{number}",
        "name": f"#{display}",
        "order_number": display,
        **dict.fromkeys(("created_at", "updated_at", "processed_at"), now),
        **dict.fromkeys(("closed_at", "cancelled_at", "cancel_reason", "note", "location_id", "fulfillment_status")),
        "test": False,
        "tags": "",
        "currency": currency,
        "presentment_currency": currency,
        "financial_status": "pending",
        "source_name": "web",
        "email": (buyer or {}).get("email"),
        "phone": (buyer or {}).get("phone"),
        "customer": dict(buyer) if buyer else None,
        **_totals(basket, currency),
        **_discounts(basket),
        "line_items": [_line(number, place, basket, currency) for place in range(len(basket.rows))],
        "shipping_lines": [
            {
                "id": number * 10,
                "title": "顺丰速运",
                "code": "SF",
                "price": price(basket.shipping),
                "discount_allocations": [],
            }
        ],
        "refunds": [],
        "fulfillments": [],
        "shipping_address": address,
        "billing_address": address,
    }


def _totals(basket: Basket, currency: str) -> dict[str, Any]:
    goods, tax = sum(basket.gross), sum(basket.taxes)
    total = goods - basket.off + basket.shipping
    amounts = {"total_discounts": basket.off, "total_tax": tax, "total_price": total}
    return {
        **{name: price(minor) for name, minor in amounts.items()},
        **{f"{name}_set": both(price(minor), currency) for name, minor in amounts.items()},
        "total_line_items_price": price(goods),
        "subtotal_price": price(goods - basket.off),
        "total_tip_received": "0.00",
        "total_shipping_price_set": both(price(basket.shipping), currency),
        "taxes_included": True,
    }


def _discounts(basket: Basket) -> dict[str, Any]:
    if not basket.code or not basket.off:
        return {"discount_codes": [], "discount_applications": []}
    code, amount = basket.code[0], price(basket.off)
    application = {
        "type": "discount_code",
        "code": code,
        "value": amount,
        "value_type": "fixed_amount",
        "allocation_method": "across",
    }
    return {
        "discount_codes": [{"code": code, "amount": amount, "type": "fixed_amount"}],
        "discount_applications": [application],
    }


def _line(number: int, place: int, basket: Basket, currency: str) -> dict[str, Any]:
    (variant, quantity), share, tax = basket.rows[place], basket.shares[place], basket.taxes[place]
    allocation = {
        "amount": price(share),
        "amount_set": both(price(share), currency),
        "discount_application_index": 0,
    }
    return {
        "id": number * 10 + place + 1,
        "variant_id": variant["id"],
        "product_id": variant["product_id"],
        "sku": variant["sku"],
        "title": variant["product_title"],
        "variant_title": variant["title"],
        "quantity": quantity,
        "price": variant["price"],
        "price_set": both(variant["price"], currency),
        "total_discount": "0.00",
        "discount_allocations": [allocation] if share else [],
        "tax_lines": [{"title": "VAT", "rate": 0.13, "price": price(tax), "price_set": both(price(tax), currency)}],
        "requires_shipping": True,
        "taxable": True,
        "gift_card": False,
    }


def parcel_payload(
    order: Mapping[str, Any], number: int, now: str, *, carrier: str, tracking: str, location: int
) -> dict[str, Any]:
    """A payload of fulfillments/create: a parcel with all lines of an order."""
    link = f"https://track.example/{tracking}"
    return {
        "id": number,
        "order_id": order["id"],
        "name": f"{order['name']}-F{len(order['fulfillments']) + 1}",
        "status": "success",
        "shipment_status": None,
        "created_at": now,
        "updated_at": now,
        "location_id": location,
        "tracking_company": carrier,
        "tracking_number": tracking,
        "tracking_numbers": [tracking],
        "tracking_url": link,
        "tracking_urls": [link],
        "line_items": [
            {"id": line["id"], "quantity": line["quantity"], "sku": line["sku"]} for line in order["line_items"]
        ],
    }


def refund_subtotal(item: Mapping[str, Any], quantity: int) -> str:
    """What `quantity` of an order's line came to, its reductions shared out over the pieces."""
    reduced = sum(Decimal(share["amount"]) for share in item["discount_allocations"])
    each = (Decimal(item["price"]) * item["quantity"] - reduced) / item["quantity"]
    return f"{(each * quantity).quantize(Decimal('0.01')):.2f}"


def refund_payload(
    order: Mapping[str, Any],
    item: Mapping[str, Any],
    quantity: int,
    *,
    number: int,
    next_number: Callable[[], int],
    moved: Mapping[str, Any],
    note: str,
    now: str,
) -> dict[str, Any]:
    """A payload of refunds/create: `quantity` of one line, back to stock, paid back by the transaction `moved`."""
    subtotal, currency = moved["amount"], order["currency"]
    line = {
        "id": next_number(),
        "line_item_id": item["id"],
        "quantity": quantity,
        "restock_type": "return",
        "location_id": LOCATIONS[0]["id"],
        "subtotal": subtotal,
        "total_tax": "0.00",
        "subtotal_set": both(subtotal, currency),
        "total_tax_set": both("0.00", currency),
    }
    return {
        "id": number,
        "order_id": order["id"],
        "created_at": now,
        "processed_at": now,
        "note": note,
        "restock": True,
        "refund_line_items": [line],
        "refund_shipping_lines": [],
        "transactions": [moved],
        "order_adjustments": [],
    }
