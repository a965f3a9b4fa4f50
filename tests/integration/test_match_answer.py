"""Answers about pairs: what they decide, that they hold, that they are taken back, and who may give them."""

import threading

import pytest

from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow import match_answer, match_case, match_queue, stewardship
from hub.flow.match_queue import Wish
from hub.flow.state import state_hash
from hub.model.identifier import format_id
from hub.store import match_answer as answers
from tests.fixtures.hub import at
from tests.fixtures.match import email, pair, phone, prepare, rid_of

ONE, TWO = "usr_one", "usr_two"


@pytest.fixture
def two(rig):
    """Two customers that may be one, and a system that is written to."""
    prepare(rig)
    rig.connect("mail", {"customer": "out"}, rank=30)
    item = pair(rig, 1, left={"language": "en"}, right={"gender": "male"})
    return rig, item, rid_of(rig, "shop", "s1"), rid_of(rig, "crm", "c1")


def clusters(rig):
    return len(rig.golden_ids("customer"))


def rulings(rig):
    return rig.hub.db.all("select type, value from decision where revoked_at is null order by id")


def test_same_when_answered_then_one_record_and_the_item_says_who(two):
    rig, item, left, right = two
    match_queue.take(rig.hub, item, ONE)
    found = match_answer.answer(rig.hub, item, ONE, "same", "called")
    assert clusters(rig) == 1
    assert found.golden == (min(left, right),)
    closed = match_queue.find(rig.hub, item)
    assert (closed.state, closed.resolved_by, closed.claimed_by) == ("resolved", ONE, "")
    assert closed.resolution == {"answer": "same", "decision": format_id("dec", found.act)}
    assert rig.hub.db.all("select author, reason from decision") == [(ONE, "called")]
    counts = match_queue.counts(rig.hub, ONE)
    assert (counts.open, counts.mine) == (0, 1)
    assert counts.mean_s is not None
    assert 0 <= counts.mean_s < 60


@pytest.mark.parametrize(("said", "value"), [("different", None), ("household", {"relation": "household"})])
def test_no_when_answered_then_a_ruling_keeps_them_apart(two, said, value):
    rig, item, *_ = two
    match_answer.answer(rig.hub, item, ONE, said)
    assert clusters(rig) == 2
    assert rulings(rig) == [("cannot", value)]


def test_answer_when_given_twice_then_done_once(two):
    rig, item, *_ = two
    first = match_answer.answer(rig.hub, item, ONE, "different")
    again = match_answer.answer(rig.hub, item, ONE, "different")
    assert (again.act, again.is_repeat) == (first.act, True)
    assert len(rulings(rig)) == 1


def test_answer_when_the_pair_was_closed_meanwhile_then_it_says_by_whom(two):
    rig, item, *_ = two
    match_answer.answer(rig.hub, item, ONE, "different")
    with pytest.raises(ConflictError, match="usr_one answered 'different'"):
        match_answer.answer(rig.hub, item, TWO, "same")
    assert clusters(rig) == 2


def test_answer_when_both_are_one_by_now_then_it_says_so(two):
    rig, item, *_ = two
    stewardship.merge(rig.hub, "customer", rig.golden_ids("customer"), TWO)
    rig.hub.db.execute("update item set state = 'open', resolved_at = null where id = %s", (item,))
    with pytest.raises(ConflictError, match="one record by now"):
        match_answer.answer(rig.hub, item, ONE, "same")


def test_answer_when_the_hub_closed_it_meanwhile_then_it_says_so(two):
    rig, item, *_ = two
    match_queue.take(rig.hub, item, ONE)
    for connection, id_ in (("shop", "s1"), ("crm", "c1")):
        more = {"full_name": "王小明", "identities": [phone(1), email("w")]}
        rig.send(connection, "customer.updated", {"id": id_, "updated_at": at(60), **more})
    rig.settle()
    assert clusters(rig) == 1
    with pytest.raises(ConflictError, match="hub closed it"):
        match_answer.answer(rig.hub, item, ONE, "different")
    assert match_queue.take_next(rig.hub, ONE) is None


def test_answer_when_it_was_given_then_the_next_message_of_a_system_does_not_undo_it(two):
    rig, item, *_ = two
    match_answer.answer(rig.hub, item, ONE, "different")
    for connection, id_ in (("shop", "s1"), ("crm", "c1")):
        more = {"full_name": "王小明", "identities": [phone(1), email("w")]}
        rig.send(connection, "customer.updated", {"id": id_, "updated_at": at(60), **more})
    rig.settle()
    assert clusters(rig) == 2
    assert match_queue.queue(rig.hub, Wish()) == []


def test_answer_when_somebody_else_works_on_it_then_refused(two):
    rig, item, *_ = two
    match_queue.take(rig.hub, item, TWO)
    with pytest.raises(ConflictError, match="usr_two works on this pair"):
        match_answer.answer(rig.hub, item, ONE, "same")


def test_same_when_a_guard_keeps_them_apart_then_only_with_a_reason(two):
    rig, *_ = two
    born = {"birthday": {"year": 1990, "month": 5, "day": 1}}
    other = {"birthday": {"year": 1971, "month": 8, "day": 23}}
    mail = [email("w")]
    item = pair(rig, 2, left={**born, "identities": mail}, right={**other, "identities": mail})
    found = match_case.open_case(rig.hub, item, ONE)
    assert found.apart == "birthday"
    assert found.forecast.problem == ""
    with pytest.raises(ConfigError, match="birthday"):
        match_answer.answer(rig.hub, item, ONE, "same")
    before = clusters(rig)
    match_answer.answer(rig.hub, item, ONE, "same", "the shop typed it wrong")
    assert clusters(rig) == before - 1


def test_skip_when_answered_then_the_next_pair_is_given_and_it_comes_back(two):
    rig, item, *_ = two
    match_queue.take(rig.hub, item, ONE)
    assert match_answer.answer(rig.hub, item, ONE, "skip").act is None
    assert match_queue.take_next(rig.hub, ONE) is None
    assert match_queue.find(rig.hub, item).state == "snoozed"
    assert match_answer.answer(rig.hub, item, ONE, "skip").is_repeat
    assert match_answer.undo_last(rig.hub, ONE).answer == "skip"
    assert match_queue.take_next(rig.hub, TWO) == item


def test_undo_when_done_then_everything_is_as_before_and_the_pair_waits_again(two):
    rig, item, *_ = two
    ids, before = rig.golden_ids("customer"), state_hash(rig.hub)
    match_answer.answer(rig.hub, item, ONE, "same")
    undone = match_answer.undo_last(rig.hub, ONE, "mistyped")
    assert (undone.item_id, undone.answer) == (item, "same")
    assert (rig.golden_ids("customer"), state_hash(rig.hub)) == (ids, before)
    assert match_queue.find(rig.hub, item).state == "open"
    assert match_queue.counts(rig.hub, ONE).mine == 0
    with pytest.raises(NotFoundError, match="no answer of yours"):
        match_answer.undo_last(rig.hub, ONE)
    match_answer.answer(rig.hub, item, TWO, "same")
    assert clusters(rig) == 1


def test_undo_when_by_act_then_older_ones_and_those_of_others_too(two):
    rig, item, *_ = two
    act = match_answer.answer(rig.hub, item, ONE, "different").act
    assert match_answer.undo(rig.hub, act, TWO, "asked again").author == ONE
    assert rulings(rig) == []
    with pytest.raises(ConflictError, match="undone before"):
        match_answer.undo(rig.hub, act, TWO)
    with rig.hub.db.session() as conn:
        [row] = answers.of_act(conn, act)
    assert row.undone_by == TWO


def test_undo_when_it_is_the_general_one_then_the_pair_waits_again_too(two):
    rig, item, *_ = two
    act = match_answer.answer(rig.hub, item, ONE, "same").act
    stewardship.undo(rig.hub, act, TWO)
    assert [row.id for row in match_queue.queue(rig.hub, Wish())] == [item]


def test_answer_when_it_is_none_then_refused(two):
    rig, item, *_ = two
    for said in ("yes", "", "right"):
        with pytest.raises(ConfigError, match="answer same, different, household or skip"):
            match_answer.answer(rig.hub, item, ONE, said)


def test_case_when_opened_then_what_a_merge_would_do_is_what_it_does(two):
    rig, item, left, right = two
    found = match_case.open_case(rig.hub, item, ONE)
    assert (found.closed, found.weight) == ("", sum(one.weight for one in found.comparisons))
    name = found.comparisons[0]
    assert (name.name, name.level) == ("name", "homophone")
    assert (name.left, name.right) == ({"full_name": "王小明"}, {"full_name": "王晓明"})
    assert [source.is_compared for source in found.left.sources] == [True]
    assert [(one.name, one.level, one.weight) for one in found.comparisons[2:]] == [("gender", "missing", 0)]
    assert (found.auto, found.review) == (9000, 3000)
    forecast = found.forecast
    assert forecast.problem == ""
    assert (forecast.survivor, forecast.gone) == (left, (right,))
    assert [(way.connection, way.action) for way in forecast.ways] == [("mail", "create")]
    match_answer.answer(rig.hub, item, ONE, "same")
    [golden] = rig.goldens("customer")
    assert {name: then for name, _, _, then in forecast.values} == {
        name: golden.get(name) for name in ("full_name", "gender", "language")
    }
    closed = match_case.open_case(rig.hub, item, ONE)
    assert "usr_one answered 'same'" in closed.closed
    assert closed.forecast is None


def test_answer_when_two_give_it_at_once_then_one_of_them_is_told_that_it_is_closed(two):
    rig, item, *_ = two
    came, start = [], threading.Barrier(2)

    def give(name, said):
        start.wait(timeout=60)
        try:
            came.append(match_answer.answer(rig.hub, item, name, said).answer)
        except ConflictError as error:
            came.append(str(error))

    threads = [threading.Thread(target=give, args=args) for args in ((ONE, "same"), (TWO, "different"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(came) == 2
    assert sum("this pair is closed" in one for one in came) == 1
    assert len(rulings(rig)) == 1


def test_same_when_clusters_hold_what_a_guard_would_tear_apart_then_all_of_both_are_one(two):
    rig, *_ = two
    union = {"namespace": "wechat_unionid", "value": "u9"}
    rig.send("crm", "customer.updated", {"id": "old", "updated_at": at(1), "identities": [union],
                                          "birthday": {"year": 1971, "month": 8, "day": 23}})  # fmt: skip
    item = pair(
        rig, 9, left={"birthday": {"year": 1990, "month": 5, "day": 1}}, right={"identities": [phone(9), union]}
    )
    rid = rid_of(rig, "crm", "old")
    before = clusters(rig)
    with pytest.raises(ConfigError, match="birthday"):
        match_answer.answer(rig.hub, item, ONE, "same")
    found = match_answer.answer(rig.hub, item, ONE, "same", "they share a card")
    assert clusters(rig) == before - 1
    assert rig.hub.db.one("select cluster from record where rid = %s", (rid,)) == found.golden
