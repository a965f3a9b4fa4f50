"""How the conformance kit sets up the Zoho connector."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from connectors.zoho import notice
from connectors.zoho.connector import ZohoConnector
from connectors.zoho.manifest import STREAM
from connectors.zoho.simulator import ZohoSimulator
from hub.sdk import Connector, Delivery, RawEvent, WebhookRequest
from hub.sdk.testing.kit import ConnectorHarness

NEW, OLD = "whsec_bmV3ZXIgc2VjcmV0IG9mIHRoZSByb3RhdGlvbg==", "whsec_b2xkZXIgc2VjcmV0IG9mIHRoZSByb3RhdGlvbg=="
CLIENT_ID, SECRET, REFRESH = "1000.SIMULATED", "hush-0123456789abcdef", "1000.refresh.simulated"
SAMPLES = Path(__file__).parent / "samples"


def _sample(name: str) -> Any:
    return orjson.loads((SAMPLES / f"{name}.json").read_bytes())


class ZohoHarness(ConnectorHarness):
    """An account whose notifications name ids alone, with pages of three."""

    connector = ZohoConnector
    topic = "contacts.changed"
    sample = orjson.dumps(_sample("notification"))
    webhook_secret_field = "webhook_secret"  # noqa: S105 -- the name of a field
    signs_body = False
    recognises_repeats = False

    def simulator(self) -> ZohoSimulator:
        return ZohoSimulator(client_id=CLIENT_ID, client_secret=SECRET, refresh_token=REFRESH)

    def config(self, simulator: ZohoSimulator) -> Mapping[str, Any]:
        return {"data_centre": "cn", "client_id": CLIENT_ID, "base_url": simulator.url, "page_size": 3}

    def secrets(self, simulator: ZohoSimulator) -> Mapping[str, Sequence[str]]:  # noqa: ARG002
        return {"client_secret": [SECRET], "refresh_token": [REFRESH], "webhook_secret": [NEW]}

    def bad_secrets(self, simulator: ZohoSimulator) -> Mapping[str, Sequence[str]]:  # noqa: ARG002
        return {"client_secret": [SECRET], "refresh_token": ["1000.of.somebody.else"]}

    def webhook_secrets(self) -> tuple[str, str]:
        return NEW, OLD

    def webhook(self, body: bytes, secret: str, *, at: float) -> WebhookRequest:  # noqa: ARG002 -- nothing is signed
        try:
            content = orjson.loads(body)
            body = orjson.dumps({**content, "token": notice.channel_token(secret, content["channel_id"])})
        except (orjson.JSONDecodeError, TypeError, KeyError):
            pass
        query = {notice.KEY: notice.address_key(secret)}
        return WebhookRequest("POST", {"content-type": "application/json"}, query, body, time.time())

    def samples(self) -> Sequence[RawEvent]:
        listed = [RawEvent("contacts.pull", orjson.dumps(row)) for row in _sample("contacts_list")["data"]]
        gone = [RawEvent("contacts.deleted", orjson.dumps(row)) for row in _sample("contacts_deleted")["data"]]
        return [*super().samples(), *listed, *gone]

    def connect(
        self, simulator: Any, secrets: Mapping[str, Sequence[str]] | None = None, *, address: str = ""
    ) -> Connector:
        made = super().connect(simulator, secrets, address=address)
        if secrets is None:
            made.check()  # the token is there: what goes wrong then, goes wrong with the call itself
        return made

    def seed(self, simulator: ZohoSimulator, stream: str, count: int) -> Sequence[str]:  # noqa: ARG002
        return [simulator.crm.add(Last_Name="李", Email=f"li{time.time_ns()}@example.com") for _ in range(count)]

    def seed_at_once(self, simulator: ZohoSimulator, stream: str, count: int) -> Sequence[str]:  # noqa: ARG002
        now = simulator.crm.now()
        return [simulator.crm.add(Last_Name="李", Modified_Time=now) for _ in range(count)]

    def external_id(self, stream: str, event: RawEvent) -> str:  # noqa: ARG002
        return str(orjson.loads(event.body)["id"])

    def delivery(self, number: int, external_id: str | None = None) -> Delivery:
        data = {"Last_Name": f"顾客 {number}", "Mobile": f"+861390000{number:04}", "Phone": None}
        return Delivery(
            "customer", STREAM, f"dlv_{number}", f"key-{number}", external_id, data, data, "customer.updated"
        )

    def fail_one(self, simulator: ZohoSimulator) -> None:
        simulator.fail_record("RECORD_LOCKED")

    def remote_count(self, simulator: ZohoSimulator) -> int:
        return len(simulator.crm.contacts)

    def remove(self, simulator: ZohoSimulator, external_id: str) -> None:
        simulator.crm.remove(external_id)

    def listen(self, simulator: ZohoSimulator, address: str) -> None:
        """Nothing to do: it notifies the address of its channel."""

    def lose_subscriptions(self, simulator: ZohoSimulator) -> None:
        simulator.channels.held.clear()


class DeletionHarness(ZohoHarness):
    """A notification of a deletion, which is mapped as it comes; a change is read first."""

    topic = "contacts.deleted"
    sample = orjson.dumps(_sample("notification") | {"operation": "delete"})


HARNESSES = (ZohoHarness,)
