"""The default mapping of the generic webhook connector: every kind in the hub's own form."""

from pathlib import Path
from typing import Any

import pytest

from hub.errors import RecordError
from hub.model import time
from hub.model.kinds import KINDS
from hub.model.observation import Draft, Reference
from hub.rules.mapping import MapContext, load_mappings

MAPPINGS = load_mappings([Path(__file__).parents[2] / "mappings"], KINDS, {}, ("webhook",))
RECEIVED = 1_795_400_000_000_000


def _draft(kind: str, data: Any, verb: str = "updated", **envelope: Any) -> Draft:
    mapping = MAPPINGS.inbound("webhook", KINDS[kind].plural)
    assert mapping is not None
    topic = f"{kind}.{verb}"
    body = {"type": topic, "timestamp": "2026-11-22T00:30:05Z", "data": data, **envelope}
    (draft,) = mapping.map(body, MapContext("crm", topic, RECEIVED))
    return draft


def test_every_kind_when_asked_then_has_both_sides() -> None:
    for kind in KINDS.values():
        assert MAPPINGS.inbound("webhook", kind.plural) is not None
        assert MAPPINGS.outbound("webhook", kind.name) is not None


def test_customer_when_updated_then_asserted_as_given() -> None:
    draft = _draft(
        "customer",
        {
            "id": "c1",
            "updated_at": "2026-11-22T08:30:00+08:00",
            "full_name": "李雷",
            "note": None,
            "tags": ["vip"],
            "identities": [{"namespace": "phone", "value": "13912345678", "verified": "otp"}],
        },
    )
    assert (draft.kind, draft.object_type, draft.external_id, draft.deleted) == ("customer", "customers", "c1", False)
    assert draft.major == draft.since == time.micros_of("2026-11-22T00:30:00Z")
    assert draft.asserted == {
        "full_name": "李雷",
        "note": None,
        "tags": ["vip"],
        "identities": [{"namespace": "phone", "value": "+8613912345678", "raw": "13912345678", "verified": "otp"}],
    }


def test_version_when_a_number_stands_beside_the_time_then_the_time_orders() -> None:
    draft = _draft("customer", {"id": 1, "updated_at": "2026-11-22T08:30:00+08:00", "version": 7})
    assert draft.major == time.micros_of("2026-11-22T00:30:00Z")
    assert draft.extensions == {}
    assert _draft("purchase_order", {"id": 1, "version": 7}).asserted == {"version": 7}


def test_time_when_the_record_has_none_then_the_envelope_s_then_the_receipt() -> None:
    assert _draft("customer", {"id": 1}).major == time.micros_of("2026-11-22T00:30:05Z")
    assert _draft("customer", {"id": 1}, timestamp=None).major == RECEIVED


def test_time_when_it_is_none_then_a_problem() -> None:
    for wrong in ("yesterday", "2026-11-22 08:30:00", True):
        with pytest.raises(RecordError, match="bad_"):
            _draft("customer", {"id": 1, "updated_at": wrong})


def test_deleted_when_the_verb_says_so_then_only_the_id_counts() -> None:
    draft = _draft("order", {"id": 5, "currency": "nonsense"}, verb="deleted")
    assert (draft.deleted, draft.external_id, draft.asserted) == (True, "5", {})
    assert draft.major == time.micros_of("2026-11-22T00:30:05Z")


def test_reference_when_plain_or_full_then_a_source_key() -> None:
    amount = {"amount": "1", "currency": "CNY"}
    plain = _draft("payment", {"id": 1, "order": 42, "amount": amount})
    assert plain.references == [Reference("order", "order", "orders", "42")]
    full = _draft(
        "payment",
        {"id": 1, "order": {"connection": "shop", "object_type": "sales", "external_id": 42}, "amount": amount},
    )
    assert full.references == [Reference("order", "order", "sales", "42", "shop")]
    assert full.asserted["order"] == {"connection": "shop", "object_type": "sales", "external_id": "42"}
    own = _draft("payment", {"id": 1, "order": {"connection": "crm", "external_id": "42"}, "amount": amount})
    assert own.references == plain.references


def test_references_when_listed_then_each_by_its_place() -> None:
    draft = _draft("goods_receipt", {"id": 1, "purchase_orders": ["a", {"external_id": "b"}]})
    assert draft.references == [
        Reference("purchase_orders[0]", "purchase_order", "purchase_orders", "a"),
        Reference("purchase_orders[1]", "purchase_order", "purchase_orders", "b"),
    ]


@pytest.mark.parametrize("wrong", [{"id": 5}, {"external_id": ""}, "", [], True, {"external_id": 1, "x": 1}])
def test_reference_when_malformed_then_a_problem(wrong: Any) -> None:
    with pytest.raises(RecordError):
        _draft("order", {"id": 1, "customer": wrong})


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"amount": "1.234", "currency": "CNY"}, "bad_money"),
        ({"amount": "1", "currency": "cny"}, "bad_currency"),
        ({"amount": "NaN", "currency": "CNY"}, "bad_number"),
        ({"amount": float("nan"), "currency": "CNY"}, "bad_number"),
        ({"amount": None, "currency": "CNY"}, "bad_number"),
        ({"amount": "1"}, "bad_currency"),
        ("1.00", "bad_money"),
    ],
)
def test_money_when_not_valid_then_a_problem(given: Any, code: str) -> None:
    with pytest.raises(RecordError) as caught:
        _draft("order", {"id": 1, "totals": {"total": given}})
    (problem,) = caught.value.problems
    assert (problem.code, problem.path) == (code, "data.totals.total")


def test_money_when_short_then_gets_the_currency_s_decimals() -> None:
    draft = _draft("order", {"id": 1, "totals": {"total": {"amount": "12.3", "currency": "CNY"}}})
    assert draft.asserted == {"totals": {"total": {"amount": "12.30", "currency": "CNY"}}}


def test_unknown_names_when_given_then_extensions_and_what_the_hub_computes_is_left() -> None:
    line = {"title": "茶", "quantity": 1, "colour": "green"}
    draft = _draft("order", {"id": 1, "lines": [line], "paid": "9", "hub_ref": "tgt_1", "loyalty": {"points": 3}})
    assert draft.extensions == {"lines[0].colour": "green", "loyalty": {"points": 3}}
    assert draft.asserted == {"lines": [{"title": "茶", "quantity": "1"}]}


def test_parts_of_a_record_when_sent_then_nothing_else_is_asserted() -> None:
    assert _draft("payment", {"id": 1, "state": "captured"}).asserted == {"state": "captured"}


@pytest.mark.parametrize("data", [None, [], "x", {}])
def test_data_when_not_a_record_then_a_problem(data: Any) -> None:
    with pytest.raises(RecordError):
        _draft("customer", data)


def test_projection_when_it_comes_back_then_nothing_new() -> None:
    sent = {
        "number": "A1",
        "currency": "CNY",
        "lines": [{"title": "茶", "quantity": "1", "options": {"size": "L"}}],
        "customer": {"connection": "crm", "object_type": "customers", "external_id": "9"},
        "totals": {"total": {"amount": "5.00", "currency": "CNY"}},
        "placed_at": "2026-11-22T00:30:05.000000Z",
        "cancelled_at": None,
    }
    shown = MAPPINGS.outbound("webhook", "order").project(sent, lambda key: key["external_id"])  # type: ignore[union-attr]
    assert shown["customer"] == "9"
    assert _draft("order", {"id": 1, **shown}).asserted == sent
