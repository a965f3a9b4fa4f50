"""What a person rules about a disagreement: take one, fix another, let a frozen field go on."""

import pytest

from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow import settle, stewardship
from hub.flow.explain import explain
from hub.flow.state import state_hash
from hub.model.identifier import format_id
from hub.store import item as item_store
from hub.store import peer
from hub.store.database import new_id
from tests.fixtures.hub import at

PHONE = {"namespace": "phone", "value": "+8613800138000", "verified": "otp"}


def customer(id_, minute, **fields):
    return {"id": id_, "updated_at": at(minute), "full_name": "王小明", "identities": [PHONE], **fields}


@pytest.fixture
def pair(rig):
    """One customer of two systems that name different languages at the same moment: equally ranked."""
    rig.connect("shop", {"customer": "in"}, rank=10)
    rig.connect("crm", {"customer": "in"}, rank=10)
    rig.send("shop", "customer.updated", customer("1", 2, language="en"))
    rig.send("crm", "customer.updated", customer("C1", 2, language="de"))
    rig.settle()
    return rig


def only_id(rig):
    [found] = rig.golden_ids("customer")
    return found


def language(rig):
    [found] = rig.goldens("customer")
    return found.get("language")


def items(rig, type_="conflict", state="open"):
    with rig.hub.db.session() as conn:
        return item_store.list_items(conn, type=type_, state=state)


def test_conflict_when_two_say_different_things_at_once_then_an_item(pair):
    assert [(found.data, found.rid) for found in items(pair)] == [({"field": "language"}, only_id(pair))]


def test_choice_when_made_then_it_stands_and_the_item_says_who_took_what(pair):
    loser = {"en": ("crm", "C1"), "de": ("shop", "1")}[language(pair)]
    settle.choose(pair.hub, "customer", only_id(pair), "language", *loser, "usr_x", "asked")
    assert language(pair) == {"crm": "de", "shop": "en"}[loser[0]]
    assert items(pair) == []
    [closed] = items(pair, state="resolved")
    assert closed.resolved_by == "usr_x"
    assert closed.resolution["take"] == {"connection": loser[0], "external_id": loser[1]}
    found = explain(pair.hub, "customer", only_id(pair))["language"]
    assert (found["rule"], found["chosen_by"], found["winner"]["connection"]) == ("choice", "usr_x", loser[0])
    assert [side["connection"] for side in found["losers"]] == [{"crm": "shop", "shop": "crm"}[loser[0]]]


def test_choice_when_a_contender_repeats_itself_then_it_still_stands(pair):
    settle.choose(pair.hub, "customer", only_id(pair), "language", "crm", "C1", "usr_x")
    pair.send("shop", "customer.updated", customer("1", 9, language="en"))
    pair.settle()
    assert language(pair) == "de"
    assert items(pair) == []


def test_choice_when_a_contender_says_something_new_then_the_rule_decides_again(pair):
    settle.choose(pair.hub, "customer", only_id(pair), "language", "crm", "C1", "usr_x")
    pair.send("shop", "customer.updated", customer("1", 9, language="fr"))
    pair.settle()
    assert language(pair) == "fr"


def test_choice_when_a_third_source_joins_and_leaves_again_then_it_counts_again(pair):
    settle.choose(pair.hub, "customer", only_id(pair), "language", "crm", "C1", "usr_x")
    pair.connect("till", {"customer": "in"}, rank=10)
    pair.send("till", "customer.updated", {"id": "T", "updated_at": at(20), "full_name": "王小明", "language": "ja"})
    pair.settle()
    before = state_hash(pair.hub)
    act = stewardship.merge(pair.hub, "customer", pair.golden_ids("customer"), "usr_x")
    assert language(pair) == "ja"
    stewardship.undo(pair.hub, act, "usr_x")
    assert state_hash(pair.hub) == before
    assert {found.get("language") for found in pair.goldens("customer")} == {"de", "ja"}


def test_choice_when_undone_then_the_conflict_is_open_again(pair):
    first = language(pair)
    act = settle.choose(pair.hub, "customer", only_id(pair), "language", "crm", "C1", "usr_x")
    stewardship.undo(pair.hub, act, "usr_x")
    assert language(pair) == first
    assert len(items(pair)) == 1


@pytest.mark.parametrize(
    ("name", "source", "error"),
    [
        ("nothing", ("crm", "C1"), ConfigError),
        ("identities", ("crm", "C1"), ConfigError),
        ("language", ("crm", "C2"), NotFoundError),
        ("gender", ("crm", "C1"), NotFoundError),
    ],
)
def test_choice_when_it_cannot_be_made_then_refused(pair, name, source, error):
    with pytest.raises(error):
        settle.choose(pair.hub, "customer", only_id(pair), name, *source, "usr_x")


def test_choice_when_the_field_is_pinned_then_refused(pair):
    stewardship.pin(pair.hub, "customer", only_id(pair), "language", "it", "usr_x")
    with pytest.raises(ConflictError, match="unpin it first"):
        settle.choose(pair.hub, "customer", only_id(pair), "language", "crm", "C1", "usr_x")


def test_pin_when_it_settles_a_conflict_then_no_item_stays_and_none_comes_back(pair):
    [found] = items(pair)
    settle.settle(pair.hub, found, {"pin": {"language": "it"}}, "usr_x", "asked")
    assert language(pair) == "it"
    pair.send("shop", "customer.updated", customer("1", 2, language="en", note="x"))
    pair.settle()
    assert items(pair) == []
    [closed] = items(pair, state="resolved")
    assert (closed.resolved_by, closed.resolution["pin"]) == ("usr_x", ["language"])


@pytest.mark.parametrize(
    "resolution",
    [
        {"take": "crm"},
        {"pin": {}},
        {"pin": {"gender": "male"}},
        {"lift": True},
        {"snooze_until": "tomorrow"},
        {"snooze_until": "2020-01-01T00:00:00Z"},
        {"snooze_until": "2999-01-01T00:00:00Z"},
    ],
)
def test_settle_when_the_resolution_does_not_fit_then_refused(pair, resolution):
    [found] = items(pair)
    with pytest.raises(ConfigError):
        settle.settle(pair.hub, found, resolution, "usr_x")
    assert len(items(pair)) == 1


def test_settle_when_closed_already_then_refused(pair):
    [found] = items(pair)
    settle.settle(pair.hub, found, {"note": "known"}, "usr_x")
    [closed] = items(pair, state="resolved")
    with pytest.raises(ConflictError):
        settle.settle(pair.hub, closed, {"note": "again"}, "usr_x")


def frozen(rig):
    """A field of the customer that the loop breaker froze at the crm, with its item."""
    crm = rig.hub.connections.by_name("crm").id
    rid, target_id = only_id(rig), new_id()
    with rig.hub.db.transaction() as conn:
        conn.execute(
            "insert into target (id, realm, connection_id, object_type, kind, owner_rid, done_seq)"
            " values (%s, 'default', %s, 'customers', 'customer', %s, 1)",
            (target_id, crm, rid),
        )
        peer.freeze(conn, "default", "customer", rid, crm, "language")
        item_store.raise_item(
            conn, "loop", f"loop:{target_id}", kind="customer", rid=rid, connection_id=crm,
            data={"field": "language", "flips": 10, "within_s": 600, "delivery": format_id("dlv", target_id)},
        )  # fmt: skip
    return target_id


def test_freeze_when_lifted_then_the_target_is_due_and_the_item_closed(pair):
    target_id = frozen(pair)
    [found] = items(pair, "loop")
    settle.settle(pair.hub, found, {"lift": True}, "usr_x", "fixed there")
    row = pair.hub.db.one("select dirty_seq > done_seq from target where id = %s", (target_id,))
    assert row == (True,)
    assert items(pair, "loop") == []
    [closed] = items(pair, "loop", "resolved")
    assert closed.resolution == {"lift": True}
    assert pair.hub.db.all("select 1 from decision where type = 'freeze' and revoked_at is null") == []


def test_freeze_when_undone_by_its_id_then_lifted_too(pair):
    frozen(pair)
    [(id_,)] = pair.hub.db.all("select group_id from decision where type = 'freeze'")
    stewardship.undo(pair.hub, id_, "usr_x")
    assert items(pair, "loop") == []
