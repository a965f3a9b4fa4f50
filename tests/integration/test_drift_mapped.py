"""What a release takes up closes by itself, and whoever accepts a change is told how to map it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.flow import drift_act, drift_mapped
from hub.store import audit, item
from hub.store import drift as store
from hub.store.drift import Drift
from tests.fixtures.command import runner
from tests.fixtures.hub import Rig, at
from tests.fixtures.rules import put_in_force

FILE = "webhook/customers.yaml"
RULES = """
kind: customer
from: webhook/customers
root: data
id: id
version: updated_at
at: updated_at
in:
  full_name: name
  gender: {path: sex, lookup: {f: female, m: male}}
  status: state
"""
LEARN = 110


def _send(rig: Rig, start: int, count: int, **fields: Any) -> None:
    for n in range(start, start + count):
        known = {"id": f"c{n}", "updated_at": at(n % 1000), "name": f"Person {n}", "sex": "f"}
        said = {name: value for name, value in {**known, **fields}.items() if value is not ...}
        rig.send("shop", "customer.updated", said)


def _change(rig: Rig, what: str) -> Drift:
    [found] = [one for one in rig.hub.db.run(lambda conn: store.page(conn, state="")) if one.what == what]
    return found


def _open(rig: Rig) -> set[str]:
    items = rig.hub.db.run(lambda conn: item.list_items(conn, type="drift"))
    changes = rig.hub.db.run(store.page)
    assert {one.data["change"] for one in items} == {one.what for one in changes}
    return {one.what for one in changes}


def _files(extra: str = "", lookup: str = "f: female, m: male", name: str = "name") -> dict[str, str]:
    text = RULES.replace("f: female, m: male", lookup).replace("full_name: name", f"full_name: {name}")
    return {FILE: f"{text}{extra}\n"}


@pytest.fixture
def shop(rig: Rig) -> Rig:
    """A shop with a mapping file of the site, whose customers' shape is learnt; its release is in force."""
    put_in_force(rig.hub, _files())
    rig.connect("shop", {"customer": "in"})
    _send(rig, 0, LEARN)
    rig.settle()
    assert _open(rig) == set()
    return rig


def test_new_field_when_a_release_maps_it_then_its_item_closes_and_it_stays_so(shop: Rig) -> None:
    _send(shop, 200, 2, remark="x")
    shop.settle()
    found = _change(shop, "new")
    suggestion = drift_act.look(shop.hub, found.id).suggestion
    assert suggestion.line == "  FIELD: {path: remark}\nignore: [remark]"
    assert suggestion.where.startswith(f"{FILE}:")
    put_in_force(shop.hub, _files("  # a word"))
    assert _open(shop) == {"new"}
    put_in_force(shop.hub, _files(suggestion.line.splitlines()[0].replace("FIELD", "note")))
    assert _open(shop) == set()
    closed = _change(shop, "new")
    assert (closed.state, closed.decided_by, closed.mapped_in) == ("accepted", "hub", shop.hub.rules.release_id)
    [entry] = shop.hub.db.run(lambda conn: audit.recent(conn, act="drift.mapped", limit=9))
    assert entry.detail == {"release": shop.hub.rules.release_id}
    _send(shop, 300, 3, remark="y")
    shop.settle()
    assert _open(shop) == set()
    assert {one.get("note") for one in shop.goldens("customer")} >= {"y"}


def test_new_field_when_a_release_leaves_it_out_then_its_item_closes(shop: Rig) -> None:
    _send(shop, 200, 2, remark="x")
    shop.settle()
    put_in_force(shop.hub, {FILE: _files()[FILE].replace("\nin:", "\nignore: [remark]\nin:")})
    assert _open(shop) == set()


def test_new_word_when_a_release_knows_it_then_its_item_closes(shop: Rig) -> None:
    _send(shop, 200, 1, sex="w")
    _send(shop, 201, 1, sex="d")
    shop.settle()
    assert _open(shop) == {"value"}
    put_in_force(shop.hub, _files(lookup="f: female, m: male, w: female"))
    assert _open(shop) == {"value"}
    put_in_force(shop.hub, _files(lookup="f: female, m: male, w: female, d: other"))
    assert _open(shop) == set()


def test_renamed_field_when_a_release_reads_both_names_then_both_items_close(shop: Rig) -> None:
    _send(shop, 200, 60, name=..., customer_name="Renamed")
    shop.settle()
    assert _open(shop) == {"new", "gone"}
    line = drift_act.look(shop.hub, _change(shop, "gone").id).suggestion.line
    assert line == "  full_name: {path: [name, customer_name]}"
    put_in_force(shop.hub, _files(name=line.partition(": ")[2]))
    assert _open(shop) == set()
    _send(shop, 300, 3, name=..., customer_name="Renamed")
    shop.settle()
    assert _open(shop) == set()


def test_change_that_the_rules_read_already_when_another_release_comes_then_it_stays_open(shop: Rig) -> None:
    _send(shop, 200, 1, state="active")
    shop.settle()
    assert _open(shop) == {"new"}
    put_in_force(shop.hub, _files("  # a word"))
    assert _open(shop) == {"new"}


def test_change_that_a_person_accepted_when_a_release_maps_it_then_only_the_release_is_noted(shop: Rig) -> None:
    _send(shop, 200, 1, remark="x")
    shop.settle()
    drift_act.accept(shop.hub, _change(shop, "new").id, "user:1", "the new app")
    put_in_force(shop.hub, _files("  note: remark"))
    found = _change(shop, "new")
    assert (found.state, found.decided_by, found.reason) == ("accepted", "user:1", "the new app")
    assert found.mapped_in == shop.hub.rules.release_id
    drift_act.reopen(shop.hub, found.id, "user:1")
    shop.hub.extras["drift"].looked_at = 0
    _send(shop, 300, 1, remark="y")
    shop.settle()
    assert (_open(shop), _change(shop, "new").mapped_in) == ({"new"}, None)


def test_release_when_its_process_dies_before_it_closed_then_the_next_events_do(
    shop: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    _send(shop, 200, 1, remark="x")
    shop.settle()
    with monkeypatch.context() as patch:
        patch.setattr(drift_mapped, "settle", lambda *_: 0)
        put_in_force(shop.hub, _files("  note: remark"))
    assert _open(shop) == {"new"}
    _send(shop, 300, 1, remark="y")
    shop.settle()
    assert _open(shop) == set()


def test_whoever_accepts_is_told_how_to_map_it_and_later_by_which_release_it_is(
    shop: Rig, monkeypatch: pytest.MonkeyPatch, admin: Any
) -> None:
    _send(shop, 200, 1, remark="x")
    _send(shop, 201, 1, sex="w")
    shop.settle()
    run = runner(shop.hub.settings, monkeypatch)
    listed = {one["change"]: one["id"] for one in json.loads(run("drift", "--json").stdout)}
    said = run("drift", "accept", listed["new"], "--reason", "new app").output
    assert f"({FILE}:" in said
    assert "FIELD: {path: remark}" in said
    assert "release activate" in said
    accepted = admin("POST", f"/drift/{listed['value']}/accept", json={}).get_json()
    assert accepted["suggestion"]["where"].startswith(f"{FILE}:")
    assert (accepted["mapped_since"], "lookup" in accepted["suggestion"]["line"]) == (None, True)
    put_in_force(shop.hub, _files("  note: remark"))
    shown = json.loads(run("drift", "show", listed["new"], "--json").stdout)
    assert (shown["mapped_since"], shown["field"]) == (shop.hub.rules.release_id, "note")
    assert admin("GET", f"/drift/{listed['new']}").get_json()["mapped_since"] == shop.hub.rules.release_id
