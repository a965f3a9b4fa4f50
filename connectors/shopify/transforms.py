"""The named transforms of `mappings/shopify`: what a path and a common transform cannot say.

All are pure. Each reads a webhook's payload and a pulled GraphQL node alike, so that the same
record means the same whichever way it came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.shopify import order_money, outward, payment, person, refund
from connectors.shopify.shape import word
from hub.model.transform import transform

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


@transform(
    takes_null=True,
    gives="enum",
    examples=[
        ([None, None], {}, "open"),
        ([None, "2026-11-22T08:30:05Z"], {}, "completed"),
        (["2026-11-22T08:30:05Z", None], {}, "cancelled"),
    ],
    one_way="orders are not written",
)
def order_state(value: Sequence[Any] | None) -> str:
    """Of `[cancelled_at, closed_at]`: cancelled, completed (archived), else open."""
    cancelled_at, closed_at = value or (None, None)
    return "cancelled" if cancelled_at else "completed" if closed_at else "open"


@transform(
    gives="enum",
    examples=[(["success", "in_transit"], {}, "in_transit"), (["SUCCESS", None], {}, "shipped")],
    one_way="fulfilments are not written",
)
def fulfilment_state(value: Sequence[Any]) -> str:
    """Where a parcel is, of `[status, shipment_status]`: its own end, else the carrier's word, else that it left.

    GraphQL's `displayStatus` is the carrier's word, or repeats the fulfilment's own.
    """
    status, carrier = (word(each) for each in value)
    if status in _FULFILMENT_STATES:
        return _FULFILMENT_STATES[status]
    return _SHIPMENT_STATES.get(carrier) or ("planned" if status in ("pending", "open") else "shipped")


@transform(
    examples=[
        (
            ["SF Express", ["SF100"], ["https://sf.example/SF100"]],
            {},
            [{"carrier": "SF Express", "number": "SF100", "url": "https://sf.example/SF100"}],
        )
    ],
    one_way="fulfilments are not written",
)
def tracking(value: Sequence[Any]) -> list[dict[str, str]]:
    """`{"carrier", "number", "url"}` per parcel number, of a webhook's `[company, numbers, urls]`."""
    carrier, numbers, links = value
    rows = [
        {"carrier": carrier, "number": number, "url": (links or [])[place : place + 1]}
        for place, number in enumerate(numbers or ())
    ]
    flat = [row | {"url": row["url"][0] if row["url"] else None} for row in rows]
    return [{name: str(text) for name, text in row.items() if text} for row in flat]


TRANSFORMS: Mapping[str, Callable[..., Any]] = {
    f"shopify_{function.__name__}": function
    for function in (
        person.full_name,
        person.verified,
        person.tags,
        person.address,
        person.addresses,
        outward.kept_name,
        outward.kept_identities,
        outward.kept_addresses,
        outward.kept_tags,
        outward.contact,
        outward.mailing_addresses,
        outward.locale,
        order_state,
        order_money.line_discount,
        order_money.line_total,
        order_money.items_total,
        order_money.shipping_total,
        order_money.discounts,
        order_money.variant_title,
        order_money.options,
        order_money.grams,
        order_money.media,
        payment.moment,
        payment.payment_state,
        payment.payment_reference,
        payment.method,
        refund.refund_state,
        refund.refund_amount,
        refund.refund_lines,
        refund.refund_shipping,
        refund.refund_reference,
        refund.settled_at,
        fulfilment_state,
        tracking,
    )
}
