"""The named transforms of `mappings/shopify`: what a path and a common transform cannot say.

All are pure. Each reads a webhook's payload and a pulled GraphQL node alike (`connectors.shopify.shape`),
so that the same record means the same whichever way it came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.shopify.order_money import order_discounts, order_lines, order_shipping, order_totals, variants
from connectors.shopify.payment import (
    is_payment,
    payment,
    refund_amount,
    refund_lines,
    refund_reference,
    refund_settled_at,
    refund_shipping,
    refund_state,
    transaction_time,
)
from connectors.shopify.person import address, addresses, family_name, full_name, given_name, identities
from connectors.shopify.shape import elements, get, id_of, number_of, word

_FULFILMENT_STATES = {"cancelled": "cancelled", "error": "failed", "failure": "failed"}
_SHIPMENT_STATES = {
    "label_printed": "packed",
    "label_purchased": "packed",
    "ready_for_pickup": "ready_for_pickup",
    "confirmed": "shipped",
    "in_transit": "in_transit",
    "out_for_delivery": "in_transit",
    "attempted_delivery": "in_transit",
    "delivered": "delivered",
    "picked_up": "delivered",
    "failure": "failed",
    "not_delivered": "failed",
}


def tags(value: Any) -> list[str] | None:
    """Tags as a sorted list without repeats: webhooks write `vip, beijing`, GraphQL a list."""
    if value is None:
        return None
    words = value.split(",") if isinstance(value, str) else value
    return sorted({str(each).strip() for each in words} - {""})


def order_state(order: Mapping[str, Any]) -> str:
    """`cancelled` when it has a time of cancelling, `completed` when of closing (archived), else `open`."""
    if get(order, "cancelled_at"):
        return "cancelled"
    return "completed" if get(order, "closed_at") else "open"


def fulfilment_state(fulfilment: Mapping[str, Any]) -> str:
    """Where the parcel is: its own end (cancelled, error), else what the carrier says, else that it left.

    A webhook has the carrier's word in `shipment_status`, GraphQL in `displayStatus`, which repeats
    the fulfilment's own state when there is none.
    """
    status = word(get(fulfilment, "status"))
    if status in _FULFILMENT_STATES:
        return _FULFILMENT_STATES[status]
    carrier = word(get(fulfilment, "shipment_status", "displayStatus"))
    if carrier in _SHIPMENT_STATES:
        return _SHIPMENT_STATES[carrier]
    return "planned" if status in ("pending", "open") else "shipped"


def shipped_at(fulfilment: Mapping[str, Any]) -> Any:
    """When it left: a fulfilment is made when the parcel is handed over; None before and when it failed."""
    left = fulfilment_state(fulfilment) not in ("planned", "packed", "cancelled", "failed")
    return get(fulfilment, "created_at") if left else None


def fulfilment_lines(fulfilment: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`{"line_id", "quantity"}` per line sent."""
    return [
        {"line_id": id_of(get(line, "lineItem")) or id_of(line), "quantity": str(get(line, "quantity"))}
        for line in elements(fulfilment, "line_items", "fulfillmentLineItems")
    ]


def tracking(fulfilment: Mapping[str, Any]) -> list[dict[str, str]]:
    """`{"carrier", "number", "url"}` per parcel number; webhooks keep numbers and links in lists side by side."""
    if get(fulfilment, "tracking_info") is not None:
        rows = [(get(t, "company"), get(t, "number"), get(t, "url")) for t in elements(fulfilment, "tracking_info")]
    else:
        numbers = get(fulfilment, "tracking_numbers") or [get(fulfilment, "tracking_number")]
        links = get(fulfilment, "tracking_urls") or [get(fulfilment, "tracking_url")]
        links = [*links, *[None] * len(numbers)]
        rows = [(get(fulfilment, "tracking_company"), number, links[i]) for i, number in enumerate(numbers)]
    named = [dict(zip(("carrier", "number", "url"), row, strict=True)) for row in rows]
    return [{k: str(v) for k, v in each.items() if v} for each in named if each["number"] or each["url"]]


def media(product: Mapping[str, Any]) -> list[dict[str, str]]:
    """`{"url", "type", "alt"?}` per picture, by address only."""
    found = []
    for each in elements(product, "images", "media"):
        image = get(each, "image") or each
        url, alt = get(image, "src", "url"), get(image, "alt", "altText")
        if url:
            found.append({"url": str(url), "type": "image"} | ({"alt": str(alt)} if alt else {}))
    return found


TRANSFORMS: Mapping[str, Callable[..., Any]] = {
    "shopify_id": number_of,
    "shopify_word": word,
    "shopify_tags": tags,
    "shopify_full_name": full_name,
    "shopify_given_name": given_name,
    "shopify_family_name": family_name,
    "shopify_identities": identities,
    "shopify_address": address,
    "shopify_addresses": addresses,
    "shopify_order_state": order_state,
    "shopify_lines": order_lines,
    "shopify_discounts": order_discounts,
    "shopify_shipping": order_shipping,
    "shopify_totals": order_totals,
    "shopify_variants": variants,
    "shopify_media": media,
    "shopify_is_payment": is_payment,
    "shopify_payment": payment,
    "shopify_transaction_time": transaction_time,
    "shopify_refund_reference": refund_reference,
    "shopify_refund_state": refund_state,
    "shopify_refund_amount": refund_amount,
    "shopify_refund_lines": refund_lines,
    "shopify_refund_shipping": refund_shipping,
    "shopify_refund_settled_at": refund_settled_at,
    "shopify_fulfilment_state": fulfilment_state,
    "shopify_fulfilment_lines": fulfilment_lines,
    "shopify_shipped_at": shipped_at,
    "shopify_tracking": tracking,
}
