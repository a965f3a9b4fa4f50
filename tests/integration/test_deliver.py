"""Deliveries: the difference, and only it, arrives once."""

from __future__ import annotations

from connectors.webhook.simulator import WebhookSimulator
from tests.fixtures.hub import at
from tests.fixtures.peers import PeerRig


def test_deliver_when_customer_appears_then_created_once_at_the_peer(
    peers: PeerRig, simulator: WebhookSimulator
) -> None:
    peers.webhook_peer("crm", simulator)
    peers.customer("1", at(1), full_name="Li Lei", note="tea")
    peers.quiet()
    assert [r["data"] for r in simulator.act_records()] == [{"full_name": "Li Lei", "note": "tea"}]
    assert peers.attempts() == [("create", "sent")]
    assert peers.count("rid is not null and rid <> owner_rid") == 1
    assert len(peers.golden_ids("customer")) == 1
