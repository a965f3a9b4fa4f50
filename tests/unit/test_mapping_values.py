"""How one value is made: paths, transforms, look-ups, defaults, conditions."""

from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.mapping import asserted, loaded, mapped, problems


@pytest.mark.parametrize(
    ("path", "payload", "expected"),
    [
        ("a", {"a": "x"}, {"note": "x"}),
        ("a.b.c", {"a": {"b": {"c": "x"}}}, {"note": "x"}),
        ("a[0].b", {"a": [{"b": "x"}, {"b": "y"}]}, {"note": "x"}),
        ("a[-1].b", {"a": [{"b": "x"}, {"b": "y"}]}, {"note": "y"}),
        ('["odd.name"].b', {"odd.name": {"b": "x"}}, {"note": "x"}),
        ("订单.备注", {"订单": {"备注": "x"}}, {"note": "x"}),
        ("a", {}, {}),
        ("a.b", {}, {}),
        ("a.b", {"a": {}}, {}),
        ("a", {"a": None}, {"note": None}),
        ("a.b", {"a": None}, {"note": None}),
        ("a[0].b", {"a": []}, {"note": None}),
        ("a", {"a": 7}, {"note": "7"}),
        ("@topic", {}, {"note": "things/update"}),
        ("@connection", {}, {"note": "shop"}),
    ],
)
def test_path_when_absent_null_or_given_then_not_asserted_cleared_or_asserted(
    tmp_path: Path, path: str, payload: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert asserted(tmp_path, "customer", f"note: '{path}'", payload) == expected


def test_path_when_it_meets_another_type_then_a_problem(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "customer", "note: a.b", {"a": "text"})
    assert (problem.code, problem.path, problem.where) == ("bad_type", "a.b", "sys/things.yaml:5")


def test_several_paths_when_given_then_the_first_with_a_value_counts(tmp_path: Path) -> None:
    for body in ("note: [a, b]", "note: {path: [a, b]}"):
        assert asserted(tmp_path, "customer", body, {"a": None, "b": "x"}) == {"note": "x"}
        assert asserted(tmp_path, "customer", body, {"a": "y", "b": "x"}) == {"note": "y"}
        assert asserted(tmp_path, "customer", body, {"a": None}) == {"note": None}
        assert asserted(tmp_path, "customer", body, {}) == {}


def test_paths_when_gathered_then_a_transform_gets_all(tmp_path: Path) -> None:
    body = "full_name: {paths: [last, first], to: person_name}"
    assert asserted(tmp_path, "customer", body, {"last": "李", "first": "雷"}) == {"full_name": "李雷"}
    assert asserted(tmp_path, "customer", body, {"last": "Li", "first": "Lei"}) == {"full_name": "Lei Li"}
    assert asserted(tmp_path, "customer", body, {"last": "Li"}) == {"full_name": "Li"}
    assert asserted(tmp_path, "customer", body, {"last": None}) == {"full_name": None}
    assert asserted(tmp_path, "customer", body, {}) == {}


def test_transforms_when_chained_then_each_gets_what_the_one_before_gave(tmp_path: Path) -> None:
    body = "note: {path: a, to: [strip, blank, upper, {prefix: '#'}]}"
    assert asserted(tmp_path, "customer", body, {"a": " x "}) == {"note": "#X"}
    assert asserted(tmp_path, "customer", body, {"a": "  "}) == {"note": None}
    assert asserted(tmp_path, "customer", body, {"a": None}) == {"note": None}


def test_transform_when_it_takes_null_then_it_is_called_for_null_but_not_for_absent(tmp_path: Path) -> None:
    body = "state: {path: cancelled_at, to: order_state}"
    assert asserted(tmp_path, "order", body, {"cancelled_at": None}) == {"state": "open"}
    assert asserted(tmp_path, "order", body, {"cancelled_at": "2026-11-22"}) == {"state": "cancelled"}
    assert asserted(tmp_path, "order", body, {}) == {}


def test_transform_when_it_takes_null_behind_others_then_it_is_called_too(tmp_path: Path) -> None:
    body = "tax_inclusive: {path: a, to: [text, blank, upper, is_present]}"
    for given, expected in ((None, False), (" ", False), ("x", True)):
        assert asserted(tmp_path, "order", body, {"a": given}) == {"tax_inclusive": expected}
    assert asserted(tmp_path, "order", body, {}) == {}


def test_argument_when_it_is_a_path_then_read_from_the_source(tmp_path: Path) -> None:
    body = "totals.total: {path: total, to: {money: {currency: {path: ccy}}}}"
    total = {"totals": {"total": {"amount": "12.30", "currency": "CNY"}}}
    assert asserted(tmp_path, "order", body, {"total": "12.3", "ccy": "cny"}) == total
    (problem,) = problems(tmp_path, "order", body, {"total": "12.3"})
    assert problem.code == "bad_currency"
    assert problem.message.startswith("totals.total: no currency")


def test_const_and_default_when_nothing_is_given_then_they_stand(tmp_path: Path) -> None:
    body = """
        channel: {const: web}
        staff_note: {path: a, default: none given}
        tax_inclusive: {path: b, default: false}
    """
    assert asserted(tmp_path, "order", body, {}) == {
        "channel": "web",
        "staff_note": "none given",
        "tax_inclusive": False,
    }
    assert asserted(tmp_path, "order", body, {"a": None, "b": True})["staff_note"] == "none given"
    assert asserted(tmp_path, "order", body, {"a": "x", "b": True})["tax_inclusive"] is True


@pytest.mark.parametrize(
    ("unknown", "given", "expected"),
    [
        ("error", "paid", {"state": "captured"}),
        ("null", "odd", {"state": None}),
        ("absent", "odd", {}),
        ("keep", "voided", {"state": "voided"}),
        ("{const: failed}", "odd", {"state": "failed"}),
        ("error", None, {"state": None}),
    ],
)
def test_lookup_when_unknown_then_as_declared(
    tmp_path: Path, unknown: str, given: Any, expected: dict[str, Any]
) -> None:
    body = f"state: {{path: s, lookup: {{paid: captured, new: pending}}, unknown: {unknown}}}"
    assert asserted(
        tmp_path,
        "payment",
        "order: {ref: orders, path: o}\namount: {path: a, to: money}\n" + body,
        {"s": given, **PAYMENT},
    ) == {
        **MADE,
        **expected,
    }


PAYMENT = {"o": 5, "a": {"amount": "1", "currency": "CNY"}}
MADE = {
    "order": {"connection": "shop", "object_type": "orders", "external_id": "5"},
    "amount": {"amount": "1.00", "currency": "CNY"},
}


def test_lookup_when_nothing_fits_then_a_problem_that_names_the_table(tmp_path: Path) -> None:
    body = "gender: {path: g, lookup: sexes}"
    table = "1: male\n2: female\ntrue: other\nnull: unknown\n"
    found = [asserted(tmp_path, "customer", body, {"g": g}, lookups__sexes=table) for g in (1, "2", True, None)]
    assert found == [{"gender": "male"}, {"gender": "female"}, {"gender": "other"}, {"gender": "unknown"}]
    (problem,) = problems(tmp_path, "customer", body, {"g": "9"})
    assert (problem.code, problem.value) == ("unknown_value", '"9"')
    assert "sexes" in problem.message


@pytest.mark.parametrize(
    ("condition", "payload", "holds"),
    [
        ("{path: c, equals: yes}", {"c": "yes"}, True),
        ("{path: c, equals: false}", {"c": False}, True),
        ("{path: c, equals: false}", {}, False),
        ("{path: c, equals: null}", {}, True),
        ("{path: c, not_equals: true}", {}, True),
        ("{path: c, in: [1, 2]}", {"c": 2}, True),
        ("{path: c, not_in: [1, 2]}", {"c": [3]}, True),
        ("{path: c, present: true}", {"c": None}, False),
        ("{path: c, present: false}", {}, True),
        ("{path: c, given: true}", {"c": None}, True),
        ("{path: c, given: false}", {"c": None}, False),
        ("[{path: c, equals: 1}, {path: d, equals: 2}]", {"c": 1, "d": 3}, False),
    ],
)
def test_when_of_a_value_when_it_does_not_hold_then_not_asserted(
    tmp_path: Path, condition: str, payload: dict[str, Any], holds: bool
) -> None:
    body = f"note: {{path: a, when: {condition}}}"
    assert asserted(tmp_path, "customer", body, {"a": "x", **payload}) == ({"note": "x"} if holds else {})


def test_first_when_alternatives_have_conditions_then_the_first_that_gives_a_value(tmp_path: Path) -> None:
    body = """
        state:
          first:
            - {const: cancelled, when: {path: cancelled_at, present: true}}
            - {const: completed, when: {path: closed_at, present: true}}
            - {const: open, when: {path: cancelled_at, given: true}}
    """
    assert asserted(tmp_path, "order", body, {"cancelled_at": "t", "closed_at": "t"}) == {"state": "cancelled"}
    assert asserted(tmp_path, "order", body, {"cancelled_at": None, "closed_at": "t"}) == {"state": "completed"}
    assert asserted(tmp_path, "order", body, {"cancelled_at": None}) == {"state": "open"}
    assert asserted(tmp_path, "order", body, {}) == {}


def test_scalar_when_yaml_1_1_would_change_it_then_text_stays_text(tmp_path: Path) -> None:
    body = """
        note: {path: a, lookup: {no: nein, on: an, 2026-11-22: tag, +10:00: zone}}
    """
    for given, expected in (("no", "nein"), ("on", "an"), ("2026-11-22", "tag"), ("+10:00", "zone")):
        assert asserted(tmp_path, "customer", body, {"a": given}) == {"note": expected}


def test_transform_of_a_plugin_when_it_raises_then_a_problem_and_a_bug_keeps_its_traceback(tmp_path: Path) -> None:
    def odd(value: Any) -> Any:
        if value == "bug":
            raise RuntimeError("not caused by data")
        return value.no_such_method()

    text = "kind: customer\nfrom: sys/things\nid: id\nin:\n  note: {path: a, to: odd}\n"
    mappings = loaded(tmp_path, {"odd": odd}, sys__things=text)
    with pytest.raises(Exception, match="cannot be converted \\(AttributeError\\)"):
        mapped(mappings, {"id": 1, "a": "x"})
    with pytest.raises(RuntimeError):
        mapped(mappings, {"id": 1, "a": "bug"})
