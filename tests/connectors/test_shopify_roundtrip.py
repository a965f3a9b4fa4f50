"""A customer goes out to a shop and comes back as the hub believes the shop to hold it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from connectors.shopify.connector import ShopifyConnector
from connectors.shopify.outward import locale, mailing_address
from connectors.shopify.region import province_code, province_name
from connectors.shopify.simulator import ShopifySimulator
from hub.rules.mapping import OutMapping
from hub.sdk import Delivery
from tests.connectors.shopify_shared import connected, drafts, mappings

PHONE = {"namespace": "phone", "value": "+8613900000001", "verified": "otp", "role": "personal"}
EMAIL = {"namespace": "email", "value": "li@example.com", "verified": "none"}
UNION = {"namespace": "wechat_unionid", "scope": "open1", "value": "o6_bmasdasdsad6_2sgVt7hMZOPfL", "verified": "oauth"}
HOME = {
    "country": "CN",
    "province": "上海市",
    "city": "上海市",
    "district": "静安区",
    "street": "南京西路 1 号",
    "postcode": "200041",
    "recipient_name": "李雷",
    "recipient_phone": "+8613900000001",
}
GOLDENS: dict[str, dict[str, Any]] = {
    "everything": {
        "full_name": "李雷", "given_name": "雷", "family_name": "李", "gender": "male", "language": "zh-Hans-CN",
        "identities": [EMAIL, PHONE, UNION], "addresses": [HOME], "tags": ["vip", "老客"], "note": "爱喝龙井",
    },
    "one field for the name": {"full_name": "欧阳娜娜", "identities": [PHONE]},
    "a name of letters": {"full_name": "Anna Maria Smith", "identities": [EMAIL]},
    "a name that its parts do not give": {"full_name": "王雷", "given_name": "雷", "family_name": "李", "identities": [EMAIL]},
    "addresses that a shop writes otherwise": {
        "full_name": "李雷",
        "identities": [EMAIL],
        "addresses": [
            HOME | {"province": "上海", "adcode": "310106", "raw": "上海静安南京西路1号"},
            {"street": "中山路 2 号", "city": "南京市", "recipient_phone": "138****0000"},
            {"country": "CA", "province": "Ontario", "city": "Ottawa", "street": "150 Elgin St", "postcode": "K2P 1L4"},
            {"country": "CN", "province": "西藏自治区", "city": "拉萨市", "street": "北京中路"},
            {"country": "CN", "province": "广东省"},
            {"country": "US", "recipient_name": "Lei Li", "street": "1 Main St"},
        ],
    },
    "numbers that are nobody's own": {
        "full_name": "李雷",
        "identities": [
            {"namespace": "phone", "value": "138****0000", "role": "masked"},
            {"namespace": "phone", "value": "13800000000", "role": "placeholder"},
            {"namespace": "email", "value": "l***@example.com", "role": "masked"},
            PHONE,
        ],
    },
    "tags that Shopify cannot hold": {"full_name": "李雷", "identities": [EMAIL], "tags": ["VIP", "a,b", "vip", " x "]},
}  # fmt: skip


@pytest.fixture
def shop() -> Iterator[ShopifySimulator]:
    with ShopifySimulator() as simulator:
        yield simulator


@pytest.fixture
def connector(shop: ShopifySimulator) -> Iterator[ShopifyConnector]:
    with connected(shop) as made:
        yield made


def outbound() -> OutMapping:
    found = mappings().outbound("shopify", "customer")
    assert found is not None
    return found


def kept(golden: dict[str, Any], held: dict[str, Any] | None = None) -> dict[str, Any]:
    mapping = outbound()
    wanted = {name: golden[name] for name in mapping.fields if name in golden}
    return mapping.keep(wanted, golden, held or {})


@pytest.mark.parametrize("name", sorted(GOLDENS))
def test_customer_when_written_and_read_then_the_shop_says_what_it_was_believed_to_hold(
    connector: ShopifyConnector, name: str
) -> None:
    wanted = kept(GOLDENS[name])
    data = outbound().project(wanted, lambda _: None)
    (result,) = connector.write([Delivery("customer", "customers", "dlv_1", "k", None, data, data, "customer.created")])
    assert result.error is None, repr(result.error)
    (draft,) = drafts("customers", result.stored)
    for field, value in wanted.items():
        if field != "language":
            said = draft.asserted.get(field) or None
            assert _sorted(said) == _sorted(value or None), field


@pytest.mark.parametrize("name", sorted(GOLDENS))
def test_customer_when_the_shop_holds_it_then_nothing_is_wanted_of_it(connector: ShopifyConnector, name: str) -> None:
    wanted = kept(GOLDENS[name])
    assert kept(GOLDENS[name], wanted) == wanted


def test_customers_of_a_day_when_they_are_the_shops_own_then_nothing_is_wanted_of_them() -> None:
    with ShopifySimulator() as simulator:
        simulator.play(5, customers=30, orders=2)
        odd = {"phone": "123", "first_name": None, "last_name": "Li  Lei ", "tags": "VIP,vip, a"}
        ((_, made),) = simulator.shop.add_customer(**odd)
        simulator.shop.edit_address(made["id"], address1="x", phone="12", country_code=None, country=None)
        with connected(simulator) as connector:
            events = [event for page in connector.fetch("customers", None) for event in page.events]
    assert len(events) == 31
    for event in events:
        (draft,) = drafts(event.topic, orjson.loads(event.body))
        said = draft.asserted
        assert {name: value for name, value in kept(said, said).items() if _sorted(value) != _sorted(said[name])} == {}


def test_identities_when_the_shop_has_one_of_several_then_it_keeps_that() -> None:
    other = PHONE | {"value": "+8613100000001"}
    has = {"namespace": "phone", "value": "+8613900000001", "verified": "none"}
    golden = {"identities": [other, PHONE]}
    assert kept(golden, {"identities": [has]})["identities"] == [has]
    assert kept({"identities": [other]}, {"identities": [has]})["identities"][0]["value"] == "+8613100000001"
    assert kept({"identities": []}, {"identities": [has]})["identities"] == []
    assert "identities" not in kept({}, {"identities": [has]})


def test_identities_when_none_is_held_then_the_best_proven_is_written() -> None:
    plain = {"namespace": "phone", "value": "+8613100000001", "verified": "none"}
    assert kept({"identities": [plain, PHONE]})["identities"][0]["value"] == PHONE["value"]


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("zh", "zh-CN"), ("zh-Hans-CN", "zh-CN"), ("zh_HK", "zh-TW"), ("en-GB", "en"), ("pt-BR", "pt-BR"), ("de", "de")],
)
def test_language_when_written_then_is_a_locale_of_shopify(tag: str, expected: str) -> None:
    assert locale(tag) == expected


def test_address_when_of_no_country_nobody_knows_then_is_not_written() -> None:
    assert mailing_address({"street": "1 Main St"}) is None
    assert mailing_address({"country": "CN", "province": "上海市"}) is None


def test_province_when_named_shortly_then_has_the_same_code() -> None:
    assert province_code("上海") == province_code("上海市") == "SH"
    assert province_code("内蒙古") == "NM"
    assert province_name("GX") == "广西壮族自治区"
    assert province_code("Ontario") is None


def _sorted(value: Any) -> Any:
    return sorted(value, key=str) if isinstance(value, list) else value
