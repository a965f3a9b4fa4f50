"""Money loses nothing: not in text, not in sums, not when it is split."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hub.model.money import EXPONENTS, Money, add_up, format_amount

CURRENCIES = st.sampled_from(sorted(EXPONENTS))
MINOR = st.integers(1 - 10**15, 10**15 - 1)  # amounts have at most 15 digits before the point


@given(MINOR, CURRENCIES)
def test_money_when_written_and_read_then_the_same(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    shown = money.as_dict()
    assert Money.parse(shown) == money
    assert Decimal(shown["amount"]) == Decimal(minor).scaleb(-EXPONENTS[currency])
    assert -Decimal(shown["amount"]).as_tuple().exponent == EXPONENTS[currency]  # type: ignore[operator]


@given(st.decimals(-(10**12), 10**12, places=2))
def test_amount_when_written_in_any_way_then_one_form(value: Decimal) -> None:
    plain = format(value, "f")
    forms = {format_amount(form, 2) for form in (plain, plain + "00", f" {plain} ", plain.replace("-", "-00"))}
    assert len(forms) == 1
    assert format_amount(forms.pop(), 2) == format_amount(plain, 2)


@given(MINOR, st.lists(st.integers(0, 1000), min_size=1, max_size=12))
def test_allocation_when_added_up_then_the_whole_and_no_part_is_off_by_a_unit(minor: int, weights: list[int]) -> None:
    money = Money(minor, "CNY")
    parts = money.allocate(weights)
    assert add_up(parts, "CNY") == money
    shares = weights if any(weights) else [1] * len(weights)
    for part, share in zip(parts, shares, strict=True):
        assert abs(Decimal(part.minor) - Decimal(minor) * share / sum(shares)) < 1
        assert share or part.minor == 0


@given(st.lists(MINOR, max_size=20))
def test_sum_when_in_any_order_then_the_same(minors: list[int]) -> None:
    moneys = [Money(minor, "KWD") for minor in minors]
    assert add_up(moneys, "KWD") == add_up(reversed(moneys), "KWD") == Money(sum(minors), "KWD")
