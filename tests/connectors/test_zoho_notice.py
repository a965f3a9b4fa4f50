"""Zoho's notifications: what proves one, what it tells, and the channel behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from connectors.zoho import notice
from connectors.zoho.connector import ZohoConnector
from connectors.zoho.simulator import ZohoSimulator
from hub.errors import ConfigError, WebhookError
from hub.sdk import WebhookRequest
from tests.connectors.zoho_shared import ADDRESS, HOOK_SECRET, connected, sample


@pytest.fixture
def zoho() -> Iterator[ZohoSimulator]:
    with ZohoSimulator() as simulator:
        yield simulator


@pytest.fixture
def connector(zoho: ZohoSimulator) -> Iterator[ZohoConnector]:
    with connected(zoho) as made:
        yield made


def request(content: Any, key: str = notice.address_key(HOOK_SECRET)) -> WebhookRequest:
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    return WebhookRequest("POST", {}, {"key": key}, body, 0.0)


def signed(**more: Any) -> dict[str, Any]:
    content: dict[str, Any] = {**sample("notification"), **more}
    return {**content, "token": notice.channel_token(HOOK_SECRET, str(content["channel_id"]))}


def test_secrets_when_told_to_zoho_then_neither_is_the_secret_nor_the_other() -> None:
    key, token = notice.address_key(HOOK_SECRET), notice.channel_token(HOOK_SECRET, "1000000068001")
    assert len(token) <= 50
    assert HOOK_SECRET not in key + token
    assert key != token[: len(key)]
    assert notice.channel_token(HOOK_SECRET, "1000000068002") != token


def test_notification_when_the_token_is_of_another_channel_then_refused(connector: ZohoConnector) -> None:
    content = signed()
    assert connector.verify(request(content)) == 1
    for wrong in ({**content, "channel_id": "1000000068002"}, {**content, "token": None}, [content]):
        with pytest.raises(WebhookError):
            connector.verify(request(wrong))


def test_notification_when_only_one_of_key_and_token_fits_then_refused(connector: ZohoConnector) -> None:
    with pytest.raises(WebhookError):
        connector.verify(request(signed(), key=""))
    with pytest.raises(WebhookError):
        connector.verify(request(sample("notification")))


def test_notification_when_it_names_many_then_one_item_each_without_the_token(connector: ZohoConnector) -> None:
    content = signed(ids=["1", "2"], affected_fields=[{"1": ["Mobile"]}, {"2": ["Email"]}])
    events = connector.decode(request(content))
    assert [event.topic for event in events] == ["contacts.changed"] * 2
    assert orjson.loads(events[0].body) == {
        "id": "1",
        "module": "Contacts",
        "operation": "update",
        "changed_time": "2026-11-29T00:30:05.000000Z",
        "fields": ["Mobile"],
    }
    assert len({event.dedupe for event in events}) == 2
    assert [e.dedupe for e in connector.decode(request(content))] == [e.dedupe for e in events]
    assert content["token"].encode() not in b"".join(event.body for event in events)


def test_notification_when_of_a_deletion_then_mapped_like_the_list_of_deleted(connector: ZohoConnector) -> None:
    (event,) = connector.decode(request(signed(operation="delete")))
    assert event.topic == "contacts.deleted"
    assert orjson.loads(event.body)["deleted_time"] == "2026-11-29T00:30:05.000000Z"


@pytest.mark.parametrize(
    "content", [{"module": "Leads", "ids": ["1"]}, {"module": "Contacts", "ids": "1"}, {"ids": []}]
)
def test_notification_when_odd_then_kept_as_it_came(connector: ZohoConnector, content: Any) -> None:
    (event,) = connector.decode(request(content))
    assert (event.topic, event.body) == ("", orjson.dumps(content))


def test_subscribe_when_repeated_then_one_channel_and_one_call(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    connector.subscribe()
    connector.subscribe()
    assert [entry.content["method"] for entry in zoho.ledger.entries("watch")] == ["POST"]
    changed, held = connector.subscriptions()
    assert (changed["topic"], held["topic"]) == ("contacts.changed", "contacts.deleted")
    assert (held["address"], held["state"]) == (ADDRESS, "active")
    left = datetime.fromisoformat(held["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=6) < left < timedelta(days=7)


def test_subscribe_when_the_channel_ends_soon_then_renewed_in_time(
    zoho: ZohoSimulator, connector: ZohoConnector
) -> None:
    connector.subscribe()
    (channel,) = zoho.channels.held.values()
    channel["channel_expiry"] = (datetime.now(UTC) + timedelta(days=3)).isoformat(timespec="seconds")
    connector.subscribe()
    assert [entry.content["method"] for entry in zoho.ledger.entries("watch")] == ["POST", "PUT"]
    assert datetime.fromisoformat(channel["channel_expiry"]) < datetime.fromisoformat(
        zoho.channels.held[channel["channel_id"]]["channel_expiry"]
    )


def test_subscribe_when_the_channel_has_ended_then_made_again(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    connector.subscribe()
    zoho.switches.clock_skew = 8 * 86_400
    assert connector.subscriptions() == []
    zoho.switches.clock_skew = 0.0
    zoho.channels.held.clear()
    connector.subscribe()
    assert len(connector.subscriptions()) == 2


def test_subscribe_when_the_hub_moved_or_the_secret_changed_then_the_channel_follows(zoho: ZohoSimulator) -> None:
    with connected(zoho, channel_id="1000000068001") as connector:
        connector.subscribe()
    with connected(zoho, channel_id="1000000068001", address="https://new.example/webhooks/crm") as connector:
        connector.subscribe()
        assert connector.subscriptions()[0]["address"] == "https://new.example/webhooks/crm"
    assert len(zoho.channels.held) == 1


def test_subscribe_when_the_hub_has_no_public_address_then_config_error(zoho: ZohoSimulator) -> None:
    with connected(zoho, address="") as connector, pytest.raises(ConfigError, match="public address"):
        connector.subscribe()


def test_subscribe_when_there_is_no_secret_then_nothing(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    connector.secrets = {**connector.secrets, "webhook_secret": []}
    connector.subscribe()
    assert zoho.channels.held == {}
    assert connector.subscriptions() == ()
    assert any("webhook_secret" in warning for warning in connector.check().warnings)


def test_channel_when_made_of_the_address_then_a_number_that_zoho_takes() -> None:
    assert notice.channel_of(ADDRESS).isdigit()
    assert len(notice.channel_of(ADDRESS)) == 16
    assert notice.channel_of(ADDRESS) != notice.channel_of(ADDRESS + "2")
