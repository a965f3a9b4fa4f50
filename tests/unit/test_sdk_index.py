"""Orders and look-ups of simulators follow every change, like a scan of all records would."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.shopify.simulator import ShopifySimulator
from connectors.zoho.simulator import Crm, ZohoSimulator
from hub.sdk.testing.index import Filed, Lookup, Ordered

STEPS = st.lists(st.tuples(st.sampled_from(("put", "drop")), st.integers(0, 9), st.integers(0, 4)))


@given(STEPS, st.integers(0, 4), st.integers(0, 9))
def test_order_when_anything_changed_then_is_that_of_all_sorted(
    steps: list[tuple[str, int, int]], key: int, id_: int
) -> None:
    order, held = Ordered(), dict[int, int]()
    for verb, number, value in steps:
        if verb == "put":
            order.put(number, value)
            held[number] = value
        else:
            order.drop(number)
            held.pop(number, None)
    rows = sorted((value, number) for number, value in held.items())
    assert order.cut(0, len(order)) == rows
    assert order.cut(order.from_key(key), len(order)) == [row for row in rows if row[0] >= key]
    assert order.cut(order.behind_key(key), len(order)) == [row for row in rows if row[0] > key]
    assert order.cut(order.behind(key, id_), len(order)) == [row for row in rows if row > (key, id_)]


@given(STEPS)
def test_lookup_when_anything_changed_then_finds_what_a_scan_finds(steps: list[tuple[str, int, int]]) -> None:
    lookup, held = Lookup(lambda record: record["name"]), dict[int, Any]()
    records: Filed[int, dict[str, Any]] = Filed(lookup.put, lookup.drop)
    for verb, number, value in steps:
        if verb == "put":
            records[number] = held[number] = {"name": "abcd"[:value]}
        else:
            assert records.pop(number, None) == held.pop(number, None)
    assert records == held
    for name in ("", "a", "ab", "abc", "abcd"):
        assert list(lookup.of(name)) == sorted(n for n, each in held.items() if name and each["name"] == name)


def test_records_when_changed_in_any_way_of_a_dict_then_are_filed() -> None:
    lookup = Lookup(lambda record: record["name"])
    records: Filed[int, dict[str, Any]] = Filed(lookup.put, lookup.drop)
    records.update({1: {"name": "a"}})
    records |= {2: {"name": "a"}}
    records.setdefault(3, {"name": "a"})
    assert list(lookup.of("a")) == [1, 2, 3]
    assert records.popitem() == (3, {"name": "a"})
    del records[1]
    assert list(lookup.of("a")) == [2]
    records.clear()
    assert list(lookup.of("a")) == []


@pytest.fixture
def crm() -> Crm:
    return ZohoSimulator().crm


def test_contact_when_edited_and_removed_then_is_found_by_what_it_holds_now(crm: Crm) -> None:
    one = crm.add(Last_Name="a", Email="A@example.com")
    assert crm.holder("Email", "a@EXAMPLE.com") == one
    two = crm.add(Last_Name="b", Email="b@example.com")
    crm.change(one, Email="b@example.com")
    assert crm.holder("Email", "a@example.com") is None
    assert crm.holders("Email", "B@example.com") == [one, two]
    assert crm.holder("Email", "b@example.com", one) == two
    crm.remove(one)
    assert crm.holders("Email", "b@example.com") == [two]
    assert len(crm.by_time()) == 1


def test_customer_when_edited_and_removed_then_is_found_by_what_it_holds_now() -> None:
    simulator = ShopifySimulator()
    shop, by = simulator.shop, simulator.endpoint.mutations.customers.by
    ((_, made),) = shop.add_customer(email="a@example.com")
    assert by({"emailAddress": "A@example.com"}) == shop.customers[made["id"]]
    shop.change_customer(made["id"], email="b@example.com", phone="+8613900000001")
    assert by({"emailAddress": "a@example.com"}) is None
    assert by({"phoneNumber": "139 0000 0001"}) == shop.customers[made["id"]]
    shop.remove_customer(made["id"])
    assert by({"emailAddress": "b@example.com"}) is None
