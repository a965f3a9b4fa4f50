"""Going live: off, reading, review, live; nothing is sent before."""

from __future__ import annotations

import pytest

from hub.errors import ConflictError
from hub.flow import golive, guard
from hub.store import plan
from tests.fixtures.hub import at
from tests.fixtures.peers import PeerRig


def _full_pass(rig: PeerRig, connection: str, *streams: str, coverage: str = "complete") -> None:
    for stream in streams:
        rig.hub.db.execute(
            "insert into cursor (connection_id, stream, full_pass) select id, %s, jsonb_build_object('coverage', %s::text)"
            " from connection where name = %s on conflict (connection_id, stream) do update set full_pass = excluded.full_pass",
            (stream, coverage, connection),
        )


def _phase(rig: PeerRig, name: str) -> str:
    rig.hub.connections.reload()
    return rig.hub.connections.by_name(name).phase


def _unionid(n: int) -> dict[str, str]:
    return {"namespace": "wechat_unionid", "scope": "acct", "value": f"u{n}", "verified": "oauth"}


def test_no_write_before_go_live(peers: PeerRig) -> None:
    crm = peers.peer("crm", "listed", phase="reading")
    peers.customers(3, at(1))
    peers.quiet()
    assert crm.calls == []
    _full_pass(peers, "crm", "customers", coverage="partial")
    peers.quiet()
    golive.advance(peers.hub)
    assert _phase(peers, "crm") == "reading"
    assert crm.calls == []


def test_go_live_when_plan_is_small_then_by_itself(peers: PeerRig) -> None:
    crm = peers.peer("crm", "listed", phase="reading")
    peers.customers(3, at(1))
    peers.settle()
    _full_pass(peers, "crm", "customers")
    golive.advance(peers.hub)
    assert _phase(peers, "crm") == "live"
    peers.quiet()
    assert len(crm.records) == 3


def test_go_live_when_pipeline_is_behind_then_waits(peers: PeerRig) -> None:
    peers.peer("crm", "listed", phase="reading")
    _full_pass(peers, "crm", "customers")
    peers.send("crm", "customers", {"id": "p1", "updated_at": at(1), "full_name": "Li Lei"})
    golive.advance(peers.hub)
    assert _phase(peers, "crm") == "reading"
    peers.settle()
    golive.advance(peers.hub)
    assert _phase(peers, "crm") == "live"


def test_go_live_when_plan_is_big_then_a_person_releases_it(peers: PeerRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "FEW", 5)
    crm = peers.peer("crm", "listed", phase="reading")
    for n in range(4):
        name = "Name 0" if n == 0 else "Other"
        peers.send(
            "crm", "customers", {"id": f"old{n}", "updated_at": at(0), "full_name": name, "identities": [_unionid(n)]}
        )
    for n in range(10):
        peers.customer(str(n), at(1), full_name=f"Name {n}", identities=[_unionid(n)])
    peers.settle()
    _full_pass(peers, "crm", "customers")
    golive.advance(peers.hub)
    assert _phase(peers, "crm") == "review"
    [held] = peers.hub.db.run(plan.page)
    assert held.cause == plan.GO_LIVE
    assert held.counts == {
        "targets": 10, "create": 6, "update": 3, "fields": {"full_name": 9, "identities": 6}, "cleared": {},
        "linked": 4, "conflicts": 0,
    }  # fmt: skip
    assert len(held.samples) == 9
    assert peers.items() == ["plan"]
    peers.quiet()
    golive.advance(peers.hub)
    assert crm.calls == []
    guard.release(peers.hub, held.id, "ann", canary=True)
    peers.quiet()
    assert len(crm.calls) == 9
    assert _phase(peers, "crm") == "live"


def test_go_live_when_canary_then_the_rest_is_held(peers: PeerRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "FEW", 5)
    crm = peers.peer("crm", "listed", phase="reading")
    peers.customers(15, at(1))
    peers.settle()
    _full_pass(peers, "crm", "customers")
    golive.advance(peers.hub)
    peers.customer("new", at(2), full_name="Came during review")
    peers.settle()
    [held] = peers.hub.db.run(plan.page)
    assert guard.release(peers.hub, held.id, "ann", canary=True) == plan.CANARY
    peers.quiet()
    assert len(crm.records) == plan.CANARY
    guard.release(peers.hub, held.id, "ann")
    peers.quiet()
    assert len(crm.records) == 16
    assert peers.items() == []
    with pytest.raises(ConflictError, match="released already"):
        guard.release(peers.hub, held.id, "ann")


def test_go_live_when_plan_is_discarded_then_stays_in_review_until_told(
    peers: PeerRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "FEW", 5)
    crm = peers.peer("crm", "listed", phase="reading")
    peers.customers(15, at(1))
    peers.settle()
    _full_pass(peers, "crm", "customers")
    golive.advance(peers.hub)
    [held] = peers.hub.db.run(plan.page)
    guard.discard(peers.hub, held.id, "ann")
    peers.quiet()
    assert (_phase(peers, "crm"), crm.calls) == ("review", [])
    assert golive.go_live(peers.hub, "crm", "ann") == "review"
    peers.quiet()
    assert len(crm.records) == 15


def test_go_live_when_system_cannot_be_listed_then_at_once_with_all_that_was_there(peers: PeerRig) -> None:
    peers.customers(3, at(1))
    peers.settle()
    crm = peers.peer("crm", "plain", phase="reading")
    peers.quiet()
    golive.advance(peers.hub)
    assert _phase(peers, "crm") == "live"
    peers.quiet()
    assert len(crm.records) == 3


def test_go_live_when_a_flow_is_added_to_a_live_connection_then_older_records_follow(peers: PeerRig) -> None:
    peers.customers(2, at(1))
    peers.settle()
    crm = peers.peer("crm", "plain", flows={"order": "out"})
    peers.quiet()
    assert crm.calls == []
    peers.hub.db.execute(
        'update connection set flows = \'{"order": "out", "customer": "out"}\', generation = generation + 1 where name = \'crm\''
    )
    peers.hub.connections.reload()
    golive.advance(peers.hub)
    peers.quiet()
    assert len(crm.records) == 2


def test_go_live_when_connection_is_off_then_refused(peers: PeerRig) -> None:
    peers.peer("crm", "listed", phase="off")
    with pytest.raises(ConflictError, match="connect it first"):
        golive.go_live(peers.hub, "crm", "ann")
