"""What does not add up is told in the reader's language, whatever the derivations find."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, g

from hub.console.sums import sums_text
from hub.rules.derive.order import derive_order
from hub.rules.derive.sums import invoice_sums, order_sums, refund_sums, settlement_sums
from tests.connectors.shopify_shared import cny

USD = {"amount": "1.00", "currency": "USD"}
ROW = {"line_id": "L 1; x", "quantity": "2", "unit_price": cny("5.00"), "total": cny("9.00")}


def _found() -> Iterator[str]:
    """A text of every check."""
    yield order_sums({"totals": {"items": cny("10.00"), "total": cny("9.00")}, "lines": [{**ROW, "line_id": "1"}]})
    yield order_sums({"totals": {"items": cny("10.00"), "total": cny("10.00"), "tax": USD}})
    refund = {"amount": cny("9.00"), "lines": [{"amount": cny("8.00")}]}
    yield refund_sums(refund, {}).problems["totals_differ"]
    settled = {
        "gross": cny("9.00"),
        "net": cny("9.00"),
        "fees": cny("1.00"),
        "lines": [{"amount": cny("8.00"), "fee": cny("2.00")}],
    }
    yield settlement_sums(settled, {}).problems["totals_differ"]
    bought = {
        "totals": {"items": cny("10.00"), "total": cny("9.00")},
        "lines": [{"amount": cny("9.00"), "line_no": "7"}],
    }
    yield invoice_sums(bought, {}).problems["totals_differ"]
    order = {"currency": "CNY", "state": "open", "totals": {"total": cny("5.00")}}
    children: dict[str, list[dict[str, Any]]] = {
        "payment": [{"amount": cny("5.00"), "state": "captured"}, {"amount": USD, "state": "captured"}],
        "refund": [{"amount": cny("6.00"), "state": "succeeded"}],
    }
    yield from derive_order(order, children).problems.values()


@pytest.fixture(params=["zh", "en"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    with Flask("test").test_request_context():
        g.language = request.param
        yield request.param


def test_money_item_when_shown_then_every_part_is_in_the_readers_language(language: str) -> None:
    parts = [part for text in _found() for part in text.split("; ")]
    assert len(parts) >= 9
    for part in parts:
        shown = sums_text(part)
        assert re.findall(r"-?\d+\.\d\d", shown) == re.findall(r"-?\d+\.\d\d", part)
        if language == "zh":
            plain = re.sub(r"\b(CNY|USD)\b|totals\.tax|×", "", shown)
            assert re.search(r"[A-Za-z]", plain) is None, shown


def test_money_item_when_a_plugin_told_it_then_its_text_stays(language: str) -> None:
    assert sums_text("the till was short; ask the shop") == "the till was short; ask the shop"
