"""Drift on a real database: shapes are learnt, changes open items, a field that turns null holds its writes."""

from __future__ import annotations

import json
import threading
import uuid
from typing import Any

import pytest

from hub.errors import ConflictError
from hub.flow import drift, drift_act, guard
from hub.rules.drift.attention import EVERY
from hub.store import drift as store
from hub.store import drift_shape, item, plan
from hub.store.drift import Drift
from tests.fixtures.command import runner
from tests.fixtures.hub import Rig, at
from tests.fixtures.peers import PeerRig

LEARN = 110


def _customer(n: int, **fields: Any) -> dict[str, Any]:
    return {"id": f"c{n}", "updated_at": at(n % 1000), "full_name": f"Person {n}", "gender": "female", **fields}


def _send(rig: Rig, start: int, count: int, connection: str = "shop", **fields: Any) -> None:
    for n in range(start, start + count):
        rig.send(connection, "customer.updated", _customer(n, **fields))


def _changes(rig: Rig, state: str = "open") -> list[Drift]:
    return rig.hub.db.run(lambda conn: store.page(conn, state=state))


def _items(rig: Rig) -> list[item.Item]:
    return rig.hub.db.run(lambda conn: item.list_items(conn, type="drift"))


@pytest.fixture
def learnt(rig: Rig) -> Rig:
    """A shop whose customers' shape is learnt."""
    rig.connect("shop", {"customer": "in"})
    _send(rig, 0, LEARN)
    rig.settle()
    assert _changes(rig, "") == []
    return rig


def test_new_field_when_shape_is_learnt_then_one_item_with_its_event(learnt: Rig) -> None:
    _send(learnt, 200, 3, loyalty_colour="blue")
    learnt.settle()
    [change] = _changes(learnt)
    assert (change.stream, change.what, change.path, change.count) == ("customers", "new", "data.loyalty_colour", 3)
    [found] = _items(learnt)
    assert found.data["path"] == "data.loyalty_colour"
    assert found.data["event"].startswith("evt_")
    assert "blue" not in str(found.data)
    _send(learnt, 210, 3, loyalty_colour="blue")
    learnt.settle()
    assert len(_items(learnt)) == 1


def test_retyped_field_and_new_word_when_shape_is_learnt_then_an_item_each(learnt: Rig) -> None:
    _send(learnt, 200, 1, full_name=5)
    _send(learnt, 201, 1, gender="nonbinary")
    learnt.settle()
    assert {(one.what, one.path) for one in _changes(learnt)} == {("type", "data.full_name"), ("value", "data.gender")}
    with learnt.hub.db.session() as conn:
        row = conn.execute("select shape::text from drift_shape").fetchone()
    assert row is not None
    assert "female" not in row[0]
    assert "Person" not in row[0]


def test_field_when_absent_for_long_then_it_is_gone_and_back_again_it_is_over(learnt: Rig) -> None:
    for n in range(200, 249):
        learnt.send("shop", "customer.updated", {"id": f"c{n}", "updated_at": at(n), "full_name": "X"})
    learnt.settle()
    assert _changes(learnt) == []
    learnt.send("shop", "customer.updated", {"id": "c250", "updated_at": at(250), "full_name": "X"})
    learnt.settle()
    [change] = _changes(learnt)
    assert (change.what, change.path) == ("gone", "data.gender")
    _send(learnt, 300, 1)
    learnt.settle()
    assert (_changes(learnt), _items(learnt)) == ([], [])


def test_new_field_when_it_is_not_seen_any_more_then_the_item_closes_itself(learnt: Rig) -> None:
    _send(learnt, 200, 1, loyalty_colour="blue")
    learnt.settle()
    _send(learnt, 1000, 210)
    learnt.settle()
    assert (_changes(learnt), _items(learnt)) == ([], [])
    _send(learnt, 2000, 1, loyalty_colour="blue")
    learnt.settle()
    assert len(_items(learnt)) == 1


def test_change_deep_inside_one_of_many_when_the_rest_is_familiar_then_it_is_seen(learnt: Rig) -> None:
    _send(learnt, 200, 60)
    _send(learnt, 260, 1, status="frozen_for_now")
    _send(learnt, 261, 1, addresses=[{"country": "CN", "city": "Shanghai"}])
    _send(learnt, 262, 60)
    learnt.settle()
    assert {one.path for one in _changes(learnt)} == {"data.status", "data.addresses"}


def test_change_when_there_is_no_budget_left_then_it_is_seen_within_so_many(learnt: Rig) -> None:
    _send(learnt, 200, 2)
    learnt.settle()
    [stream] = learnt.hub.extras["drift"].streams.values()
    stream.budget.left = -1e9
    _send(learnt, 300, EVERY, loyalty_colour="blue")
    learnt.settle()
    assert [one.path for one in _changes(learnt)] == ["data.loyalty_colour"]


def test_change_when_seen_one_by_one_by_processes_that_end_then_it_adds_up(learnt: Rig) -> None:
    for n in range(50):
        learnt.send("shop", "customer.updated", {"id": f"c{n}", "updated_at": at(900), "full_name": "X"})
        learnt.settle()
        learnt.hub.extras.pop("drift")
    assert [(one.what, one.path) for one in _changes(learnt)] == [("gone", "data.gender")]


def test_event_when_run_again_then_it_teaches_nothing(learnt: Rig) -> None:
    from hub.store import inbox

    with learnt.hub.db.transaction() as conn:
        before = drift_shape.load(conn, learnt.hub.connections.by_name("shop").id, "customers")
        ids = [id_ for (id_,) in conn.execute("select id from event").fetchall()]
        inbox.requeue(conn, ids)
    learnt.settle()
    with learnt.hub.db.transaction() as conn:
        assert drift_shape.load(conn, learnt.hub.connections.by_name("shop").id, "customers") == before


def test_watch_when_it_fails_then_events_go_on(learnt: Rig, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(drift, "_look", broken)
    _send(learnt, 200, 1)
    learnt.settle()
    assert learnt.hub.db.one("select count(*) from event_work") == (0,)
    assert "ZeroDivisionError" in caplog.text


def test_shape_when_two_workers_learn_at_once_then_it_is_one_and_nothing_blocks(rig: Rig) -> None:
    from dataclasses import replace as copy

    rig.connect("shop", {"customer": "in"})
    _send(rig, 0, 240)
    other = Rig(copy(rig.hub, extras={}))
    errors: list[BaseException] = []

    def work(one: Rig) -> None:
        try:
            while one.record(10):
                pass
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(one,)) for one in (rig, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    _send(rig, 500, 2, loyalty_colour="blue")
    rig.settle()
    [change] = _changes(rig)
    assert change.path == "data.loyalty_colour"


@pytest.fixture
def writing(peers: PeerRig) -> PeerRig:
    """A till whose customers flow to a peer, learnt: all of them have a gender."""
    peers.connect("till", {"customer": "in"}, rank=20)
    peer = peers.peer("crm", flow="out")
    for n in range(LEARN):
        peers.customer(f"t{n}", at(1), "till", full_name=f"Till {n}", gender="female")
    peers.quiet()
    assert len(peer.records) == LEARN
    return peers


def _clear(rig: PeerRig, start: int, count: int, minute: int = 2, value: Any = None) -> None:
    for n in range(start, start + count):
        rig.customer(f"t{n}", at(minute), "till", full_name=f"Till {n}", gender=value)


def _plans(rig: PeerRig) -> list[plan.Plan]:
    return rig.hub.db.run(lambda conn: plan.page(conn, states=("counting", "held", "canary", "released", "discarded")))


def _births(rig: PeerRig) -> int:
    return sum(1 for one in rig.shelves["crm"].records.values() if one.get("gender") is None)


def test_field_when_it_turns_null_then_its_writes_wait_and_golden_follows_the_rules(writing: PeerRig) -> None:
    rig = writing
    _clear(rig, 0, 5)
    rig.quiet()
    assert _births(rig) == 5
    for start in range(5, 35, 10):
        _clear(rig, start, 10)
        rig.quiet()
    went = _births(rig)
    assert 5 <= went < 20
    [held] = _plans(rig)
    assert (held.cause, held.state, held.counts["cleared"]["gender"]) == ("drift", "held", 35 - went)
    assert sum(1 for one in rig.goldens("customer") if one.get("gender") is None) == 35
    [found] = [one for one in _items(rig) if one.data["change"] == "null"]
    assert (found.data["path"], found.data["stream"]) == ("gender", "customer")
    rig.customer("t100", at(3), "till", full_name="Renamed", gender="female")
    rig.quiet()
    assert any(one["full_name"] == "Renamed" for one in rig.shelves["crm"].records.values())


def test_held_nulls_when_released_then_they_and_later_ones_go(writing: PeerRig) -> None:
    rig = writing
    _clear(rig, 0, 30)
    rig.quiet()
    assert _births(rig) == 0
    [held] = _plans(rig)
    assert held.counts["update"] == 30
    guard.release(rig.hub, held.id, "user:1")
    rig.quiet()
    assert _births(rig) == 30
    _clear(rig, 30, 5)
    rig.quiet()
    assert _births(rig) == 35


def test_held_nulls_when_discarded_then_the_peer_keeps_its_values(writing: PeerRig) -> None:
    rig = writing
    _clear(rig, 0, 30)
    rig.quiet()
    [held] = _plans(rig)
    guard.discard(rig.hub, held.id, "user:1")
    rig.quiet()
    assert _births(rig) == 0
    _clear(rig, 30, 5)
    rig.quiet()
    assert _births(rig) == 0
    assert [one.state for one in _plans(rig)] == ["held", "discarded"]


def test_field_when_values_come_back_then_the_item_closes_and_those_in_step_are_let_go(writing: PeerRig) -> None:
    rig = writing
    _clear(rig, 0, 30)
    rig.quiet()
    _clear(rig, 0, 28, minute=3, value="female")
    rig.quiet()
    assert _items(rig) == []
    [held] = _plans(rig)
    assert (held.state, held.counts["update"]) == ("held", 2)
    _clear(rig, 28, 2, minute=3, value="female")
    rig.quiet()
    assert _births(rig) == 0


def test_field_when_often_empty_then_a_row_of_nulls_says_nothing(peers: PeerRig) -> None:
    peers.connect("till", {"customer": "in"}, rank=20)
    for n in range(LEARN):
        peers.customer(f"t{n}", at(1), "till", full_name=f"T {n}", gender="female" if n % 3 else None)
    peers.settle()
    _clear(peers, 0, 40)
    peers.settle()
    assert [one for one in _changes(peers) if one.what == "null"] == []


def test_hold_when_its_connection_is_the_source_then_nothing_is_held(writing: PeerRig) -> None:
    found = writing.hub.db.run(lambda conn: store.nulled(conn, ["customer"]))
    assert found == []
    assert writing.hub.db.run(lambda conn: store.field_of(conn, uuid.uuid4())) == ""


@pytest.fixture
def changed(learnt: Rig) -> Rig:
    """The shop sends a new field, a new word and a phone under a new name."""
    _send(learnt, 200, 2, loyalty_colour="blue")
    _send(learnt, 202, 1, gender="divers")
    _send(learnt, 203, 1, second_phone="+8613987654321")
    learnt.settle()
    return learnt


def _path(rig: Rig, path: str, state: str = "") -> Drift:
    [found] = [one for one in _changes(rig, state) if one.path == f"data.{path}"]
    return found


def test_change_when_accepted_then_it_is_part_of_the_shape(changed: Rig) -> None:
    found = _path(changed, "loyalty_colour")
    drift_act.accept(changed.hub, found.id, "user:1", "new app")
    changed.hub.extras["drift"].looked_at = 0
    _send(changed, 300, 2, loyalty_colour="red")
    changed.settle()
    assert _path(changed, "loyalty_colour").state == "accepted"
    assert "loyalty_colour" not in {one.data["path"] for one in _items(changed)}
    with pytest.raises(ConflictError, match="accepted"):
        drift_act.accept(changed.hub, found.id, "user:1")
    drift_act.reopen(changed.hub, found.id, "user:1")
    changed.hub.extras["drift"].looked_at = 0
    _send(changed, 310, 1, loyalty_colour="red")
    changed.settle()
    assert _path(changed, "loyalty_colour").state == "open"


def test_word_when_accepted_then_another_one_opens_it_again(changed: Rig) -> None:
    drift_act.accept(changed.hub, _path(changed, "gender").id, "user:1")
    changed.hub.extras["drift"].looked_at = 0
    _send(changed, 300, 1, gender="divers")
    changed.settle()
    assert _path(changed, "gender").state == "accepted"
    _send(changed, 301, 1, gender="agender")
    changed.settle()
    assert _path(changed, "gender").state == "open"


def test_change_when_ignored_then_it_stays_so(changed: Rig) -> None:
    drift_act.ignore(changed.hub, _path(changed, "gender").id, "user:1")
    changed.hub.extras["drift"].looked_at = 0
    _send(changed, 300, 1, gender="agender")
    changed.settle()
    assert _path(changed, "gender").state == "ignored"


def test_null_when_accepted_then_nothing_more_is_held(writing: PeerRig) -> None:
    rig = writing
    _clear(rig, 0, 25)
    rig.quiet()
    [found] = _changes(rig)
    drift_act.accept(rig.hub, found.id, "user:1", "the till keeps it no more")
    _clear(rig, 25, 25)
    rig.quiet()
    assert _births(rig) == 25
    [held] = _plans(rig)
    assert held.counts["update"] == 25


def test_drift_over_http_when_listed_and_decided_then_masked_and_audited(changed: Rig, admin: Any, caller: Any) -> None:
    listed = admin("GET", "/drift").get_json()["items"]
    assert {one["path"] for one in listed} == {"data.loyalty_colour", "data.gender", "data.second_phone"}
    [gender] = [one for one in listed if one["path"] == "data.gender"]
    assert gender["field"] == "gender"
    shown = admin("GET", f"/drift/{gender['id']}").get_json()
    assert "lookup" in shown["suggestion"]["line"]
    assert [one["value"] for one in shown["samples"]] == ["d**"]
    assert "divers" not in str(shown)
    assert caller("viewer")("GET", "/drift").status_code == 403
    assert admin("POST", f"/drift/{gender['id']}/accept", json={"reason": "asked"}).get_json()["state"] == "accepted"
    assert admin("POST", f"/drift/{gender['id']}/ignore", json={}).status_code == 409
    assert admin("GET", "/drift/drf_00000000000000000000000000").status_code == 404
    assert admin("GET", "/drift?state=accepted").get_json()["items"][0]["decided_by"]


def test_drift_on_the_command_line_when_shown_then_values_are_masked(
    changed: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runner(changed.hub.settings, monkeypatch)
    listed = json.loads(run("drift", "--json").stdout)
    [phone] = [one for one in listed if one["path"] == "data.second_phone"]
    shown = run("drift", "show", phone["id"], "--json").stdout
    assert "13987654321" not in shown
    assert json.loads(shown)["types"] == ["text"]
    run("drift", "ignore", phone["id"])
    assert "is ignored" in run("drift", "accept", phone["id"], code=1).output
    run("drift", "reopen", phone["id"])
    [word] = [one for one in listed if one["path"] == "data.gender"]
    assert "ignored" not in run("drift", "accept", word["id"], "--reason", "x").stdout


def test_values_when_nested_in_lists_then_found_by_the_path_of_the_shape() -> None:
    payload = {"lines": [{"sku": "A", "tax.id": 1}, {"sku": "B"}], "tags": ["x", "y"], "by": {"13800001111": {"n": 1}}}
    assert list(drift_act.values_at(payload, "lines[].sku")) == ["A", "B"]
    assert list(drift_act.values_at(payload, 'lines[]["tax.id"]')) == [1]
    assert list(drift_act.values_at(payload, "tags[]")) == ["x", "y"]
    assert list(drift_act.values_at(payload, "by.*.n")) == [1]
