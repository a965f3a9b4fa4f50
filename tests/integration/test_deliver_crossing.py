"""A parent that arrives at the peer in the very moment in which its child looks for it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from hub.sdk.connector import Delivery
from hub.store import lease
from tests.fixtures.hub import at
from tests.fixtures.peers import PeerRig, Shelf, wait_for

FLOWS = {"customer": "both", "order": "out"}
# Shorter than what a child waits by itself before it looks again.
SOON_S = 8.0


def _money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


def _order(peers: PeerRig) -> None:
    line = {
        "line_id": "1",
        "title": "Tea",
        "quantity": "1",
        "unit_price": _money("9.00"),
        "total": _money("9.00"),
        "line_kind": "product",
    }
    peers.send("shop", "order.created", {
        "id": "77", "updated_at": at(2), "number": "#77", "channel": "web", "currency": "CNY", "placed_at": at(0),
        "tax_inclusive": True, "state": "open", "totals": {"items": _money("9.00"), "total": _money("9.00")}, "lines": [line],
        "customer": {"connection": "shop", "object_type": "customers", "external_id": "1"},
    })  # fmt: skip


def _holding(kind: str) -> tuple[threading.Event, Any]:
    """Keeps calls of one kind open until the event is set."""
    gate = threading.Event()

    def before(delivery: Delivery) -> None:
        assert delivery.kind != kind or gate.wait(20)

    return gate, before


def _customer_id(crm: Shelf) -> str:
    return next(id_ for id_, record in crm.records.items() if "full_name" in record)


def _is_linked(peers: PeerRig) -> bool:
    return peers.count("kind = 'customer' and rid is not null and done_seq = dirty_seq") == 1


def test_child_when_parent_arrives_while_it_begins_to_wait_then_sent_at_once(
    peers: PeerRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm = peers.peer("crm", flows=FLOWS)
    gate, crm.before = _holding("customer")
    begin_to_wait = lease.await_parent

    def slowly(*arguments: Any) -> bool:
        # Compared already, not committed yet: the parent's delivery ends now and finds nobody to wake.
        gate.set()
        wait_for(lambda: _is_linked(peers))
        return begin_to_wait(*arguments)

    monkeypatch.setattr(lease, "await_parent", slowly)
    peers.customer("1", at(1), full_name="Li Lei")
    peers.settle()
    peers.deliverer.round()
    wait_for(lambda: crm.calls)
    _order(peers)
    peers.settle()
    peers.quiet(SOON_S)
    assert [call.data["customer"] for call in crm.calls if call.kind == "order"] == [_customer_id(crm)]


def test_child_when_parent_arrives_during_its_call_then_told_the_id_afterwards(peers: PeerRig) -> None:
    crm = peers.peer("crm", flows=FLOWS)
    gate, crm.before = _holding("order")
    _order(peers)
    peers.settle()
    peers.deliverer.round()
    wait_for(lambda: crm.calls)
    peers.customer("1", at(1), full_name="Li Lei")
    peers.settle()
    wait_for(lambda: peers.deliverer.round() >= 0 and _is_linked(peers))
    gate.set()
    peers.quiet(SOON_S)
    assert [call.data["customer"] for call in crm.calls if call.kind == "order"][-1] == _customer_id(crm)
