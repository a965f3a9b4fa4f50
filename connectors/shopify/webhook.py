"""Shopify's webhooks: the signature, and one delivery as one item for the inbox.

Source: shopify.dev "Verify webhook deliveries" and Shopify/shopify-app-js (lib/webhooks). The
classic deliveries carry `X-Shopify-*` headers, the newer Events deliveries the same names without
`X-`; both are signed alike: base64(HMAC-SHA256(client secret, raw body)).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.errors import WebhookError
from hub.sdk.connector import RawEvent, WebhookRequest
from hub.sdk.webhooks import verify_hmac

KEPT_HEADERS = (
    "topic",
    "shop-domain",
    "api-version",
    "webhook-id",
    "event-id",
    "triggered-at",
    "name",
    "sub-topic",
    "handle",
    "action",
    "resource-id",
)
NO_TOPIC = "unknown"
LONGEST = 200


def header(headers: Mapping[str, str], name: str) -> str:
    """The header `name` (`topic`, `hmac-sha256`) of either family, stripped; empty when absent.

    The new family is read first, as Shopify's own library does. Stripped, because Ruby's
    `Base64.encode64` ends its text with a line feed.
    """
    return (headers.get(f"shopify-{name}") or headers.get(f"x-shopify-{name}") or "").strip()


def verify(request: WebhookRequest, secrets: Sequence[str], shop: str) -> int:
    """Checks that `request` is `shop`'s and signed with one of `secrets`; returns which (1 = newest).

    Raises `WebhookError(401)` for a missing or wrong signature and for another shop's delivery:
    all shops of one app share the secret, so the signature alone does not tell whose data this is.
    After a rotation Shopify signs with the old secret for up to an hour. No time is signed; a
    replayed delivery is caught by its dedupe key.
    """
    place = verify_hmac(request.body, header(request.headers, "hmac-sha256"), secrets)
    if not shop or header(request.headers, "shop-domain").lower() != shop:
        raise WebhookError(401, f"signed, but not sent for the shop {shop}")
    return place


def decode(request: WebhookRequest) -> list[RawEvent]:
    """The delivery as one item; never fails, whatever the body holds.

    The dedupe key is the business event within its topic where Shopify gives one (the same event
    reaches us once per subscription, each with its own delivery id), else the delivery id, else
    None: the hub hashes the body.
    """
    topic, action = _kept(request, "topic"), _kept(request, "action")
    if topic and action and "/" not in topic:
        topic = f"{topic}/{action}"
    event_id = header(request.headers, "event-id")
    delivery_id = header(request.headers, "webhook-id")
    dedupe = f"{topic} {event_id}" if event_id else delivery_id or None
    kept = {name: _kept(request, name) for name in KEPT_HEADERS}
    return [
        RawEvent(
            topic=topic[:LONGEST] or NO_TOPIC,
            body=request.body,
            dedupe=dedupe,
            headers={name: value for name, value in kept.items() if value},
        )
    ]


def _kept(request: WebhookRequest, name: str) -> str:
    """A header as it may be stored: unsigned text from outside, so printable signs only, and not too many."""
    return "".join(sign for sign in header(request.headers, name)[:LONGEST] if sign.isprintable())
