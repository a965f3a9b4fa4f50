"""Many pairs answered as one: planned, released in portions or whole, discarded, undone."""

import pytest

from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow import guard, match_answer, match_bulk, match_queue
from hub.flow.match_queue import Wish
from hub.flow.state import state_hash
from hub.store import item as item_store
from hub.store import plan as plan_store
from tests.fixtures.match import pair, pairs, prepare

ONE, TWO = "usr_one", "usr_two"
PATTERN = "name=homophone phone=same"


@pytest.fixture
def many(rig):
    """Twelve open pairs of one pattern, one of another; a system that is written to."""
    prepare(rig)
    items = pairs(rig, *range(1, 13))
    nameless = {"full_name": None}
    pair(rig, 99, left=nameless, right=nameless)
    rig.connect("mail", {"customer": "out"}, rank=30)
    return rig, items


def due(rig):
    return rig.hub.db.one("select count(*) from target where dirty_seq > done_seq")[0]


def test_bulk_when_released_then_it_did_what_the_plan_said(many):
    rig, items = many
    before = len(rig.golden_ids("customer"))
    plan = match_bulk.propose(rig.hub, ONE, PATTERN, "same", reason="looked at twenty")
    assert (plan.counts["pairs"], plan.counts["merges"]) == (12, 12)
    assert plan.counts["sends"] == {"mail": {"create": 12, "update": 0, "is_held": False}}
    assert (len(rig.golden_ids("customer")), due(rig)) == (before, 0)
    assert [row.id for row in match_bulk.sample(rig.hub, plan.id, 3)] == items[:-4:-1]
    done = match_bulk.release(rig.hub, plan.id, TWO)
    assert (done.answered, done.left, done.bulk.state) == (12, 0, "released")
    assert before - len(rig.golden_ids("customer")) == plan.counts["merges"]
    assert due(rig) == 12
    assert rig.hub.db.all("select distinct author, group_id from decision") == [(TWO, plan.act)]
    with pytest.raises(ConflictError, match="released already"):
        match_bulk.release(rig.hub, plan.id, TWO)


def test_bulk_when_a_canary_goes_first_then_the_rest_later_and_all_of_it_is_undone_as_one(many):
    rig, items = many
    ids, before = rig.golden_ids("customer"), state_hash(rig.hub)
    plan = match_bulk.propose(rig.hub, ONE, PATTERN, "same")
    first = match_bulk.release(rig.hub, plan.id, ONE, canary=True)
    assert (first.answered, first.bulk.state) == (10, "canary")
    assert [row.id for row in match_bulk.sample(rig.hub, plan.id)] == [items[1], items[0]]
    rest = match_bulk.release(rig.hub, plan.id, ONE)
    assert (rest.answered, rest.bulk.counts["answered"]) == (2, 12)
    assert match_bulk.undo(rig.hub, plan.id, TWO, "wrong pattern").state == "undone"
    assert (rig.golden_ids("customer"), state_hash(rig.hub)) == (ids, before)
    assert len(match_queue.queue(rig.hub, Wish(pattern=PATTERN))) == 12
    with pytest.raises(ConflictError, match="undone before"):
        match_bulk.undo(rig.hub, plan.id, TWO)


def test_bulk_when_pairs_were_answered_or_taken_meanwhile_then_they_are_left(many):
    rig, items = many
    plan = match_bulk.propose(rig.hub, ONE, PATTERN, "different")
    assert plan.counts["sends"] == {}
    match_answer.answer(rig.hub, items[0], TWO, "same")
    match_queue.take(rig.hub, items[1], TWO)
    with rig.hub.db.transaction() as conn:
        item_store.resolve_item(conn, items[2], TWO)
    done = match_bulk.release(rig.hub, plan.id, ONE)
    assert (done.answered, done.left) == (9, 3)
    assert match_queue.find(rig.hub, items[1]).state == "open"


def test_bulk_when_discarded_then_nothing_is_answered(many):
    rig, _ = many
    plan = match_bulk.propose(rig.hub, ONE, PATTERN, "household")
    assert [one.id for one in match_bulk.bulks(rig.hub)] == [plan.id]
    assert match_bulk.discard(rig.hub, plan.id, ONE).state == "discarded"
    assert match_bulk.bulks(rig.hub) == []
    assert rig.hub.db.one("select count(*) from decision") == (0,)
    with pytest.raises(ConflictError, match="discarded already"):
        match_bulk.release(rig.hub, plan.id, ONE)
    with pytest.raises(ConflictError, match="nothing to undo"):
        match_bulk.undo(rig.hub, plan.id, ONE)


def test_bulk_when_there_is_nothing_of_it_then_refused(many):
    rig, _ = many
    with pytest.raises(NotFoundError):
        match_bulk.propose(rig.hub, ONE, "phone=masked", "same")
    with pytest.raises(NotFoundError):
        match_bulk.propose(rig.hub, ONE, PATTERN, "same", least=99_000)
    with pytest.raises(ConfigError):
        match_bulk.propose(rig.hub, ONE, PATTERN, "skip")


def test_bulk_when_it_would_send_too_much_then_the_plan_says_so_and_the_deliveries_wait(many, monkeypatch):
    rig, _ = many
    monkeypatch.setattr(plan_store, "FEW", 5)
    plan = match_bulk.propose(rig.hub, ONE, PATTERN, "same")
    assert plan.counts["sends"] == {"mail": {"create": 12, "update": 0, "is_held": True}}
    match_bulk.release(rig.hub, plan.id, ONE)
    guard.settle(rig.hub)
    with rig.hub.db.session() as conn:
        [held] = plan_store.of_cause(conn, "merge", plan.act)
    assert (held.state, held.counts["create"]) == ("held", 12)
    assert rig.hub.db.one("select count(*) from target where plan_id = %s", (held.id,)) == (12,)
