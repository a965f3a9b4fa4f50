"""What the hub keeps of remote accounts, with the simulators of real systems at the other end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from connectors.shopify.simulator import ShopifySimulator
from connectors.shopify.subscribing import wanted_topics
from connectors.zoho.simulator import ZohoSimulator
from hub.errors import ConnectionPausedError
from hub.flow.account import check
from hub.flow.budget import SharedBudget, state
from hub.flow.configure import Wish, connect
from hub.flow.connection import Connections
from hub.flow.context import Hub
from hub.flow.job import Jobs
from hub.flow.subscription import look_after, overview
from hub.sdk import Connector
from tests.connectors import shopify_shared, zoho_shared

PROCESSES = 4


@pytest.fixture
def public_hub(hub: Hub) -> Hub:
    """The hub with a public address."""
    hub.settings = replace(hub.settings, public_url="https://hub.example")
    hub.connections._settings = hub.settings
    return hub


@pytest.fixture
def zoho(public_hub: Hub) -> Iterator[ZohoSimulator]:
    """A Zoho account that is connected as `crm`."""
    with ZohoSimulator() as simulator:
        config = dict(zoho_shared.config_of(simulator))
        connect(public_hub, Wish("crm", "zoho", config=config, secrets=zoho_shared.secrets(), flows={"customer": "both"}), "test")  # fmt: skip
        yield simulator


@pytest.fixture
def processes(public_hub: Hub) -> Callable[[str], list[Connector]]:
    """A connection's connector as several processes have it."""

    def made(name: str) -> list[Connector]:
        hub = public_hub
        return [Connections(hub.db, hub.keyring, hub.registry, hub.settings).connector(name) for _ in range(PROCESSES)]

    return made


def test_zoho_when_many_processes_call_then_one_token_is_issued(
    zoho: ZohoSimulator, processes: Callable[[str], list[Connector]]
) -> None:
    connectors = processes("crm") * 2
    with ThreadPoolExecutor(len(connectors)) as pool:
        assert all(found.ok for found in pool.map(lambda one: one.check(), connectors))
    assert len(zoho.ledger.entries("refresh")) == 1


def test_zoho_when_its_tokens_are_revoked_then_one_new_one_for_all(
    zoho: ZohoSimulator, processes: Callable[[str], list[Connector]]
) -> None:
    connectors = processes("crm")
    for one in connectors:
        assert one.check().ok
    zoho.tokens.revoke_all()
    with ThreadPoolExecutor(len(connectors)) as pool:
        assert all(found.ok for found in pool.map(lambda one: one.check(), connectors))
    assert len(zoho.ledger.entries("refresh")) == 2


def test_zoho_when_the_grant_is_gone_then_asked_once_and_everybody_told(
    public_hub: Hub, zoho: ZohoSimulator, processes: Callable[[str], list[Connector]]
) -> None:
    zoho.tokens.refresh_token = "1000.another"
    for one in processes("crm"):
        with pytest.raises(ConnectionPausedError):
            one.check()
    assert len(zoho.ledger.entries("refresh")) == 1
    assert check(public_hub, "crm").ok is False


def test_zoho_when_connected_then_the_channel_is_made_and_known_with_its_end(
    public_hub: Hub, zoho: ZohoSimulator
) -> None:
    jobs = Jobs(public_hub)
    assert len(jobs.look()) == 1
    assert jobs.wait(20)
    found = overview(public_hub, "crm")
    assert found.error is None
    rows = [one.subscription for one in found.topics if one.subscription]
    assert {(row.state, row.address) for row in rows} == {("active", "https://hub.example/webhooks/crm")}
    assert rows[0].expires_at is not None
    assert state(public_hub, "crm").running == 0
    look_after(public_hub, "crm")
    assert len(zoho.ledger.entries("watch")) == 1


def test_shopify_when_connected_then_every_topic_is_subscribed_and_restored(public_hub: Hub) -> None:
    with ShopifySimulator() as shop:
        config = {"shop": shop.shop.domain, "base_url": shop.url}
        secrets = {"secret": [shopify_shared.SECRET], "access_token": [shopify_shared.TOKEN]}
        connect(public_hub, Wish("shop", "shopify", config=config, secrets=secrets, flows={"customer": "both"}), "test")
        rows = look_after(public_hub, "shop")
        assert {row.topic for row in rows if row.state == "active"} == set(wanted_topics())
        kept = shop.endpoint.mutations.subscriptions
        kept.pop()
        assert {row.topic for row in look_after(public_hub, "shop")} == set(wanted_topics())
        budget = public_hub.connections.connector("shop").http.budget
        assert isinstance(budget, SharedBudget)
        assert state(public_hub, "shop").used["live"] > 0
