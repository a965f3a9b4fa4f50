"""What another model would do, said before it is in force: the plan is the deed."""

from __future__ import annotations

import random
import uuid
from dataclasses import replace
from typing import Any

import pytest

from hub.flow import forecast, match_preview, stewardship
from hub.flow.match_preview import Preview
from hub.rules.identity.model_file import write_model
from tests.fixtures.hub import Rig, at
from tests.fixtures.rules import put_in_force
from tests.fixtures.town import connect_systems, rows, tell

Rid = uuid.UUID
MODEL = "matching/customer.yaml"
LOOSE = """
auto: 6000
review: 2500
comparisons:
  name: {exact: 5000, pinyin: 5000, homophone: 4500, dropped: 3000, close: 2500, honorific: 1500, family: -4000, conflict: -5000}
  phone: {same: 5500, one_digit: 3000, different: -500}
  email: {same: 7000}
  address: {home: 4000}
  birthday: {exact: 8000, different: -6000}
keys: {number: [phone], name_and_tail: [name_sound, phone_tail], mail: [email], home: [home], name: [name_sound]}
guards: {name: [conflict], birthday: [different]}
accounts: [wechat_unionid]
"""


@pytest.fixture
def town(rig: Rig) -> Rig:
    """Ninety households at four systems, some of what people decided about them, and a store's own number."""
    connect_systems(rig)
    put_in_force(rig.hub, {})
    tell(rig, rows(7, 90))
    for number in range(60):
        phone = [{"namespace": "phone", "value": "+8613977770000"}]
        data = {
            "id": f"X{number}",
            "updated_at": at(1),
            "full_name": f"{'赵钱孙李周吴'[number % 6]}{'一二三四五六七八九十'[number % 10]}",
        }
        rig.send("pos", "customer.updated", {**data, "identities": phone})
    rig.settle()
    ids = rig.golden_ids("customer")
    for left, right in zip(ids[3:20:4], ids[21:40:4], strict=False):
        stewardship.merge(rig.hub, "customer", [left, right], "li", "they are one")
    rig.settle()
    several = rig.hub.db.all(
        "select r.cluster, min(c.name), min(r.external_id) from record r join connection c on c.id = r.connection_id"
        " where r.rid <> r.cluster group by r.cluster having count(distinct c.name) = 1 order by r.cluster limit 6"
    )
    for cluster, connection, external_id in several:
        stewardship.split(rig.hub, "customer", cluster, connection, external_id, "li", "two people")
    rig.settle()
    return rig


def _clusters(rig: Rig) -> dict[Rid, Rid]:
    return dict(rig.hub.db.all("select rid, cluster from record where kind = 'customer'"))


def _questions(rig: Rig) -> set[tuple[Rid, Rid]]:
    return set(rig.hub.db.all("select rid, other from item where type = 'match' and state <> 'resolved'"))


def _planned(rig: Rig, text: str) -> tuple[dict[Rid, Rid], set[Any]]:
    look = match_preview.candidate(rig.hub, "customer", text, "new.yaml")
    records, then = match_preview.plan(rig.hub, look, "default", "customer", lambda _what, _count: None)
    return {rid: then.clusters.get(rid, rid) for rid in records.rids}, then.questions


def _preview(rig: Rig, text: str) -> Preview:
    return match_preview.preview(rig.hub, match_preview.candidate(rig.hub, "customer", text, "new.yaml"), "customer")


def test_plan_when_the_model_is_put_in_force_then_was_the_deed(town: Rig) -> None:
    nothing = match_preview.preview(town.hub, forecast.candidate(town.hub, {}), "customer")
    assert (nothing.is_empty, nothing.waiting, nothing.sent.is_empty) == (True, 0, True)
    before, asked = _clusters(town), _questions(town)
    told = _preview(town, LOOSE)
    clusters, questions = _planned(town, LOOSE)
    assert (_clusters(town), _questions(town)) == (before, asked)
    put_in_force(town.hub, {MODEL: LOOSE})
    town.settle()
    after = _clusters(town)
    assert after == clusters
    assert _questions(town) == questions
    assert told.moved == sum(before[rid] != after[rid] for rid in before) > 20
    assert (told.before, told.after) == (len(set(before.values())), len(set(after.values())))
    assert (told.opened, told.closed) == (len(questions - asked), len(asked - questions))
    assert told.merges > 0
    assert told.splits > 0
    for seed in range(2):
        text = _jittered(town, random.Random(seed))
        clusters, questions = _planned(town, text)
        put_in_force(town.hub, {MODEL: text})
        town.settle()
        assert (_clusters(town), _questions(town)) == (clusters, questions)


def _jittered(rig: Rig, rng: random.Random) -> str:
    """The model in force with every weight moved, some keys left out, and other thresholds."""
    spec = rig.hub.rules.matching["customer"].spec
    comparisons = {
        name: {level: replace(one, weight=one.weight + rng.randint(-2500, 2500)) for level, one in levels.items()}
        for name, levels in spec.comparisons.items()
    }
    keys = {name: atoms for name, atoms in spec.keys.items() if rng.random() < 0.8}
    auto = rng.randint(4000, 11000)
    return write_model(replace(spec, comparisons=comparisons, keys=keys, auto=auto, review=rng.randint(1000, auto)))
