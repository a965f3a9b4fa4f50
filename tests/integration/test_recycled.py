"""A number that another person proved later, on the real store: since when it is theirs, and what takes that back."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from hub.flow import account, match_answer, stewardship
from hub.model.identifier import format_id
from hub.store import inbox
from hub.store.hot_key import KEY_CAP
from tests.fixtures import match
from tests.fixtures.histories import connect_all
from tests.fixtures.hub import Rig, at
from tests.fixtures.peers import PeerRig
from tests.fixtures.people import in_force
from tests.fixtures.web import Caller

PHONE = "+8613912345678"
OLD, NEW, THIRD = "王建国", "李秀英", "欧阳娜娜"


@pytest.fixture
def chain(rig: Rig) -> Rig:
    """Three systems, and a model by which different names keep two apart."""
    connect_all(rig)
    in_force(rig)
    return rig


def _say(
    rig: Rig, connection: str, id_: str, name: str, minute: int, proof: str = "otp", *, phone: str = PHONE, **more: Any
) -> None:
    identities = [{"namespace": "phone", "value": phone, "verified": proof}] if phone else []
    data = {"id": id_, "updated_at": at(minute), "full_name": name, "identities": identities, **more}
    rig.send(connection, "customer.updated", data, key=f"{connection} {id_} {minute}")


def _untils(rig: Rig, phone: str = PHONE) -> dict[str, str | None]:
    """Whole name -> since when the number is another's."""
    return {
        data["full_name"]: each.get("until")
        for data in rig.goldens("customer")
        for each in data["identities"]
        if each["value"] == phone
    }


@pytest.mark.parametrize("is_settled_between", [False, True])
@pytest.mark.parametrize("turn", [1, -1])
def test_number_when_another_proved_it_later_then_it_ends_then_whoever_came_first(
    chain: Rig, turn: int, is_settled_between: bool
) -> None:
    for connection, name, minute in [("shop", OLD, 1), ("till", NEW, 9)][::turn]:
        _say(chain, connection, "1", name, minute)
        if is_settled_between:
            chain.settle()
    chain.settle()
    assert _untils(chain) == {OLD: at(9), NEW: None}


def test_number_when_three_proved_it_then_each_ends_with_the_next_in_any_order(chain: Rig) -> None:
    said = [("shop", OLD, 1), ("till", NEW, 5), ("crm", THIRD, 9)]
    for order in permutations(said):
        chain.clear()
        for connection, name, minute in order:
            _say(chain, connection, "1", name, minute)
            chain.settle()
        assert _untils(chain) == {OLD: at(5), NEW: at(9), THIRD: None}


def test_number_when_proved_again_by_the_first_then_theirs_again_and_the_other_ends(chain: Rig) -> None:
    _say(chain, "shop", "1", OLD, 1)
    _say(chain, "till", "1", NEW, 5)
    chain.settle()
    _say(chain, "shop", "1", OLD, 7)
    chain.settle()
    assert _untils(chain) == {OLD: at(5), NEW: None}  # to say the same again is no proof
    _say(chain, "shop", "1", OLD, 9, "payment")
    chain.settle()
    assert _untils(chain) == {OLD: None, NEW: at(9)}


def test_number_that_was_never_proved_when_said_after_the_proof_then_stays_open_and_before_ends(chain: Rig) -> None:
    _say(chain, "shop", "1", OLD, 1, "none")
    _say(chain, "till", "1", NEW, 5)
    _say(chain, "crm", "1", THIRD, 9, "none")
    chain.settle()
    assert _untils(chain) == {OLD: at(5), NEW: None, THIRD: None}


def test_number_when_nobody_proved_it_then_nobodys_ends(chain: Rig) -> None:
    _say(chain, "shop", "1", OLD, 1, "none")
    _say(chain, "till", "1", NEW, 5, "none")
    chain.settle()
    assert _untils(chain) == {OLD: None, NEW: None}


@pytest.mark.parametrize("proof", ["otp", "none"])
def test_number_when_the_other_lets_go_of_it_or_proves_it_no_more_then_open_again(chain: Rig, proof: str) -> None:
    _say(chain, "shop", "1", OLD, 1, proof)
    _say(chain, "till", "1", NEW, 5)
    chain.settle()
    assert _untils(chain) == {OLD: at(5), NEW: None}
    _say(chain, "till", "1", NEW, 6, "none")
    chain.settle()
    assert _untils(chain) == {OLD: None, NEW: None}
    _say(chain, "till", "1", NEW, 7)
    chain.settle()
    assert _untils(chain) == {OLD: at(7), NEW: None}
    _say(chain, "till", "1", NEW, 8, phone="")
    chain.settle()
    assert _untils(chain) == {OLD: None}


def test_number_when_the_other_is_deleted_or_its_system_disconnected_then_stays_ended(chain: Rig) -> None:
    _say(chain, "shop", "1", OLD, 1)
    _say(chain, "till", "1", NEW, 5)
    chain.send("till", "customer.deleted", {"id": "1", "updated_at": at(6)})
    chain.settle()
    account.disconnect(chain.hub, "till", "li")
    chain.hub.connections.reload()
    _say(chain, "shop", "1", OLD, 7, note="came again")
    chain.settle()
    assert _untils(chain) == {OLD: at(5), NEW: None}


def test_number_when_both_are_merged_then_open_and_when_split_ended_again(chain: Rig) -> None:
    _say(chain, "shop", "1", OLD, 1)
    _say(chain, "till", "1", NEW, 5)
    chain.settle()
    [left, right] = chain.golden_ids("customer")
    act = stewardship.merge(chain.hub, "customer", [left, right], "li", "one and the same")
    chain.settle()
    assert list(_untils(chain).values()) == [None]
    stewardship.undo(chain.hub, act, "li")
    chain.settle()
    assert _untils(chain) == {OLD: at(5), NEW: None}


def test_number_when_one_person_is_split_then_it_ends_for_the_part_that_proved_it_earlier(chain: Rig) -> None:
    _say(chain, "shop", "1", OLD, 1)
    _say(chain, "till", "2", OLD, 5)
    chain.settle()
    [id_] = chain.golden_ids("customer")
    assert _untils(chain) == {OLD: None}
    act = stewardship.split(chain.hub, "customer", id_, "till", "2", "li", "father and son")
    chain.settle()
    found = [each.get("until") for data in chain.goldens("customer") for each in data["identities"]]
    assert found == [at(5), None]
    stewardship.undo(chain.hub, act, "li")
    chain.settle()
    assert _untils(chain) == {OLD: None}


def test_number_of_a_household_when_a_person_said_so_then_it_passes_to_nobody_until_taken_back(rig: Rig) -> None:
    match.prepare(rig)
    number = match.phone(7)["value"]
    item = match.pair(rig, 7, right={"identities": [{**match.phone(7), "verified": "otp"}]})
    assert _untils(rig, number) == {"王小明": at(5), "王晓明": None}
    act = match_answer.answer(rig.hub, item, "li", "household", "they came together").act
    rig.settle()
    assert _untils(rig, number) == {"王小明": None, "王晓明": None}
    assert act
    match_answer.undo(rig.hub, act, "li")
    rig.settle()
    assert _untils(rig, number) == {"王小明": at(5), "王晓明": None}


def test_number_of_a_household_when_a_system_says_so_then_it_passes_to_nobody_until_it_says_otherwise(
    chain: Rig,
) -> None:
    chain.connect("desk", {"customer": "in", "relation": "in"}, rank=40)
    _say(chain, "desk", "1", OLD, 1)
    _say(chain, "desk", "2", NEW, 5)
    chain.settle()
    assert _untils(chain) == {OLD: at(5), NEW: None}
    both = {"id": "r1", "a": "1", "b": "2"}
    chain.send("desk", "relation.updated", {**both, "type": "household", "updated_at": at(6)})
    chain.settle()
    assert _untils(chain) == {OLD: None, NEW: None}
    chain.send("desk", "relation.updated", {**both, "type": "employer", "updated_at": at(7)})
    chain.settle()
    assert _untils(chain) == {OLD: at(5), NEW: None}
    chain.send("desk", "relation.updated", {**both, "type": "household", "updated_at": at(8)})
    chain.settle()
    assert _untils(chain) == {OLD: None, NEW: None}
    chain.send("desk", "relation.updated", {**both, "b": "3", "updated_at": at(9)})
    chain.settle()
    assert _untils(chain) == {OLD: at(5), NEW: None}
    chain.send("desk", "relation.updated", {**both, "updated_at": at(10)})
    chain.settle()
    assert _untils(chain) == {OLD: None, NEW: None}
    chain.send("desk", "relation.deleted", {"id": "r1", "updated_at": at(11)})
    chain.settle()
    assert _untils(chain) == {OLD: at(5), NEW: None}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_number_of_a_household_when_told_in_any_order_then_it_passes_to_nobody(
    chain: Rig, order: tuple[int, ...]
) -> None:
    chain.connect("desk", {"customer": "in", "relation": "in"}, rank=40)
    both = {"id": "r1", "updated_at": at(6), "a": "1", "b": "2", "type": "household"}
    told = [
        lambda: _say(chain, "desk", "1", OLD, 1),
        lambda: _say(chain, "desk", "2", NEW, 5),
        lambda: chain.send("desk", "relation.updated", both),
    ]
    for number in order:
        told[number]()
        chain.settle()
    assert _untils(chain) == {OLD: None, NEW: None}


def test_number_of_a_household_that_matching_alone_found_ends_all_the_same(chain: Rig) -> None:
    _say(chain, "shop", "1", OLD, 1)
    _say(chain, "till", "1", NEW, 5)
    chain.settle()
    assert chain.hub.db.all("select relation from edge") == [("household",)]
    assert _untils(chain) == {OLD: at(5), NEW: None}


def test_number_when_more_than_the_cap_have_it_then_ends_for_nobody_and_again_when_fewer_do(
    chain: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("hub.store.hot_key.KEY_CAP", "hub.store.resolve.KEY_CAP", "hub.store.recycled.KEY_CAP"):
        monkeypatch.setattr(place, 2)
    assert KEY_CAP > 2
    _say(chain, "shop", "1", OLD, 1)
    _say(chain, "till", "1", NEW, 5)
    chain.settle()
    assert _untils(chain) == {OLD: at(5), NEW: None}
    _say(chain, "crm", "1", THIRD, 9, "none")
    chain.settle()
    assert _untils(chain) == {OLD: None, NEW: None, THIRD: None}
    _say(chain, "crm", "1", THIRD, 10, phone="")
    chain.settle()
    assert _untils(chain) == {OLD: at(5), NEW: None}


def test_number_of_a_store_when_it_was_proved_then_ends_for_nobody(chain: Rig) -> None:
    desk = [{"namespace": "phone", "value": PHONE, "verified": "staff", "role": "store"}]
    _say(chain, "shop", "1", OLD, 1)
    _say(chain, "till", "1", NEW, 5, identities=desk)
    chain.settle()
    assert _untils(chain) == {OLD: None, NEW: None}


def test_email_when_another_proved_it_later_then_ends(chain: Rig) -> None:
    def mail(proof: str) -> list[dict[str, str]]:
        return [{"namespace": "email", "value": "Na@Example.cn", "verified": proof}]

    _say(chain, "shop", "1", OLD, 1, identities=mail("otp"))
    _say(chain, "till", "1", NEW, 5, identities=mail("oauth"))
    chain.settle()
    assert _untils(chain, "na@example.cn") == {OLD: at(5), NEW: None}


def test_proof_that_came_with_a_first_reading_when_the_other_was_seen_then_counts_as_the_older(chain: Rig) -> None:
    def read(connection: str, name: str, minute: int) -> None:
        identities = [{"namespace": "phone", "value": PHONE, "verified": "otp"}]
        data = {"id": "1", "updated_at": at(minute), "full_name": name, "identities": identities}
        chain.send(connection, "customer.updated", data, origin="pull", lane=inbox.BULK, read_at=1)

    read("shop", OLD, 9)
    _say(chain, "till", "1", NEW, 5)
    chain.settle()
    assert _untils(chain) == {OLD: at(5), NEW: None}


def test_late_word_when_it_makes_a_proof_older_then_the_times_of_both_move(chain: Rig) -> None:
    _say(chain, "shop", "1", OLD, 3)
    _say(chain, "till", "1", NEW, 9)
    chain.settle()
    assert _untils(chain) == {OLD: at(9), NEW: None}
    _say(chain, "till", "1", NEW, 2)
    chain.settle()
    assert _untils(chain) == {OLD: None, NEW: at(3)}


def test_record_when_its_number_passed_on_then_the_api_says_since_when_and_whose_it_is(
    chain: Rig, admin: Caller
) -> None:
    _say(chain, "shop", "1", OLD, 1)
    _say(chain, "till", "1", NEW, 5)
    chain.settle()
    old, new = (format_id("cus", match.rid_of(chain, name, "1")) for name in ("shop", "till"))
    [element] = admin.get(f"/customers/{old}")["data"]["identities"]
    assert element == {"namespace": "phone", "value": PHONE, "verified": "otp", "until": at(5)}
    [part] = admin.get(f"/customers/{old}/explain")["identities"]["elements"]
    assert part["passed"] == {"to": new, "at": at(5)}
    assert "until" not in part["value"]
    [part] = admin.get(f"/customers/{new}/explain")["identities"]["elements"]
    assert "passed" not in part
    changes = admin.get(f"/customers/{old}/history")["items"]
    assert [sorted(change["fields"]) for change in changes[:-1]] in ([], [["identities"]])


@pytest.mark.parametrize("is_pinned", [False, True])
def test_until_when_a_source_or_a_person_says_it_then_it_is_not_heard(chain: Rig, is_pinned: bool) -> None:
    claimed = [{"namespace": "phone", "value": PHONE, "verified": "otp", "until": at(3)}]
    _say(chain, "shop", "1", OLD, 1, identities=claimed)
    chain.settle()
    [id_] = chain.golden_ids("customer")
    if is_pinned:
        stewardship.pin(chain.hub, "customer", id_, "identities", claimed, "li")
        chain.settle()
    assert chain.quarantined() == []
    assert _untils(chain) == {OLD: None}
    assert chain.hub.db.one("select count(*) from version where asserted::text like '%%until%%'") == (0,)
    _say(chain, "till", "1", NEW, 5)
    chain.settle()
    assert _untils(chain) == {OLD: at(5), NEW: None}


def test_system_when_a_number_passed_on_then_is_sent_nothing_for_it(peers: PeerRig) -> None:
    peers.connect("till", {"customer": "in"}, rank=20)
    peers.peer("blue", rank=90)
    in_force(peers)
    _say(peers, "shop", "1", OLD, 1)
    peers.quiet()
    [held] = peers.shelves["blue"].records.values()
    _say(peers, "till", "1", NEW, 5)
    peers.quiet()
    assert _untils(peers) == {OLD: at(5), NEW: None}
    assert held in peers.shelves["blue"].records.values()
    assert [call.delete for call in peers.shelves["blue"].calls] == [False, False]
    assert "until" not in str(peers.shelves["blue"].calls)


def test_grant_when_its_number_passed_on_then_expired_and_granted_again_when_it_comes_back(chain: Rig) -> None:
    _say(chain, "shop", "1", OLD, 1)
    grant = {
        "channel": "sms",
        "purpose": "marketing",
        "status": "granted",
        "captured_at": at(2),
        "captured_via": "till",
    }
    number = {"namespace": "phone", "value": PHONE}
    chain.send(
        "shop", "consent.updated", {"id": "s1", "updated_at": at(2), "customer": "1", "identity": number, **grant}
    )
    chain.settle()

    def states() -> list[str]:
        return [one["status"] for data in chain.goldens("customer") for one in data.get("consents", ())]

    assert states() == ["granted"]
    _say(chain, "till", "1", NEW, 5)
    chain.settle()
    assert states() == ["expired"]
    _say(chain, "till", "1", NEW, 6, phone="")
    chain.settle()
    assert states() == ["granted"]
