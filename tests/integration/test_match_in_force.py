"""A changed matching model put in force: what it would send en masse waits for a person, and says so beforehand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hub.flow import guard, match_preview, site
from hub.store import plan
from hub.store.plan import Plan
from tests.fixtures.hub import at
from tests.fixtures.peers import PeerRig, Shelf
from tests.fixtures.rules import put_in_force

MODEL = "matching/customer.yaml"
NEVER = "auto: 90000\nreview: 80000\ncomparisons: {name: {exact: 1000}}\nkeys: {}\n"
ALIKE = """
auto: 9000
review: 3000
comparisons:
  name: {exact: 7000, homophone: 6000, conflict: -8000}
  phone: {same: 6000}
keys: {phone: [phone]}
guards: {name: [conflict]}
"""
COUNT = 8


@pytest.fixture
def chain(peers: PeerRig, monkeypatch: pytest.MonkeyPatch) -> PeerRig:
    """A shop and a till that know the same customers by one number and names that sound alike; nobody matches them yet."""
    monkeypatch.setattr(plan, "FEW", 5)
    put_in_force(peers.hub, {MODEL: NEVER})
    peers.connect("till", {"customer": "in"}, rank=20)
    return peers


def _fill(rig: PeerRig) -> Shelf:
    crm = rig.peer("crm", flow="out")
    for number in range(COUNT):
        phone = [{"namespace": "phone", "value": f"+86139123456{number:02}"}]
        rig.customer(f"t{number}", at(1), "till", full_name="王晓明", identities=phone)
        rig.customer(f"s{number}", at(2), "shop", full_name="王小明", identities=phone)
    rig.quiet()
    assert len(crm.records) == 2 * COUNT
    return crm


def _plans(rig: PeerRig) -> list[Plan]:
    return rig.hub.db.run(lambda conn: plan.page(conn, states=("counting", "held", "canary", "released", "discarded")))


def _names(crm: Shelf) -> set[str]:
    return {one["full_name"] for one in crm.records.values()}


def test_model_when_put_in_force_then_what_it_would_send_en_masse_is_told_and_held_until_released(
    chain: PeerRig, tmp_path: Path
) -> None:
    crm = _fill(chain)
    (tmp_path / "matching").mkdir()
    (tmp_path / MODEL).write_text(ALIKE, encoding="utf-8")
    follows = site.consequence(replace(chain.hub, settings=replace(chain.hub.settings, mappings_dir=tmp_path)), None)
    assert follows.differs["matching"] == ["customer"]
    assert (follows.kinds, follows.matched) == ({"customer": 4 * COUNT}, ["customer"])
    told = match_preview.preview(
        chain.hub, match_preview.candidate(chain.hub, "customer", ALIKE, "new.yaml"), "customer"
    )
    assert (told.merges, told.splits) == (COUNT, 0)
    assert told.sent.outgoing["crm"].acts == {"update": COUNT}
    assert told.sent.outgoing["crm"].fields == {"full_name": COUNT}
    calls = len(crm.calls)
    assert put_in_force(chain.hub, {MODEL: ALIKE}) == ["customer"]
    chain.quiet()
    assert len(chain.goldens("customer")) == COUNT
    assert len(crm.calls) == calls
    [held] = _plans(chain)
    assert (held.state, held.cause, held.counts["update"]) == ("held", "policy", COUNT)
    assert held.counts["fields"] == {"full_name": COUNT}
    assert "plan" in chain.items()
    # Live single-record traffic goes on.
    chain.customer("new", at(3), full_name="李雷")
    chain.quiet()
    assert "李雷" in _names(crm)
    guard.release(chain.hub, held.id, "ann")
    chain.quiet()
    assert _names(crm) == {"王小明", "李雷"}


def test_model_when_taken_back_before_release_then_people_and_ids_are_as_before_and_nothing_was_sent(
    chain: PeerRig,
) -> None:
    crm = _fill(chain)
    ids, sent = chain.golden_ids("customer"), dict(crm.records)
    put_in_force(chain.hub, {MODEL: ALIKE})
    chain.quiet()
    assert len(chain.golden_ids("customer")) == COUNT
    put_in_force(chain.hub, {MODEL: NEVER})
    chain.quiet()
    assert chain.golden_ids("customer") == ids
    assert crm.records == sent
    # The plan was a person's to decide and still is; there is nothing left in it.
    [held] = _plans(chain)
    guard.release(chain.hub, held.id, "ann")
    chain.quiet()
    assert crm.records == sent
