"""money_adds_up: parts sum to the source's total in minor units, or the difference is told.

Documents are made as sources make them: taxes inside or on top, rounded by line or once, weighed goods,
currencies of 0, 2 and 3 decimals; a fault of one or more minor units is always found.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.money import EXPONENTS, Money, add_up, format_unit_price
from hub.rules.derive import derive_order
from hub.rules.derive.sums import invoice_sums, order_sums, purchase_sums, refund_sums, settlement_sums

Row = dict[str, Any]
RATES = st.sampled_from([Decimal("0.07"), Decimal("0.13")])
CURRENCIES = st.sampled_from(["CNY", "JPY", "KWD"])
FAULTS = st.integers(1, 10**6).flatmap(lambda n: st.sampled_from([n, -n]))


@dataclass(frozen=True)
class Line:
    """As a source reckons it, in exact minor units."""

    price: Decimal
    quantity: Decimal
    discount: int
    rate: Decimal

    @property
    def exact(self) -> Decimal:
        return self.price * self.quantity


@dataclass(frozen=True)
class Way:
    """How a source reckons."""

    currency: str
    is_inclusive: bool
    by_line: bool
    mode: str

    def minor(self, exact: Decimal) -> int:
        return int(exact.quantize(Decimal(1), self.mode))

    def money(self, minor: int) -> Row:
        return Money(minor, self.currency).as_dict()

    def price(self, exact: Decimal) -> Row:
        exponent = EXPONENTS[self.currency]
        return {"amount": format_unit_price(format(exact.scaleb(-exponent), "f"), exponent), "currency": self.currency}


@st.composite
def ways(draw: st.DrawFn) -> Way:
    """A currency, taxes inside or on top, rounding by line or once, half up or half even."""
    return Way(
        draw(CURRENCIES),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN])),
    )


@st.composite
def lines_of(draw: st.DrawFn, way: Way) -> list[Line]:
    """Pieces and weighed goods."""
    found = []
    for _ in range(draw(st.integers(1, 5))):
        if draw(st.booleans()):
            price, quantity = Decimal(draw(st.integers(0, 500_000))), Decimal(draw(st.integers(1, 20)))
        else:  # a price of six decimals per gram
            digits = 6 - EXPONENTS[way.currency]
            price = Decimal(draw(st.integers(1, 10**6))).scaleb(-digits)
            quantity = Decimal(draw(st.integers(1, 5_000)))
        gross = way.minor(price * quantity)
        found.append(Line(price, quantity, draw(st.integers(0, max(0, gross))), draw(RATES)))
    return found


def tax(way: Way, line: Line) -> Decimal:
    """Of what the line comes to, not rounded."""
    net = line.exact - line.discount
    return net * line.rate / (1 + line.rate) if way.is_inclusive else net * line.rate


def shown(way: Way, number: int, line: Line) -> Row:
    taxed = {"rate": str(line.rate), "amount": way.money(way.minor(tax(way, line))), "inclusive": way.is_inclusive}
    return {
        "line_id": str(number), "title": "Tea", "quantity": str(line.quantity), "unit_price": way.price(line.price),
        "discount": way.money(line.discount), "tax_lines": [taxed],
        "total": way.money(way.minor(line.exact) - line.discount),
    }  # fmt: skip


def totals_of(way: Way, lines: list[Line], extra: dict[str, int]) -> tuple[dict[str, int], int]:
    """The parts, and the total that a source states."""
    if way.by_line:
        items, taxes = sum(way.minor(line.exact) for line in lines), sum(way.minor(tax(way, line)) for line in lines)
    else:
        items = way.minor(sum((line.exact for line in lines), Decimal(0)))
        taxes = way.minor(sum((tax(way, line) for line in lines), Decimal(0)))
    parts = {"items": items, "discount": sum(line.discount for line in lines), "tax": taxes, **extra}
    total = sum(-value if name == "discount" else value for name, value in parts.items())
    return parts, total - (taxes if way.is_inclusive else 0)


EXTRAS = st.fixed_dictionaries({
    "shipping": st.integers(0, 5_000), "fees": st.integers(0, 500), "tip": st.integers(0, 500),
    "rounding": st.integers(-99, 99),
})  # fmt: skip


@st.composite
def orders(draw: st.DrawFn) -> tuple[Way, Row]:
    """An order whose source reckons right."""
    way = draw(ways())
    lines = draw(lines_of(way))
    parts, total = totals_of(way, lines, draw(EXTRAS))
    totals = {name: way.money(value) for name, value in {**parts, "total": total}.items()}
    return way, {
        "currency": way.currency, "tax_inclusive": way.is_inclusive, "totals": totals,
        "lines": [shown(way, number, line) for number, line in enumerate(lines)],
    }  # fmt: skip


@given(orders(), FAULTS)
def test_money_adds_up_in_orders(made: tuple[Way, Row], fault: int) -> None:
    way, order = made
    assert order_sums(order) == ""
    assert derive_order(order, {}).problems == {}
    stated = Money.parse(order["totals"]["total"]).minor
    wrong = {**order, "totals": {**order["totals"], "total": way.money(stated + fault)}}
    assert f"by {Money(fault, way.currency)}" in derive_order(wrong, {}).problems["totals_differ"]


@given(orders(), st.integers(0, 4))
def test_money_adds_up_when_a_line_is_lost_then_told(made: tuple[Way, Row], place: int) -> None:
    way, order = made
    lines = order["lines"]
    lost = lines[place % len(lines)]
    # A line that no rounding can hide: of more than a minor unit per line, and no reduction.
    amount = Money.parse(lost["total"]).minor
    if amount <= 2 * len(lines) + 2 or any(Money.parse(line["discount"]).minor for line in lines):
        return
    apart = {Money.parse(order["totals"][name]).minor for name in ("tip",)}
    if any(abs(amount - each) <= len(lines) for each in apart):
        return
    kept = [line for line in lines if line is not lost] or [{**lost, "total": way.money(0), "quantity": "0"}]
    assert "totals.items differs" in order_sums({**order, "lines": kept})


@given(CURRENCIES, st.lists(st.integers(0, 10**6), min_size=1, max_size=6), st.integers(0, 10**4), FAULTS)
def test_money_adds_up_in_refunds(currency: str, amounts: list[int], shipping: int, fault: int) -> None:
    whole = sum(amounts) + shipping

    def refund(amount: int) -> Row:
        lines = [{"line_id": str(n), "amount": Money(minor, currency).as_dict()} for n, minor in enumerate(amounts)]
        return {"state": "succeeded", "amount": Money(amount, currency).as_dict(), "lines": lines,
                "shipping_amount": Money(shipping, currency).as_dict()}  # fmt: skip

    assert refund_sums(refund(whole), {}).problems == {}
    if whole + fault:
        assert f"by {Money(fault, currency)}" in refund_sums(refund(whole + fault), {}).problems["totals_differ"]


@given(
    CURRENCIES, st.lists(st.tuples(st.integers(-(10**6), 10**6), st.integers(0, 10**4)), min_size=1, max_size=8),
    st.sampled_from(["gross", "refunds", "fees", "net"]), FAULTS,
)  # fmt: skip
def test_money_adds_up_in_settlements(currency: str, rows: list[tuple[int, int]], wrong: str, fault: int) -> None:
    gross = sum(amount for amount, _ in rows if amount > 0)
    refunds = -sum(amount for amount, _ in rows if amount < 0)
    fees = sum(fee for _, fee in rows)
    stated = {"gross": gross, "refunds": refunds, "fees": fees, "net": gross - refunds - fees}
    lines = [
        {"amount": Money(amount, currency).as_dict(), "fee": Money(fee, currency).as_dict()} for amount, fee in rows
    ]

    def settlement(figures: dict[str, int]) -> Row:
        return {**{name: Money(minor, currency).as_dict() for name, minor in figures.items()}, "lines": lines}

    assert settlement_sums(settlement(stated), {}).problems == {}
    text = settlement_sums(settlement({**stated, wrong: stated[wrong] + fault}), {}).problems["totals_differ"]
    assert str(Money(abs(fault), currency)) in text


@pytest.mark.parametrize("kind", ["supplier_invoice", "purchase_order"])
@given(made=orders(), fault=FAULTS)
def test_money_adds_up_in_what_is_bought(kind: str, made: tuple[Way, Row], fault: int) -> None:
    way, order = made
    quantity, check = ("quantity", invoice_sums) if kind == "supplier_invoice" else ("ordered", purchase_sums)
    lines = [
        {"line_no": line["line_id"], quantity: line["quantity"], "unit_cost": line["unit_price"],
         "amount": way.money(Money.parse(line["total"]).minor + Money.parse(line["discount"]).minor)}
        for line in order["lines"]
    ]  # fmt: skip
    document = {"lines": lines, "totals": order["totals"]}
    assert check(document, {}).problems == {}
    taxes = Money.parse(order["totals"]["tax"]).minor
    if fault in (taxes, -taxes):
        return  # whether a bought document's prices contain tax is not said: it reads as the other way
    total = Money.parse(order["totals"]["total"]).minor + fault
    wrong = {**document, "totals": {**order["totals"], "total": way.money(total)}}
    assert "the total differs" in check(wrong, {}).problems["totals_differ"]


@given(CURRENCIES, st.integers(0, 10**8), st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
def test_money_adds_up_when_a_reduction_is_shared_among_lines(currency: str, reduction: int, lines: list[int]) -> None:
    parts = Money(reduction, currency).allocate(lines)
    assert add_up(parts, currency) == Money(reduction, currency)
