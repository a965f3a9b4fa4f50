import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.model.fault import ValueFault
from hub.model.money import EXPONENTS, Money, add_up, exponent_of, format_amount, format_unit_price
from hub.rules.transforms.figures import money, money_minor, unit_price

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "vectors" / "money.json").read_text())
MINOR_SOURCES = {"stripe", "square", "vendure"}


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["name"])
def test_money_vector_when_read_as_its_source_writes_it_then_is_the_expected_amount(vector: dict[str, Any]) -> None:
    amount, currency = vector["amount"], vector["currency"]
    if vector["from"] in MINOR_SOURCES:
        found = money_minor(amount, currency, exponents=VECTORS["stripe_exponent_overrides"])
    else:
        found = money(amount, currency)
    assert found["currency"] == currency.upper()
    assert Decimal(found["amount"]) == Decimal(vector["expected"])
    if currency.upper() not in VECTORS["stripe_exponent_overrides"]:  # ours are the decimals of ISO 4217
        assert found["amount"] == vector["expected"]


@pytest.mark.parametrize("currency", sorted(set(VECTORS["stripe_zero_decimal"]) - {"MGA"}))
def test_exponent_of_zero_decimal_currency_then_zero(currency: str) -> None:
    assert exponent_of(currency) == 0


@pytest.mark.parametrize("currency", VECTORS["stripe_three_decimal"])
def test_exponent_of_three_decimal_currency_then_three(currency: str) -> None:
    assert exponent_of(currency) == 3


def test_currencies_when_counted_then_every_active_one_has_an_exponent() -> None:
    assert len(EXPONENTS) > 165
    assert all(len(code) == 3 and code.isupper() for code in EXPONENTS)
    assert {EXPONENTS[code] for code in ("CNY", "HKD", "MOP", "TWD", "USD", "EUR", "MGA")} == {2}


@pytest.mark.parametrize(
    ("given", "exponent", "expected"),
    [
        ("190.00", 2, "190.00"),
        ("12.3", 2, "12.30"),
        ("12", 2, "12.00"),
        ("007.10", 2, "7.10"),
        ("-0.00", 2, "0.00"),
        ("-5", 2, "-5.00"),
        ("+5.5", 2, "5.50"),
        ("12.3000", 2, "12.30"),
        ("500", 0, "500"),
        ("500.0", 0, "500"),
        ("1.5", 3, "1.500"),
        (12, 2, "12.00"),
        (12.3, 2, "12.30"),
        (19.99, 2, "19.99"),
        (1e-2, 2, "0.01"),
        (" 5 ", 2, "5.00"),
    ],
)
def test_format_amount_when_number_then_exactly_the_decimals(given: Any, exponent: int, expected: str) -> None:
    assert format_amount(given, exponent) == expected


@pytest.mark.parametrize(
    "given",
    ["", ".", "1.", ".5", "1,5", "1e5", "NaN", "Infinity", "١٢", "１２", "0x10", "1 000", "--1", "9" * 16, True, None, [],
     float("nan"), float("inf"), 1e300, 10**18, "1" * 5000],
)  # fmt: skip
def test_format_amount_when_not_a_plain_number_then_fault(given: Any) -> None:
    with pytest.raises(ValueFault) as caught:
        format_amount(given, 2)
    assert caught.value.code == "bad_number"


def test_format_amount_when_too_many_decimals_then_fault_unless_rounding_is_said() -> None:
    with pytest.raises(ValueFault) as caught:
        format_amount("1.005", 2)
    assert caught.value.code == "bad_money"
    assert format_amount("1.005", 2, "half_up") == "1.01"
    assert format_amount("1.005", 2, "half_even") == "1.00"
    assert format_amount("-1.005", 2, "half_up") == "-1.01"
    assert format_amount("999.999", 2, "half_up") == "1000.00"
    assert format_amount("-0.001", 2, "half_up") == "0.00"


def test_format_unit_price_when_given_then_keeps_two_to_six_decimals() -> None:
    assert [format_unit_price(text, 2) for text in ("1", "1.5", "0.123456", "0.1234500")] == [
        "1.00",
        "1.50",
        "0.123456",
        "0.12345",
    ]
    with pytest.raises(ValueFault):
        format_unit_price("0.1234567", 2)
    assert unit_price("0.0001", "JPY") == {"amount": "0.0001", "currency": "JPY"}


def test_currency_when_unknown_or_in_lower_case_then_fault() -> None:
    for code in ("cny", "XXX", "RMB", None, 5, ["CNY"], {}):
        with pytest.raises(ValueFault) as caught:
            exponent_of(code)
        assert caught.value.code == "bad_currency"


def test_money_when_reckoned_then_stays_in_minor_units() -> None:
    price = Money.parse({"amount": "0.10", "currency": "CNY"})
    assert add_up([price, price, price], "CNY").as_dict() == {"amount": "0.30", "currency": "CNY"}
    assert (price - price - price).as_dict()["amount"] == "-0.10"
    assert price.times(Decimal("2.5")).minor == 25
    assert price.times(Decimal("0.05"), "half_even").minor == 0
    assert str(-price) == "-0.10 CNY"
    assert not Money.zero("CNY")
    assert price > Money.zero("CNY")


def test_money_when_currencies_are_mixed_then_raises() -> None:
    with pytest.raises(ValueFault, match="CNY and JPY"):
        _ = Money(1, "CNY") + Money(1, "JPY")
    with pytest.raises(ValueFault):
        _ = Money(1, "CNY") < Money(1, "JPY")
    with pytest.raises(ValueFault):
        add_up([Money(1, "JPY")], "CNY")


def test_allocate_when_it_does_not_divide_then_largest_remainders_get_the_rest() -> None:
    assert [part.minor for part in Money(100, "CNY").allocate([1, 1, 1])] == [34, 33, 33]
    assert [part.minor for part in Money(-100, "CNY").allocate([1, 1, 1])] == [-34, -33, -33]
    assert [part.minor for part in Money(5, "JPY").allocate([3, 7])] == [2, 3]
    assert [part.minor for part in Money(3, "CNY").allocate([0, 0])] == [2, 1]
    with pytest.raises(ValueError, match="weight"):
        Money(1, "CNY").allocate([])
    with pytest.raises(ValueError, match="weight"):
        Money(1, "CNY").allocate([2, -1])
