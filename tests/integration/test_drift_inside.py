"""Something inside a mapped field turns null: writes of that field wait, golden records follow the rules."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from hub.flow import drift_act, guard, release
from hub.rules.drift.nulls import LEARNT_FROM
from hub.store import drift as store
from hub.store import drift_field, item, plan
from hub.store.drift import Drift
from tests.fixtures.hub import at
from tests.fixtures.peers import PeerRig
from tests.fixtures.rules import put_in_force

LEARN = LEARNT_FROM + 10
ROW = 30


def _address(n: int, **fields: Any) -> dict[str, Any]:
    return {"country": "CN", "city": "上海市", "street": f"世纪大道{n}号", **fields}


def _customer(rig: PeerRig, n: int, minute: int, birthday: Any, address: Any) -> None:
    rig.customer(f"t{n}", at(minute), "till", full_name=f"Till {n}", birthday=birthday, addresses=[address])


def _full(rig: PeerRig, numbers: range, minute: int = 1) -> None:
    for n in numbers:
        _customer(rig, n, minute, {"year": 1980, "month": 5, "day": 2}, _address(n, postcode="200120"))


@pytest.fixture
def writing(peers: PeerRig) -> PeerRig:
    """A till whose customers flow to a peer, learnt: all have a year of birth and a postcode."""
    peers.connect("till", {"customer": "in"}, rank=20)
    peers.peer("crm", flow="out")
    _full(peers, range(LEARN))
    peers.quiet()
    return peers


def _nulls(rig: PeerRig, state: str = "open") -> list[Drift]:
    found = rig.hub.db.run(lambda conn: store.page(conn, state=state))
    return [one for one in found if one.what == "null"]


def _held(rig: PeerRig) -> list[plan.Plan]:
    found = rig.hub.db.run(lambda conn: plan.page(conn, states=("counting", "held", "canary", "released", "discarded")))
    return [one for one in found if one.cause == plan.DRIFT]


def _at_peer(rig: PeerRig, field: str) -> list[Any]:
    return [one.get(field) for one in rig.shelves["crm"].records.values()]


def _golden(rig: PeerRig, field: str) -> list[Any]:
    return [one.get(field) for one in rig.goldens("customer")]


@pytest.mark.parametrize("birthday", [{"month": 5, "day": 2}, {"year": None, "month": 5, "day": 2}])
def test_part_of_an_object_when_it_turns_null_then_writes_of_the_field_wait(writing: PeerRig, birthday: Any) -> None:
    rig = writing
    for n in range(ROW):
        _customer(rig, n, 2, birthday, _address(n, postcode="200120"))
    rig.quiet()
    [found] = _nulls(rig)
    assert (found.stream, found.path, found.count) == ("customer", "birthday.year", ROW)
    assert sum(1 for one in _at_peer(rig, "birthday") if one["year"] != 1980) == 0
    assert sum(1 for one in _golden(rig, "birthday") if one.get("year") is None) == ROW
    [held] = _held(rig)
    assert (held.state, held.counts["update"], held.counts["fields"]) == ("held", ROW, {"birthday": ROW})
    [work] = rig.hub.db.run(lambda conn: item.list_items(conn, type="drift"))
    assert (work.data["path"], work.severity) == ("birthday.year", 2)
    shown = drift_act.look(rig.hub, found.id)
    assert shown.is_stopped
    assert shown.kind == "customer"
    rig.customer("t100", at(3), "till", full_name="Renamed", birthday={"year": 1980, "month": 5, "day": 2})
    rig.quiet()
    assert "Renamed" in _at_peer(rig, "full_name")


def test_part_of_elements_when_it_turns_null_then_writes_wait_until_it_comes_again(writing: PeerRig) -> None:
    rig = writing
    for n in range(ROW):
        _customer(rig, n, 2, {"year": 1980, "month": 5, "day": 2}, _address(n))
    rig.quiet()
    assert [one.path for one in _nulls(rig)] == ["addresses.postcode"]
    assert sum(1 for [address] in _at_peer(rig, "addresses") if not address.get("postcode")) == 0
    assert sum(1 for [address] in _golden(rig, "addresses") if not address.get("postcode")) == ROW
    _full(rig, range(ROW - 2), minute=3)
    rig.quiet()
    assert _nulls(rig) == []
    [held] = _held(rig)
    assert (held.state, held.counts["update"]) == ("held", 2)
    guard.release(rig.hub, held.id, "user:1")
    rig.quiet()
    assert sum(1 for [address] in _at_peer(rig, "addresses") if not address.get("postcode")) == 2


def test_part_when_few_lack_it_or_others_have_it_then_nothing_is_held(writing: PeerRig) -> None:
    rig = writing
    for n in range(60):
        birthday = {"month": 5, "day": 2} if n % 3 else {"year": 1980, "month": 5, "day": 2}
        addresses = [_address(n), _address(n, postcode="200120")]
        rig.customer(f"t{n}", at(2), "till", full_name=f"Till {n}", birthday=birthday, addresses=addresses)
    rig.quiet()
    assert (_nulls(rig), _held(rig)) == ([], [])
    assert sum(1 for one in _at_peer(rig, "birthday") if one.get("year") is None) == 40


def test_field_when_it_is_absent_then_nothing_inside_it_is_counted(writing: PeerRig) -> None:
    rig = writing
    for n in range(ROW):
        rig.customer(f"t{n}", at(2), "till", full_name=f"Other {n}")
    rig.quiet()
    assert _nulls(rig) == []
    for n in range(ROW):
        rig.customer(f"t{n}", at(3), "till", full_name=f"Other {n}", birthday=None)
    rig.quiet()
    assert [one.path for one in _nulls(rig)] == ["birthday"]


def test_batch_when_all_is_as_it_was_then_no_field_is_written(
    writing: PeerRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[Any] = []
    monkeypatch.setattr(drift_field, "save", lambda *args: saved.append(args))
    _full(writing, range(50), minute=4)
    _customer(writing, 51, 4, {"month": 5, "day": 2}, _address(51))
    _full(writing, range(52, 60), minute=4)
    writing.settle()
    assert saved == []


def test_fields_when_learnt_then_those_inside_are_among_them_and_hold_no_values(writing: PeerRig) -> None:
    till = writing.hub.connections.by_name("till").id
    fields = writing.hub.db.run(lambda conn: drift_field.load(conn, [(till, "customer")]))[till, "customer"]
    assert {"birthday", "birthday.year", "addresses.postcode", "addresses.street", "full_name"} <= fields.keys()
    assert all(one.seen == one.filled >= LEARNT_FROM for name, one in fields.items() if "." in name)
    assert "世纪" not in str(orjson.dumps([str(one) for one in fields.values()]))


def test_watch_when_rows_of_nulls_lie_anywhere_in_a_batch_then_each_is_met(writing: PeerRig) -> None:
    rig = writing
    limit = rig.hub.settings.drift_null_run
    short = range(limit - 1)
    for n in short:
        _customer(rig, n, 2, {"month": 5, "day": 2}, _address(n, postcode="200120"))
    _full(rig, range(40, 45), minute=2)
    rig.settle()
    assert _nulls(rig) == []
    _full(rig, range(45, 52), minute=3)
    # Events of one millisecond may change places: a few more than it takes.
    for n in range(52, 52 + limit + 10):
        _customer(rig, n, 3, {"month": 5, "day": 2}, _address(n, postcode="200120"))
    _full(rig, range(90, 93), minute=3)
    rig.settle()
    _full(rig, range(93, 96), minute=3)
    rig.settle()
    [found] = _nulls(rig, "")
    assert (found.path, found.state) == ("birthday.year", "over")
    assert limit <= found.count <= limit + 10


def test_part_when_it_turns_null_and_another_source_wins_then_its_value_waits_too(writing: PeerRig) -> None:
    rig = writing
    release.activate(rig.hub)
    put_in_force(rig.hub, {"policies/customer.yaml": "fields: {birthday: most_complete}\n"})
    for n in range(ROW):
        person = {"namespace": "wechat_unionid", "scope": "acct", "value": f"u{n}", "verified": "oauth"}
        rig.customer(
            f"t{n}",
            at(2),
            "till",
            full_name=f"Till {n}",
            birthday={"year": 1980, "month": 5, "day": 2},
            identities=[person],
        )
        rig.customer(
            f"s{n}",
            at(0),
            "shop",
            full_name=f"Till {n}",
            birthday={"year": 1979, "month": 5, "day": 2},
            identities=[person],
        )
    rig.quiet()
    assert {one["year"] for one in _golden(rig, "birthday")} == {1980}
    for n in range(ROW):
        rig.customer(f"t{n}", at(3), "till", full_name=f"Till {n}", birthday={"year": None, "month": 5, "day": 2})
    rig.quiet()
    assert sum(1 for one in _golden(rig, "birthday") if one["year"] == 1979) == ROW
    assert sum(1 for one in _at_peer(rig, "birthday") if one["year"] == 1979) == 0
    [held] = _held(rig)
    assert held.counts["fields"]["birthday"] == ROW
