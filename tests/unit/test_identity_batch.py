"""The whole partition in memory, what EM learns, and the judge: small populations of known truth."""

import random
import uuid
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bench.identity import judge, retail
from bench.identity.people import Town
from hub.errors import ConfigError
from hub.model.kinds import KINDS
from hub.rules.clustering import Links
from hub.rules.identity import batch, fit
from hub.rules.identity.features import features_of
from hub.rules.identity.frequency import count_names
from hub.rules.identity.model import MatchModel, load_models
from hub.rules.identity.model_file import read_model
from hub.rules.identity.spec import levels_of
from hub.rules.mapping.document import Report

ROOT = Path(__file__).parents[2]
MODEL = load_models([ROOT / "mappings"], KINDS)["customer"]
Rid = uuid.UUID


@pytest.fixture(scope="module")
def town() -> retail.Population:
    return retail.population(0, 250)


def _names(people: Mapping[Rid, Any]) -> dict[Rid, tuple[str, ...]]:
    return {rid: ("till", "customers", str(rid.int)) for rid in people}


def _person(number: int, name: str, *phones: str) -> tuple[Rid, dict[str, Any]]:
    identities = [{"namespace": "phone", "value": phone} for phone in phones]
    return Rid(int=number), features_of({"full_name": name, "identities": identities})


def test_town_when_seeded_then_the_same_people_everywhere() -> None:
    first, again = Town(7, 30).rows(), Town(7, 30).rows()
    assert [(row.system, row.person.id, row.data) for row in first] == [
        (row.system, row.person.id, row.data) for row in again
    ]
    assert [row.data for row in Town(8, 30).rows()] != [row.data for row in first]


def test_partition_when_records_come_in_any_order_then_the_same(town: retail.Population) -> None:
    expected = batch.match(town.names, town.features, MODEL, town.certain)
    order = sorted(town.names)
    random.Random(3).shuffle(order)
    found = batch.match(
        {rid: town.names[rid] for rid in order},
        {rid: town.features[rid] for rid in reversed(order)},
        MODEL,
        [(b, a) for a, b in reversed(town.certain)],
    )
    assert set(found.clusters) == set(expected.clusters)
    assert found.scored == expected.scored


def test_partition_when_rids_are_others_then_the_same_people(town: retail.Population) -> None:
    expected = batch.match(town.names, town.features, MODEL, town.certain)
    other = {rid: Rid(int=(1 << 100) - rid.int) for rid in town.names}
    found = batch.match(
        {other[rid]: name for rid, name in town.names.items()},
        {other[rid]: one for rid, one in town.features.items()},
        MODEL,
        [(other[a], other[b]) for a, b in town.certain],
    )
    assert set(found.clusters) == {frozenset(other[rid] for rid in part) for part in expected.clusters}


def test_guard_when_between_any_two_members_then_parts_stay_apart(town: retail.Population) -> None:
    found = batch.match(town.names, town.features, MODEL)
    for part in found.clusters:
        assert all(MODEL.apart(town.features[a], town.features[b]) == "" for a, b in judge.pairs_within([part]))


def test_model_in_force_when_judged_on_a_small_town_then_as_good_as_it_says(town: retail.Population) -> None:
    at_auto = batch.match(town.names, town.features, MODEL, town.certain)
    found = retail.judged(at_auto.clusters, town, at_auto.compared)
    assert found["precision"] >= 0.98
    assert found["recall"] >= 0.65
    assert found["collapsed"] <= 0.02
    lower = MatchModel(replace(MODEL.spec, auto=MODEL.review))
    assert judge.quality(batch.match(town.names, town.features, lower, town.certain).clusters, town.truth).f1 >= 0.85


def test_key_when_more_than_the_cap_have_it_then_no_candidates_and_no_evidence() -> None:
    store = dict(_person(number, "", "13912345678") for number in range(1, batch.CAP + 2))
    assert batch.match(_names(store), store, MODEL).compared == 0
    named = dict(_person(number, "欧阳鑫淼", "13912345678") for number in range(1, batch.CAP + 2))
    assert batch.hot_values(named, MODEL) == {("phone", "+8613912345678")}
    del store[Rid(int=1)]
    assert batch.match(_names(store), store, MODEL).compared == batch.CAP * (batch.CAP - 1) // 2


def test_decision_when_it_forbids_then_stronger_than_any_score() -> None:
    people = dict([_person(1, "王小明", "13912345678"), _person(2, "王小明", "13912345678")])
    a, b = people
    assert batch.match(_names(people), people, MODEL).clusters == [frozenset({a, b})]
    links = Links([], {frozenset({a, b})}, [])
    assert len(batch.match(_names(people), people, MODEL, links=links).clusters) == 2


def test_quality_when_counted_then_by_pairs() -> None:
    truth = {Rid(int=number): person for number, person in enumerate("aaabbc")}
    clusters = [frozenset(list(truth)[:2]), frozenset(list(truth)[2:4]), frozenset(list(truth)[4:])]
    found = judge.quality(clusters, truth)
    assert (found.true, found.found, found.right) == (4, 3, 1)
    assert (found.precision, found.recall, found.f1) == (1 / 3, 1 / 4, 2 / 7)
    assert judge.quality_where(clusters, truth, {Rid(int=0)}) == judge.Quality(2, 1, 1)
    assert judge.collapsed(clusters, truth, lambda person: person in "ab") == 1.0
    assert judge.collapsed(clusters, truth, lambda person: person) == 0.0


@pytest.fixture(scope="module")
def learnt(town: retail.Population) -> MatchModel:
    return fit.fit(town.features, MODEL)


def test_fit_when_repeated_then_the_same_file(town: retail.Population, learnt: MatchModel) -> None:
    backwards = dict(reversed(town.features.items()))
    assert fit.dump(fit.fit(backwards, MODEL)) == fit.dump(learnt)


def test_fit_when_written_then_read_back_the_same(learnt: MatchModel) -> None:
    report = Report("matching/customer.yaml")
    spec = read_model(fit.dump(learnt), report)
    assert report.faults == []
    assert spec == learnt.spec
    assert spec.fitted["pairs"] > fit.LEAST_PAIRS


def test_fit_when_done_then_levels_fall_and_a_name_alone_stays_below_auto(learnt: MatchModel) -> None:
    for name, levels in learnt.spec.comparisons.items():
        weights = [levels[level].weight for level in levels_of(name) if level in levels and levels[level].m is not None]
        found_by = fit.FOUND_BY.get(name, ())
        own = [
            w
            for w, level in zip(
                weights, [lv for lv in levels_of(name) if lv in levels and levels[lv].m is not None], strict=True
            )
            if level not in found_by
        ]
        assert all(higher >= lower for higher, lower in pairwise(own))
    best = sum(max(one.weight for one in learnt.spec.comparisons[name].values()) for name in ("name", "rarity"))
    assert best < learnt.auto


def test_fit_when_truth_is_unseen_then_still_tells_people_apart(town: retail.Population, learnt: MatchModel) -> None:
    found = judge.quality(batch.match(town.names, town.features, learnt, town.certain).clusters, town.truth)
    assert found.precision >= 0.97
    assert found.recall >= 0.6


def test_fit_when_there_is_too_little_then_refuses() -> None:
    people = dict([_person(1, "王小明", "13912345678"), _person(2, "王小明", "13912345678")])
    with pytest.raises(ConfigError, match="1 pairs have a key in common"):
        fit.fit(people, MODEL)


def test_levels_when_in_the_wrong_order_then_pooled_or_refused() -> None:
    faults: list[str] = []
    pooled = fit.pool({"same": (0.5, 0.1), "masked": (0.4, 0.05), "different": (0.1, 0.85)}, "phone", faults)
    assert pooled["same"].weight == pooled["masked"].weight > pooled["different"].weight
    assert faults == []
    fit.pool({"same": (0.1, 0.5), "different": (0.9, 0.05)}, "phone", faults)
    assert faults == ["phone: different would weigh 4170, more than same with -2322"]


def test_frequencies_when_few_names_then_none_and_else_per_million() -> None:
    few = [features_of({"full_name": "王小明"})] * 10
    assert count_names(few) == {}
    many = [features_of({"full_name": name}) for name in ("王芳", "王小明", "李建国", "李红霞")] * 1500
    found = count_names(many)
    assert found["family"] == {"李": 500_000, "王": 500_000}
    assert found["given"]["芳"] == 250_000
    assert set("小明建国红霞") == set(found["sign"])
