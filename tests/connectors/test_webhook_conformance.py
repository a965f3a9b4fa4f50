"""The generic webhook connector keeps the contract of every connector."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from connectors.webhook.connector import WebhookConnector
from connectors.webhook.manifest import MANIFEST
from connectors.webhook.simulator import WebhookSimulator
from hub.model.kinds import KINDS
from hub.model.observation import Draft
from hub.rules.mapping import MapContext, load_mappings
from hub.sdk import Delivery, RawEvent, WebhookRequest, sign_standard
from hub.sdk.testing.kit import ConnectorHarness, connector_suite

OLD = "whsec_b2xkZXIgc2VjcmV0IG9mIHRoZSByb3RhdGlvbg=="
NEW = "whsec_bmV3ZXIgc2VjcmV0IG9mIHRoZSByb3RhdGlvbg=="

MAPPINGS = load_mappings([Path(__file__).parents[2] / "mappings"], KINDS, {}, ("webhook",))


class WebhookHarness(ConnectorHarness):
    connector = WebhookConnector
    topic = "customer.updated"
    sample = (
        '{"type":"customer.updated","timestamp":"2026-11-22T00:00:00Z","data":{"id":"1","full_name":"李雷"}}'.encode()
    )
    stale_after_s = 300

    def simulator(self) -> WebhookSimulator:
        return WebhookSimulator([NEW])

    def config(self, simulator: WebhookSimulator) -> Mapping[str, Any]:
        return {"target_url": simulator.target_url, "find_url": simulator.find_url}

    def secrets(self, simulator: WebhookSimulator) -> Mapping[str, Sequence[str]]:
        return {"secret": [NEW]}

    def webhook(self, body: bytes, secret: str, *, at: float) -> WebhookRequest:
        headers = sign_standard([secret], "msg_1", int(at), body)
        return WebhookRequest("POST", headers, {}, body, time.time())

    def webhook_secrets(self) -> tuple[str, str]:
        return NEW, OLD

    def delivery(self, number: int, external_id: str | None = None) -> Delivery:
        data = {"full_name": f"顾客 {number}", "tags": ["vip"]}
        return Delivery(
            "customer", "customers", f"hr_{number}", f"key-{number}", external_id, data, data, "customer.updated"
        )

    def drafts(self, event: RawEvent) -> Sequence[Draft]:
        stream = MANIFEST.stream_of_topic(event.topic)
        mapping = MAPPINGS.inbound("webhook", stream.name if stream else "")
        assert mapping is not None
        return mapping.map(json.loads(event.body), MapContext("shop", event.topic, 0))

    def remote_count(self, simulator: WebhookSimulator) -> int:
        return len(simulator.records)


class SignedPingHarness(WebhookHarness):
    def config(self, simulator: WebhookSimulator) -> Mapping[str, Any]:
        return {"target_url": simulator.target_url, "ping": "post"}

    def bad_secrets(self, simulator: WebhookSimulator) -> Mapping[str, Sequence[str]]:
        return {"secret": [OLD]}


TestWebhook = connector_suite(WebhookHarness)
TestWebhookWithoutFind = connector_suite(SignedPingHarness)
