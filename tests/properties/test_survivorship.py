"""Survivorship is a function of the set of what was said, of decisions and of policy; nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.flow.rules import Rules
from hub.model.identity import proof_of
from hub.model.kinds import KINDS
from hub.rules.candidate import is_void
from hub.rules.policies import PolicySet, Rule
from hub.rules.register import loose
from hub.rules.survivorship import (
    Choice,
    FieldRule,
    Outcome,
    Pin,
    Source,
    candidates,
    contenders_of,
    elements,
    resolve,
)
from hub.rules.worth import count_parts
from tests.fixtures.clusters import LINES, NAME, RULE_SETS, Line, rule

FEW = settings(max_examples=60, deadline=None)
NOBODY = Pin("~", None, "", (0, ""), uuid.UUID(int=0))


def _sources(lines: Sequence[Line]) -> list[Source]:
    return [line.source() for line in lines]


def _as_of_many(sources: Sequence[Source], rules: Sequence[FieldRule]) -> Outcome:
    """As though the cluster held more than one record: a pin of a field that no rule knows."""
    found = resolve(sources, rules, {"~": NOBODY})
    del found.data["~"], found.winners["~"]
    return found


@FEW
@given(LINES, RULE_SETS, st.data())
def test_golden_is_a_function_of_the_set(lines: list[Line], rules: list[FieldRule], data: st.DataObject) -> None:
    again = [
        line.source(data.draw(st.permutations([*line.items, *data.draw(st.lists(st.sampled_from(line.items)))])))
        for line in data.draw(st.permutations(lines))
    ]
    assert resolve(again, rules, {}) == resolve(_sources(lines), rules, {})


@FEW
@given(LINES, RULE_SETS)
def test_golden_of_one_record_is_what_the_general_way_gives(lines: list[Line], rules: list[FieldRule]) -> None:
    for line in lines:
        assert resolve([line.source()], rules, {}) == _as_of_many([line.source()], rules)


@FEW
@given(LINES, RULE_SETS, st.data())
def test_golden_when_a_source_leaves_and_returns_then_as_before(
    lines: list[Line], rules: list[FieldRule], data: st.DataObject
) -> None:
    sources = _sources(lines)
    before = resolve(sources, rules, {})
    left = data.draw(st.sampled_from(lines))
    apart = resolve([one for one in sources if one.rid != left.rid], rules, {})
    assert left.rid not in apart.winners.values()
    assert resolve(sources, rules, {}) == before == resolve(_sources(lines), rules, {})


@FEW
@given(LINES, RULE_SETS)
def test_golden_when_clusters_merge_then_of_all_their_records(lines: list[Line], rules: list[FieldRule]) -> None:
    """No value comes from nowhere, and what one part alone speaks of stays."""
    whole = resolve(_sources(lines), rules, {}).data
    parts = [resolve([line.source()], rules, {}).data for line in lines]
    for name in ("note", "contact"):
        said = [part[name] for part in parts if name in part]
        assert whole[name] in said if said else name not in whole
    for name in ("identities", "tags"):
        assert (name in whole) == any(name in part for part in parts)
        assert all(any(one in part.get(name, ()) for part in parts) for one in whole.get(name, ()))
    names = [{name: part[name] for name in NAME if name in part} for part in parts]
    assert not any(names) or any(one and one.items() <= whole.items() for one in names)
    assert all(any(name in one and one[name] == whole[name] for one in names) for name in NAME if name in whole)
    if not any(one.is_write for line in lines for one in line.items):
        assert {name: whole[name] for name in NAME if name in whole} in (names if any(names) else [{}])


@FEW
@given(LINES, RULE_SETS, st.data())
def test_pin_when_live_then_before_everything(lines: list[Line], rules: list[FieldRule], data: st.DataObject) -> None:
    sources = _sources(lines)
    name = data.draw(st.sampled_from(["note", *NAME, "status"]))
    pins = {name: Pin(name, "pinned", "ann", (1, "x"), lines[0].rid)}
    decided = next(one for one in rules if name in one.fields)
    ranked = candidates(sources, decided)
    choices = [Choice(decided.name, ranked[-1].source.rid, contenders_of(ranked))] if ranked else []
    found, before = resolve(sources, rules, pins, choices), resolve(sources, rules, {}, choices)
    assert found.data[name] == "pinned"
    assert {**found.data, name: None} == {**before.data, name: None}
    assert set(found.conflicts) <= set(before.conflicts)


@FEW
@given(LINES, RULE_SETS, st.data())
def test_choice_when_contenders_are_unchanged_then_it_holds_and_asks_nobody(
    lines: list[Line], rules: list[FieldRule], data: st.DataObject
) -> None:
    sources = _sources(lines)
    decided = data.draw(st.sampled_from([one for one in rules if one.policy != "union"]))
    ranked = candidates(sources, decided)
    if not ranked:
        return
    taken = data.draw(st.sampled_from(ranked))
    choice = Choice(decided.name, taken.source.rid, contenders_of(ranked), "ann")
    found = resolve(sources, [decided], {}, [choice])
    assert {name: found.data.get(name) for name in decided.fields} == {
        name: taken.values.get(name) for name in decided.fields
    }
    assert found.conflicts == []
    # Somebody new contends: what counts is the policy again; when he leaves, the choice.
    newcomer = Line("till", "9", (lines[0].items[0],)).source()
    ranked_now = candidates([*sources, newcomer], decided)
    if len(ranked_now) > len(ranked):
        assert resolve([*sources, newcomer], [decided], {}, [choice]) == resolve([*sources, newcomer], [decided], {})
    assert resolve(sources, [decided], {}, [choice]) == found


@FEW
@given(LINES, RULE_SETS)
def test_null_when_it_yields_then_only_where_nobody_has_a_value(lines: list[Line], rules: list[FieldRule]) -> None:
    for decided in rules:
        ranked = candidates(_sources(lines), decided) if decided.policy != "union" else []
        if not ranked or decided.null_wins or decided.policy == "strictest":
            continue
        assert ranked[0].is_empty == all(one.is_empty for one in ranked)


@FEW
@given(LINES, RULE_SETS)
def test_weak_when_a_change_was_seen_of_equal_worth_then_it_loses(lines: list[Line], rules: list[FieldRule]) -> None:
    for decided in rules:
        ranked = candidates(_sources(lines), decided) if decided.policy != "union" else []
        if ranked and ranked[0].weak:
            assert all(one.weak for one in ranked if one.key[:2] == ranked[0].key[:2])


@FEW
@given(LINES, st.booleans())
def test_most_frequent_is_what_most_records_say(lines: list[Line], null_wins: bool) -> None:
    ranked = candidates(_sources(lines), rule("most_frequent", "note", null_wins=null_wins))
    said = [loose(one.values["note"]) for one in ranked if null_wins or one.values["note"] is not None]
    if said:
        assert said.count(loose(ranked[0].values["note"])) == max(map(said.count, said))


@FEW
@given(LINES)
def test_most_complete_has_the_most_parts(lines: list[Line]) -> None:
    ranked = candidates(_sources(lines), rule("most_complete", *NAME))
    if ranked:
        assert count_parts(ranked[0].values) == max(count_parts(one.values) for one in ranked)


@FEW
@given(LINES, st.sampled_from([(), ("shop",)]))
def test_verified_is_the_best_proven(lines: list[Line], checking: tuple[str, ...]) -> None:
    ranked = candidates(_sources(lines), rule("verified", "contact", connections=checking))
    full = [one for one in ranked if not one.is_empty]
    if full:
        proofs = [proof_of(one.values["contact"]) for one in full]
        assert proofs[0] == max(proofs)
        if any(one.source.connection == "shop" for one in full) and checking and max(proofs) == 0:
            best = loose(ranked[0].values["contact"])
            assert best in [loose(one.values["contact"]) for one in full if one.source.connection == "shop"]


@FEW
@given(LINES, st.sampled_from(["verified", "owner", "priority"]))
def test_elements_are_there_as_the_newest_word_says_whoever_tells_them_best(lines: list[Line], by: str) -> None:
    sources = _sources(lines)
    newest = FieldRule("identities", "union", ("identities",))
    chosen = FieldRule("identities", "union", ("identities",), ("shop",), elements=by)
    before, after = elements(sources, newest, "identities"), elements(sources, chosen, "identities")
    assert before.keys() == after.keys()
    for key, ranked in after.items():
        assert (ranked[0][1] is None) == (before[key][0][1] is None)
        assert sorted(map(str, ranked)) == sorted(map(str, before[key]))
        there = [entry for entry in ranked if entry[1] is not None]
        if ranked[0][1] is None:
            assert ranked == before[key]
        elif by == "verified":
            assert proof_of(ranked[0][1]) == max(proof_of(entry[1]) for entry in there)
        elif any(entry[2].connection == "shop" for entry in there):
            assert ranked[0][2].connection == "shop"


@FEW
@given(LINES, RULE_SETS)
def test_conflict_when_nothing_is_lost_then_none(lines: list[Line], rules: list[FieldRule]) -> None:
    """Where a policy prefers something else to age: a respelling, or less of the same, is no disagreement."""
    sources = _sources(lines)
    for name in resolve(sources, rules, {}).conflicts:
        decided = next(one for one in rules if one.name == name)
        ranked = candidates(sources, decided)
        if decided.policy in ("verified", "most_complete", "most_frequent"):
            assert any(loose(one.values) != loose(ranked[0].values) and not is_void(one.values) for one in ranked)


@pytest.mark.parametrize("policy", ["latest", "owner", "most_frequent", "most_complete", "strictest"])
def test_strata_when_a_record_claims_a_derived_field_then_it_never_competes(policy: Any) -> None:
    decided = {name: PolicySet(name, Rule(policy, ("crm",))) for name in KINDS}
    loaded = Rules({}, decided, KINDS, {}, {}, b"")  # type: ignore[arg-type]
    for kind in KINDS.values():
        rules = loaded.field_rules(kind.name)
        assert {name for one in rules for name in one.fields}.isdisjoint(kind.derived)
        claimed = dict.fromkeys(kind.derived, "claimed")
        source = Source(uuid.UUID(int=1), "crm", 1, "1", {"v": claimed, "s": 1, "a": [1, 0, 0, ""]})
        assert resolve([source], rules, {}).data == resolve([source, source], rules, {}).data == {}
