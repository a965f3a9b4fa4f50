"""Contacts as customers and customers as contacts: names, numbers, addresses, and that a round trip changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.zoho import outward
from connectors.zoho.person import NAMELESS
from connectors.zoho.region import country_code, country_name
from hub.model.observation import Draft
from tests.connectors.zoho_shared import drafts, outbound, sample

NUMBERS = [
    {"namespace": "phone", "value": "+8613900010001", "verified": "otp", "role": "personal"},
    {"namespace": "phone", "value": "+8613900010002", "verified": "none"},
    {"namespace": "phone", "value": "+862162790000", "verified": "none", "role": "household"},
    {"namespace": "phone", "value": "138****0001", "verified": "none", "role": "masked"},
    {"namespace": "email", "value": "li.lei@example.com", "verified": "otp"},
    {"namespace": "wechat_unionid", "scope": "tea", "value": "u", "verified": "oauth"},
]
HOME = {
    "country": "CN",
    "province": "上海市",
    "city": "上海市",
    "district": "静安区",
    "street": "南京西路 1 号",
    "recipient_name": "李雷",
}


def contacts() -> list[Draft]:
    return [drafts("contacts.pull", row)[0] for row in sample("contacts_list")["data"]]


def shown(golden: dict[str, Any], held: dict[str, Any] | None = None) -> dict[str, Any]:
    return outbound().project(kept(golden, held), lambda _: None)


def kept(golden: dict[str, Any], held: dict[str, Any] | None = None) -> dict[str, Any]:
    wanted = {name: golden[name] for name in outbound().fields if name in golden}
    return outbound().keep(wanted, golden, held or {})


def read_back(row: dict[str, Any]) -> dict[str, Any]:
    stored = {"id": "1", "Modified_Time": "2026-11-22T08:30:05+08:00", **row}
    return drafts("contacts.pull", stored)[0].asserted


def test_contact_when_read_then_a_customer() -> None:
    draft = contacts()[0]
    assert (draft.kind, draft.object_type, draft.external_id) == ("customer", "contacts", "111111000000045678")
    assert draft.major == 1_795_307_405_000_000
    assert draft.asserted == {
        "full_name": "李雷",
        "given_name": "雷",
        "family_name": "李",
        "birthday": {"year": 1990, "month": 5, "day": 1},
        "identities": [
            {"namespace": "phone", "value": "+8613900010001", "verified": "none"},
            {"namespace": "phone", "value": "+862162790000", "verified": "none", "role": "household"},
            {"namespace": "email", "value": "li.lei@example.com", "verified": "staff"},
        ],
        "addresses": [
            {
                "country": "CN",
                "province": "上海市",
                "city": "上海市",
                "street": "静安区 南京西路 1 号",
                "postcode": "200041",
            }
        ],
        "note": "喜欢龙井",
    }
    assert draft.extensions["Favourite_Tea"] == "龙井"
    assert draft.extensions["Email_Opt_Out"] is True


def test_contact_when_fields_are_empty_then_they_are_null() -> None:
    assert contacts()[1].asserted == {
        "full_name": "欧阳娜娜",
        "birthday": None,
        "note": None,
        "identities": [],
        "addresses": None,
    }


def test_contact_when_foreign_then_name_with_space_and_unknown_country_left_out() -> None:
    asserted = contacts()[2].asserted
    assert asserted["full_name"] == "Anna Müller"
    assert [each["value"] for each in asserted["identities"]] == [
        "+4915123456789", "anna@example.com", "anna.m@example.com",
    ]  # fmt: skip
    assert asserted["addresses"][0]["country"] == "DE"
    assert asserted["addresses"][1] == {"city": "Poseidonis"}


def test_contact_when_nameless_then_no_name_is_asserted() -> None:
    row = shown({"identities": NUMBERS})
    assert row["Last_Name"] == NAMELESS
    assert "full_name" not in read_back(row)


def test_deletion_when_listed_or_told_then_the_contact_is_gone() -> None:
    (draft,) = drafts("contacts.deleted", sample("contacts_deleted")["data"][0])
    assert (draft.object_type, draft.external_id, draft.deleted) == ("contacts", "111111000000045678", True)
    assert draft.major == 1_795_307_700_000_000


def test_customer_when_shown_then_in_slots() -> None:
    row = shown({
        "full_name": "李雷", "identities": NUMBERS, "addresses": [HOME], "note": "喜欢龙井",
        "birthday": {"year": 1990, "month": 5, "day": 1, "calendar": "gregorian"},
    })  # fmt: skip
    assert row == {
        "First_Name": None,
        "Last_Name": "李雷",
        "Mobile": "+8613900010001",
        "Phone": "+8613900010002",
        "Email": "li.lei@example.com",
        "Secondary_Email": None,
        "Date_of_Birth": "1990-05-01",
        "Mailing_Country": "China",
        "Mailing_State": "上海市",
        "Mailing_City": "上海市",
        "Mailing_Street": "静安区 南京西路 1 号",
        "Mailing_Zip": None,
        **dict.fromkeys(("Other_Country", "Other_State", "Other_City", "Other_Street", "Other_Zip")),
        "Description": "喜欢龙井",
    }


@pytest.mark.parametrize("place", [0, 1, 2])
def test_round_trip_when_a_contact_goes_out_and_comes_in_then_it_is_the_same(place: int) -> None:
    first = contacts()[place].asserted
    assert read_back(shown(first, first)) == first
    assert kept(first, first) == {"given_name": None, "family_name": None} | first


@pytest.mark.parametrize(
    "golden",
    [
        {"full_name": "李雷", "identities": NUMBERS, "addresses": [HOME, {"city": "北京市"}, {"city": "广州市"}]},
        {"full_name": "李雷", "given_name": "雷", "family_name": "李", "note": "x"},
        {"full_name": "Tom Brown", "birthday": {"year": 1990, "month": 5, "day": 1}},
        {"full_name": "Ludwig van Beethoven", "given_name": "Ludwig", "family_name": "van Beethoven"},
        {"full_name": "Madonna"},
    ],
)
def test_round_trip_when_a_customer_goes_out_then_zoho_says_what_it_is_believed_to_hold(golden: dict[str, Any]) -> None:
    wanted = kept(golden)
    said = read_back(shown(golden))
    assert {name: value for name, value in wanted.items() if value not in (None, [])} == {
        name: value for name, value in said.items() if value not in (None, [])
    }
    assert kept({**golden, **said}, said) | wanted == kept({**golden, **said}, said)


def test_name_when_zoho_cuts_it_otherwise_then_its_cut_stays() -> None:
    held = {"given_name": "Ludwig", "family_name": "van Beethoven"}
    assert kept({"full_name": "Ludwig van Beethoven"}, held)["family_name"] == "van Beethoven"
    assert shown({"full_name": "Ludwig van Beethoven"}, held)["Last_Name"] == "van Beethoven"


def test_numbers_when_zoho_has_some_then_those_stay_before_better_ones() -> None:
    held = {"identities": [{"namespace": "phone", "value": "+862162790000", "verified": "none", "role": "household"}]}
    row = shown({"full_name": "x", "identities": NUMBERS}, held)
    assert (row["Mobile"], row["Phone"]) == ("+8613900010001", "+862162790000")


def test_numbers_when_only_masked_then_none_is_written() -> None:
    row = shown({"full_name": "x", "identities": [NUMBERS[3]]})
    assert (row["Mobile"], row["Phone"]) == (None, None)


def test_birthday_when_by_the_moon_then_what_zoho_holds_stays() -> None:
    moon = {"birthday": {"month": 5, "day": 1, "year": 1990, "calendar": "lunar"}}
    held = {"birthday": {"year": 1990, "month": 5, "day": 24}}
    assert kept(moon, held)["birthday"] == held["birthday"]
    assert kept(moon)["birthday"] is None
    assert kept({"birthday": {"month": 5, "day": 1}})["birthday"] is None


def test_addresses_when_more_than_two_then_those_zoho_has_stay() -> None:
    third = {"country": "CN", "city": "成都市"}
    given = [HOME, {"country": "CN", "city": "北京市"}, third]
    assert third in kept({"addresses": given}, {"addresses": [third]})["addresses"]
    assert len(kept({"addresses": given}, {"addresses": [third]})["addresses"]) == 2


def test_text_when_longer_than_zoho_takes_then_cut() -> None:
    row = shown({"full_name": "长" * 200, "addresses": [{"city": "北京市", "street": "路" * 300}]})
    assert len(row["Last_Name"]) == 80
    assert len(row["Mailing_Street"]) == 250


@pytest.mark.parametrize(
    ("text", "code"),
    [("China", "CN"), ("中国", "CN"), ("cn", "CN"), ("Hong Kong", "HK"), ("Germany", "DE"), ("德国", "DE"), ("Atlantis", None), ("", None)],
)  # fmt: skip
def test_country_when_named_then_its_code(text: str, code: str | None) -> None:
    assert country_code(text) == code


def test_country_when_written_then_its_english_name_that_is_read_again() -> None:
    for code in ("CN", "HK", "TW", "MO", "DE", "US", "GB", "JP", "KR"):
        assert country_code(country_name(code)) == code
    assert country_name("ZZ9") == "ZZ9"


def test_number_when_two_landlines_then_both_are_kept() -> None:
    lines = [{"namespace": "phone", "value": f"+86216279000{n}", "role": "household"} for n in range(2)]
    assert {outward.number(lines, "Mobile"), outward.number(lines, "Phone")} == {"+862162790000", "+862162790001"}
