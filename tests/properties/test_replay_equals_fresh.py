"""A replay under new rules gives what a hub would have that never knew others; under the same rules, nothing new (2.8)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.shopify.conformance import ShopifyHarness
from connectors.webhook.conformance import WebhookHarness
from connectors.zoho.conformance import DeletionHarness, ZohoHarness
from hub import bootstrap, registry
from hub.flow.replay import replay
from hub.sdk.connector import RawEvent
from hub.store import inbox
from hub.store.inbox import NewEvent
from hub.store.replay import Selection
from tests.fixtures.histories import HISTORIES, Said, connect_all
from tests.fixtures.hub import EPOCH, Rig
from tests.fixtures.rules import put_in_force

SLOW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
CUSTOMERS = """
kind: customer
from: webhook/customers
root: data
id: id
version: updated_at
at: updated_at
delete_topics: ["*.deleted"]
in:
  full_name: {path: full_name, to: upper}
  note: tags[0]
  identities: {path: identities}
"""
ORDERS = """
kind: order
from: webhook/orders
root: data
id: number
version: updated_at
at: updated_at
in: canonical
"""
MODEL = """
auto: 6000
review: 1000
comparisons:
  name: {exact: 3000, pinyin: 2500, homophone: 2000, conflict: -4000}
  phone: {same: 4000}
keys: {phone: [phone], name: [name_sound]}
guards: {name: [conflict]}
"""
# Each changes what stored events say: other values, other identities, fewer records, records under other ids; or who is one.
VARIANTS: dict[str, dict[str, str]] = {
    "other values": {"webhook/customers.yaml": CUSTOMERS},
    "no identities": {"webhook/customers.yaml": CUSTOMERS.replace("  identities: {path: identities}\n", "")},
    "fewer records": {"webhook/customers.yaml": CUSTOMERS + "when: {path: note, equals: a}\n"},
    "other ids": {"webhook/orders.yaml": ORDERS},
    "one connection": {"webhook/customers@till.yaml": CUSTOMERS.replace("root: data", "connections: [till]\nroot: data")},
    "other model": {"matching/customer.yaml": MODEL},
    "other policy": {"policies/customer.yaml": "default: {policy: priority, connections: [crm, till, shop]}\nfields: {note: {policy: owner, connections: [till]}}\n"},
}  # fmt: skip


def _fresh(rig: Rig, files: dict[str, str], history: list[Said]) -> dict[str, Any]:
    rig.clear()
    put_in_force(rig.hub, files)
    for said in history:
        said.send(rig)
    rig.settle()
    return rig.state()


def _replayed(rig: Rig, files: dict[str, str]) -> dict[str, Any]:
    put_in_force(rig.hub, files)
    replay(rig.hub, Selection())
    rig.settle()
    return rig.state()


@SLOW
@given(HISTORIES, st.sampled_from(sorted(VARIANTS)), st.booleans())
def test_replay_equals_fresh(rig: Rig, history: list[Said], variant: str, is_way_back: bool) -> None:
    if not rig.hub.connections.all():
        connect_all(rig)
    first, second = {}, VARIANTS[variant]
    if is_way_back:
        first, second = second, first
    expected = _fresh(rig, second, history)
    _fresh(rig, first, history)
    assert _replayed(rig, second) == expected


REQUIRED = {"number", "title", "order"}
HARNESSES = {"shopify": [ShopifyHarness], "zoho": [ZohoHarness, DeletionHarness], "webhook": [WebhookHarness]}


@cache
def _events(connector: str) -> list[RawEvent]:
    return [event for harness in HARNESSES[connector] for event in harness().samples()]


def _files(rig: Rig, connector: str) -> Iterator[tuple[str, str]]:
    """Every shipped file of a connector that makes records, with one of its fields left out."""
    for name in sorted({name for key, name in rig.hub.rules.manifest["incoming"].items() if key.startswith(connector)}):
        for folder in bootstrap.mapping_folders(rig.hub.settings):
            if (folder / name).exists():
                content = yaml.safe_load((folder / name).read_text())
                said = content.get("in")
                spare = [field for field in said if field not in REQUIRED] if isinstance(said, dict) else []
                if spare:
                    del said[spare[-1]]
                yield name, yaml.safe_dump(content, allow_unicode=True, sort_keys=False)


def _send(rig: Rig, connection_id: int, events: list[RawEvent]) -> None:
    new = [
        NewEvent(connection_id, event.topic, event.body, f"{n}", received_at=EPOCH + n, headers=dict(event.headers))
        for n, event in enumerate(events)
    ]
    with rig.hub.db.transaction() as conn:
        inbox.accept(conn, rig.hub.keyring, new)
    rig.settle()


@pytest.mark.parametrize("connector", sorted(HARNESSES))
def test_replay_of_shipped_mappings_is_identity_and_equals_fresh(rig: Rig, connector: str) -> None:
    manifest = registry.load().connector(connector).manifest
    flows = {kind: "in" for stream in manifest.streams for kind in stream.kinds}
    connection_id = rig.connect("system", flows)
    rig.hub.db.execute("update connection set connector = %s, generation = generation + 1", (connector,))
    rig.hub.connections.reload()
    changed = dict(_files(rig, connector))
    states = []
    for files in ({}, changed):
        rig.clear()
        put_in_force(rig.hub, files)
        _send(rig, connection_id, _events(connector))
        states.append(rig.state())
        feed = rig.hub.db.one("select seq from feed")
        replay(rig.hub, Selection())
        rig.settle()
        assert rig.state() == states[-1]
        assert rig.hub.db.one("select seq from feed") == feed
    shipped, other = states
    assert shipped
    assert (shipped == other) == (connector == "webhook")
    assert _replayed(rig, {}) == shipped
    assert _replayed(rig, changed) == other
