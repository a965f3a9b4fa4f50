"""The guard: what one cause would change at many targets waits for a person; the rest goes on."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from hub import bootstrap
from hub.flow import guard, poll
from hub.flow.rules import load_rules
from hub.store import lease, plan, record, target
from hub.store.plan import Plan
from hub.store.target import Mark
from tests.fixtures.hub import at
from tests.fixtures.peers import PeerRig, Shelf

POLICY = """
default: {policy: latest}
fields:
  identities: {policy: union}
  addresses: {policy: union}
  tags: {policy: union}
  tax_ids: {policy: union}
groups:
  name: {fields: [full_name, given_name, family_name], policy: owner, connections: [till]}
"""


@pytest.fixture
def chain(peers: PeerRig, monkeypatch: pytest.MonkeyPatch) -> PeerRig:
    """A shop and a till that know the same customers under different names; the shop's are newer."""
    monkeypatch.setattr(plan, "FEW", 5)
    peers.connect("till", {"customer": "in"}, rank=20)
    return peers


def _fill(rig: PeerRig, count: int) -> Shelf:
    crm = rig.peer("crm", flow="out")
    for n in range(count):
        identity = {"namespace": "wechat_unionid", "scope": "acct", "value": f"u{n}", "verified": "oauth"}
        rig.customer(f"t{n}", at(1), "till", full_name=f"Till {n}", identities=[identity])
        rig.customer(f"s{n}", at(2), "shop", full_name=f"Shop {n}", identities=[identity])
    rig.quiet()
    assert len(crm.records) == count
    return crm


def _change_policy(rig: PeerRig, folder: Path, batch: int = 300) -> uuid.UUID:
    (folder / "policies").mkdir(parents=True)
    (folder / "policies" / "customer.yaml").write_text(POLICY)
    rules = load_rules(rig.hub.registry, [folder, *bootstrap.mapping_folders(rig.hub.settings)])
    rig.hub.rules = replace(rules, release_id=rig.hub.rules.release_id)
    cause = uuid.uuid4()
    with rig.hub.db.transaction() as conn:
        rids = [rid for (rid,) in conn.execute("select rid from record order by rid").fetchall()]
        record.append_marks(conn, [{"rid": rid, "relink": False, "cause": "policy", "cause_id": cause} for rid in rids])
    while rig.resolve(batch):
        pass
    return cause


def _plans(rig: PeerRig) -> list[Plan]:
    return rig.hub.db.run(lambda conn: plan.page(conn, states=("counting", "held", "canary", "released", "discarded")))


def test_policy_change_is_held(chain: PeerRig, tmp_path: Path) -> None:
    crm = _fill(chain, 12)
    _change_policy(chain, tmp_path / "site", batch=4)
    calls = len(crm.calls)
    chain.quiet()
    assert len(crm.calls) == calls
    [held] = _plans(chain)
    assert (held.state, held.cause, held.counts["update"], held.counts["fields"]) == (
        "held",
        "policy",
        12,
        {"full_name": 12},
    )
    assert chain.items().count("plan") == 1
    # Live single-record traffic goes on.
    chain.customer("new", at(3), full_name="Somebody new")
    chain.quiet()
    assert len(crm.records) == 13
    guard.release(chain.hub, held.id, "ann", canary=True)
    chain.quiet()
    assert len(crm.calls) == calls + 1 + plan.CANARY
    guard.release(chain.hub, held.id, "ann")
    chain.quiet()
    assert sorted(r["full_name"] for r in crm.records.values() if r["full_name"].startswith("Till")) == sorted(
        f"Till {n}" for n in range(12)
    )
    assert "plan" not in chain.items()


def test_policy_change_when_small_then_goes_through_and_leaves_no_plan(chain: PeerRig, tmp_path: Path) -> None:
    crm = _fill(chain, 4)
    _change_policy(chain, tmp_path / "site")
    chain.quiet()
    assert [r["full_name"] for r in crm.records.values() if r["full_name"].startswith("Shop")] == []
    assert _plans(chain) == []


def test_policy_change_when_many_are_marked_and_few_differ_then_goes_through(chain: PeerRig, tmp_path: Path) -> None:
    crm = chain.peer("crm", flow="out")
    for n in range(30):
        chain.customer(f"s{n}", at(2), "shop", full_name=f"Shop {n}")
    identity = {"namespace": "wechat_unionid", "scope": "acct", "value": "u", "verified": "oauth"}
    chain.customer("s0", at(3), "shop", full_name="Shop 0", identities=[identity])
    chain.customer("t0", at(1), "till", full_name="Till 0", identities=[identity])
    chain.quiet()
    _change_policy(chain, tmp_path / "site")
    chain.quiet()
    assert _plans(chain) == []
    assert [r["full_name"] for r in crm.records.values() if r["full_name"].startswith("Till")] == ["Till 0"]


def test_discard_then_nothing_is_sent_until_a_record_changes(chain: PeerRig, tmp_path: Path) -> None:
    crm = _fill(chain, 12)
    _change_policy(chain, tmp_path / "site")
    chain.quiet()
    [held] = _plans(chain)
    calls = len(crm.calls)
    assert guard.discard(chain.hub, held.id, "ann") == 12
    chain.quiet()
    assert len(crm.calls) == calls
    assert chain.count("plan_id is not null") == 0


def test_clearing_a_field_on_more_than_a_few_is_held(chain: PeerRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "FEW", 1000)
    monkeypatch.setattr(plan, "CLEARED_MAX", 3)
    crm = chain.peer("crm", flow="out")
    for n in range(6):
        chain.customer(f"s{n}", at(2), full_name=f"Shop {n}", note="tea")
    chain.quiet()
    calls = len(crm.calls)
    cause = uuid.uuid4()
    chain.hub.db.execute("update golden set data = data || '{\"note\": null}'")
    with chain.hub.db.transaction() as conn:
        marks = conn.execute("select connection_id, object_type, kind, realm, owner_rid, rid from target").fetchall()
        target.mark(conn, [Mark(*row, cause="mapping", cause_id=cause) for row in marks])
    chain.quiet()
    [held] = _plans(chain)
    assert (held.state, held.counts["cleared"]) == ("held", {"note": 6})
    assert len(crm.calls) == calls


def test_mass_cause_when_still_marking_then_nothing_slips_out(chain: PeerRig) -> None:
    crm = chain.peer("crm", flow="out")
    chain.customers(3, at(1))
    chain.quiet()
    calls, cause = len(crm.calls), uuid.uuid4()
    chain.hub.db.execute('update golden set data = data || \'{"note": "x"}\'')
    with chain.hub.db.transaction() as conn:
        marks = conn.execute(
            "select connection_id, object_type, kind, realm, owner_rid, rid from target limit 1"
        ).fetchall()
        target.mark(conn, [Mark(*row, cause="policy", cause_id=cause) for row in marks])
        [(rid,)] = conn.execute("select owner_rid from target limit 1").fetchall()
        record.append_marks(conn, [{"rid": rid, "relink": False, "cause": "policy", "cause_id": cause}])
    chain.deliver()
    assert len(crm.calls) == calls
    assert [found.state for found in _plans(chain)] == ["counting"]
    with chain.hub.db.transaction() as conn:
        conn.execute("delete from resolve_work")
        assert plan.hold_if_mass(conn, marks[0][0], "policy", cause) is None
    chain.deliver()
    assert len(crm.calls) == calls + 1


def test_plan_when_two_causes_hold_one_target_then_both_must_be_released(chain: PeerRig) -> None:
    crm = chain.peer("crm", flow="out")
    chain.customers(8, at(1))
    chain.quiet()
    calls = len(crm.calls)
    for number, cause in enumerate(("policy", "mapping")):
        chain.hub.db.execute("update golden set data = data || jsonb_build_object('note', %s::text)", (f"n{number}",))
        with chain.hub.db.transaction() as conn:
            marks = conn.execute(
                "select connection_id, object_type, kind, realm, owner_rid, rid from target"
            ).fetchall()
            cause_id = uuid.uuid4()
            target.mark(conn, [Mark(*row, cause=cause, cause_id=cause_id) for row in marks])
    first, second = sorted(_plans(chain), key=lambda found: found.id)
    assert chain.count("plan_id is not null") == 8
    with chain.hub.db.transaction() as conn:
        for each in (first, second):
            plan.keep(conn, each.id, {}, [])
    guard.release(chain.hub, first.id, "ann")
    chain.deliver()
    assert len(crm.calls) == calls
    guard.release(chain.hub, second.id, "ann")
    chain.deliver()
    assert len(crm.calls) == calls + 8


def _second_system(rig: PeerRig, count: int) -> Shelf:
    """A system that can be listed, with people of its own, connected after the CRM is in step with the shop."""
    crm = rig.peer("crm")
    rig.customer("1", at(1), full_name="Li Lei")
    rig.quiet()
    other = rig.peer("other", "listed", flow="in")
    for n in range(count):
        other.keep(f"o{n}", {"full_name": f"Other {n}"})
    other.outbox.clear()
    poll.pull(rig.hub, "other")
    rig.quiet()
    return crm


def test_first_reading_when_it_would_create_many_elsewhere_then_held(chain: PeerRig) -> None:
    crm = _second_system(chain, 30)
    assert list(crm.records) == ["p1"]
    [held] = _plans(chain)
    assert (held.state, held.cause, held.counts["create"]) == ("held", plan.BACKFILL, 30)
    chain.customer("2", at(5), full_name="Somebody new")
    chain.quiet()
    assert len(crm.records) == 2
    guard.release(chain.hub, held.id, "ann")
    chain.quiet()
    assert len(crm.records) == 32


def test_first_reading_when_it_changes_little_elsewhere_then_goes_through(chain: PeerRig) -> None:
    crm = _second_system(chain, 3)
    assert len(crm.records) == 4
    assert _plans(chain) == []


def test_feed_names_the_event_when_a_reading_is_held(chain: PeerRig) -> None:
    _second_system(chain, 30)
    named = chain.hub.db.all(
        "select count(*) from change c join event e on e.id = c.cause_id where c.cause = 'event' and e.full_pass is not null"
    )
    assert named == [(30,)]


def test_mass_when_released_then_single_changes_go_before_it(chain: PeerRig) -> None:
    _second_system(chain, 30)
    [held] = _plans(chain)
    guard.release(chain.hub, held.id, "ann")
    chain.customer("2", at(5), full_name="Somebody new")
    chain.settle()
    crm = chain.hub.connections.by_name("crm").id
    taken = chain.hub.db.run(lambda conn: lease.claim(conn, crm, 3, 15.0))
    causes = chain.hub.db.all(
        "select cause, bulk from target where id = any(%s) order by bulk", ([c.id for c in taken],)
    )
    assert causes == [("event", False), (plan.BACKFILL, True), (plan.BACKFILL, True)]


def test_bulk_column_says_what_the_code_says(chain: PeerRig) -> None:
    row = chain.hub.db.one(
        "select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid"
        " and a.attnum = d.adnum where d.adrelid = 'target'::regclass and a.attname = 'bulk'"
    )
    assert row is not None
    assert set(re.findall(r"'(\w+)'", row[0])) == plan.BULK
