"""The Zoho connector keeps the contract of every connector."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from connectors.zoho import notice
from connectors.zoho.connector import ZohoConnector
from connectors.zoho.simulator import ZohoSimulator
from hub.model.observation import Draft
from hub.sdk import Connector, Delivery, RawEvent, WebhookRequest
from hub.sdk.testing.kit import ConnectorHarness, connector_suite
from tests.connectors.zoho_shared import CLIENT_SECRET, REFRESH, config_of, drafts, sample

NEW, OLD = "whsec_bmV3ZXIgc2VjcmV0IG9mIHRoZSByb3RhdGlvbg==", "whsec_b2xkZXIgc2VjcmV0IG9mIHRoZSByb3RhdGlvbg=="
SECRET = f"{CLIENT_SECRET}-0123456789abcdef"
CHANNEL = "1000000068001"


class ZohoHarness(ConnectorHarness):
    connector = ZohoConnector
    topic = "contacts.changed"
    sample = orjson.dumps(sample("notification"))
    webhook_secret_field = "webhook_secret"
    signs_body = False
    recognises_repeats = False

    def simulator(self) -> ZohoSimulator:
        return ZohoSimulator(client_secret=SECRET)

    def config(self, simulator: ZohoSimulator) -> Mapping[str, Any]:
        return config_of(simulator, page_size=3)

    def secrets(self, simulator: ZohoSimulator) -> Mapping[str, Sequence[str]]:
        return {"client_secret": [SECRET], "refresh_token": [REFRESH], "webhook_secret": [NEW]}

    def bad_secrets(self, simulator: ZohoSimulator) -> Mapping[str, Sequence[str]]:
        return {"client_secret": [SECRET], "refresh_token": ["1000.of.somebody.else"]}

    def webhook_secrets(self) -> tuple[str, str]:
        return NEW, OLD

    def webhook(self, body: bytes, secret: str, *, at: float) -> WebhookRequest:
        try:
            content = orjson.loads(body)
            body = orjson.dumps({**content, "token": notice.channel_token(secret, content["channel_id"])})
        except (orjson.JSONDecodeError, TypeError, KeyError):
            pass
        query = {notice.KEY: notice.address_key(secret)}
        return WebhookRequest("POST", {"content-type": "application/json"}, query, body, time.time())

    def connect(self, simulator: Any, secrets: Mapping[str, Sequence[str]] | None = None) -> Connector:
        made = super().connect(simulator, secrets)
        if secrets is None:
            made.check()  # the token is there: what goes wrong then, goes wrong with the call itself
        return made

    def seed(self, simulator: ZohoSimulator, stream: str, count: int) -> Sequence[str]:
        return [simulator.crm.add(Last_Name="李", Email=f"li{time.time_ns()}@example.com") for _ in range(count)]

    def external_id(self, stream: str, event: RawEvent) -> str:
        return str(orjson.loads(event.body)["id"])

    def delivery(self, number: int, external_id: str | None = None) -> Delivery:
        data = {"Last_Name": f"顾客 {number}", "Mobile": f"+861390000{number:04}", "Phone": None}
        return Delivery(
            "customer", "contacts", f"dlv_{number}", f"key-{number}", external_id, data, data, "customer.updated"
        )

    def fail_one(self, simulator: ZohoSimulator) -> None:
        simulator.fail_record("RECORD_LOCKED")

    def remote_count(self, simulator: ZohoSimulator) -> int:
        return len(simulator.crm.contacts)


class DeletionHarness(ZohoHarness):
    """A deletion is mapped as it comes; a change is read first."""

    topic = "contacts.deleted"
    sample = orjson.dumps(sample("notification") | {"operation": "delete"})

    def drafts(self, event: RawEvent) -> Sequence[Draft]:
        return drafts(event.topic, orjson.loads(event.body))


TestZoho = connector_suite(ZohoHarness)
TestZohoDeletions = connector_suite(DeletionHarness)
