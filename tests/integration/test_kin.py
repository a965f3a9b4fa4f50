"""Households over the API and the command line: who says so, and that nobody is merged."""

from __future__ import annotations

import json

import pytest

from hub.flow import match_answer
from hub.model.identifier import format_id
from tests.fixtures import match
from tests.fixtures.command import runner
from tests.fixtures.hub import Rig, at
from tests.fixtures.web import Caller

BORN = {"year": 1990, "month": 5, "day": 1, "calendar": "gregorian"}


def test_relations_when_two_share_a_number_and_cannot_be_one_then_told_with_what_says_so(
    rig: Rig, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    match.prepare(rig, is_stored=True)
    own = {"updated_at": at(1), "identities": [match.phone(7)]}
    rig.send("shop", "customer.updated", {"id": "1", "full_name": "王建国", "birthday": BORN, **own})
    rig.send("crm", "customer.updated", {"id": "2", "full_name": "李秀英", "birthday": {**BORN, "year": 1962}, **own})
    rig.settle()
    left, right = (format_id("cus", id_) for id_ in rig.golden_ids("customer"))
    [told] = admin.get(f"/customers/{left}/relations")["items"]
    assert (told["id"], told["type"]) == (right, "household")
    [evidence] = told["evidence"]
    assert evidence["by"] == "match"
    assert evidence["apart"] == "birthday"
    assert evidence["weight"] == sum(one["weight"] for one in evidence["comparisons"])
    assert [one["connection"] for one in evidence["records"]] == ["shop", "crm"]
    [back] = admin.get(f"/customers/{right}/relations")["items"]
    assert back["id"] == left
    assert [one["connection"] for one in back["evidence"][0]["records"]] == ["crm", "shop"]
    assert "王建国" not in json.dumps(told, ensure_ascii=False)
    run = runner(rig.hub.settings, monkeypatch)
    assert "kept apart by birthday" in run("explain", "customer", left, "--relations").output
    assert json.loads(run("explain", "customer", left, "--relations", "--json").stdout) == [told]


def test_relations_when_a_person_answered_or_a_system_says_so_then_told_until_taken_back(
    rig: Rig, admin: Caller
) -> None:
    match.prepare(rig, is_stored=True)
    item = match.pair(rig, 7)
    act = match_answer.answer(rig.hub, item, "li", "household", "they came together").act
    assert act
    rig.settle()
    left, right = (format_id("cus", id_) for id_ in rig.golden_ids("customer"))
    [told] = admin.get(f"/customers/{left}/relations")["items"]
    assert told["id"] == right
    assert [(one["by"], one["id"], one["author"]) for one in told["evidence"]] == [
        ("decision", format_id("dec", act), "li")
    ]
    match_answer.undo(rig.hub, act, "li")
    rig.settle()
    assert admin.get(f"/customers/{left}/relations")["items"] == []
    rig.connect("desk", {"customer": "in", "relation": "in"}, rank=30)
    rig.send("desk", "customer.updated", {"id": "d1", "updated_at": at(1), "full_name": "周一"})
    rig.send("desk", "customer.updated", {"id": "d2", "updated_at": at(1), "full_name": "吴二"})
    both = {"a": "d1", "b": "d2", "type": "household"}
    rig.send("desk", "relation.updated", {"id": "r1", "updated_at": at(1), **both})
    rig.settle()
    one, other = (format_id("cus", match.rid_of(rig, "desk", id_)) for id_ in ("d1", "d2"))
    [told] = admin.get(f"/customers/{one}/relations")["items"]
    assert told["id"] == other
    assert [each["by"] for each in told["evidence"]] == ["record"]
    rig.send("desk", "customer.deleted", {"id": "d2", "updated_at": at(9)})
    rig.settle()
    assert admin.get(f"/customers/{one}/relations")["items"] == []
