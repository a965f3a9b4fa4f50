"""Merges and splits as the systems see them that the hub writes to: copies follow their originals."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from hub.errors import ConflictError
from hub.flow import stewardship
from tests.fixtures.hub import at
from tests.fixtures.peers import PeerRig, Shelf

UNIONID = {"namespace": "wechat_unionid", "scope": "acct", "value": "u", "verified": "oauth"}


def _golden(rig: PeerRig, external_id: str, connection: str = "shop") -> uuid.UUID:
    row = rig.hub.db.one(
        "select r.cluster from record r join connection c on c.id = r.connection_id where c.name = %s"
        " and r.external_id = %s",
        (connection, external_id),
    )
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


def _names(shelf: Shelf) -> dict[str, Any]:
    return {id_: held.get("full_name") for id_, held in shelf.records.items()}


def _two_customers(peers: PeerRig) -> Shelf:
    crm = peers.peer("crm")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    peers.customer("2", at(2), full_name="Han Meimei")
    peers.quiet()
    assert _names(crm) == {"p1": "Li Lei", "p2": "Han Meimei"}
    return crm


def test_merge_when_both_have_a_copy_then_both_follow_and_undo_gives_each_its_own(peers: PeerRig) -> None:
    crm = _two_customers(peers)
    one, two = _golden(peers, "1"), _golden(peers, "2")
    act = stewardship.merge(peers.hub, "customer", [one, two], "kim")
    peers.quiet()
    assert _names(crm) == {"p1": "Han Meimei", "p2": "Han Meimei"}
    assert len(crm.records) == 2
    assert peers.items() == ["duplicate"]
    stewardship.undo(peers.hub, act, "kim")
    peers.quiet()
    assert peers.items() == []
    assert _names(crm) == {"p1": "Li Lei", "p2": "Han Meimei"}
    assert {_golden(peers, "1"), _golden(peers, "2")} == {one, two}


def test_split_when_the_hub_made_a_copy_then_the_copy_goes_with_its_original(peers: PeerRig) -> None:
    crm = _two_customers(peers)
    act = stewardship.merge(peers.hub, "customer", [_golden(peers, "1"), _golden(peers, "2")], "kim")
    peers.quiet()
    split = stewardship.split(peers.hub, "customer", _golden(peers, "1"), "shop", "2", "kim")
    peers.quiet()
    assert _names(crm) == {"p1": "Li Lei", "p2": "Han Meimei"}
    assert _golden(peers, "p2", "crm") == _golden(peers, "2") != _golden(peers, "1")
    stewardship.undo(peers.hub, split, "kim")
    peers.quiet()
    assert _names(crm) == {"p1": "Han Meimei", "p2": "Han Meimei"}
    stewardship.undo(peers.hub, act, "kim")
    peers.quiet()
    assert _names(crm) == {"p1": "Li Lei", "p2": "Han Meimei"}


def test_split_when_a_copy_has_nothing_of_its_own_then_refused_with_its_original(peers: PeerRig) -> None:
    crm = _two_customers(peers)
    with pytest.raises(ConflictError, match="copy that the hub made of shop:1"):
        stewardship.split(peers.hub, "customer", _golden(peers, "1"), "crm", "p1", "kim")
    peers.quiet()
    assert _names(crm) == {"p1": "Li Lei", "p2": "Han Meimei"}


def _adopted(peers: PeerRig) -> Shelf:
    """The peer has a person of its own, and a create of ours landed on it."""
    crm = peers.peer("crm")
    crm.keep("p1", {"full_name": "Li Lei (CRM)", "note": "vip"})
    peers.echo("crm", crm)
    peers.settle()
    crm.outbox.clear()
    keep = crm.keep

    def lands_on_p1(_: str, data: Any) -> None:
        keep("p1", data)

    crm.take = lambda delivery: _answer(crm, delivery, lands_on_p1)  # type: ignore[method-assign]
    peers.customer("1", at(60 * 24 * 30), full_name="Li Lei")
    peers.quiet()
    del crm.take
    assert _golden(peers, "1") == _golden(peers, "p1", "crm")
    return crm


def _answer(crm: Shelf, delivery: Any, keep: Any) -> Any:
    from hub.sdk.connector import WriteResult

    crm.calls.append(delivery)
    keep("p1", delivery.data)
    crm.by_ref[delivery.hub_ref] = "p1"
    return WriteResult("p1", crm.clock)


def test_split_when_a_found_record_is_somebody_else_then_it_gets_its_values_back_and_ours_a_new_one(
    peers: PeerRig,
) -> None:
    crm = _adopted(peers)
    assert crm.records["p1"]["full_name"] == "Li Lei"
    split = stewardship.split(peers.hub, "customer", _golden(peers, "1"), "crm", "p1", "kim")
    peers.quiet()
    assert _names(crm) == {"p1": "Li Lei (CRM)", "p2": "Li Lei"}
    assert crm.records["p1"]["note"] == "vip"
    assert not crm.records["p2"].get("note")
    peers.customer("1", at(60 * 24 * 60), full_name="Li Lei new")
    peers.quiet()
    assert _names(crm) == {"p1": "Li Lei (CRM)", "p2": "Li Lei new"}
    stewardship.undo(peers.hub, split, "kim")
    peers.quiet()
    assert _golden(peers, "1") == _golden(peers, "p1", "crm") == _golden(peers, "p2", "crm")
    assert _names(crm) == {"p1": "Li Lei new", "p2": "Li Lei new"}


def test_undo_of_a_split_when_nothing_was_sent_meanwhile_then_everything_is_as_before(peers: PeerRig) -> None:
    crm = _adopted(peers)
    before = peers.state_hash()
    split = stewardship.split(peers.hub, "customer", _golden(peers, "1"), "crm", "p1", "kim")
    stewardship.undo(peers.hub, split, "kim")
    peers.quiet()
    assert peers.state_hash() == before
    assert list(crm.records) == ["p1"]
    assert crm.records["p1"]["full_name"] == "Li Lei"
    assert peers.count("state <> 'dropped'") == 1


def test_pin_when_a_customer_has_one_source_then_its_system_gets_the_value_and_unpin_gives_it_back(
    peers: PeerRig,
) -> None:
    crm = peers.peer("crm")
    crm.keep("p1", {"full_name": "Li Lei", "note": "tea"})
    peers.echo("crm", crm)
    peers.settle()
    stewardship.pin(peers.hub, "customer", _golden(peers, "p1", "crm"), "note", "coffee", "kim")
    peers.quiet()
    assert crm.records["p1"]["note"] == "coffee"
    stewardship.unpin(peers.hub, "customer", _golden(peers, "p1", "crm"), "note", "kim")
    peers.quiet()
    assert crm.records["p1"]["note"] == "tea"
