"""Shopify's webhooks: who may come in, and under which name."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

import orjson
import pytest

from connectors.shopify import webhook
from connectors.shopify.manifest import MANIFEST
from hub.errors import WebhookError
from hub.sdk import WebhookRequest
from tests.connectors.shopify_shared import ROOT, SAMPLES, SECRET, SHOP

VECTORS = orjson.loads((ROOT / "tests" / "data" / "vectors" / "shopify.json").read_bytes())["vectors"]
BODY = b'{"id":1}'


def signature(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def request(body: bytes = BODY, *, prefix: str = "x-shopify-", **headers: str) -> WebhookRequest:
    named = {"hmac-sha256": signature(body), "topic": "orders/create", "shop-domain": SHOP}
    named |= {name.replace("_", "-"): text for name, text in headers.items()}
    return WebhookRequest("POST", {prefix + name: text for name, text in named.items()}, {}, body, time.time())


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_signature_when_vector_then_as_expected(vector: dict[str, str]) -> None:
    given = request(vector["body"].encode(), hmac_sha256=vector["expected"])
    if vector["valid"]:
        assert webhook.verify(given, [vector["secret"]], SHOP) == 1
        return
    with pytest.raises(WebhookError) as caught:
        webhook.verify(given, [vector["secret"]], SHOP)
    assert caught.value.status == 401


@pytest.mark.parametrize("prefix", ["x-shopify-", "shopify-"])
def test_delivery_when_of_either_family_then_verified_and_named(prefix: str) -> None:
    given = request(prefix=prefix, event_id="e1", webhook_id="w1")
    assert webhook.verify(given, [SECRET], SHOP) == 1
    assert [event.topic for event in webhook.decode(given)] == ["orders/create"]


def test_signature_when_ruby_ended_it_with_a_line_feed_then_fits() -> None:
    assert webhook.verify(request(hmac_sha256=signature(BODY) + "\n"), [SECRET], SHOP) == 1


def test_signature_when_secret_rotated_then_says_which_fitted() -> None:
    assert webhook.verify(request(), ["new", SECRET], SHOP) == 2


@pytest.mark.parametrize("domain", ["other.myshopify.com", "", "demo.myshopify.com.evil.example"])
def test_delivery_when_of_another_shop_then_refused(domain: str) -> None:
    with pytest.raises(WebhookError) as caught:
        webhook.verify(request(shop_domain=domain), [SECRET], SHOP)
    assert caught.value.status == 401


def test_delivery_when_connection_names_no_shop_then_refused() -> None:
    with pytest.raises(WebhookError):
        webhook.verify(request(shop_domain=""), [SECRET], "")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"event_id": "e1", "webhook_id": "w1"}, "orders/create e1"),
        ({"webhook_id": "w1"}, "w1"),
        ({}, None),
    ],
)
def test_dedupe_when_ids_are_given_then_event_before_delivery_before_body(
    headers: dict[str, str], expected: str | None
) -> None:
    (event,) = webhook.decode(request(**headers))
    assert event.dedupe == expected
    assert event.body == BODY


def test_dedupe_when_event_reaches_two_topics_then_both_are_kept() -> None:
    first = webhook.decode(request(event_id="e1"))[0]
    second = webhook.decode(request(event_id="e1", topic="orders/paid"))[0]
    assert first.dedupe != second.dedupe


def test_topic_when_missing_or_odd_then_the_bytes_are_still_passed_on() -> None:
    (unknown,) = webhook.decode(request(topic=""))
    (odd,) = webhook.decode(request(topic="x\x00" * 500))
    (split,) = webhook.decode(request(topic="customers", action="update"))
    assert (unknown.topic, unknown.body) == ("unknown", BODY)
    assert len(odd.topic) <= 200
    assert "\x00" not in odd.topic
    assert split.topic == "customers/update"


def test_headers_when_kept_then_without_the_signature() -> None:
    (event,) = webhook.decode(request(event_id="e1"))
    assert event.headers == {"topic": "orders/create", "shop-domain": SHOP, "event-id": "e1"}


def test_topics_when_sampled_then_all_are_known_to_the_manifest() -> None:
    for path in sorted(SAMPLES.glob("*.json")):
        headers = orjson.loads(path.read_bytes()).get("headers")
        topic = (headers or {}).get("X-Shopify-Topic")
        assert topic is None or MANIFEST.stream_of_topic(topic) or topic in MANIFEST.unmapped_topics, path.name


def test_privacy_and_uninstall_when_received_then_stored_without_mapping() -> None:
    for topic in ("customers/redact", "customers/data_request", "shop/redact", "app/uninstalled"):
        assert topic in MANIFEST.unmapped_topics
        assert MANIFEST.stream_of_topic(topic) is None
    assert MANIFEST.pausing_topics == ("app/uninstalled",)
