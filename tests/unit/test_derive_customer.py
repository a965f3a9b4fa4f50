"""Points and consent of a customer as projections of entries; what can be sold of a stock level."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from hub.rules.derive import derive_customer, derive_stock_level
from hub.rules.derive.consent import consents_of, strictest
from hub.rules.derive.customer import points_of


def programme(id_: str) -> dict[str, str]:
    return {"connection": "crm", "object_type": "programmes", "external_id": id_}


def act(status: str, day: int | None, via: str = "till", **more: Any) -> dict[str, Any]:
    time = {"captured_at": f"2026-11-{day:02d}T00:00:00.000000Z"} if day else {}
    return {"channel": "sms", "purpose": "marketing", "status": status, "captured_via": via, **time, **more}


def test_points_when_summed_then_per_programme_exactly() -> None:
    entries: list[dict[str, Any]] = [
        {"points": "10.5", "programme": programme("a")},
        {"points": "-3", "programme": programme("a")},
        {"points": "0.1", "programme": programme("b")},
        {"points": "0.2", "programme": programme("b")},
        {"points": "7"},
        {"type": "earn"},
    ]
    assert points_of(entries) == [
        {"points": "7"},
        {"programme": programme("a"), "points": "7.5"},
        {"programme": programme("b"), "points": "0.3"},
    ]


def test_customer_when_without_entries_then_has_neither_sum() -> None:
    assert derive_customer({}, {}).fields == {}


@pytest.mark.parametrize(
    ("acts", "status"),
    [
        ([act("granted", 1)], "granted"),
        ([act("granted", None)], "granted"),
        ([act("granted", 1), act("withdrawn", 2)], "withdrawn"),
        ([act("withdrawn", 1), act("granted", 2)], "granted"),
        ([act("withdrawn", 1), act("granted", 2, "sync")], "withdrawn"),
        ([act("withdrawn", 1), act("granted", None)], "withdrawn"),
        ([act("withdrawn", None), act("granted", 2)], "withdrawn"),
        ([act("granted", 2), act("denied", 2)], "denied"),
        ([act("objected", 1), act("expired", 2)], "objected"),
        ([act("objected", 1), act("granted", 2), act("expired", 3)], "expired"),
        ([act("denied", 1), act("withdrawn", 1), act("objected", 1)], "objected"),
    ],
)
def test_consent_when_projected_in_any_order_then_strict_unless_a_later_act_grants(
    acts: list[dict[str, Any]], status: str
) -> None:
    for line in permutations(acts):
        assert [each["status"] for each in consents_of(line)] == [status]


def test_consent_when_of_several_channels_and_numbers_then_each_has_its_own() -> None:
    number = {"namespace": "phone", "value": "+8613900000001"}
    found = consents_of([act("granted", 1), act("withdrawn", 1, identity=number), act("denied", 1, channel="email")])
    assert [(one["channel"], one.get("identity"), one["status"]) for one in found] == [
        ("email", None, "denied"),
        ("sms", None, "granted"),
        ("sms", number, "withdrawn"),
    ]


def test_grant_when_its_number_passed_to_another_person_then_it_has_expired() -> None:
    mine, theirs = ({"namespace": "phone", "value": f"+861391234567{n}"} for n in "12")
    numbers = [mine, {**theirs, "until": "2026-11-05T00:00:00.000000Z"}]
    acts = [
        act("granted", 1, identity=mine), act("granted", 1, identity=theirs), act("granted", 1),
        act("granted", 6, identity=theirs, channel="call"), act("withdrawn", 1, identity=theirs, channel="email"),
        act("granted", None, identity=theirs, channel="fax"), act("granted", None, identity=mine, channel="fax"),
    ]  # fmt: skip
    found = derive_customer({"identities": numbers}, {"consent": acts}).fields["consents"]
    states = {(one["channel"], (one.get("identity") or {}).get("value")): one["status"] for one in found}
    assert states == {
        ("sms", mine["value"]): "granted", ("sms", theirs["value"]): "expired", ("sms", None): "granted",
        ("call", theirs["value"]): "granted", ("email", theirs["value"]): "withdrawn",
        ("fax", theirs["value"]): "expired", ("fax", mine["value"]): "granted",
    }  # fmt: skip


def test_strictest_when_of_a_person_and_a_number_then_the_refusal() -> None:
    assert strictest(["granted", "objected", "withdrawn"]) == "objected"
    assert strictest([]) is None


@pytest.mark.parametrize(
    ("level", "available"),
    [
        ({"on_hand": "12", "reserved": "2"}, "10"),
        ({"on_hand": "0.3", "reserved": "0.1"}, "0.2"),
        ({"on_hand": "3"}, "3"),
        ({"on_hand": "1", "reserved": "4"}, "-3"),
        ({"reserved": "4"}, None),
        ({"on_hand": "many"}, None),
    ],
)
def test_stock_when_derived_then_what_is_not_reserved(level: dict[str, str], available: str | None) -> None:
    assert derive_stock_level(level, {}).fields.get("available") == available
