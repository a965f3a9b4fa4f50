"""Pairs from the command line: the same acts as in the console and the API."""

import json

import pytest

from tests.fixtures.command import runner
from tests.fixtures.match import merge, pair, prepare, shown

PATTERN = "name=homophone phone=same"


@pytest.fixture
def run(rig, monkeypatch):
    """The command line against the rig's hub."""
    return runner(rig.hub.settings, monkeypatch)


@pytest.fixture
def item(rig):
    """One open pair, as people name it."""
    prepare(rig, is_stored=True)
    rig.connect("mail", {"customer": "out"}, rank=30)
    return shown("itm", pair(rig, 7))


def test_match_when_worked_off_then_listed_shown_answered_and_undone(run, item, rig):
    [row] = json.loads(run("match", "queue", "--json").stdout)
    assert (row["id"], row["stake"]) == (item, 7)
    text = run("match", "next").output
    assert item in text
    assert "auto 9000, review 3000" in text
    assert "homophone" in text
    assert "王小明" not in text
    told = json.loads(run("match", "show", item, "--json").stdout)
    assert told["weight"] == sum(one["weight"] for one in told["comparisons"])
    done = json.loads(run("match", "answer", item, "same", "--reason", "asked", "--json").stdout)
    assert len(rig.golden_ids("customer")) == 1
    assert "nothing was done" in run("match", "answer", item, "same").output
    assert "closed" in run("match", "answer", item, "different", code=1).output
    assert "same of cli:" in run("match", "undo", done["decision"]).output
    assert len(rig.golden_ids("customer")) == 2
    run("match", "answer", item, "skip")
    assert "no pair waits" in run("match", "next").output
    assert "skip of cli:" in run("match", "undo").output
    run("items", "resolve", item, "--answer", "household")
    assert "closed" in run("items", "resolve", item, "--answer", "different", code=1).output
    assert (
        json.loads(run("match", "queue", "--state", "resolved", "--json").stdout)[0]["resolution"]["answer"]
        == "household"
    )


def test_bulk_when_planned_then_released_and_undone(run, item, rig):
    [found] = json.loads(run("match", "patterns", "--json").stdout)
    assert found["pattern"] == PATTERN
    plan = json.loads(run("match", "bulk", "plan", PATTERN, "same", "--json").stdout)
    assert plan["counts"]["pairs"] == 1
    assert "mail: 1 to create" in run("match", "bulk", "show", plan["id"]).output
    assert plan["id"] in run("match", "bulk").output
    assert "1 pairs are answered, 0 left" in run("match", "bulk", "release", plan["id"]).output
    assert "1 answers are taken back" in run("match", "bulk", "undo", plan["id"]).output
    again = json.loads(run("match", "bulk", "plan", PATTERN, "different", "--json").stdout)
    assert "is discarded" in run("match", "bulk", "discard", again["id"]).output
    assert "no plan waits" in run("match", "bulk").output
    assert "undone" in run("match", "bulk", "list", "--all").output


def test_sample_when_drawn_then_judged(run, rig):
    prepare(rig, is_stored=True)
    assert "no sample was drawn yet" in run("match", "sample").output
    merge(rig, 1)
    [drawn] = json.loads(run("match", "sample", "draw", "--json").stdout)
    assert (drawn["drawn"], drawn["population"]) == (1, 1)
    told = json.loads(run("match", "next", "--type", "match_sample", "--json").stdout)
    assert "undo with" in run("match", "sample", "judge", told["id"], "wrong", "--split", "b").output
    [found] = json.loads(run("match", "sample", "--json").stdout)
    assert (found["wrong"], found["is_low"]) == (1, True)
