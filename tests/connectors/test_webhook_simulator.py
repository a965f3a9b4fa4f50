"""The simulated system behind the generic webhook connector, as a peer and as a process."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from connectors.webhook.connector import WebhookConnector
from connectors.webhook.manifest import MANIFEST
from connectors.webhook.simulator import SECRET, WebhookSimulator
from hub.sdk import Delivery, HttpClient, WebhookRequest
from hub.sdk.testing import SimAnswer, SimRequest, Simulator

LOOPBACK = ["127.0.0.0/8"]


class Hub(Simulator):
    """Takes webhooks as the hub would: checks and decodes them by the connector."""

    def __init__(self) -> None:
        self.connector = WebhookConnector("crm", {}, {"secret": [SECRET]}, None)
        self.events: list[Any] = []
        super().__init__()

    def answer(self, request: SimRequest) -> SimAnswer:
        received = WebhookRequest(request.method, request.headers, request.query, request.body, time.time())
        self.connector.verify(received)
        self.events += [request.json()["data"] | {"type": e.topic} for e in self.connector.decode(received)]  # type: ignore[union-attr]
        return SimAnswer(200)

    def sign(self, topic: str, message_id: str, body: bytes) -> dict[str, str]:
        return {}


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as hub:
        yield hub


def connect(peer: WebhookSimulator) -> WebhookConnector:
    config = {"target_url": peer.target_url, "find_url": peer.find_url}
    return WebhookConnector(
        "crm", config, {"secret": [SECRET]}, HttpClient.for_connection(MANIFEST, "crm", config, LOOPBACK)
    )


def write(connector: WebhookConnector, key: str, data: dict[str, Any], **changes: Any) -> Any:
    values: dict[str, Any] = {"external_id": None, "event_type": "customer.updated", "delete": False, **changes}
    delivery = Delivery("customer", "customers", "dlv_1", key, data=data, changed=data, **values)
    return connector.write([delivery])[0]


def test_peer_when_written_then_stores_by_ref_with_a_growing_version() -> None:
    with WebhookSimulator() as peer:
        connector = connect(peer)
        first, second = write(connector, "k1", {"full_name": "a"}), write(connector, "k2", {"full_name": "b"})
        assert first.external_id == second.external_id
        assert first.version < second.version
        assert [record["data"] for record in peer.act_records()] == [{"full_name": "b"}]
        found = connector.find("customer", "dlv_1", {})
        assert found is not None
        assert (found.version, found.data["data"]["full_name"]) == (second.version, "b")  # type: ignore[index]
        assert write(connector, "k3", {}, event_type="customer.deleted", delete=True).error is None
        assert peer.act_records() == []


def test_peer_when_it_reformats_and_echoes_then_its_events_say_so(hub: Hub) -> None:
    with WebhookSimulator(reformat="upper", echoes=True, answers_data=True) as peer:
        peer.sender.url = hub.url
        result = write(connect(peer), "k1", {"full_name": "Li Lei", "gender": "male"})
        assert peer.act_wait_idle()
        assert hub.events[0]["type"] == "customer.updated"
        assert (hub.events[0]["full_name"], hub.events[0]["gender"]) == ("LI LEI", "male")
        assert result.stored["data"]["full_name"] == "LI LEI"


def test_peer_when_somebody_works_in_it_then_the_hub_hears_of_it(hub: Hub) -> None:
    with WebhookSimulator() as peer:
        peer.sender.url = hub.url
        record_id = peer.act_create("customer", {"full_name": "韩梅梅"})
        version = peer.act_edit(record_id, {"note": "VIP"})
        peer.act_delete(record_id)
        assert peer.act_wait_idle()
        assert [event["type"] for event in hub.events] == ["customer.created", "customer.updated", "customer.deleted"]
        assert (hub.events[1]["updated_at"], hub.events[1]["note"]) == (version, "VIP")
        times = [event["updated_at"] for event in hub.events]
        assert times == sorted(times)


def test_peer_when_it_lives_in_another_zone_then_versions_still_compare() -> None:
    with WebhookSimulator() as peer:
        connector = connect(peer)
        first = write(connector, "k1", {"full_name": "a"})
        peer.switches.set(time_zone="Asia/Shanghai")
        second = write(connector, "k2", {"full_name": "b"})
        assert first.version < second.version
        assert peer.act_records()[0]["version"].endswith("+08:00")


def test_process_when_started_then_serves_and_stops_on_a_signal() -> None:
    command = [sys.executable, "-m", "connectors.webhook.simulator", "--port", "0", "--reformat", "trim"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        word, url = process.stdout.readline().split()
        assert word == "ready"
        created = requests.post(
            f"{url}/_sim/act/create", json={"kind": "customer", "data": {"full_name": " a "}}, timeout=5
        )
        assert created.json() == "cus-1"
        records = requests.post(f"{url}/_sim/act/records", json={}, timeout=5).json()
        assert records[0]["data"] == {"full_name": "a"}
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
