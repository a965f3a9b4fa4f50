"""What a merge comes to at systems that have a record of each side: kept in step, told, or joined there by a person."""

import pytest

from hub.errors import ConfigError, ConflictError
from hub.flow import access, match_answer, match_case, match_peer, stewardship
from hub.model.identifier import format_id
from tests.fixtures.hub import at
from tests.fixtures.match import item_of, phone, rid_of, use_model
from tests.fixtures.web import Caller

ONE = "usr_one"


@pytest.fixture
def both(peers):
    """A pair, of which two systems have a record of each side; `mall` can join its own, `crm` cannot."""
    use_model(peers)
    mall, crm = peers.peer("mall", "joining"), peers.peer("crm")
    peers.customer("a", at(1), full_name="王小明", identities=[phone(1)], language="en")
    peers.customer("b", at(2), full_name="王晓明", identities=[phone(1)])
    peers.quiet()
    item = item_of(peers, rid_of(peers, "shop", "a"))
    assert (len(mall.records), len(crm.records)) == (2, 2)
    return peers, item, mall, crm


def test_case_when_systems_have_both_then_it_says_who_can_join_them(both):
    peers, item, *_ = both
    found = match_case.open_case(peers.hub, item, ONE)
    assert {(way.connection, way.action, len(way.external_ids)) for way in found.forecast.ways} == {
        ("mall", "merge", 2),
        ("crm", "note", 2),
    }


def test_same_when_systems_have_both_then_they_are_kept_in_step_and_a_person_is_told(both):
    peers, item, mall, crm = both
    match_answer.answer(peers.hub, item, ONE, "same")
    peers.quiet()
    for shelf in (mall, crm):
        assert len(shelf.records) == 2
        assert len({record["full_name"] for record in shelf.records.values()}) == 1
    assert "duplicate" in peers.items()


def test_join_when_a_person_says_so_then_one_is_left_there_and_nothing_comes_back(both):
    peers, item, mall, crm = both
    golden = match_answer.answer(peers.hub, item, ONE, "same").golden[0]
    peers.quiet()
    with pytest.raises(ConfigError, match="say why"):
        match_peer.join(peers.hub, "customer", golden, "mall", ONE, "")
    with pytest.raises(ConfigError, match="crm cannot make"):
        match_peer.join(peers.hub, "customer", golden, "crm", ONE, "asked")
    done = match_peer.join(peers.hub, "customer", golden, "mall", ONE, "asked by phone")
    assert (list(mall.records), len(done.gone)) == ([done.left], 1)
    calls = len(mall.calls)
    peers.quiet()
    assert (list(mall.records), len(mall.calls), len(crm.records)) == ([done.left], calls, 2)
    assert len(peers.golden_ids("customer")) == 1
    gone = peers.hub.db.all("select external_id from record where state = 2")
    assert gone == [(done.gone[0],)]
    peers.customer("a", at(50), full_name="王大明", identities=[phone(1)])
    peers.quiet()
    assert [record["full_name"] for record in mall.records.values()] == ["王大明"]
    with pytest.raises(ConflictError, match="nothing to join"):
        match_peer.join(peers.hub, "customer", golden, "mall", ONE, "again")
    acts = peers.hub.db.all("select act, reason from audit where act like 'peer.%%' order by seq")
    assert acts == [("peer.join_begun", "asked by phone"), ("peer.joined", "asked by phone")]


def test_same_when_undone_then_both_systems_hold_what_they_held(both):
    peers, item, mall, crm = both
    before = [sorted(str(record["full_name"]) for record in shelf.records.values()) for shelf in (mall, crm)]
    act = match_answer.answer(peers.hub, item, ONE, "same").act
    peers.quiet()
    stewardship.undo(peers.hub, act, ONE)
    peers.quiet()
    assert [sorted(str(record["full_name"]) for record in shelf.records.values()) for shelf in (mall, crm)] == before


def test_join_when_by_the_api_then_what_is_left_is_told(both, apps):
    peers, item, mall, _ = both
    golden = match_answer.answer(peers.hub, item, ONE, "same").golden[0]
    peers.quiet()
    _, token = access.create_token(peers.hub, "steward", "of the test", author="test")
    steward = Caller(apps.of(peers.hub).test_client(), token)
    body = {"record": format_id("cus", golden), "connection": "mall"}
    steward.post("/matches/join", body, 422)
    steward.post("/matches/join", {**body, "record": "xyz", "reason": "asked"}, 404)
    done = steward.post("/matches/join", {**body, "reason": "asked"})
    assert (list(mall.records), len(done["gone"])) == ([done["left"]], 1)
