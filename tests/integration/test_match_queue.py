"""Pairs that wait for a steward: order, pages, counts, and who is given which."""

import random
import threading

import pytest

from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow import match_answer, match_queue
from hub.flow.match_queue import Wish
from hub.store.database import new_id
from tests.fixtures.match import NAME, PHONE, pair, pairs, prepare

ONE, TWO = "usr_one", "usr_two"


@pytest.fixture
def three(rig):
    """Three open pairs: with 5 and 50 at stake and names alike, with 500 at stake and no names."""
    prepare(rig)
    nameless = {"full_name": None}
    return rig, [*pairs(rig, 5, 50), pair(rig, 500, left=nameless, right=nameless)]


def test_queue_when_ordered_then_by_stake_or_by_weight(three):
    rig, (low, middle, high) = three
    assert [row.id for row in match_queue.queue(rig.hub, Wish())] == [high, middle, low]
    assert [row.id for row in match_queue.queue(rig.hub, Wish(order="weight"))] == [low, middle, high]
    with pytest.raises(ConfigError, match="stake or weight"):
        match_queue.queue(rig.hub, Wish(order="age"))


@pytest.mark.parametrize("order", ["stake", "weight"])
def test_queue_when_paged_then_every_pair_once_and_back_again(three, order):
    rig, _ = three
    everything = [row.id for row in match_queue.queue(rig.hub, Wish(order=order))]
    first = match_queue.queue(rig.hub, Wish(order=order), 2)
    rest = match_queue.queue(rig.hub, Wish(order=order, after=first[-1].id), 2)
    assert [row.id for row in [*first, *rest]] == everything
    back = match_queue.queue(rig.hub, Wish(order=order, before=rest[0].id), 2)
    assert [row.id for row in back] == everything[:2]


def test_queue_when_filtered_then_by_realm_kind_pattern_and_weight(three):
    rig, (low, middle, high) = three
    assert match_queue.queue(rig.hub, Wish(realms=["other"])) == []
    assert match_queue.queue(rig.hub, Wish(kind="product")) == []
    assert {row.id for row in match_queue.queue(rig.hub, Wish(kind="customer", least=5000))} == {low, middle}
    assert [row.id for row in match_queue.queue(rig.hub, Wish(pattern="phone=same"))] == [high]
    [common, rare] = match_queue.patterns(rig.hub)
    assert (common.pattern, common.count, common.least) == ("name=homophone phone=same", 2, NAME + PHONE)
    assert (rare.pattern, rare.count) == ("phone=same", 1)


def test_next_when_asked_again_then_the_same_pair_and_another_one_for_somebody_else(three):
    rig, (low, middle, high) = three
    assert match_queue.take_next(rig.hub, ONE) == high
    assert match_queue.take_next(rig.hub, ONE) == high
    assert match_queue.take_next(rig.hub, TWO) == middle
    assert match_queue.take_next(rig.hub, "usr_three") == low
    assert match_queue.take_next(rig.hub, "usr_four") is None
    with pytest.raises(ConflictError, match="usr_one works on this pair"):
        match_queue.take(rig.hub, high, TWO)
    assert match_queue.let_go(rig.hub, high, ONE)
    match_queue.take(rig.hub, high, TWO)


def test_claim_when_its_time_is_over_then_somebody_else_is_given_the_pair(three):
    rig, (_, _, high) = three
    match_queue.take(rig.hub, high, ONE)
    rig.hub.db.execute("update item set claimed_until = now() - interval '1 second' where id = %s", (high,))
    assert match_queue.find(rig.hub, high).claimed_by == ""
    assert match_queue.take_next(rig.hub, TWO) == high


def test_take_when_there_is_no_such_pair_then_not_found(three):
    rig, _ = three
    with pytest.raises(NotFoundError):
        match_queue.take(rig.hub, new_id(), ONE)


def test_next_when_many_ask_at_once_then_nobody_is_given_what_another_one_has(three):
    rig, items = three
    for _ in range(3):
        given, start = [], threading.Barrier(6)

        def ask(name, given=given, start=start):
            start.wait(timeout=30)
            given.append(match_queue.take_next(rig.hub, name))

        threads = [threading.Thread(target=ask, args=(f"usr_{number}",)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        assert sorted(id_ for id_ in given if id_) == sorted(items)
        assert given.count(None) == 3
        rig.hub.db.execute("update item set claimed_by = null, claimed_until = null")


def test_counts_when_nothing_was_answered_then_only_what_waits(three):
    rig, _ = three
    found = match_queue.counts(rig.hub, ONE)
    assert (found.open, found.mine, found.automatic, found.mean_s) == (3, 0, 0, None)


def test_claims_when_stewards_race_then_no_pair_is_ever_with_two_and_each_is_answered_once(rig):
    prepare(rig)
    items = set(pairs(rig, *range(1, 11)))
    held, lock, broken, answered = {}, threading.Lock(), [], []

    def work(name, seed):
        choose = random.Random(seed)
        while (item_id := match_queue.take_next(rig.hub, name)) is not None:
            with lock:
                if held.get(item_id, name) != name:
                    broken.append((item_id, name, held[item_id]))
                held[item_id] = name
            said = choose.choice(("different", "household", "skip", "let go"))
            with lock:
                del held[item_id]
            # Whoever asks from here on may be given it, as soon as the claim ends and not before.
            if said == "let go":
                match_queue.let_go(rig.hub, item_id, name)
            else:
                answered.append((item_id, match_answer.answer(rig.hub, item_id, name, said).is_repeat))

    threads = [threading.Thread(target=work, args=(f"usr_{number}", number)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert broken == []
    assert sorted(id_ for id_, _ in answered) == sorted(items)
    assert not any(is_repeat for _, is_repeat in answered)
    assert rig.hub.db.one("select count(*) from match_answer") == (len(items),)
