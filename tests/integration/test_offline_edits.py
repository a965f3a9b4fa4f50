"""Both systems edit one value while one of them is offline: it ends by policy, with an item, and both hold the same."""

from __future__ import annotations

from hub.flow import account
from hub.flow.conflict import open_item
from hub.store import item as item_store
from tests.fixtures.peers import PeerRig, Shelf

UNIONID = {"namespace": "wechat_unionid", "scope": "acct", "value": "u1", "verified": "oauth"}


def _in_step(peers: PeerRig) -> tuple[Shelf, Shelf]:
    shop, crm = peers.peer("store"), peers.peer("crm")
    shop.keep("p1", {"full_name": "Li Lei", "note": "tea"})
    _talk(peers, shop, crm)
    assert crm.records["p1"]["note"] == "tea"
    return shop, crm


def _alike(peers: PeerRig) -> tuple[Shelf, Shelf]:
    """Both systems held the same before the hub met them, so it never wrote."""
    shop, crm = peers.peer("store"), peers.peer("crm")
    for shelf in (shop, crm):
        shelf.keep("p1", {"full_name": "Li Lei", "note": "tea", "identities": [UNIONID]})
    _talk(peers, shop, crm)
    assert (len(peers.golden_ids("customer")), shop.calls, crm.calls) == (1, [], [])
    return shop, crm


def _talk(peers: PeerRig, shop: Shelf, crm: Shelf, rounds: int = 3) -> None:
    for _ in range(rounds):
        for name, shelf in (("store", shop), ("crm", crm)):
            sent, shelf.outbox[:] = list(shelf.outbox), []
            for event in sent:
                peers.send(name, "customers", event, key=f"{name}:{event['id']}:{event['updated_at']}")
        peers.quiet()


def test_offline_edits_when_both_changed_a_value_then_newest_wins_with_an_item_and_no_traffic_follows(
    peers: PeerRig,
) -> None:
    shop, crm = _in_step(peers)
    account.halt(peers.hub, "crm", "ann")
    crm.clock = shop.clock + 1_000_000
    crm.keep("p1", {"note": "coffee"})
    shop.clock = crm.clock + 1_000_000
    shop.keep("p1", {"note": "water"})
    _talk(peers, shop, crm)
    account.lift(peers.hub, "crm", "ann")
    _talk(peers, shop, crm)
    assert (shop.records["p1"]["note"], crm.records["p1"]["note"]) == ("water", "water")
    assert peers.goldens("customer") == [{"full_name": "Li Lei", "note": "water"}]
    calls = len(shop.calls), len(crm.calls)
    _talk(peers, shop, crm)
    assert (len(shop.calls), len(crm.calls)) == calls
    assert peers.items() == ["conflict"]


def test_offline_edits_when_the_hub_never_had_to_write_then_still_an_item(peers: PeerRig) -> None:
    shop, crm = _alike(peers)
    account.halt(peers.hub, "crm", "ann")
    crm.clock = shop.clock + 1_000_000
    crm.keep("p1", {"note": "coffee"})
    for edited in ("water", "juice"):
        shop.clock = max(shop.clock, crm.clock) + 1_000_000
        shop.keep("p1", {"note": edited})
    _talk(peers, shop, crm)
    account.lift(peers.hub, "crm", "ann")
    _talk(peers, shop, crm)
    assert (shop.records["p1"]["note"], crm.records["p1"]["note"]) == ("juice", "juice")
    assert peers.items() == ["conflict"]
    (item_id,) = peers.hub.db.one("select id from item") or ()
    with peers.hub.db.session() as conn:
        item = item_store.read_item(conn, item_id)
    found = open_item(peers.hub, item)
    assert found is not None
    assert not found.is_over
    assert found.agreed is not None
    assert found.agreed.values == {"note": "tea"}


def test_edits_when_only_one_side_of_two_that_were_alike_edits_then_no_item(peers: PeerRig) -> None:
    shop, crm = _alike(peers)
    account.halt(peers.hub, "crm", "ann")
    shop.keep("p1", {"note": "water"})
    _talk(peers, shop, crm)
    account.lift(peers.hub, "crm", "ann")
    _talk(peers, shop, crm)
    assert crm.records["p1"]["note"] == "water"
    crm.clock = shop.clock + 1_000_000
    crm.keep("p1", {"note": "coffee"})
    _talk(peers, shop, crm)
    assert shop.records["p1"]["note"] == "coffee"
    assert peers.items() == []


def test_edits_when_each_side_saw_the_other_then_no_item(peers: PeerRig) -> None:
    shop, crm = _in_step(peers)
    for n in range(4):
        writer = (shop, crm)[n % 2]
        writer.clock = max(shop.clock, crm.clock) + 1_000_000
        writer.keep("p1", {"note": f"edit {n}"})
        _talk(peers, shop, crm)
        assert (shop.records["p1"]["note"], crm.records["p1"]["note"]) == (f"edit {n}", f"edit {n}")
    assert peers.items() == []


def test_edits_when_one_side_edits_twice_offline_then_still_an_item(peers: PeerRig) -> None:
    shop, crm = _in_step(peers)
    account.halt(peers.hub, "crm", "ann")
    for edited in ("water", "juice"):
        shop.keep("p1", {"note": edited})
    crm.clock = shop.clock - 500_000
    crm.keep("p1", {"note": "coffee"})
    _talk(peers, shop, crm)
    account.lift(peers.hub, "crm", "ann")
    _talk(peers, shop, crm)
    assert shop.records["p1"]["note"] == crm.records["p1"]["note"]
    assert peers.items() == ["conflict"]
