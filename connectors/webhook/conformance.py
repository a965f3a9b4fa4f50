"""How the conformance kit sets up the generic webhook connector."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.webhook.connector import WebhookConnector
from connectors.webhook.simulator import WebhookSimulator
from hub.sdk import Delivery, WebhookRequest, sign_standard
from hub.sdk.testing.kit import ConnectorHarness

OLD = "whsec_b2xkZXIgc2VjcmV0IG9mIHRoZSByb3RhdGlvbg=="
NEW = "whsec_bmV3ZXIgc2VjcmV0IG9mIHRoZSByb3RhdGlvbg=="


class WebhookHarness(ConnectorHarness):
    """A peer that can be asked, and sends events for what the hub wrote too."""

    connector = WebhookConnector
    topic = "customer.updated"
    sample = (
        '{"type":"customer.updated","timestamp":"2026-11-22T00:00:00Z","data":{"id":"1","full_name":"李雷","tags":["vip"],'
        '"identities":[{"namespace":"phone","value":"+8613900010001","verified":"none"}],"note":null}}'.encode()
    )
    stale_after_s = 300

    def simulator(self) -> WebhookSimulator:
        return WebhookSimulator([NEW], echoes=True)

    def config(self, simulator: WebhookSimulator) -> Mapping[str, Any]:
        return {"target_url": simulator.target_url, "find_url": simulator.find_url}

    def secrets(self, simulator: WebhookSimulator) -> Mapping[str, Sequence[str]]:  # noqa: ARG002
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

    def remote_count(self, simulator: WebhookSimulator) -> int:
        return len(simulator.records)

    def remove(self, simulator: WebhookSimulator, external_id: str) -> None:
        simulator.act_delete(external_id)


class WebhookWithoutFindHarness(WebhookHarness):
    """A peer that cannot be asked, and whose credentials are checked by a signed ping."""

    def config(self, simulator: WebhookSimulator) -> Mapping[str, Any]:
        return {"target_url": simulator.target_url, "ping": "post"}

    def bad_secrets(self, simulator: WebhookSimulator) -> Mapping[str, Sequence[str]]:  # noqa: ARG002
        return {"secret": [OLD]}


HARNESSES = (WebhookHarness, WebhookWithoutFindHarness)
