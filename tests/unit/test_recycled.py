"""When a number is one person's no more: the rule by itself, and what systems that hold few numbers are given."""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.shopify.outward import kept_identities as shop_keeps
from connectors.zoho.outward import kept_identities as crm_keeps
from hub.flow.readback import look_up
from hub.model.kinds import KINDS
from hub.model.schema import load
from hub.rules import register
from hub.rules.projection import told
from hub.rules.recycled import Claim, Passed, Stamp, claims, passed, proofs
from hub.rules.register import Item, flatten

PHONE = {"namespace": "phone", "value": "+8613912345678"}
OTHER = {"namespace": "phone", "value": "+8613512345678"}
CUSTOMER = KINDS["customer"]
B, C = uuid.UUID(int=2), uuid.UUID(int=3)


def _fold(*said: tuple[int, dict[str, Any]], is_weak: bool = False) -> dict[str, Any]:
    """What a record says that said this of the number, each at its time."""
    items = [
        Item((at, 0, 0, ""), flatten({"identities": [{**PHONE, **more}]}, CUSTOMER.identities), at, is_weak)
        for at, more in said
    ]
    return register.encode(register.fold(items))


def _claim(at: int, proof: str = "otp", *, is_weak: bool = False) -> Claim:
    [found] = claims(_fold((at, {"verified": proof}), is_weak=is_weak), "phone", PHONE["value"])
    return found


def _stamp(at: int, *, is_weak: bool = False) -> Stamp:
    return Stamp(not is_weak, at)


@pytest.mark.parametrize(
    ("own", "others", "expected"),
    [
        ([_claim(1)], [], None),
        ([_claim(1)], [(_stamp(5), B)], Passed(5, B)),
        ([_claim(1)], [(_stamp(9), C), (_stamp(5), B)], Passed(5, B)),
        ([_claim(5)], [(_stamp(5), B)], None),
        ([_claim(7)], [(_stamp(5), B)], None),
        ([_claim(7)], [(_stamp(5), B), (_stamp(9), C)], Passed(9, C)),
        ([_claim(1), _claim(7)], [(_stamp(5), B)], None),
        ([_claim(1), _claim(7, "none")], [(_stamp(5), B)], Passed(5, B)),
        ([_claim(1, "none")], [(_stamp(5), B)], Passed(5, B)),
        ([_claim(7, "none")], [(_stamp(5), B)], None),
        ([_claim(7, is_weak=True)], [(_stamp(5), B)], Passed(5, B)),
        ([_claim(1)], [(_stamp(5, is_weak=True), B)], None),
        ([_claim(1, is_weak=True)], [(_stamp(5, is_weak=True), B)], Passed(5, B)),
        ([], [(_stamp(5), B)], None),
    ],
)
def test_number_when_others_proved_it_then_it_passed_with_the_first_later_proof(
    own: list[Claim], others: list[tuple[Stamp, uuid.UUID]], expected: Passed | None
) -> None:
    assert passed(own, others) == expected


TIMES = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=3)


@given(st.lists(TIMES, min_size=1, max_size=4))
def test_number_when_several_proved_it_then_it_is_the_latest_ones_and_of_nobody_else(
    people: list[list[tuple[bool, int]]],
) -> None:
    stamps = {uuid.UUID(int=n): [Stamp(*one) for one in own] for n, own in enumerate(people)}
    open_ = set()
    for id_, own in stamps.items():
        others = [(stamp, other) for other, theirs in stamps.items() if other != id_ for stamp in theirs]
        if passed([Claim(is_proof=True, stamp=stamp) for stamp in own], others) is None:
            open_.add(id_)
    latest = max(stamp for own in stamps.values() for stamp in own)
    assert open_ == {id_ for id_, own in stamps.items() if max(own) == latest}


def test_proof_when_the_same_is_said_again_then_keeps_its_time_and_another_has_its_own() -> None:
    same = _fold((1, {"verified": "otp"}), (5, {"verified": "otp"}))
    assert list(proofs(same).values()) == [_stamp(1)]
    assert proofs(same) == proofs(_fold((1, {"verified": "otp"})))
    assert list(proofs(_fold((1, {"verified": "otp"}), (5, {"verified": "payment"}))).values()) == [_stamp(5)]
    assert proofs(_fold((1, {"verified": "otp"}), (5, {"verified": "none"}))) == {}


@pytest.mark.parametrize(
    "more", [{"role": "store"}, {"role": "shared"}, {"value": "139****5678"}, {"namespace": "wechat_openid"}]
)
def test_claim_when_the_number_cannot_be_ones_own_then_there_is_none(more: dict[str, str]) -> None:
    said = _fold((1, {"verified": "otp", **more}))
    assert list(claims(said, more.get("namespace", "phone"), more.get("value", PHONE["value"]))) == []


def test_shop_that_holds_one_number_when_it_passed_on_then_gets_one_that_is_still_theirs() -> None:
    gone = {**PHONE, "verified": "otp", "until": "2026-11-01T00:00:00.000000Z"}
    still = {**OTHER, "verified": "none"}
    held = [{**PHONE, "verified": "none"}]
    assert _values(shop_keeps([[gone, still], held])) == [OTHER["value"]]
    assert _values(shop_keeps([[gone, still], []])) == [OTHER["value"]]
    assert _values(shop_keeps([[gone], held])) == [PHONE["value"]]
    assert _values(shop_keeps([[gone], []])) == [PHONE["value"]]
    assert _values(shop_keeps([[gone, {**still, "role": "store"}], held])) == [PHONE["value"]]


def test_crm_that_holds_two_numbers_when_one_passed_on_then_gets_it_last() -> None:
    gone = {**PHONE, "verified": "otp", "until": "2026-11-01T00:00:00.000000Z"}
    still, third = {**OTHER, "verified": "none"}, {"namespace": "phone", "value": "+8613612345678"}
    held = [{**PHONE, "verified": "none"}]
    assert _values(crm_keeps([[gone, still, third], held])) == [OTHER["value"], third["value"]]
    assert _values(crm_keeps([[gone, still], held])) == [OTHER["value"], PHONE["value"]]
    assert _values(crm_keeps([[gone], held])) == [PHONE["value"]]


def _values(kept: Any) -> list[str]:
    return [one["value"] for one in kept]


def test_until_when_given_back_then_not_heard_and_never_told() -> None:
    gone = {**PHONE, "until": "2026-11-01T00:00:00.000000Z"}
    assert load(CUSTOMER, {"identities": [gone]}, partial=True) == {"identities": [PHONE]}
    fields = CUSTOMER.by_name
    assert told({"identities": [gone], "note": "x"}, fields) == {"identities": [PHONE], "note": "x"}
    assert told({"identities": None}, fields) == {"identities": None}


def test_record_when_searched_for_at_a_system_then_not_by_a_number_that_passed_on() -> None:
    searched: list[Any] = []
    system = SimpleNamespace(find=lambda kind, hub_ref, keys: searched.append((kind, hub_ref, keys)))
    due = SimpleNamespace(
        kind="customer", data={"identities": [{**PHONE, "until": "2026-11-01T00:00:00.000000Z"}, OTHER]}
    )
    assert look_up(system, due, "dlv_1", None) is None  # type: ignore[arg-type]
    assert searched == [("customer", "dlv_1", {"identities": [OTHER]})]
