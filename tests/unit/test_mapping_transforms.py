from typing import Any

import pytest

from hub.model.fault import ValueFault
from hub.rules.transforms import TRANSFORMS

CASES: list[tuple[str, Any, dict[str, Any], Any]] = [
    ("timestamp", "2026-11-22 08:30:05", {"zone": "Asia/Shanghai"}, "2026-11-22T00:30:05.000000Z"),
    ("unix", 1795307405, {}, "2026-11-22T00:30:05.000000Z"),
    ("unix", "1795307405123", {"unit": "ms"}, "2026-11-22T00:30:05.123000Z"),
    ("unix", 1795307405.5, {}, "2026-11-22T00:30:05.500000Z"),
    ("unix", -1, {}, "1969-12-31T23:59:59.000000Z"),
    ("date", "20261122", {}, "2026-11-22"),
    ("date", "2026/11/22", {}, "2026-11-22"),
    ("date", "2026-11-21T20:00:00Z", {"zone": "+08:00"}, "2026-11-22"),
    ("date", "2026-11-21T20:00:00Z", {}, "2026-11-21"),
    ("money", {"amount": "1", "currency_code": "CNY"}, {}, {"amount": "1.00", "currency": "CNY"}),
    ("money", {"amount": 1.5, "currencyCode": "cny"}, {}, {"amount": "1.50", "currency": "CNY"}),
    ("money", "1.005", {"currency": "CNY", "rounding": "half_up"}, {"amount": "1.01", "currency": "CNY"}),
    ("money_minor", "1230", {"currency": "CNY"}, {"amount": "12.30", "currency": "CNY"}),
    ("money_minor", -5, {"currency": "KWD"}, {"amount": "-0.005", "currency": "KWD"}),
    ("money_minor", 500, {"currency": "MGA", "exponents": {"MGA": 0}}, {"amount": "500.00", "currency": "MGA"}),
    ("unit_price", "0.1234500", {"currency": "CNY"}, {"amount": "0.12345", "currency": "CNY"}),
    ("decimal", "1.500", {}, "1.5"),
    ("decimal", -0.0, {}, "0"),
    ("integer", "3.0", {}, 3),
    ("boolean", "是", {}, True),
    ("boolean", 0, {}, False),
    ("text", True, {}, "true"),
    ("text", 1.50, {}, "1.5"),
    ("strip", "  a ", {}, "a"),
    ("lower", "ÄB", {}, "äb"),
    ("upper", "ab", {}, "AB"),
    ("blank", "  ", {}, None),
    ("blank", 0, {}, 0),
    ("phone", "139 1234 5678", {}, "+8613912345678"),
    ("phone", "9123 4567", {"region": "HK"}, "+85291234567"),
    ("email", " Ann@Example.com ", {}, "ann@example.com"),
    ("split", "a|b||c ", {"sep": "|"}, ["a", "b", "c"]),
    ("join", ["a", None, "", "b"], {"sep": "-"}, "a-b"),
    ("join", [None, ""], {}, None),
    ("person_name", ["欧阳", "娜娜"], {}, "欧阳娜娜"),
    ("person_name", [None, ""], {}, None),
    ("prefix", "1", {"before": "PO-"}, "PO-1"),
    ("cut", "abcdef", {"length": 3}, "abc"),
    ("html_text", "<p>A &amp; B<br>c<script>x()</script></p>", {}, "A & B c"),
    ("is_present", None, {}, False),
    ("is_present", [], {}, False),
    ("is_present", 0, {}, True),
    ("order_state", "2026-11-22", {}, "cancelled"),
    ("listed", "a", {}, ["a"]),
    ("listed", ["a"], {}, ["a"]),
    ("first", [], {}, None),
    ("last", [1, 2], {}, 2),
    ("pick", [{"key": "k", "value": 5}, {"key": "x", "value": 6}], {"equals": "x"}, 6),
    ("pick", [], {"equals": "x"}, None),
    ("pluck", [{"id": 1}, {"x": 2}, 5], {"of": "id"}, [1]),
    ("negate", "1.50", {}, "-1.5"),
    ("negate", "-2", {}, "2"),
    ("negate", 0, {}, "0"),
    ("scale", "0.35", {"by": 1000}, "350"),
    ("scale", 5, {"by": 0.001}, "0.005"),
    ("local_time", "2026-11-22T00:30:05.000000Z", {"zone": "+08:00"}, "2026-11-22 08:30:05"),
    ("unix_of", "2026-11-22T00:30:05.900000Z", {}, 1795307405),
    ("minor_of", {"amount": "12.30", "currency": "CNY"}, {}, 1230),
    ("number", "2", {}, 2),
    ("number", "0.5", {}, 0.5),
]
FAULTY: list[tuple[str, Any, dict[str, Any]]] = [
    ("timestamp", "2026-11-22 08:30:05", {}),
    ("unix", "soon", {}),
    ("unix", 1, {"unit": "days"}),
    ("unix", 10**15, {}),
    ("date", "22.11.2026", {}),
    ("money", "1", {}),
    ("money", "1", {"currency": "RMB"}),
    ("money", {"currency": "CNY"}, {}),
    ("money_minor", "1.5", {"currency": "CNY"}),
    ("integer", "3.5", {}),
    ("boolean", "maybe", {}),
    ("text", {}, {}),
    ("text", "a\x00", {}),
    ("email", "ann example.com", {}),
    ("join", "ab", {}),
    ("first", "ab", {}),
    ("number", "1e5", {}),
]


@pytest.mark.parametrize(("name", "value", "arguments", "expected"), CASES)
def test_transform_when_called_then_gives(name: str, value: Any, arguments: dict[str, Any], expected: Any) -> None:
    found = TRANSFORMS[name](value, **arguments)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(("name", "value", "arguments"), FAULTY)
def test_transform_when_it_cannot_then_fault(name: str, value: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueFault):
        TRANSFORMS[name](value, **arguments)


def test_transforms_when_listed_then_each_has_a_text_and_a_test() -> None:
    assert all((function.__doc__ or "").strip() for function in TRANSFORMS.values())
    assert {name for name, *_ in CASES} == set(TRANSFORMS)
