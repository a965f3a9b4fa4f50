"""Zoho's notifications: who sent them, what they tell, and the channel that makes Zoho send them.

They are not signed. What proves one is a key in the address that only Zoho was told, and the
channel's token in the body; both are made of the connection's `webhook_secret`, and the token of
the channel's number too, so that neither gives away the other. A notification names ids alone: the
records are read before anything is believed. Source: Zoho CRM API v8 "Notification APIs".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson

from connectors.zoho.client import Client
from connectors.zoho.manifest import CHANGED, DELETED
from connectors.zoho.reading import instant, moment
from hub.errors import ConfigError, WebhookError
from hub.model import time as hub_time
from hub.sdk import RawEvent, WebhookRequest

KEY = "key"
LIFE = timedelta(days=6, hours=12)
"""Zoho allows a week; a channel without an expiry ends after an hour."""
RENEW_BEFORE = timedelta(days=4)
_TOKEN_LENGTH = 48
_MOST_IDS = 1000


def address_key(secret: str) -> str:
    """The key in the notification address."""
    return hmac.digest(secret.encode(), b"zoho notification address", "sha256").hex()[:40]


def channel_token(secret: str, channel_id: str) -> str:
    """The token of a channel; Zoho takes up to 50 characters."""
    return hmac.digest(secret.encode(), f"zoho channel {channel_id}".encode(), "sha256").hex()[:_TOKEN_LENGTH]


def channel_of(address: str) -> str:
    """The number of the channel for an address: the same hub always renews the same one."""
    return "1" + str(int.from_bytes(hashlib.sha256(address.encode()).digest()[:6])).zfill(15)[-15:]


def notify_url(address: str, secret: str) -> str:
    """The address that Zoho is told."""
    return f"{address}?{urlencode({KEY: address_key(secret)})}"


def verify(request: WebhookRequest, secrets: Sequence[str]) -> int:
    """Checks the address key and the channel's token against each secret; returns which fitted (1 = newest).

    Both are compared in constant time, whatever the other says. Raises `WebhookError(401)`.
    """
    content = _parsed(request.body)
    channel_id, token = (str(content.get(name) or "") for name in ("channel_id", "token"))
    key = request.query.get(KEY, "")
    fitting = [
        number
        for number, secret in enumerate(secrets, 1)
        if _same(key, address_key(secret)) & _same(token, channel_token(secret, channel_id)) and secret
    ]
    if not fitting:
        raise WebhookError(401, "neither the address key nor the channel token fits an active secret")
    return fitting[0]


def decode(request: WebhookRequest, module: str) -> list[RawEvent]:
    """One item per id. What is no notification of `module` is passed on as it came.

    Zoho gives no event id, so an item is known by the hash of the whole notification (`server_time`
    is in it) and its place. The token is left out of what is stored.
    """
    content = _parsed(request.body)
    ids = content.get("ids")
    if content.get("module") != module or not isinstance(ids, list) or not ids:
        return [RawEvent("", request.body)]
    digest = hashlib.sha256(request.body).hexdigest()
    topic = DELETED if content.get("operation") == "delete" else CHANGED
    return [
        RawEvent(topic, orjson.dumps(_item(content, str(each))), dedupe=f"{digest}:{each}") for each in ids[:_MOST_IDS]
    ]


def subscriptions(client: Client, module: str, channel_id: str) -> list[dict[str, str]]:
    """What Zoho says that it sends on our channel: by the hub's own topics where it listens to everything."""
    found = []
    for row in _channels(client, channel_id):
        ends = moment(str(row.get("channel_expiry")))
        told = {
            "address": str(row.get("notify_url") or "").partition("?")[0],
            "state": "active" if ends > datetime.now(UTC) else "expired",
            "expires_at": instant(ends),
        }
        for event in row.get("events") or ():
            topics = (CHANGED, DELETED) if event == f"{module}.all" else (str(event),)
            found += [{"topic": topic, **told} for topic in topics]
    return found


def subscribe(client: Client, module: str, address: str, channel_id: str, secret: str) -> None:
    """Makes the channel, or renews it when it ends within four days or differs. Safe to repeat."""
    if not address:
        raise ConfigError(
            f"{client.connection}: the hub has no public address, so Zoho cannot notify it; set HUB_PUBLIC_URL"
        )
    wanted = {
        "channel_id": channel_id,
        "events": [f"{module}.all"],
        "notify_url": notify_url(address, secret),
        "token": channel_token(secret, channel_id),
    }
    held = next(iter(_channels(client, channel_id)), None)
    now = datetime.now(UTC)
    if held is not None and _is_right(held, wanted) and moment(str(held.get("channel_expiry"))) - now > RENEW_BEFORE:
        return
    expiry = {"channel_expiry": instant(now + LIFE), "return_affected_field_values": False}
    reply = client.ask(
        "POST" if held is None else "PUT", "/actions/watch", json={"watch": [{**wanted, **expiry}]}, idempotent=True
    )
    result = next(iter(reply.rows("watch")), {})
    if result.get("status") != "success":
        raise ConfigError(
            f"{client.connection}: Zoho refused the notification channel; check the scope ZohoCRM.notifications.ALL"
        )


def _channels(client: Client, channel_id: str) -> list[dict[str, Any]]:
    rows = client.get("/actions/watch", {"channel_id": channel_id}).rows("watch")
    return [row for row in rows if str(row.get("channel_id")) == channel_id]


def _is_right(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    token = held.get("token")
    return (
        sorted(held.get("events") or ()) == wanted["events"]
        and held.get("notify_url") == wanted["notify_url"]
        and (token is None or _same(str(token), wanted["token"]))
    )


def _item(content: Mapping[str, Any], each: str) -> dict[str, Any]:
    """One id's part of a notification, in one shape for all: a deletion looks like one of Zoho's list of deleted."""
    found = {"id": each, "module": content.get("module"), "operation": content.get("operation")}
    sent = content.get("server_time")
    if isinstance(sent, int) and not isinstance(sent, bool) and 0 < sent < 10**14:
        found["deleted_time" if found["operation"] == "delete" else "changed_time"] = hub_time.from_micros(sent * 1000)
    fields = [part[each] for part in content.get("affected_fields") or () if isinstance(part, Mapping) and each in part]
    return found | ({"fields": fields[0]} if fields else {})


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, Mapping) else {}


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
