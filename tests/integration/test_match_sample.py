"""Automatic merges drawn for judging: which, how often, and what comes of the judgements."""

from datetime import UTC, datetime

import pytest

from hub.errors import ConfigError, NotFoundError
from hub.flow import alert, match_answer, match_case, match_queue, match_sample
from hub.flow.alert_say import say
from hub.flow.match_queue import SAMPLE, Wish
from hub.store import alert as alert_store
from hub.store import match_item
from tests.fixtures.hub import at
from tests.fixtures.match import email, merge, phone, prepare

ONE, TWO = "usr_one", "usr_two"


@pytest.fixture
def merged(rig):
    """Five automatic merges."""
    prepare(rig)
    merge(rig, *range(1, 6))
    assert len(rig.golden_ids("customer")) == 5
    return rig


def alerts(rig):
    with rig.hub.db.session() as conn:
        return [one for one in alert_store.list_alerts(conn) if one.type == "match_precision"]


def drawn(rig):
    return match_queue.queue(rig.hub, Wish(type=SAMPLE))


def test_week_when_named_then_by_iso_and_utc():
    assert match_sample.week_of(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-W01"
    assert match_sample.week_of(datetime(2027, 1, 3, tzinfo=UTC)) == "2026-W53"


def test_sample_when_drawn_twice_then_the_same_merges_and_filled_up(merged):
    [found] = match_sample.draw(merged.hub, "2026-W47", size=3)
    assert (found.drawn, found.population, found.precision, found.is_finished) == (3, 5, None, False)
    first = {row.id for row in drawn(merged)}
    [again] = match_sample.draw(merged.hub, "2026-W47", size=3)
    assert (again.drawn, {row.id for row in drawn(merged)}) == (3, first)
    match_sample.draw(merged.hub, "2026-W47", size=4)
    assert first < {row.id for row in drawn(merged)}


def test_sample_when_weeks_differ_then_so_do_the_merges_and_old_ones_lapse(merged):
    picks = []
    for week in ("2026-W40", "2026-W41", "2026-W42", "2026-W43", "2026-W44"):
        match_sample.draw(merged.hub, week, size=1)
        [row] = drawn(merged)
        assert row.data["week"] == week
        picks.append(row.left)
    assert len(set(picks)) > 1
    closed = match_queue.queue(merged.hub, Wish(type=SAMPLE, state="resolved"))
    assert {row.resolution["answer"] for row in closed} == {"lapsed"}


def test_sample_when_nothing_was_merged_by_score_then_none(rig):
    prepare(rig)
    rig.send("shop", "customer.updated", {"id": "s1", "updated_at": at(1), "full_name": "王小明"})
    rig.settle()
    assert match_sample.draw(rig.hub, "2026-W47") == []
    assert match_sample.samples(rig.hub) == []


def test_sample_when_a_key_joins_them_too_then_not_drawn(rig):
    prepare(rig)
    both = {"full_name": "王小明", "identities": [phone(1), email("w"), {"namespace": "wechat_unionid", "value": "u1"}]}
    for name, id_ in (("shop", "s1"), ("crm", "c1")):
        rig.send(name, "customer.updated", {"id": id_, "updated_at": at(1), **both})
    rig.settle()
    assert len(rig.golden_ids("customer")) == 1
    assert match_sample.draw(rig.hub, "2026-W47") == []


def test_judgements_when_given_then_precision_with_its_interval(merged):
    match_sample.draw(merged.hub, "2026-W47")
    rows = drawn(merged)
    for row in rows[:4]:
        match_sample.judge(merged.hub, row.id, ONE, "right")
    [found] = match_sample.samples(merged.hub)
    assert (found.precision, found.is_finished, found.is_low) == (1.0, False, False)
    assert round(found.low, 3) == 0.510
    match_sample.judge(merged.hub, rows[4].id, ONE, "wrong", "other people")
    [found] = match_sample.samples(merged.hub)
    assert (found.right, found.wrong, found.precision) == (4, 1, 0.8)
    assert (found.is_finished, found.is_low) == (True, True)
    assert (round(found.low, 3), round(found.high, 3)) == (0.376, 0.964)
    assert len(merged.golden_ids("customer")) == 5


def test_judgement_when_wrong_and_split_then_both_are_apart_and_undo_brings_all_back(merged):
    match_sample.draw(merged.hub, "2026-W47", size=1)
    [row] = drawn(merged)
    opened = match_case.open_case(merged.hub, row.id, ONE)
    assert (opened.closed, opened.left, opened.forecast) == ("", opened.right, None)
    assert opened.weight == sum(one.weight for one in opened.comparisons) >= opened.auto
    done = match_sample.judge(merged.hub, row.id, ONE, "wrong", split="b")
    assert len(done.golden) == 2
    assert len(merged.golden_ids("customer")) == 6
    assert match_sample.judge(merged.hub, row.id, ONE, "wrong").is_repeat
    match_answer.undo_last(merged.hub, ONE)
    assert len(merged.golden_ids("customer")) == 5
    assert [one.id for one in drawn(merged)] == [row.id]


def test_judgement_when_undone_then_it_counts_no_more(merged):
    match_sample.draw(merged.hub, "2026-W47", size=1)
    [row] = drawn(merged)
    match_sample.judge(merged.hub, row.id, ONE, "wrong")
    match_answer.undo_last(merged.hub, ONE)
    [found] = match_sample.samples(merged.hub)
    assert (found.wrong, found.precision) == (0, None)


def test_judgement_when_it_is_none_then_refused(merged):
    match_sample.draw(merged.hub, "2026-W47", size=1)
    [row] = drawn(merged)
    for said, split in (("same", ""), ("right", "a"), ("wrong", "c")):
        with pytest.raises(ConfigError):
            match_sample.judge(merged.hub, row.id, ONE, said, split=split)
    with pytest.raises(ConfigError):
        match_answer.answer(merged.hub, row.id, ONE, "same")
    with pytest.raises(NotFoundError):
        match_answer.undo_last(merged.hub, TWO)


def test_pair_when_next_is_asked_for_a_sample_then_it_is_claimed_as_others_are(merged):
    match_sample.draw(merged.hub, "2026-W47", size=1)
    [row] = drawn(merged)
    wish = Wish(type=match_item.SAMPLE)
    assert match_queue.take_next(merged.hub, ONE, wish) == row.id
    assert match_queue.take_next(merged.hub, TWO, wish) is None


def test_sample_when_too_many_are_wrong_then_an_alert_and_the_metrics_say_so(merged, admin):
    match_sample.draw(merged.hub, "2026-W47", size=2)
    one, other = drawn(merged)
    match_sample.judge(merged.hub, one.id, ONE, "wrong")
    alert.evaluate(merged.hub)
    assert alerts(merged) == []
    match_sample.judge(merged.hub, other.id, ONE, "right")
    alert.evaluate(merged.hub)
    [found] = alerts(merged)
    said = say(found, kinds=merged.hub.registry.kinds)
    assert said.title == "Only 50.0 % of the automatic merges of Customer in the sample of 2026-W47 are right"
    assert "1 of 2 were judged wrong (95 % interval 9.5 % to 90.5 %)" in said.meaning
    text = admin("GET", "/metrics").get_data(as_text=True)
    assert 'hub_match_precision{bound="estimate",kind="customer",realm="default"} 0.5' in text
    match_answer.undo_last(merged.hub, ONE)
    match_answer.undo_last(merged.hub, ONE)
    for row in drawn(merged):
        match_sample.judge(merged.hub, row.id, TWO, "right")
    alert.evaluate(merged.hub)
    assert alerts(merged) == []
