"""Writing customers to the simulated shop: what is sent, what survives, and what each refusal means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.shopify.connector import ShopifyConnector
from connectors.shopify.simulator import ShopifySimulator
from hub.errors import ConfigError, ConnectionPausedError, RejectedError, RetryableError, UnknownOutcomeError
from hub.sdk import Delivery, WriteResult
from tests.connectors.shopify_shared import connected, drafts, same

QUERIES = ("query", "event")
HOME = {
    "lastName": "李雷",
    "address1": "静安区 南京西路 1 号",
    "city": "上海市",
    "provinceCode": "SH",
    "countryCode": "CN",
}
WORK = {"lastName": "李雷", "address1": "建国路 5 号", "city": "北京市", "provinceCode": "BJ", "countryCode": "CN"}
LI = {"firstName": "雷", "lastName": "李", "email": "li.lei@example.com", "phone": "+8613800138000", "note": None}


@pytest.fixture
def shop() -> Iterator[ShopifySimulator]:
    with ShopifySimulator() as simulator:
        yield simulator


@pytest.fixture
def connector(shop: ShopifySimulator) -> Iterator[ShopifyConnector]:
    with connected(shop) as made:
        yield made


def delivery(data: dict[str, Any], external_id: str | None = None, held: dict[str, Any] | None = None) -> Delivery:
    known = held or {}
    changed = {name: value for name, value in data.items() if name not in known or known[name] != value}
    event = "customer.updated" if external_id else "customer.created"
    return Delivery("customer", "customers", "dlv_1", "key-1", external_id, data, changed, event, held=known)


def write(connector: ShopifyConnector, given: Delivery) -> WriteResult:
    (result,) = connector.write([given])
    return result


def written(connector: ShopifyConnector, given: Delivery) -> WriteResult:
    result = write(connector, given)
    assert result.error is None, repr(result.error)
    return result


def add(shop: ShopifySimulator, **fields: Any) -> str:
    ((_, payload),) = shop.shop.add_customer(**fields)
    return str(payload["id"])


def held(shop: ShopifySimulator, external_id: str | None) -> dict[str, Any]:
    return shop.shop.customers[int(external_id or 0)]


def mutations(shop: ShopifySimulator) -> list[str]:
    return [entry.action for entry in shop.ledger.entries() if entry.action not in QUERIES]


def test_customer_when_new_then_is_made_at_once_with_its_lists_and_the_hubs_id(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    result = written(connector, delivery({**LI, "tags": ["vip", "老客"], "addresses": [HOME], "locale": "zh-CN"}))
    made = held(shop, result.external_id)
    assert (made["email"], made["phone"], made["tags"]) == ("li.lei@example.com", "+8613800138000", "vip, 老客")
    assert made["default_address"]["address1"] == HOME["address1"]
    assert shop.shop.unsaid[made["id"]] == {"locale": "zh-CN", "hub_ref": "dlv_1"}
    assert mutations(shop) == ["metafieldDefinitionCreate", "customerSet"]
    assert result.version


def test_result_when_written_then_says_what_the_shops_own_webhook_says(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    hooks: list[tuple[str, dict[str, Any]]] = []
    shop.emit = hooks.extend  # type: ignore[method-assign]
    result = written(connector, delivery({**LI, "tags": ["vip"], "addresses": [HOME, WORK]}))
    ((topic, payload),) = hooks
    assert topic == "customers/create"
    (told,) = drafts("customers", result.stored)
    (sent,) = drafts(topic, payload)
    assert same(told) == same(sent)


def test_create_when_its_answer_is_lost_then_is_found_and_not_made_again(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    connector.subscribe()
    shop.lose(1)
    given = delivery({**LI, "tags": ["vip"]})
    assert isinstance(write(connector, given).error, UnknownOutcomeError)
    found = connector.find("customer", "dlv_1", {})
    assert found is not None
    before = mutations(shop)
    assert written(connector, given).external_id == found.external_id
    assert len(shop.shop.customers) == 1
    assert mutations(shop) == before


def test_update_when_the_shop_holds_more_then_that_survives(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    result = written(connector, delivery({**LI, "tags": ["vip"], "addresses": [HOME]}))
    number = int(result.external_id or 0)
    shop.shop.change_customer(number, tags="vip, 自选")
    shop.edit_customer(number, note="asks for a bag")
    own = dict(held(shop, result.external_id)["default_address"], id=77, address1="自提点 3 号")
    shop.shop.change_customer(number, addresses=[*held(shop, result.external_id)["addresses"], own])
    known = {**LI, "tags": ["vip"], "addresses": [HOME]}
    changes = {"phone": "+8613900139000", "tags": ["crm", "vip"], "addresses": [HOME, WORK]}
    written(connector, delivery({**known, **changes}, result.external_id, known))
    now = held(shop, result.external_id)
    assert (now["phone"], now["note"]) == ("+8613900139000", "asks for a bag")
    assert now["tags"] == "crm, vip, 自选"
    assert [each["address1"] for each in now["addresses"]] == [HOME["address1"], "自提点 3 号", WORK["address1"]]
    assert now["default_address"]["address1"] == HOME["address1"]


def test_update_when_the_hub_takes_something_back_then_only_that_goes(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    known = {**LI, "tags": ["Crm", "vip"], "addresses": [HOME, WORK]}
    result = written(connector, delivery(known))
    shop.shop.change_customer(int(result.external_id or 0), tags="crm, vip, 自选")
    written(connector, delivery({**LI, "tags": ["vip"], "addresses": [WORK], "note": "x"}, result.external_id, known))
    now = held(shop, result.external_id)
    assert (now["tags"], now["note"]) == ("vip, 自选", "x")
    assert [each["address1"] for each in now["addresses"]] == [WORK["address1"]]


def test_update_when_the_shop_has_it_already_then_nothing_is_sent(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    external_id = add(
        shop, first_name="雷", last_name="李", email="li.lei@example.com", phone="+8613800138000", tags="VIP"
    )
    shop.emit(shop.shop.edit_address(int(external_id), address1="静安区 南京西路 1 号", last_name="李雷",
                                     city="上海市", province="上海市", province_code="SH"))  # fmt: skip
    given = {**LI, "email": "Li.Lei@example.com", "phone": "138 0013 8000", "tags": ["vip"], "addresses": [HOME]}
    result = written(connector, delivery(given, external_id))
    assert mutations(shop) == []
    assert result.version == connector.read("customer", external_id).version  # type: ignore[union-attr]


def test_update_when_the_customer_is_gone_then_is_rejected_as_gone(connector: ShopifyConnector) -> None:
    error = write(connector, delivery(LI, "7")).error
    assert isinstance(error, RejectedError)
    assert error.code == "gone"


def test_update_when_the_shop_changed_it_in_this_second_then_ours_has_a_later_time(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    shop.shop.is_coarse = True
    external_id = add(shop, first_name="雷")
    for n in range(2):
        shop.edit_customer(int(external_id), note=f"note {n}")
        before = held(shop, external_id)["updated_at"]
        result = written(connector, delivery({"lastName": f"李{n}", "tags": ["vip"]}, external_id))
        assert held(shop, external_id)["updated_at"] > before
        assert result.stored is not None
        assert result.stored["note"] == f"note {n}"


@pytest.mark.parametrize("name", ["email", "phone"])
def test_contact_when_another_customer_has_it_then_the_error_names_field_and_customer(
    shop: ShopifySimulator, connector: ShopifyConnector, name: str
) -> None:
    other = add(shop, **{name: LI[name]})
    error = write(connector, delivery(LI)).error
    assert isinstance(error, RejectedError)
    assert error.code == "taken"
    assert f"input.{name} belongs to another customer of the shop (customer {other})" in str(error)
    assert str(LI[name]) not in str(error)
    assert len(shop.shop.customers) == 1


def test_value_when_shopify_refuses_it_then_the_error_names_the_field_only(connector: ShopifyConnector) -> None:
    error = write(connector, delivery({**LI, "phone": "12", "email": "li lei"})).error
    assert isinstance(error, RejectedError)
    assert error.code == "invalid"
    assert "input.phone is not accepted" in str(error)
    assert "li lei" not in str(error)


def test_write_when_the_bucket_is_empty_then_waits_and_is_done(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    shop.endpoint.bucket.available, shop.endpoint.bucket.restore_rate = 0.0, 200.0
    written(connector, delivery(LI))
    assert len(shop.shop.customers) == 1


def test_write_when_throttled_for_long_then_is_put_off_undone(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    shop.endpoint.bucket.available, shop.endpoint.bucket.restore_rate = 0.0, 0.01
    error = write(connector, delivery(LI)).error
    assert isinstance(error, RetryableError)
    assert error.retry_after_s is not None
    assert error.retry_after_s > 10
    assert shop.shop.customers == {}


@pytest.mark.parametrize("code", ["INTERNAL_SERVER_ERROR", "TIMEOUT"])
def test_mutation_when_shopify_has_trouble_then_its_outcome_is_unknown(connector: ShopifyConnector, code: str) -> None:
    answer = {"errors": [{"message": "Internal error", "extensions": {"code": code}}]}
    client = connector._client()
    assert isinstance(client._error_of(answer, is_safe=False), UnknownOutcomeError)
    assert isinstance(client._error_of(answer, is_safe=True), RetryableError)


def test_directive_when_the_shop_demands_it_then_goes_with_the_deliverys_key(shop: ShopifySimulator) -> None:
    shop.endpoint.mutations.idempotent.add("customerSet")
    with connected(shop) as plain:
        assert isinstance(write(plain, delivery(LI)).error, ConfigError)
    with connected(shop, idempotent_mutations="customerSet") as asked:
        written(asked, delivery(LI))
    assert [entry.key for entry in shop.ledger.entries("customerSet")] == ["key-1"]


def test_scope_when_it_is_missing_then_the_connection_is_paused_and_check_says_so() -> None:
    with ShopifySimulator(scopes=("read_customers",)) as shop, connected(shop) as connector:
        assert isinstance(write(connector, delivery(LI)).error, ConnectionPausedError)
        assert "write_customers is not granted" in connector.check().facts["may write"]


def test_hub_field_when_undefined_then_is_defined_by_the_first_write(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    assert "made with" in connector.check().facts["hub's id"]
    written(connector, delivery(LI))
    assert [(each["namespace"], each["key"]) for each in shop.endpoint.mutations.definitions] == [
        ("retail_hub", "hub_ref")
    ]
    assert connector.check().facts["hub's id"] == "retail_hub.hub_ref"


def test_hub_field_when_used_for_something_else_then_check_says_what_to_set(
    shop: ShopifySimulator, connector: ShopifyConnector
) -> None:
    shop.endpoint.mutations.define("retail_hub", "hub_ref", type_="single_line_text_field")
    with pytest.raises(ConfigError, match="set `hub_field` to another"):
        connector.check()


@pytest.mark.parametrize(
    ("wanted", "state", "expected"),
    [
        ("UNSUBSCRIBED", "subscribed", "unsubscribed"),
        ("SUBSCRIBED", "unsubscribed", "unsubscribed"),
        ("SUBSCRIBED", "not_subscribed", "not_subscribed"),
        ("UNSUBSCRIBED", "not_subscribed", "not_subscribed"),
    ],
)
def test_consent_when_written_then_only_gets_stricter(
    shop: ShopifySimulator, connector: ShopifyConnector, wanted: str, state: str, expected: str
) -> None:
    external_id = add(shop, email="li@example.com", email_marketing_consent={"state": state})
    written(connector, delivery({"emailMarketingConsent": {"marketingState": wanted}}, external_id))
    assert held(shop, external_id)["email_marketing_consent"]["state"] == expected


def test_kind_when_not_written_then_says_so(connector: ShopifyConnector) -> None:
    (result,) = connector.write([Delivery("order", "orders", "dlv_1", "k", None, {}, {}, "order.created")])
    assert isinstance(result.error, NotImplementedError)
    with pytest.raises(NotImplementedError):
        connector.read("order", "1")
