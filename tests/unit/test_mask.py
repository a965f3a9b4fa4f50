"""What of a personal value is shown, declared or not."""

from __future__ import annotations

from typing import Any

import pytest

from hub.model.kinds import KINDS
from hub.model.mask import HIDDEN, mask_field, mask_raw, mask_text

CUSTOMER = KINDS["customer"].by_name
ORDER = KINDS["order"].by_name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("王小明", "王**"),
        ("欧阳娜娜", "欧**"),
        ("+8613812345678", "138****5678"),
        ("138 1234 5678", "138****5678"),
        ("021-12345678", "021****5678"),
        ("wang@example.cn", "w***@example.cn"),
        ("wx_o6abcdefghkQ", "wx_o…kQ"),
        ("Jo", "J**"),
        ("", ""),
    ],
)
def test_mask_text_when_personal_then_a_trace_stays(text: str, shown: str) -> None:
    assert mask_text(text) == shown


def test_mask_field_when_an_address_then_the_district_stays() -> None:
    address = {"city": "上海市", "district": "浦东新区", "street": "世纪大道 1 号", "recipient_phone": "+8613912345678"}
    shown = mask_field(CUSTOMER["addresses"], "addresses", [address])
    assert shown == [{"city": "上海市", "district": "浦东新区", "street": "世**", "recipient_phone": "139****5678"}]


def test_mask_field_when_an_identity_then_only_its_value_is_hidden() -> None:
    identity = {"namespace": "phone", "scope": "app", "value": "+8613912345678", "verified": "otp"}
    assert mask_field(CUSTOMER["identities"], "identities", [identity]) == [{**identity, "value": "139****5678"}]


@pytest.mark.parametrize("value", [{"year": 1990, "month": 5, "day": 1}, {"month": 5, "day": 1, "calendar": "lunar"}])
def test_mask_field_when_a_birthday_then_nothing_of_it_stays(value: dict[str, Any]) -> None:
    shown = mask_field(CUSTOMER["birthday"], "birthday", value)
    assert {shown[name] for name in ("month", "day")} == {HIDDEN}


def test_mask_field_when_harmless_then_as_it_is() -> None:
    assert mask_field(ORDER["number"], "number", "#1042") == "#1042"
    assert mask_field(CUSTOMER["full_name"], "full_name", None) is None


def test_mask_field_when_secret_then_nothing_stays() -> None:
    assert mask_field(KINDS["fulfilment"].by_name["pickup_code"], "pickup_code", "8-1234") == HIDDEN


def test_mask_field_when_a_harmless_object_holds_personal_parts_then_those_are_hidden() -> None:
    shown = mask_field(KINDS["location"].by_name["address"], "address", {"city": "上海市", "street": "世纪大道 1 号"})
    assert shown == {"city": "上海市", "street": "世**"}


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-22T09:51:03Z",
        "12.30",
        "#1042",
        "CNY",
        "paid",
        "orders/updated",
        "gid://shopify/Order/55",
        42,
        True,
        None,
    ],
)
def test_mask_raw_when_the_shape_is_harmless_then_as_it_is(value: Any) -> None:
    assert mask_raw({"field": value}) == {"field": value}


@pytest.mark.parametrize(
    ("payload", "secret"),
    [
        ({"first_name": "wang"}, "wang"),
        ({"phone": "13812345678"}, "13812345678"),
        ({"x": "13812345678"}, "13812345678"),
        ({"x": 13812345678}, "13812345678"),
        ({"x": "王小明"}, "王小明"),
        ({"note_attributes": [{"name": "gift", "value": "For Anna Smith"}]}, "Anna"),
        ({"deep": {"er": ["wang@example.cn"]}}, "wang@"),
        ({"tags": "vip wang"}, "wang"),
    ],
)
def test_mask_raw_when_it_may_be_personal_then_hidden(payload: Any, secret: str) -> None:
    assert secret not in str(mask_raw(payload))
