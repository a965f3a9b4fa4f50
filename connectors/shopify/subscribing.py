"""Webhook subscriptions: which there are, and making those that are missing.

Shopify deletes a subscription after a run of failed deliveries, so they are looked at again and again.
Compliance topics (`customers/redact` …) are set in the app's own settings, not here.
Source: shopify.dev, webhookSubscriptions, webhookSubscriptionCreate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectors.shopify.client import Client
from connectors.shopify.documents import USER_ERRORS, Step, document
from connectors.shopify.manifest import PAUSING_TOPICS, STREAMS
from connectors.shopify.refusal import TAKEN, refusal
from hub.errors import RejectedError

_AT_ONCE = 250
_MOST_PAGES = 20
_LIST = (
    "query Subscriptions($after:String){webhookSubscriptions"
    f"(first:{_AT_ONCE},after:$after){{nodes{{id topic uri}} pageInfo{{hasNextPage endCursor}}}}}}"
)
_STEPS_AT_ONCE = 10


def wanted_topics() -> list[str]:
    """The topics that the streams list, but those of pulled records, and that the app was removed."""
    topics = [topic for stream in STREAMS for topic in stream.topics if not topic.endswith(".pull")]
    return [*topics, *PAUSING_TOPICS]


def listed(client: Client, address: str) -> list[dict[str, str]]:
    """What the shop will send: `{"topic", "address", "state"}`; `active`, or `elsewhere` for another address."""
    names = {_enum(topic): topic for topic in wanted_topics()}
    found = []
    for node in _nodes(client):
        uri, topic = str(node.get("uri") or ""), str(node.get("topic") or "")
        state = "active" if uri == address else "elsewhere"
        found.append({"topic": names.get(topic, topic.lower()), "address": uri, "state": state})
    return found


def subscribe(client: Client, address: str) -> None:
    """Subscribes to every wanted topic that is not sent to `address` yet. Safe to repeat.

    Raises `RejectedError` naming the topics that Shopify refused (a scope is missing); the others are made.
    """
    there = {each["topic"] for each in listed(client, address) if each["state"] == "active"}
    missing = [topic for topic in wanted_topics() if topic not in there]
    refused: dict[str, str] = {}
    for start in range(0, len(missing), _STEPS_AT_ONCE):
        refused |= _create(client, address, missing[start : start + _STEPS_AT_ONCE])
    if refused:
        text = "; ".join(f"{topic} {why}" for topic, why in refused.items())
        raise RejectedError(f"{client.connection}: Shopify refused subscriptions: {text}", code="subscriptions")


def _create(client: Client, address: str, topics: Sequence[str]) -> Mapping[str, str]:
    steps = [_step(topic, address) for topic in topics]
    answer = client.change(*document(steps, ""))
    refused = {}
    for n, (topic, step) in enumerate(zip(topics, steps, strict=True)):
        error = refusal(topic, step.name, (answer.get(f"s{n}") or {}).get("userErrors") or ())
        if error is not None and error.code != TAKEN:
            refused[topic] = str(error).partition(": ")[2]
    return refused


def _step(topic: str, address: str) -> Step:
    arguments: dict[str, tuple[str, Any]] = {
        "topic": ("WebhookSubscriptionTopic!", _enum(topic)),
        "webhookSubscription": ("WebhookSubscriptionInput!", {"uri": address, "format": "JSON"}),
    }
    return Step("webhookSubscriptionCreate", arguments, f"webhookSubscription{{id}} {USER_ERRORS}")


def _nodes(client: Client) -> Iterable[Mapping[str, Any]]:
    after = None
    for _ in range(_MOST_PAGES):
        page = client.ask(_LIST, {"after": after}).get("webhookSubscriptions") or {}
        yield from page.get("nodes") or ()
        info = page.get("pageInfo") or {}
        if not info.get("hasNextPage"):
            return
        after = info.get("endCursor")


def _enum(topic: str) -> str:
    return topic.replace("/", "_").upper()
