"""One release is in force for all processes; putting another in force reaches them, the records and the systems."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.errors import ConfigError, NotFoundError
from hub.flow import alert_conditions, alert_facts, guard, health, release
from hub.flow.context import Hub
from hub.flow.rules import publish_release
from hub.sdk.plugin import hookimpl
from hub.store import plan
from hub.store import release as store
from tests.fixtures.command import runner
from tests.fixtures.hub import Rig, at
from tests.fixtures.peers import PeerRig
from tests.fixtures.rules import put_in_force

LOUD = """
kind: customer
from: webhook/customers
root: data
id: id
version: updated_at
at: updated_at
in:
  full_name: {path: full_name, to: upper}
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
  full_name: %s
  note: note
"""
POLICY = "default: {policy: latest}\nfields: {note: {policy: priority, connections: [crm]}}\n"


def _say(rig: Rig, id_: str, minute: int, name: str) -> None:
    rig.send("shop", "customer.updated", {"id": id_, "updated_at": at(minute), "full_name": name})


def test_release_when_another_process_puts_one_in_force_then_the_next_batch_works_by_it(
    make_hub: Callable[..., Hub], database_url: str
) -> None:
    worker, operator = Rig(make_hub(database_url)), make_hub(database_url)
    release.activate(worker.hub)
    worker.connect("shop", {"customer": "in"})
    _say(worker, "1", 1, "Li Lei")
    worker.settle()
    put_in_force(operator, {"webhook/customers.yaml": LOUD}, reason="the till shouts")
    _say(worker, "2", 1, "Han Mei")
    worker.settle()
    assert sorted(data["full_name"] for data in worker.goldens("customer")) == ["HAN MEI", "Li Lei"]
    assert worker.hub.rules.release_id == operator.rules.release_id
    [newest, _] = store.history(operator.db)
    assert (newest.release_id, newest.by, newest.reason) == (operator.rules.release_id, "test", "the till shouts")
    # A process that starts now has them too, though they stand on no disk.
    later = make_hub(database_url)
    assert later.rules.release_id == operator.rules.release_id
    assert later.rules.files == {"webhook/customers.yaml": LOUD}


def test_release_when_files_on_disk_change_then_nothing_happens_before_it_is_put_in_force(
    make_hub: Callable[..., Hub], database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = make_hub(database_url)
    run = runner(hub.settings, monkeypatch)
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setenv("HUB_MAPPINGS_DIR", str(folder))
    first = run("release", "activate", "--reason", "the beginning").output
    assert "is in force" in first
    assert "the same" in run("release").output
    (folder / "webhook").mkdir()
    (folder / "webhook" / "customers.yaml").write_text(LOUD)
    assert "mappings: webhook/customers.yaml" in run("release").output
    before = release.in_force(hub)
    assert make_hub(database_url).rules.release_id == before
    assert "is in force" in run("reload", "--reason", "louder").output
    assert release.in_force(hub) != before
    assert run("reload").output.strip() == "these rules are in force already"
    listed = run("release", "list").output
    assert "louder" in listed
    assert "the beginning" in listed
    shown = run("release", "show", "--files").output
    assert "to: upper" in shown
    # A forgotten variable takes nothing away.
    monkeypatch.delenv("HUB_MAPPINGS_DIR")
    assert run("reload").output.strip() == "these rules are in force already"
    monkeypatch.setenv("HUB_MAPPINGS_DIR", str(folder))
    # And back, though the folder says otherwise.
    assert f"release {before} is in force" in run("release", "activate", str(before)).output
    assert release.in_force(hub) == before
    assert run("release", "activate", "999", code=1).output.startswith("error: there is no release 999")


def test_release_when_a_file_is_wrong_then_nothing_is_put_in_force(
    make_hub: Callable[..., Hub], database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = make_hub(database_url)
    release.activate(hub)
    before = release.in_force(hub)
    (tmp_path / "site" / "webhook").mkdir(parents=True)
    (tmp_path / "site" / "webhook" / "customers.yaml").write_text(LOUD.replace("upper", "shout"))
    monkeypatch.setenv("HUB_MAPPINGS_DIR", str(tmp_path / "site"))
    told = runner(hub.settings, monkeypatch)("reload", code=1).output
    assert "webhook/customers.yaml:9" in told
    assert "shout" in told
    assert release.in_force(hub) == before


def test_release_when_the_installation_is_another_then_the_process_does_nothing_and_loses_nothing(
    make_hub: Callable[..., Hub], database_url: str
) -> None:
    old, new = Rig(make_hub(database_url)), Rig(make_hub(database_url))
    release.activate(new.hub)
    old.connect("shop", {"customer": "in"})
    # As if its transforms were those of the version before.
    manifest = new.hub.rules.manifest
    new.hub.rules.manifest = {**manifest, "transforms": {**manifest["transforms"], "upper": "another"}}
    new.hub.rules.hash = b"another" * 4
    publish_release(new.hub.db, new.hub.rules)
    release.activate(new.hub)
    _say(old, "1", 1, "Li Lei")
    with pytest.raises(ConfigError, match="this installation makes other rules"):
        old.record()
    assert old.goldens("customer") == []
    assert release.refused(old.hub) == new.hub.rules.release_id
    assert [check.state for check in health.look(old.hub).checks if check.code == "rules"] == ["bad"]
    assert [one.type for one in alert_conditions.find_all(alert_facts.gather(old.hub)) if one.type == "rules"]
    assert release.refused(new.hub) is None
    new.settle()
    assert [data["full_name"] for data in new.goldens("customer")] == ["Li Lei"]
    with pytest.raises(ConfigError, match="made with another installation"):
        release.earlier(old.hub, new.hub.rules.release_id)
    with pytest.raises(NotFoundError):
        release.earlier(old.hub, 10**6)


def test_release_when_a_plugin_is_missing_here_then_one_can_look_but_nothing_is_processed(
    make_hub: Callable[..., Hub], database_url: str
) -> None:
    class Shouting:
        __name__ = "tests.shouting"

        @hookimpl
        def register_transforms(self) -> dict[str, Callable[[str], str]]:
            return {"shout": str.upper}

    whole = Rig(make_hub(database_url, Shouting()))
    whole.connect("shop", {"customer": "in"})
    release.activate(whole.hub)
    put_in_force(whole.hub, {"webhook/customers.yaml": LOUD.replace("upper", "shout")})
    _say(whole, "1", 1, "Li Lei")
    whole.settle()
    bare = Rig(make_hub(database_url))
    assert [data["full_name"] for data in bare.goldens("customer")] == ["LI LEI"]
    bare.sent = whole.sent
    _say(bare, "2", 1, "Han Mei")
    with pytest.raises(ConfigError, match="no transform 'shout'"):
        bare.record()
    whole.settle()
    assert len(whole.goldens("customer")) == 2


def test_release_when_a_mapping_writes_another_shape_then_those_records_are_sent_whole_once(peers: PeerRig) -> None:
    crm = peers.peer("crm", flow="out")
    put_in_force(peers.hub, {"plain/customers.yaml": OUT % "{path: full_name}"})
    peers.customer("1", at(1), full_name="Li Lei", note="tea")
    peers.customer("2", at(1), full_name="HAN", note="tea")
    peers.quiet()
    assert {record["full_name"] for record in crm.records.values()} == {"Li Lei", "HAN"}
    calls = len(crm.calls)
    put_in_force(peers.hub, {"plain/customers.yaml": "# the same\n" + OUT % "full_name"})
    peers.quiet()
    assert len(crm.calls) == calls
    put_in_force(peers.hub, {"plain/customers.yaml": OUT % "{path: full_name, to: upper}"})
    peers.quiet()
    assert {record["full_name"] for record in crm.records.values()} == {"LI LEI", "HAN"}
    # Only the record that is written otherwise was sent.
    assert len(crm.calls) == calls + 1
    assert peers.hub.db.all("select cause from target where shape_seq > 0") == [("mapping",)]
    peers.customer("1", at(2), full_name="Li Lei", note="coffee")
    peers.quiet()
    assert len(crm.calls) == calls + 2


def test_release_when_it_would_write_many_records_otherwise_then_a_plan_holds_them(
    peers: PeerRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "FEW", 3)
    crm = peers.peer("crm", flow="out")
    put_in_force(peers.hub, {"plain/customers.yaml": OUT % "{path: full_name}"})
    peers.customers(5, at(1))
    peers.quiet()
    calls = len(crm.calls)
    put_in_force(peers.hub, {"plain/customers.yaml": OUT % "{path: full_name, to: upper}"})
    peers.quiet()
    assert len(crm.calls) == calls
    [held] = peers.hub.db.run(plan.page)
    assert (held.cause, held.counts["update"]) == ("mapping", 5)
    guard.release(peers.hub, held.id, "test")
    peers.quiet()
    assert {record["full_name"] for record in crm.records.values()} == {f"NAME {n}" for n in range(5)}


def test_release_when_policies_change_then_their_kind_is_decided_again_and_the_way_back_leads_back(rig: Rig) -> None:
    rig.connect("shop", {"customer": "in"}, rank=1)
    rig.connect("crm", {"customer": "in"}, rank=2)
    release.activate(rig.hub)
    identity = {"namespace": "wechat_unionid", "scope": "acct", "value": "u", "verified": "oauth"}
    for name, minute in (("crm", 1), ("shop", 2)):
        data = {"id": "1", "updated_at": at(minute), "note": name, "identities": [identity]}
        rig.send(name, "customer.updated", data)
    rig.settle()
    before, state = rig.hub.rules.release_id, rig.state_hash()
    assert put_in_force(rig.hub, {"policies/customer.yaml": POLICY}) == ["customer"]
    rig.settle()
    assert rig.goldens("customer")[0]["note"] == "crm"
    rig.hub.rules = release.earlier(rig.hub, before)
    assert release.activate(rig.hub) == ["customer"]
    rig.settle()
    assert rig.state_hash() == state
