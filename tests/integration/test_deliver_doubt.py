"""Attempts that nobody can account for: looked at before anything is done again."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from connectors.webhook.simulator import WebhookSimulator
from hub.errors import UnknownOutcomeError
from hub.flow import attempt, delivery
from hub.flow.desk import Desk
from hub.sdk.connector import Delivery
from hub.store import lease
from tests.fixtures.hub import at
from tests.fixtures.peers import PeerRig, Shelf, wait_for

pytestmark = pytest.mark.usefixtures("soon")


def _lose_answer(shelf: Shelf, times: int = 1) -> None:
    """The peer carries calls out, and the answers are lost."""
    left = [times]

    def lose(_: Delivery) -> None:
        if left[0]:
            left[0] -= 1
            raise UnknownOutcomeError("crm: timed out after sending")

    shelf.after = lose


def _lose_call(shelf: Shelf) -> None:
    left = [1]

    def lose(_: Delivery) -> None:
        if left[0]:
            left[0] -= 1
            raise UnknownOutcomeError("crm: timed out after sending")

    shelf.before = lose


def _abandon(rig: PeerRig, connection: str) -> None:
    """A worker commits its intent, perhaps calls, and is never heard of again."""
    desk = Desk(rig.hub)
    row = rig.hub.connections.by_name(connection)
    claims = desk.claim(row.id, 10)
    connector: Any = rig.hub.connections.connector(connection)
    prepared = desk.run(lambda conn: attempt.prepare(conn, desk, row, connector, claims))
    begun = attempt._begin(desk, row, prepared.sendings)
    connector.write([sending.delivery for sending in begun])
    rig.hub.db.execute("update target set lease_until = now() - interval '1 second'")


def test_create_when_committed_then_timed_out_then_one_remote_record(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    _lose_answer(crm)
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    assert len(crm.records) == 1
    assert len(crm.calls) == 1
    assert peers.attempts() == [("create", "applied")]
    assert len(peers.golden_ids("customer")) == 1
    peers.echo("crm", crm)
    peers.quiet()
    assert len(crm.calls) == 1


def test_create_when_call_was_lost_then_created_after_looking_twice(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    _lose_call(crm)
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    assert len(crm.records) == 1
    assert crm.looks >= 2
    assert peers.attempts() == [("create", "not_applied"), ("create", "sent")]


def test_update_when_committed_then_timed_out_then_not_sent_again(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    _lose_answer(crm)
    peers.customer("1", at(2), full_name="Li Lei-Wang")
    peers.quiet()
    assert [call.data["full_name"] for call in crm.calls] == ["Li Lei", "Li Lei-Wang"]
    assert peers.attempts() == [("create", "sent"), ("update", "applied")]
    assert peers.goldens("customer")[0]["full_name"] == "Li Lei-Wang"


def test_update_when_call_was_lost_then_sent_again(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    _lose_call(crm)
    peers.customer("1", at(2), full_name="Li Lei-Wang")
    peers.quiet()
    assert crm.records["p1"]["full_name"] == "Li Lei-Wang"
    assert peers.attempts() == [("create", "sent"), ("update", "not_applied"), ("update", "sent")]


def test_create_when_worker_dies_after_the_call_then_one_remote_record(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.settle()
    _abandon(peers, "crm")
    peers.quiet()
    assert len(crm.records) == len(crm.calls) == 1
    assert peers.attempts() == [("create", "applied")]


def test_create_when_worker_dies_and_peer_can_only_be_written_to_then_unknown_for_a_person(peers: PeerRig) -> None:
    blind = peers.peer("blind", "blind", flow="out")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.settle()
    _abandon(peers, "blind")
    peers.quiet()
    assert peers.targets("state") == [("unknown",)]
    assert peers.items() == ["unknown"]
    assert len(blind.calls) == 1


def test_arrived_when_person_says_so_then_believed_and_linked(peers: PeerRig) -> None:
    blind = peers.peer("blind", "blind", flow="out")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.settle()
    _abandon(peers, "blind")
    peers.quiet()
    [(target_id,)] = peers.targets("id")
    delivery.arrived(peers.hub, target_id, "ann", "p1")
    peers.quiet()
    assert len(blind.calls) == 1
    assert peers.items() == []
    peers.customer("1", at(2), full_name="Li Lei-Wang")
    peers.quiet()
    assert [call.external_id for call in blind.calls] == [None, "p1"]


def test_retry_when_outcome_is_unknown_then_sent_again(peers: PeerRig) -> None:
    blind = peers.peer("blind", "blind", flow="out")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.settle()
    _abandon(peers, "blind")
    peers.quiet()
    [(target_id,)] = peers.targets("id")
    delivery.retry(peers.hub, target_id, "ann")
    peers.quiet()
    assert len(blind.calls) == 2
    assert peers.targets("state") == [("due",)]


def test_frozen_caller_when_it_lands_late_then_peer_is_looked_at_and_set_right(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    thaw, frozen = threading.Event(), threading.Event()

    def freeze(delivery: Delivery) -> None:
        if delivery.data["full_name"] == "Old":
            frozen.set()
            assert thaw.wait(20)

    crm.before = freeze
    peers.customer("1", at(2), full_name="Old")
    peers.settle()
    desk = Desk(peers.hub)
    row = peers.hub.connections.by_name("crm")
    claims = desk.claim(row.id, 10)
    connector: Any = peers.hub.connections.connector("crm")
    late = threading.Thread(target=attempt.work, args=(desk, row, connector, claims))
    late.start()
    assert frozen.wait(20)
    peers.hub.db.execute("update target set lease_until = now() - interval '1 second'")
    peers.customer("1", at(3), full_name="New")
    peers.quiet()
    assert crm.records["p1"]["full_name"] == "New"
    thaw.set()
    late.join(20)
    assert crm.records["p1"]["full_name"] == "Old"
    peers.quiet()
    assert crm.records["p1"]["full_name"] == "New"
    assert peers.goldens("customer")[0]["full_name"] == "New"


def test_frozen_caller_when_nothing_flows_in_from_the_peer_then_it_is_set_right_too(peers: PeerRig) -> None:
    crm = peers.peer("crm", flow="out")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    # What a caller that was killed after its socket write leaves behind, with nobody left to report it.
    crm.records["p1"] |= {"full_name": "Old", "version": crm.clock + 1}
    crm.clock += 1
    peers.hub.db.execute("update target set verify_at = now()")
    peers.quiet()
    assert crm.records["p1"]["full_name"] == "Li Lei"


def test_record_when_it_is_gone_at_the_peer_then_dead_letter(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    crm.records.clear()
    peers.hub.db.execute("update target set verify_at = now()")
    peers.quiet()
    assert peers.targets("state, error ->> 'message'") == [("dead", "crm: the record is gone there")]


def test_claim_when_lease_is_lost_then_nothing_of_it_counts(peers: PeerRig) -> None:
    peers.peer("crm")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.settle()
    row = peers.hub.connections.by_name("crm")
    [first] = peers.hub.db.run(lambda conn: lease.claim(conn, row.id, 5, 30))
    assert peers.hub.db.run(lambda conn: lease.claim(conn, row.id, 5, 30)) == []
    peers.hub.db.execute("update target set lease_until = now() - interval '1 second'")
    [second] = peers.hub.db.run(lambda conn: lease.claim(conn, row.id, 5, 30))
    assert not peers.hub.db.run(lambda conn: lease.done(conn, first, 99))
    assert peers.hub.db.run(lambda conn: lease.renew(conn, [first, second], 30)) == {second}
    assert peers.targets("done_seq") == [(0,)]


def test_webhook_peer_when_it_commits_and_hangs_then_one_remote_record(
    peers: PeerRig, simulator: WebhookSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    peers.webhook_peer("crm", simulator)
    connector: Any = peers.hub.connections.connector("crm")
    monkeypatch.setattr(connector.http, "timeouts", type(connector.http.timeouts)(1.0, 0.5, 1.0))
    simulator.switches.set(error_after_commit=1, error_mode="hang", path="/hooks")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    assert [record["data"] for record in simulator.act_records()] == [{"full_name": "Li Lei"}]
    assert peers.attempts() == [("create", "applied")]


def test_webhook_peer_when_it_cannot_be_searched_then_its_idempotency_key_makes_it_one(
    peers: PeerRig, simulator: WebhookSimulator
) -> None:
    peers.webhook_peer("crm", simulator, finds=False)
    simulator.switches.set(error_after_commit=1, error_mode="500", path="/hooks")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.settle()
    peers.deliver()
    # The content changes between the tries: the peer keeps the first, and is told the rest.
    peers.customer("1", at(2), full_name="Li Lei", note="tea")
    peers.quiet()
    assert [record["data"] for record in simulator.act_records()] == [{"full_name": "Li Lei", "note": "tea"}]


def test_halt_stops_within_1_s(peers: PeerRig) -> None:
    crm = peers.peer("crm", "blind")
    crm.before = lambda _: time.sleep(0.02)
    peers.customers(400, at(1))
    peers.settle()
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            peers.deliverer.round()
            time.sleep(0.005)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        wait_for(lambda: len(crm.calls) > 10)
        peers.hub.db.execute("update connection set halted_out = true, generation = generation + 1")
        halted_at = time.monotonic()
        wait_for(lambda: time.monotonic() > halted_at + 1)
        calls = len(crm.calls)
        assert calls < 400
        wait_for(lambda: time.monotonic() > halted_at + 2)
        assert len(crm.calls) == calls
    finally:
        over.set()
        worker.join()
    peers.hub.db.execute("update connection set halted_out = false, generation = generation + 1")
    peers.hub.connections.reload()
    peers.quiet()
    assert len(crm.records) == 400
