"""From canonical data to a system's shape."""

import textwrap
from pathlib import Path
from typing import Any

import pytest

from hub.errors import RecordError
from hub.rules.mapping import OutMapping, ParentMissingError
from tests.fixtures.mapping import faults, loaded

OUT = """
when: {path: number, present: true}
id_text: number
customer_id: {path: customer, ref: clients}
shop.code: {const: SH}
shop.total: {path: totals.total, to: minor_of}
status: {path: state, lookup: states, reverse: true}
time: {path: placed_at, to: {local_time: {zone: +08:00}}}
rows:
  each: lines
  sku: sku
  name: [title, sku]
  order: ^number
  product: {ref: products, path: product}
"""
STATES = "o: open\nc: completed\nx: cancelled\n"


def _out(folder: Path, body: str, kind: str = "order", object_type: str = "") -> OutMapping:
    head = f"kind: {kind}\nfrom: sys/things\n" + (f"object_type: {object_type}\n" if object_type else "")
    text = head + "out:\n" + textwrap.indent(textwrap.dedent(body).strip("\n"), "  ") + "\n"
    mapping = loaded(folder, sys__things=text, lookups__states=STATES).outbound("sys", kind)
    assert mapping is not None
    return mapping


def _key(object_type: str, external_id: str) -> dict[str, str]:
    return {"connection": "pos", "object_type": object_type, "external_id": external_id}


ORDER: dict[str, Any] = {
    "number": "#1",
    "customer": _key("customers", "7"),
    "totals": {"total": {"amount": "12.30", "currency": "CNY"}},
    "state": "completed",
    "placed_at": "2026-11-22T00:30:05.000000Z",
    "lines": [{"title": "茶", "sku": "T", "product": _key("products", "9")}, {"title": "杯"}],
}


def test_projection_when_all_is_known_then_the_system_s_shape(tmp_path: Path) -> None:
    mapping = _out(tmp_path, OUT, object_type="sales")
    assert mapping.object_type == "sales"
    assert mapping.project(ORDER, lambda key: f"P{key['external_id']}") == {
        "id_text": "#1",
        "customer_id": "P7",
        "shop": {"code": "SH", "total": 1230},
        "status": "c",
        "time": "2026-11-22 08:30:05",
        "rows": [
            {"sku": "T", "name": "茶", "order": "#1", "product": "P9"},
            {"name": "杯", "order": "#1"},
        ],
    }


def test_fields_when_asked_then_the_canonical_ones_it_reads(tmp_path: Path) -> None:
    assert _out(tmp_path, OUT).fields == ("number", "customer", "placed_at", "lines", "totals", "state")


def test_projection_when_fields_are_absent_or_null_then_left_out_or_null(tmp_path: Path) -> None:
    mapping = _out(tmp_path, "note: staff_note\nwhere: channel")
    assert mapping.project({"staff_note": None}, lambda _: None) == {"note": None}


def test_projection_when_a_field_is_cleared_then_said_inside_objects_too(tmp_path: Path) -> None:
    mapping = _out(tmp_path, "shop: {memo: staff_note, where: channel}\nrows: {each: lines, n: ^number}")
    assert mapping.project({"staff_note": None, "number": None, "lines": [{}]}, lambda _: None) == {
        "shop": {"memo": None},
        "rows": [{"n": None}],
    }
    assert mapping.project({}, lambda _: None) == {}


def test_projection_when_its_condition_does_not_hold_then_nothing(tmp_path: Path) -> None:
    assert _out(tmp_path, OUT).project({"state": "open"}, lambda _: None) == {}


def test_reference_when_unknown_there_then_null_or_waited_for_if_required(tmp_path: Path) -> None:
    free = _out(tmp_path, "customer_id: {path: customer, ref: x}")
    assert free.project(ORDER, lambda _: None) == {"customer_id": None}
    bound = _out(tmp_path / "b", "customer_id: {path: customer, ref: x, required: true}")
    with pytest.raises(ParentMissingError) as caught:
        bound.project(ORDER, lambda _: None)
    assert caught.value.field == "customer_id"
    assert bound.project({"customer": None}, lambda _: None) == {"customer_id": None}


def test_reference_when_the_resolver_says_it_is_on_its_way_then_waited_for(tmp_path: Path) -> None:
    def resolve(_: dict[str, Any]) -> str | None:
        raise ParentMissingError("customer")

    with pytest.raises(ParentMissingError):
        _out(tmp_path, "customer_id: {path: customer, ref: x}").project(ORDER, resolve)


def test_reference_when_transformed_then_after_it_was_resolved(tmp_path: Path) -> None:
    mapping = _out(tmp_path, "customer_id: {path: customer, ref: x, to: integer}")
    assert mapping.project(ORDER, lambda _: "42") == {"customer_id": 42}
    assert mapping.project(ORDER, lambda _: None) == {"customer_id": None}
    asked = _out(tmp_path / "b", "is_known: {path: customer, ref: x, to: [integer, is_present]}")
    assert asked.project(ORDER, lambda _: "42") == {"is_known": True}
    assert (
        asked.project(ORDER, lambda _: None) == asked.project({"customer": None}, lambda _: "42") == {"is_known": False}
    )


def test_projection_when_a_transform_refuses_then_every_problem(tmp_path: Path) -> None:
    mapping = _out(tmp_path, "a: {path: number, to: integer}\nb: {path: state, to: integer}")
    with pytest.raises(RecordError) as caught:
        mapping.project(ORDER, lambda _: None)
    assert [problem.path for problem in caught.value.problems] == ["number", "state"]


def test_canonical_out_when_projected_then_itself_with_the_peer_s_ids(tmp_path: Path) -> None:
    text = "kind: payment\nfrom: sys/things\nout: canonical\n"
    mapping = loaded(tmp_path, sys__things=text).outbound("sys", "payment")
    assert mapping is not None
    data = {"order": _key("orders", "5"), "amount": {"amount": "1.00", "currency": "CNY"}, "payer": None}
    before = repr(data)
    assert mapping.project(data, lambda _: "P5") == {**data, "order": "P5"}
    with pytest.raises(ParentMissingError):
        mapping.project(data, lambda _: None)
    assert repr(data) == before


def test_canonical_out_when_an_optional_reference_is_unknown_there_then_its_source_key(tmp_path: Path) -> None:
    mapping = loaded(tmp_path, sys__things="kind: order\nfrom: sys/things\nout: canonical\n").outbound("sys", "order")
    assert mapping is not None
    assert mapping.project(ORDER, lambda _: None) == ORDER
    assert set(mapping.fields) == {field.name for field in mapping.spec.kind.fields}


HOLDS = """
kind: customer
from: sys/things
holds:
  full_name: {path: full_name, to: upper}
  nickname: {path: [held.nickname, full_name]}
out:
  name: full_name
  nick: nickname
  note: note
"""


def test_holds_when_the_system_keeps_less_then_that_is_wanted_of_it(tmp_path: Path) -> None:
    mapping = loaded(tmp_path, sys__things=HOLDS).outbound("sys", "customer")
    assert mapping is not None
    assert mapping.fields == ("full_name", "nickname", "note")
    kept = mapping.keep(
        {"full_name": "Lei Li", "note": "n"}, {"full_name": "Lei Li", "gender": "male"}, {"nickname": "L"}
    )
    assert kept == {"full_name": "LEI LI", "nickname": "L", "note": "n"}
    assert mapping.project(kept, lambda _: None) == {"name": "LEI LI", "nick": "L", "note": "n"}


def test_holds_when_the_record_says_nothing_then_nothing_is_wanted(tmp_path: Path) -> None:
    mapping = loaded(tmp_path, sys__things=HOLDS).outbound("sys", "customer")
    assert mapping is not None
    assert mapping.keep({"note": None}, {}, {}) == {"note": None}


def test_holds_when_it_names_no_field_of_the_kind_then_a_fault(tmp_path: Path) -> None:
    text = HOLDS.replace("  nickname: {path: [held", "  nick_name: {path: [held")
    assert "holds.nick_name: no such field" in faults(tmp_path, sys__things=text)[0]
