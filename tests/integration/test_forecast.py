"""What other rules would do is seen before they are in force, and equals what they then do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConfigError
from hub.flow import forecast, guard, release
from hub.flow.forecast import Forecast
from hub.flow.replay import replay
from hub.store import plan
from hub.store.replay import Selection
from tests.fixtures.command import runner
from tests.fixtures.hub import at
from tests.fixtures.peers import PeerRig
from tests.fixtures.rules import put_in_force

TILL = """
kind: customer
from: webhook/customers
root: data
id: id
version: updated_at
at: updated_at
in:
  full_name: {path: full_name%s}
  note: %s
  gender: {path: gender, lookup: {f: female, m: male}, unknown: error}
"""
OUT = """
kind: customer
from: plain/customers
root: data
id: id
version: updated_at
at: updated_at
in: canonical
out:
  full_name: {path: full_name%s}
  note: note
"""
POLICY = "default: {policy: latest}\nfields: {note: {policy: priority, connections: [crm, shop]}}\n"


@pytest.fixture
def till(peers: PeerRig) -> PeerRig:
    """A shop whose customers reach a CRM; one of its events waits in quarantine."""
    peers.peer("crm", flow="out")
    put_in_force(peers.hub, {"webhook/customers.yaml": TILL % ("", "note")})
    for n in range(4):
        peers.customer(str(n), at(1), full_name=f"Li {n}", note="tea", remark="coffee", gender="f")
    peers.customer("odd", at(1), full_name="Odd", gender="x")
    peers.quiet()
    return peers


def _everything(rig: PeerRig) -> dict[str, Any]:
    tables = (
        "golden",
        "change",
        "target",
        "plan",
        "version",
        "record",
        "resolve_work",
        "event_work",
        "item",
        "release",
    )
    return {table: rig.hub.db.all(f"select t::text from {table} t order by 1") for table in tables} | rig.state()


def _of_mapping(rig: PeerRig, files: dict[str, str]) -> Forecast:
    before = _everything(rig)
    found = forecast.of_mapping(rig.hub, forecast.candidate(rig.hub, files), "shop", "customers")
    assert _everything(rig) == before
    return found


def test_forecast_when_a_field_is_mapped_otherwise_then_it_says_what_the_replay_does(till: PeerRig) -> None:
    files = {"webhook/customers.yaml": TILL % (", to: upper", "remark")}
    found = _of_mapping(till, files)
    assert (found.looked, found.is_cut, found.mended) == (5, False, 0)
    tally = found.golden["customer"]
    assert (dict(tally.acts), dict(tally.fields)) == ({"updated": 4}, {"full_name": 4, "note": 4})
    assert {(one.before, one.after) for one in tally.samples if one.field == "note"} == {("tea", "coffee")}
    sent = found.outgoing["crm"]
    assert (dict(sent.acts), dict(sent.fields)) == ({"update": 4}, {"full_name": 4, "note": 4})
    [fault] = found.faults
    assert (fault.path, fault.count, fault.aside) == ("data.gender", 1, 1)
    # The deed.
    shelf = till.shelves["crm"]
    calls, changes = len(shelf.calls), till.hub.db.all("select count(*) from change")[0][0]
    put_in_force(till.hub, files)
    till.quiet()
    assert len(shelf.calls) == calls
    replay(till.hub, Selection())
    till.quiet()
    assert len(shelf.calls) == calls + 4
    assert till.hub.db.all("select count(*) from change")[0][0] == changes + 4
    assert {record["note"] for record in shelf.records.values()} == {"coffee"}


def test_replay_when_it_would_change_many_records_then_a_plan_holds_what_it_sends(
    till: PeerRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "FEW", 3)
    shelf = till.shelves["crm"]
    calls = len(shelf.calls)
    put_in_force(till.hub, {"webhook/customers.yaml": TILL % ("", "remark")})
    replay(till.hub, Selection(status="done"))
    till.quiet()
    assert len(shelf.calls) == calls
    [held] = till.hub.db.run(plan.page)
    assert (held.cause, held.counts["update"], held.counts["fields"]) == ("replay", 4, {"note": 4})
    # A live change of one record goes on meanwhile, elsewhere.
    till.customer("9", at(1), full_name="New", remark="milk", gender="m")
    till.quiet()
    assert len(shelf.calls) == calls + 1
    guard.release(till.hub, held.id, "test")
    till.quiet()
    assert {record["note"] for record in shelf.records.values()} == {"coffee", "milk"}


def test_forecast_when_the_new_file_takes_what_was_set_aside_then_it_says_so(till: PeerRig) -> None:
    found = _of_mapping(till, {"webhook/customers.yaml": (TILL % ("", "note")).replace("m: male", "m: male, x: other")})
    assert (found.mended, found.faults) == (1, [])
    assert dict(found.golden["customer"].acts) == {"created": 1}
    assert dict(found.outgoing["crm"].acts) == {"create": 1}


def test_forecast_when_the_new_file_refuses_what_was_done_then_it_counts_the_new_faults(till: PeerRig) -> None:
    found = _of_mapping(till, {"webhook/customers.yaml": (TILL % ("", "note")).replace("f: female, ", "")})
    [fault] = found.faults
    assert (fault.path, fault.count, fault.aside) == ("data.gender", 5, 1)


def test_forecast_when_nothing_is_different_then_it_is_empty_but_for_what_is_aside_today(till: PeerRig) -> None:
    found = _of_mapping(till, {"webhook/customers.yaml": "# a word\n" + TILL % ("", "note")})
    assert (found.golden, found.outgoing, [fault.aside for fault in found.faults]) == ({}, {}, [1])


def test_forecast_when_records_are_written_otherwise_then_it_says_what_is_sent(
    till: PeerRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(till.hub, {**till.hub.rules.files, "plain/customers.yaml": OUT % ""})
    files = {"plain/customers.yaml": OUT % ", to: upper"}
    found = _of_mapping(till, files)
    assert found.golden == {}
    assert (dict(found.outgoing["crm"].acts), dict(found.outgoing["crm"].fields)) == ({"update": 4}, {"full_name": 4})
    monkeypatch.setattr(plan, "FEW", 2)
    put_in_force(till.hub, {**till.hub.rules.files, **files})
    till.quiet()
    [held] = till.hub.db.run(plan.page)
    assert held.counts["update"] == 4
    guard.release(till.hub, held.id, "test")
    till.quiet()
    assert {record["full_name"] for record in till.shelves["crm"].records.values()} == {f"LI {n}" for n in range(4)}


def test_forecast_of_policies_when_another_source_would_win_then_it_says_what_the_release_does(
    peers: PeerRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast, "CHUNK", 1)  # each golden record is tried by itself, and all are counted
    crm = peers.peer("crm", rank=20)
    release.activate(peers.hub)
    for id_ in ("1", "3"):
        identity = {"namespace": "wechat_unionid", "scope": "acct", "value": f"u{id_}", "verified": "oauth"}
        said = {"id": id_, "updated_at": at(1), "note": "crm", "identities": [identity]}
        peers.send("crm", "customers", said)
        peers.customer(id_, at(2), "shop", note="shop", identities=[identity])
    peers.customer("2", at(2), "shop", note="alone")
    peers.quiet()
    before = _everything(peers)
    look = forecast.candidate(peers.hub, {"policies/customer.yaml": POLICY})
    found = forecast.of_policies(peers.hub, look, "customer")
    assert _everything(peers) == before
    assert found.looked == 3
    for sample in found.golden["customer"].samples:
        assert (sample.field, sample.before, sample.after) == ("note", "shop", "crm")
    assert dict(found.outgoing["crm"].acts) == {"update": 2}
    assert forecast.of_policies(peers.hub, look, "customer", last=1).looked == 1
    calls = len(crm.calls)
    put_in_force(peers.hub, {"policies/customer.yaml": POLICY})
    peers.quiet()
    assert len(crm.calls) == calls + 2
    with pytest.raises(ConfigError, match="no kind 'client'"):
        forecast.of_policies(peers.hub, look, "client")


def test_preview_when_called_by_command_then_counts_samples_and_faults(
    till: PeerRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runner(till.hub.settings, monkeypatch)
    file = tmp_path / "new.yaml"
    # A process of its own does not have the tests' connectors, so it is told to keep to its own.
    monkeypatch.setattr("hub.bootstrap.start", lambda *_, **__: till.hub)
    monkeypatch.setattr(type(till.hub), "close", lambda _: None)
    file.write_text(TILL % (", to: upper", "remark"))
    shown = run("mapping", "preview", "shop", "customers", "--file", str(file)).output
    assert "5 events tried; nothing was changed" in shown
    assert "LI " in shown
    assert "1 would be set aside (1 are today)" in shown
    found = json.loads(run("mapping", "preview", "shop", "customers", "--file", str(file), "--json").output)
    assert found["golden"]["customer"]["fields"] == {"full_name": 4, "note": 4}
    assert found["outgoing"]["crm"]["acts"] == {"update": 4}
    told = run("mapping", "preview", "shop", "tickets", "--file", str(file), code=1).output
    assert "shop has no stream 'tickets'" in told
    (tmp_path / "policies").mkdir()
    policy = tmp_path / "policies" / "customer.yaml"
    policy.write_text(POLICY)
    assert "4 records tried" in run("policy", "preview", "customer", "--file", str(policy)).output
    alone = tmp_path / "new rules.yaml"
    alone.write_text(POLICY)
    assert "4 records tried" in run("policy", "preview", "customer", "--file", str(alone)).output
    alone.write_text("fields: {note: latst}\n")
    told = run("policy", "preview", "customer", "--file", str(alone), code=1).output
    assert "policies/customer.yaml:1: note: policy 'latst' is none of" in told
    assert "did you mean latest?" in told
    file.write_text("kind: customer\n")
    assert (
        "says no `from: connector/stream`"
        in run("mapping", "preview", "shop", "customers", "--file", str(file), code=1).output
    )
