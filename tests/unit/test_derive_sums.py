"""Sums that fit and that do not, as people would check them with a pocket calculator."""

from __future__ import annotations

from typing import Any

import pytest

from hub.rules.derive.sums import order_sums, purchase_sums, refund_sums, settlement_sums


def cny(amount: str, currency: str = "CNY") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


def line(
    title: str, quantity: str, price: str, total: str, rate: str, tax: str, currency: str = "CNY"
) -> dict[str, Any]:
    return {
        "line_id": title, "title": title, "quantity": quantity, "unit_price": cny(price, currency), "total": cny(total, currency),
        "tax_lines": [{"name": "VAT", "rate": rate, "amount": cny(tax, currency)}],
    }  # fmt: skip


def totals(currency: str = "CNY", **amounts: str) -> dict[str, Any]:
    return {name: cny(amount, currency) for name, amount in amounts.items()}


ORDERS: dict[str, tuple[bool, list[dict[str, Any]], dict[str, Any]]] = {
    "7 % and 13 %, inside": (
        True, [line("rice", "1", "10.70", "10.70", "0.07", "0.70"), line("tea", "2", "11.30", "22.60", "0.13", "2.60")],
        totals(items="33.30", tax="3.30", total="33.30"),
    ),
    "7 % and 13 %, on top": (
        False, [line("rice", "1", "10.00", "10.00", "0.07", "0.70"), line("tea", "2", "10.00", "20.00", "0.13", "2.60")],
        totals(items="30.00", tax="3.30", total="33.30"),
    ),
    "on top, rounded by line": (  # 0.13 * 0.35 = 0.0455, twice 0.05
        False, [line("a", "1", "0.35", "0.35", "0.13", "0.05"), line("b", "1", "0.35", "0.35", "0.13", "0.05")],
        totals(items="0.70", tax="0.10", total="0.80"),
    ),
    "on top, rounded once": (  # 0.13 * 0.70 = 0.091
        False, [line("a", "1", "0.35", "0.35", "0.13", "0.05"), line("b", "1", "0.35", "0.35", "0.13", "0.05")],
        totals(items="0.70", tax="0.09", total="0.79"),
    ),
    "300 g at 0.005678 a gram": (  # 1.7034
        True, [line("pepper", "300", "0.005678", "1.70", "0.13", "0.20")], totals(items="1.70", tax="0.20", total="1.70"),
    ),
    "weighed goods, summed before rounding": (  # 3 x 1.7034 = 5.1102, by line 5.10
        True, [line(name, "300", "0.005678", "1.70", "0.13", "0.20") for name in "abc"],
        totals(items="5.11", tax="0.59", total="5.11"),
    ),
    "yen": (
        True, [line("tea", "3", "333", "999", "0.1", "91", "JPY")], totals("JPY", items="999", tax="91", total="999"),
    ),
    "dinar": (
        False, [line("tea", "3", "0.333", "0.999", "0.05", "0.050", "KWD")],
        totals("KWD", items="0.999", tax="0.050", total="1.049"),
    ),
    "reductions, shipping, fee, tip, and the fen left off": (
        True, [{**line("tea", "2", "50.00", "90.00", "0.13", "10.35"), "discount": cny("10.00")}],
        totals(items="100.00", discount="10.00", shipping="8.00", fees="1.50", tip="2.00", rounding="-0.50", tax="11.27", total="101.00"),
    ),
    "items stated after the lines' own reductions": (
        True, [{**line("tea", "2", "50.00", "90.00", "0.13", "10.35"), "discount": cny("10.00")}],
        totals(items="90.00", total="90.00"),
    ),
    "a tip among the lines": (
        True, [line("tea", "1", "50.00", "50.00", "0.13", "0"), line("tip", "1", "5.00", "5.00", "0", "0")],
        totals(items="50.00", tip="5.00", total="55.00"),
    ),
    "nothing stated": (True, [], {}),
}  # fmt: skip


@pytest.mark.parametrize("case", ORDERS)
def test_order_when_its_source_reckons_right_then_nothing_is_told(case: str) -> None:
    inclusive, lines, stated = ORDERS[case]
    assert order_sums({"tax_inclusive": inclusive, "lines": lines, "totals": stated}) == ""


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"totals": totals(items="20.00", total="20.01")}, "the total differs from its parts by 0.01 CNY"),
        ({"totals": totals(items="21.00", total="21.00")}, "totals.items differs from its parts by 1.00 CNY"),
        ({"lines": [line("tea", "3", "10.00", "20.00", "0.13", "0")]}, "line tea differs from its price by 10.00 CNY"),
        ({"totals": {**totals(items="20.00", total="20.00"), "tip": cny("5", "JPY")}}, "totals.tip is in JPY, the total in CNY"),
    ],
)  # fmt: skip
def test_order_when_its_parts_do_not_fit_then_the_difference(change: dict[str, Any], text: str) -> None:
    order = {"tax_inclusive": True, "lines": [line("tea", "2", "10.00", "20.00", "0.13", "2.30")],
             "totals": totals(items="20.00", total="20.00"), **change}  # fmt: skip
    assert order_sums(order) == text


def test_order_when_seen_in_another_currency_then_the_shop_s_is_checked() -> None:
    order = {
        "currency": "CNY",
        "presentment_currency": "USD",
        "tax_inclusive": True,
        "totals": totals(items="20.00", total="20.00"),
    }
    assert order_sums(order) == ""


def test_refund_when_it_failed_or_gave_nothing_back_then_not_checked() -> None:
    lines = [{"line_id": "1", "amount": cny("40.00"), "restock": "cancel"}]
    assert refund_sums({"state": "failed", "amount": cny("1.00"), "lines": lines}, {}).problems == {}
    assert refund_sums({"state": "succeeded", "amount": cny("0.00"), "lines": lines}, {}).problems == {}
    found = refund_sums({"state": "pending", "amount": cny("39.00"), "lines": lines}, {}).problems
    assert found == {"totals_differ": "the amount differs from its parts by -1.00 CNY"}


def test_settlement_when_several_sums_are_wrong_then_one_text_names_all() -> None:
    found = settlement_sums({**totals(gross="100.00", refunds="10.00", fees="1.00", net="90.00"),
                             "lines": [{"amount": cny("80.00"), "fee": cny("0.50")}]}, {})  # fmt: skip
    assert found.problems["totals_differ"].split("; ") == [
        "net differs from its parts by 1.00 CNY",
        "gross less refunds differs from its parts by 10.00 CNY",
        "fees differs from its parts by 0.50 CNY",
    ]


def test_purchase_order_when_it_states_no_totals_then_only_its_lines_are_checked() -> None:
    row = {"line_no": "1", "ordered": "10", "unit_cost": cny("1.234567"), "amount": cny("12.35")}
    assert purchase_sums({"lines": [row]}, {}).problems == {}
    assert "line 1" in purchase_sums({"lines": [{**row, "amount": cny("12.40")}]}, {}).problems["totals_differ"]
