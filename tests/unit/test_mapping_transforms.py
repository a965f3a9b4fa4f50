"""The named transforms: what each gives, what it refuses, and what reads its result back."""

import inspect
import time as clock
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model import time
from hub.model.fault import ValueFault
from hub.model.money import EXPONENTS, Money
from hub.model.transform import ITSELF, examples, inverse, one_way
from hub.rules.transforms import TRANSFORMS

CASES: list[tuple[str, Any, dict[str, Any], Any]] = [
    ("timestamp", 20261122083005, {"zone": "+08:00"}, "2026-11-22T00:30:05.000000Z"),
    ("timestamp", "2026/11/22 08:30", {"zone": "+08:00"}, "2026-11-22T00:30:00.000000Z"),
    ("timestamp", "22-Nov-2026 08:30:05", {"zone": "Z", "pattern": "%d-%b-%Y %H:%M:%S"}, "2026-11-22T08:30:05.000000Z"),
    ("unix", 1795307405.5, {}, "2026-11-22T00:30:05.500000Z"),
    ("unix", -1, {}, "1969-12-31T23:59:59.000000Z"),
    ("date", "2026-11-21T20:00:00Z", {}, "2026-11-21"),
    ("day_text", "2026-11-22", {}, "2026-11-22"),
    ("excel_time", "46348", {"zone": "Z"}, "2026-11-22T00:00:00.000000Z"),
    ("money", {"amount": 1.5, "currencyCode": "cny"}, {}, {"amount": "1.50", "currency": "CNY"}),
    ("money", "1.005", {"currency": "CNY", "rounding": "half_up"}, {"amount": "1.01", "currency": "CNY"}),
    ("money", "-0.00", {"currency": "CNY", "sign": "turn"}, {"amount": "0.00", "currency": "CNY"}),
    ("money", "0", {"currency": "JPY", "sign": "turn"}, {"amount": "0", "currency": "JPY"}),
    ("money_minor", -5, {"currency": "KWD"}, {"amount": "-0.005", "currency": "KWD"}),
    ("money_minor", 500, {"currency": "MGA", "exponents": {"MGA": 0}}, {"amount": "500.00", "currency": "MGA"}),
    ("minor_of", {"amount": "500.00", "currency": "MGA"}, {"exponents": {"MGA": 0}}, 500),
    ("minor_of", {"amount": "5.00", "currency": "CNY"}, {"sign": "turn"}, -500),
    ("major_of", {"amount": "0.12345", "currency": "CNY"}, {}, "0.12345"),
    ("decimal", -0.0, {}, "0"),
    ("boolean", "on", {}, True),
    ("text", 1.50, {}, "1.5"),
    ("person_name", [None, ""], {}, None),
    ("name_parts", "李", {}, ["李", None]),
    ("name_parts", "司马光", {}, ["司马", "光"]),
    ("name_parts", "王 小 明", {}, ["王", "小明"]),
    ("name_parts", "阿凡提·买买提", {}, [None, "阿凡提·买买提"]),
    ("name_parts", "上海茶语有限公司", {}, [None, "上海茶语有限公司"]),
    ("name_parts", "Cher", {}, [None, "Cher"]),
    ("name_parts", "やまだ太郎", {}, [None, "やまだ太郎"]),
    ("family_name", "𠮷田", {}, "𠮷"),
    ("given_name", "Ana María Li", {}, "Ana María"),
    ("gender", "x9", {"unknown": "unknown"}, "unknown"),
    ("gender", "", {}, None),
    ("phone_local", "+862162880000", {}, "02162880000"),
    ("phone_local", "138****1234", {}, "138****1234"),
    ("unit", "公斤", {}, "kg"),
    ("unit", "坪", {"unknown": "keep"}, "坪"),
    ("unit", "坪", {"unknown": "null"}, None),
    ("unit_word", "坪", {}, "坪"),
    ("convert", "0.5", {"of": "kg", "to": "两"}, "10"),
    ("gtin", 96385074, {}, "96385074"),
    ("gtin", "036000291452", {}, "036000291452"),
    ("gtin", "123", {"invalid": "keep"}, "123"),
    ("gln", "1", {"invalid": "null"}, None),
    ("chinese_address", " ", {}, None),
    ("chinese_address", "somewhere", {}, {"street": "somewhere"}),
    ("chinese_address", "中国广东省深圳市南山区科技园1号(邮编:518000)", {"keep_raw": True}, {
        "country": "CN", "province": "广东省", "city": "深圳市", "district": "南山区", "adcode": "440305",
        "street": "科技园1号", "postcode": "518000", "raw": "中国广东省深圳市南山区科技园1号(邮编:518000)",
    }),
    ("chinese_address", "香港中环皇后大道中 1 号", {}, {
        "country": "HK", "province": "香港特别行政区", "adcode": "810000", "street": "中环皇后大道中 1 号",
    }),
    ("address_line", {}, {}, None),
    ("adcode_of", {"city": "杭州"}, {}, "330100"),
    ("adcode_of", {"street": "x"}, {}, None),
    ("division", "44", {}, {"country": "CN", "province": "广东省", "adcode": "440000"}),
    ("half_width", "ＡＢ　１", {}, "AB 1"),
    ("pad", "1234567", {"length": 3}, "1234567"),
    ("last", [], {}, None),
    ("pluck", [{"id": 1}, {"x": 2}, 5], {"of": "id"}, [1]),
    ("as_map", [], {}, None),
    ("negate", "-2", {}, "2"),
    ("negate", 0, {}, "0"),
    ("scale", 5, {"by": 0.001}, "0.005"),
    ("divide", 1, {"by": 3}, "0.333333333333"),
]  # fmt: skip
DECLARED = [
    (name, value, dict(arguments), expected)
    for name, function in TRANSFORMS.items()
    for value, arguments, expected in examples(function)
]
FAULTY: list[tuple[str, Any, dict[str, Any]]] = [
    ("timestamp", "2026-11-22 08:30:05", {}),
    ("timestamp", "20261322083005", {"zone": "Z"}),
    ("timestamp", "22/11/2026", {"zone": "Z", "pattern": "%d.%m.%Y"}),
    ("unix", "soon", {}),
    ("unix", 1, {"unit": "days"}),
    ("unix", 10**15, {}),
    ("date", "22.11.2026", {}),
    ("excel_time", 60, {"zone": "Z"}),
    ("excel_date", "46348,5", {}),
    ("money", "1", {}),
    ("money", "1", {"currency": "RMB"}),
    ("money", {"currency": "CNY"}, {}),
    ("money", "1", {"currency": "CNY", "sign": "minus"}),
    ("money_minor", "1.5", {"currency": "CNY"}),
    ("minor_of", {"amount": "0.50", "currency": "MGA"}, {"exponents": {"MGA": 0}}),
    ("integer", "3.5", {}),
    ("boolean", "maybe", {}),
    ("yes_no", "yes", {}),
    ("text", {}, {}),
    ("text", "a\x00", {}),
    ("email", "ann example.com", {}),
    ("join", "ab", {}),
    ("split", "ab", {"sep": ""}),
    ("first", "ab", {}),
    ("pick", ["ab"], {"equals": "a"}),
    ("number", "1e5", {}),
    ("divide", 1, {"by": 0}),
    ("gender", "?", {}),
    ("gender", True, {}),
    ("unit", "坪", {}),
    ("convert", 1, {"of": "kg", "to": "l"}),
    ("gtin", "6901234567893", {}),
    ("sscc", "106141412345678909", {}),
    ("division", "999999", {}),
    ("chinese_address", ["上海"] * 6, {}),
    ("pad", "1", {"length": 100_000}),
    ("json", "{", {}),
    ("json", "NaN", {}),
    ("json", {}, {}),
]
DEEP: list[Any] = []
for _ in range(5_000):
    DEEP = [DEEP]
HOSTILE: list[Any] = [
    "x" * 10_000_000, "1" * 10_000_000, "<" * 99_000, "李" * 99_000, "\ud800", "a\ud800b", "\x00", "", " ", float("nan"),
    float("inf"), 10**400, -(10**30), 1e308, True, [], {}, [[]], [None], [{}], [{"key": []}], {"amount": []}, {"a": "\ud800"},
    {"currency": "CNY", "amount": float("nan")}, {"amount": "1", "currency": []}, b"bytes", object(), DEEP,
    {"province": 5, "city": []}, {"adcode": {}}, ["\ud800", 5], [10**400], {5: 6}, "9999-12-31T23:59:59-23:59", "0001-01-01",
]  # fmt: skip
# What a call needs besides the value.
NEEDED: dict[str, Any] = {
    "zone": "+08:00", "by": 3, "before": "x", "length": 5, "equals": "x", "of": "kg", "to": "g", "currency": "CNY",
}  # fmt: skip


def _shown(value: Any) -> str:
    return repr(value)[:24] if value is not DEEP else "deep"


@pytest.mark.parametrize(("name", "value", "arguments", "expected"), DECLARED + CASES)
def test_transform_when_called_then_gives(name: str, value: Any, arguments: dict[str, Any], expected: Any) -> None:
    found = TRANSFORMS[name](value, **arguments)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(("name", "value", "arguments"), FAULTY)
def test_transform_when_it_cannot_then_fault(name: str, value: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueFault):
        TRANSFORMS[name](value, **arguments)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transform_when_given_anything_then_a_value_or_a_fault_and_soon(name: str) -> None:
    function = TRANSFORMS[name]
    wanted = inspect.signature(function).parameters
    arguments = {one: NEEDED[one] for one in list(wanted)[1:] if wanted[one].default is inspect.Parameter.empty}
    optional = {one: NEEDED[one] for one in list(wanted)[1:] if one in NEEDED}
    started = clock.process_time()
    for value in HOSTILE:
        for chosen in (arguments, optional):
            try:
                function(value, **chosen)
            except ValueFault:
                pass
            except Exception as error:
                pytest.fail(f"{name}({_shown(value)}, {chosen}): {type(error).__name__}: {error}")
    assert clock.process_time() - started < 5


def test_transforms_when_listed_then_each_has_a_text_an_example_and_says_what_undoes_it() -> None:
    lacking = [
        name
        for name, function in TRANSFORMS.items()
        if not (function.__doc__ or "").strip()
        or not examples(function)
        or bool(inverse(function)) == bool(one_way(function))
    ]
    assert lacking == []
    named = {inverse(function) for function in TRANSFORMS.values()} - {"", ITSELF}
    assert named <= TRANSFORMS.keys()


def _arguments(function: Any, chosen: dict[str, Any]) -> dict[str, Any]:
    """Those of `chosen` that it takes, and what it needs besides."""
    known = inspect.signature(function).parameters
    needed = [one for one in known if one in NEEDED and (one in USUAL or known[one].default is inspect.Parameter.empty)]
    return {one: chosen.get(one, NEEDED.get(one)) for one in known if one in chosen or one in needed}


USUAL = ("zone", "currency")
UNDONE = [case for case in DECLARED if inverse(TRANSFORMS[case[0]])]


@pytest.mark.parametrize(("name", "value", "arguments", "expected"), UNDONE)
def test_transform_when_undone_and_done_again_then_the_same(
    name: str, value: Any, arguments: dict[str, Any], expected: Any
) -> None:
    read, written = TRANSFORMS[name], expected
    if inverse(read) != ITSELF and expected is not None:
        write = TRANSFORMS[inverse(read)]
        turned = {"of": arguments["to"], "to": arguments["of"]} if name == "convert" else arguments
        written = write(expected, **_arguments(write, turned))
    if written is not None:
        assert read(written, **_arguments(read, arguments)) == expected


CURRENCIES = st.sampled_from(sorted(EXPONENTS))
MINORS = st.integers(-(10**12), 10**12)


@given(minor=MINORS, currency=CURRENCIES, sign=st.sampled_from(["", "turn"]))
def test_money_when_written_in_any_way_then_read_as_the_same(minor: int, currency: str, sign: str) -> None:
    amount = Money(minor, currency).as_dict()
    for read, write in (("money", "major_of"), ("money_minor", "minor_of")):
        written = TRANSFORMS[write](amount, sign=sign)
        assert TRANSFORMS[read](written, currency, sign=sign) == amount
    assert TRANSFORMS["money"](amount) == amount
    assert TRANSFORMS["money"](amount, sign="drop") == Money(abs(minor), currency).as_dict()


@given(minor=st.integers(-(10**9), 10**9), currency=CURRENCIES)
def test_money_when_a_json_number_then_exact(minor: int, currency: str) -> None:
    amount = Money(minor, currency).as_dict()
    assert TRANSFORMS["money"](TRANSFORMS["number"](amount["amount"]), currency) == amount


MICROS = st.integers(0, 4 * 10**15)
ZONES = st.sampled_from(["Z", "+08:00", "-03:30", "Asia/Shanghai", "Pacific/Auckland"])


@given(micros=MICROS, zone=ZONES)
def test_time_when_written_in_any_way_then_read_as_the_same(micros: int, zone: str) -> None:
    moment = time.from_micros(micros)
    assert TRANSFORMS["unix"](TRANSFORMS["unix_of"](moment, "us"), "us") == moment
    whole = time.from_micros(micros - micros % 1_000_000)
    assert TRANSFORMS["unix"](str(TRANSFORMS["unix_of"](whole))) == whole
    for pattern in ("", "%Y%m%d%H%M%S%z", "%Y-%m-%dT%H:%M:%S%z", "%d.%m.%Y %H:%M:%S %z"):
        written = TRANSFORMS["local_time"](whole, zone, pattern or "%Y-%m-%d %H:%M:%S%z")
        assert TRANSFORMS["timestamp"](written, zone, pattern) == whole
    seconds = TRANSFORMS["excel_serial"](whole, "Z")
    assert TRANSFORMS["excel_time"](seconds, "Z") == whole


@given(day=st.dates())
def test_date_when_written_in_any_way_then_read_as_the_same(day: Any) -> None:
    shown = day.isoformat()
    for pattern in ("%Y-%m-%d", "%d.%m.%Y", "%Y%m%d"):
        if day.year >= 1000:  # strftime does not fill up earlier years
            assert TRANSFORMS["date"](TRANSFORMS["day_text"](shown, pattern), pattern=pattern) == shown
