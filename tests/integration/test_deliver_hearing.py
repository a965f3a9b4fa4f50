"""A system is heard out before it is written to: an edit that waits in the inbox is not written over."""

from __future__ import annotations

import uuid

import pytest

from hub.flow import account
from hub.flow.deliver import Deliverer
from hub.flow.hearing import Hearing
from hub.store import inbox
from tests.fixtures.hub import Rig
from tests.fixtures.peers import PeerRig, Shelf, wait_for


class Ticks:
    """A clock that stands still between looks."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def _in_step(peers: PeerRig) -> tuple[Shelf, Shelf]:
    shop, crm = peers.peer("store"), peers.peer("crm")
    shop.keep("p1", {"full_name": "Li Lei", "note": "tea"})
    _tell(peers, "store", shop)
    _tell(peers, "crm", crm)
    peers.quiet()
    _tell(peers, "crm", crm)
    peers.quiet()
    assert crm.records["p1"]["note"] == "tea"
    crm.calls.clear()
    return shop, crm


def _tell(peers: PeerRig, name: str, shelf: Shelf) -> None:
    sent, shelf.outbox[:] = list(shelf.outbox), []
    for event in sent:
        peers.send(name, "customers", event, key=f"{name}:{event['id']}:{event['updated_at']}")


def _both_edit(peers: PeerRig, shop: Shelf, crm: Shelf) -> None:
    """The shop's edit is due at the CRM; the CRM's own, newer one waits in the inbox."""
    shop.keep("p1", {"note": "water"})
    _tell(peers, "store", shop)
    peers.settle()
    crm.clock = shop.clock + 1_000_000
    crm.keep("p1", {"note": "coffee"})
    _tell(peers, "crm", crm)
    assert peers.pending() or not peers.hub.connections.by_name("crm").may_call("out")


def _ends_in_agreement(peers: PeerRig, shop: Shelf, crm: Shelf) -> None:
    peers.quiet()
    _tell(peers, "store", shop)
    peers.quiet()
    assert [call.data for call in crm.calls if call.data.get("note") == "water"] == []
    assert (shop.records["p1"]["note"], crm.records["p1"]["note"]) == ("coffee", "coffee")


@pytest.mark.parametrize("gives_version", [True, False])
def test_delivery_when_a_halt_of_both_directions_is_lifted_then_what_the_system_said_meanwhile_counts_first(
    peers: PeerRig, gives_version: bool
) -> None:
    shop, crm = _in_step(peers)
    crm.gives_version = gives_version  # without one, the write would stand before the edit that it took away
    account.halt(peers.hub, "crm", "ann")
    peers.deliver()
    _both_edit(peers, shop, crm)
    account.lift(peers.hub, "crm", "ann")
    peers.deliver()
    assert crm.calls == []
    _ends_in_agreement(peers, shop, crm)


def test_delivery_when_a_pause_ends_before_the_pipeline_caught_up_then_it_waits(peers: PeerRig) -> None:
    shop, crm = _in_step(peers)
    account.pause(peers.hub, "crm", "ann")
    peers.deliver()
    _both_edit(peers, shop, crm)
    account.resume(peers.hub, "crm", "ann")
    peers.deliver()
    assert crm.calls == []
    _ends_in_agreement(peers, shop, crm)


def test_delivery_when_the_deliverer_starts_before_the_pipeline_then_it_waits(peers: PeerRig) -> None:
    shop, crm = _in_step(peers)
    _both_edit(peers, shop, crm)
    started = Deliverer(peers.hub)
    try:
        started.run_once()
        assert crm.calls == []
        peers.settle()
        wait_for(lambda: started.run_once() >= 0 and not peers.pending())
    finally:
        started.close()
    _ends_in_agreement(peers, shop, crm)


def test_delivery_when_the_pipeline_falls_behind_a_running_deliverer_then_it_waits(peers: PeerRig) -> None:
    shop, crm = _in_step(peers)
    hearing = Hearing(peers.hub.db, clock := Ticks())
    row, heard = peers.hub.connections.by_name("crm"), []
    for _ in range(2):
        clock.now += 1
        hearing.listen([row])
        heard.append(hearing.has_heard(row))
    _both_edit(peers, shop, crm)
    for _ in range(2):
        clock.now += 1
        hearing.listen([row])
        heard.append(hearing.has_heard(row))
    peers.settle()
    clock.now += 1
    hearing.listen([row])
    assert [*heard, hearing.has_heard(row)] == [True, True, True, False, True]


def test_delivery_when_events_keep_coming_then_what_came_after_the_lift_puts_nothing_off(peers: PeerRig) -> None:
    peers.peer("crm")
    row = peers.hub.connections.by_name("crm")
    _say(peers, "crm", lane=inbox.BULK)
    hearing = Hearing(peers.hub.db, clock := Ticks())
    hearing.listen([row])
    assert not hearing.has_heard(row)
    for _ in range(3):
        peers.settle()
        _say(peers, "crm")
        clock.now += 1
        hearing.listen([row])
        assert hearing.has_heard(row)


def test_delivery_when_an_event_is_in_quarantine_then_it_stops_nothing(peers: PeerRig) -> None:
    shop, crm = _in_step(peers)
    account.halt(peers.hub, "crm", "ann")
    peers.deliver()
    peers.send("crm", "no.such", {"id": "p1"})
    shop.keep("p1", {"note": "water"})
    _tell(peers, "store", shop)
    account.lift(peers.hub, "crm", "ann")
    peers.quiet()
    assert len(peers.quarantined()) == 1
    assert crm.records["p1"]["note"] == "water"


def test_delivery_when_only_what_comes_in_is_halted_then_it_goes_on(peers: PeerRig) -> None:
    shop, crm = _in_step(peers)
    account.halt(peers.hub, "crm", "ann", outward=False)
    _both_edit(peers, shop, crm)
    peers.deliver()
    assert crm.records["p1"]["note"] == "water"
    account.lift(peers.hub, "crm", "ann", outward=False)
    peers.quiet()
    _tell(peers, "crm", crm)
    peers.quiet()
    assert (shop.records["p1"]["note"], crm.records["p1"]["note"]) == ("coffee", "coffee")


def test_delivery_when_another_connection_is_behind_then_it_goes_on(peers: PeerRig) -> None:
    shop, crm = _in_step(peers)
    shop.keep("p1", {"note": "water"})
    _tell(peers, "store", shop)
    peers.settle()
    _say(peers, "shop")
    started = Deliverer(peers.hub)
    try:
        wait_for(lambda: started.run_once() >= 0 and crm.records["p1"]["note"] == "water")
    finally:
        started.close()


def _say(rig: Rig, connection: str, lane: int = inbox.LIVE) -> None:
    type_ = "customers" if connection == "crm" else "customer.updated"
    rig.send(connection, type_, {"id": "x1", "full_name": "Han Meimei"}, key=uuid.uuid4().hex, lane=lane)
