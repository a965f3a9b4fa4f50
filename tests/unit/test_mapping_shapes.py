"""Objects, lists, and lists put together from elements."""

from pathlib import Path

from tests.fixtures.mapping import asserted, problems

LINES = """
lines:
  each: items
  line_id: id
  title: name
  quantity: {path: qty, to: decimal}
  unit_price: {path: price, to: {unit_price: {currency: {path: ^ccy}}}}
"""


def test_each_when_given_then_one_element_for_each(tmp_path: Path) -> None:
    items = [{"id": 1, "name": "茶", "qty": 2, "price": "0.1234"}, {"id": 2, "name": "杯", "qty": "1.50"}]
    assert asserted(tmp_path, "order", LINES, {"items": items, "ccy": "CNY"}) == {
        "lines": [
            {"line_id": "1", "title": "茶", "quantity": "2", "unit_price": {"amount": "0.1234", "currency": "CNY"}},
            {"line_id": "2", "title": "杯", "quantity": "1.5"},
        ]
    }


def test_each_when_null_empty_or_absent_then_cleared_empty_or_not_asserted(tmp_path: Path) -> None:
    assert asserted(tmp_path, "order", LINES, {"items": None}) == {"lines": None}
    assert asserted(tmp_path, "order", LINES, {"items": []}) == {"lines": []}
    assert asserted(tmp_path, "order", LINES, {}) == {}


def test_each_when_elements_are_bad_then_every_problem_with_its_place(tmp_path: Path) -> None:
    items = [{"id": 1, "qty": "x", "name": "a\x00"}, "no object", {"name": "茶", "qty": 1, "price": "1"}]
    found = problems(tmp_path, "order", LINES, {"items": items, "ccy": "RMB"})
    assert {(problem.code, problem.path) for problem in found} == {
        ("bad_text", "items[0].name"),
        ("bad_number", "items[0].qty"),
        ("bad_type", "items[1]"),
        ("bad_currency", "items[2].price"),
    }
    assert {problem.where for problem in found} == {
        "sys/things.yaml:6",
        "sys/things.yaml:8",
        "sys/things.yaml:9",
        "sys/things.yaml:10",
    }


def test_each_when_a_mandatory_member_is_missing_then_a_problem(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "order", LINES, {"items": [{"id": 1, "qty": 1}]})
    assert (problem.code, problem.path) == ("missing_field", "items[0].title")


def test_each_when_not_a_list_then_a_problem(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "order", LINES, {"items": {"1": {}}})
    assert (problem.code, problem.message) == ("bad_type", "items is not a list")


def test_each_when_it_has_a_condition_then_only_fitting_elements(tmp_path: Path) -> None:
    body = "lines: {each: items, when: {path: gift, not_equals: true}, title: name, quantity: {const: 1}}"
    items = [{"name": "a", "gift": True}, {"name": "b"}]
    assert asserted(tmp_path, "order", body, {"items": items}) == {"lines": [{"title": "b", "quantity": "1"}]}


def test_item_when_the_list_holds_plain_values_then_each_once(tmp_path: Path) -> None:
    body = "tags: {each: groups, item: {path: name, to: lower}}"
    groups = [{"name": "VIP"}, {"name": "vip"}, {"name": None}, {"name": "new"}]
    assert asserted(tmp_path, "customer", body, {"groups": groups}) == {"tags": ["vip", "new"]}
    assert asserted(tmp_path, "customer", "tags: {each: t, item: .}", {"t": ["a", "b"]}) == {"tags": ["a", "b"]}
    assert asserted(tmp_path, "customer", "tags: {path: t, to: split}", {"t": "a, b,,a"}) == {"tags": ["a", "b"]}


def test_object_when_made_by_parts_or_whole_then_the_same(tmp_path: Path) -> None:
    given = {"total": {"amount": 5, "currency": "JPY"}, "tip": None}
    parts = "totals.total: {path: total, to: money}\ntotals.tip: {path: tip, to: money}"
    whole = "totals: {total: {path: total, to: money}, tip: {path: tip, to: money}}"
    for body in (parts, whole):
        assert asserted(tmp_path, "order", body, given) == {"totals": {"total": {"amount": "5", "currency": "JPY"}}}
        assert asserted(tmp_path, "order", body, {"tip": None}) == {"totals": None}
        assert asserted(tmp_path, "order", body, {}) == {}


def test_object_when_it_has_a_path_then_members_are_read_from_there(tmp_path: Path) -> None:
    body = "addresses.shipping: {path: ship_to, country: cc, city: town, recipient_phone: ^phone}"
    given = {"ship_to": {"cc": "cn", "town": " 上海市 "}, "phone": "139 1234 5678"}
    assert asserted(tmp_path, "order", body, given) == {
        "addresses": {"shipping": {"country": "CN", "city": "上海市", "recipient_phone": "+8613912345678"}}
    }
    assert asserted(tmp_path, "order", body, {"ship_to": None}) == {"addresses": None}
    (problem,) = problems(tmp_path, "order", body, {"ship_to": {"cc": "China"}})
    assert problem.code == "bad_country"


def test_object_when_none_of_its_members_has_a_value_then_cleared_and_lacks_nothing(tmp_path: Path) -> None:
    body = "birthday: {year: y, month: m, day: d}"
    assert asserted(tmp_path, "customer", body, {"y": None, "m": None, "d": None}) == {"birthday": None}
    assert asserted(tmp_path, "customer", body, {"m": 2, "d": 28}) == {"birthday": {"month": 2, "day": 28}}
    (problem,) = problems(tmp_path, "customer", body, {"y": 1990, "m": 2, "d": None})
    assert problem.message.startswith("birthday.day: is mandatory")


IDENTITIES = """
identities:
  - {namespace: {const: phone}, value: mobile, verified: {path: checked, lookup: {true: otp, false: none}}}
  - {namespace: {const: email}, value: {path: mail, to: email}}
  - {namespace: {const: member_no}, scope: {const: tea}, value: card.no}
  - {each: wechat, namespace: {const: wechat_openid}, scope: app, value: openid}
"""


def test_elements_when_some_are_given_then_those_with_a_value(tmp_path: Path) -> None:
    given = {
        "mobile": "13912345678",
        "checked": True,
        "mail": None,
        "wechat": [{"app": "wx1", "openid": "o1"}, {"app": "x"}],
    }
    assert asserted(tmp_path, "customer", IDENTITIES, given) == {
        "identities": [
            {"namespace": "phone", "value": "+8613912345678", "raw": "13912345678", "verified": "otp"},
            {"namespace": "wechat_openid", "scope": "wx1", "value": "o1"},
        ]
    }


def test_elements_when_nothing_is_given_then_not_asserted_and_all_null_empties(tmp_path: Path) -> None:
    assert asserted(tmp_path, "customer", IDENTITIES, {}) == {}
    assert asserted(tmp_path, "customer", IDENTITIES, {"mobile": None, "card": None}) == {"identities": []}


def test_object_made_by_a_transform_when_it_has_unknown_members_then_a_problem(tmp_path: Path) -> None:
    body = "totals: {path: t, to: first}"
    amount = {"amount": "1", "currency": "CNY"}
    assert asserted(tmp_path, "order", body, {"t": [{"total": amount}]}) == {
        "totals": {"total": {"amount": "1.00", "currency": "CNY"}}
    }
    (problem,) = problems(tmp_path, "order", body, {"t": [{"sum": amount}]})
    assert problem.code == "unknown_field"


def test_map_when_given_then_any_names(tmp_path: Path) -> None:
    body = "lines: {each: items, title: t, quantity: q, options: {size: s, colour: c}}"
    items = [{"t": "a", "q": 1, "s": "L", "c": None}]
    assert asserted(tmp_path, "order", body, {"items": items}) == {
        "lines": [{"title": "a", "quantity": "1", "options": {"size": "L"}}]
    }
