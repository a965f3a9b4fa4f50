"""Whole records: ids, order, deletion, references, further records, extensions, problems."""

from pathlib import Path
from typing import Any

import pytest

from hub.errors import RecordError
from hub.model import time
from hub.model.observation import Reference
from hub.rules.mapping import MapContext
from tests.fixtures.mapping import CONTEXT, faults, loaded, mapped

ORDER = """
kind: order
from: sys/things
id: id
version: updated_at
at: updated_at
delete_topics: [things/delete, "*.gone"]
ignore: [noise]
in:
  number: name
  customer: {ref: clients, path: client.id}
also:
  - {each: refunds, use: sys/refunds}
  - {kind: payment, path: payment, id: "no", in: {order: {ref: things, path: ^id}, amount: {path: sum, to: money}}}
"""
REFUND = """
kind: refund
from: sys/refunds
id: id
version: [changed, ^updated_at]
in:
  order: {ref: things, path: [order_id, ^id]}
  amount: {path: amount, to: {money: {currency: {path: ^currency}}}}
"""
NOW = "2026-11-22T08:30:05+08:00"
MICROS = time.micros_of(NOW)


def test_record_when_mapped_then_key_order_time_and_reference(tmp_path: Path) -> None:
    mappings = loaded(tmp_path, sys__things=ORDER, sys__refunds=REFUND)
    (draft,) = mapped(mappings, {"id": 820982911946154508, "updated_at": NOW, "name": "#1", "client": {"id": 7}})
    assert (draft.kind, draft.object_type, draft.external_id) == ("order", "things", "820982911946154508")
    assert (draft.major, draft.since, draft.deleted) == (MICROS, MICROS, False)
    assert draft.references == [Reference("customer", "customer", "clients", "7")]
    assert draft.asserted["customer"] == {"connection": "shop", "object_type": "clients", "external_id": "7"}


def test_record_when_the_reference_is_null_then_cleared(tmp_path: Path) -> None:
    mappings = loaded(tmp_path, sys__things=ORDER, sys__refunds=REFUND)
    (draft,) = mapped(mappings, {"id": 1, "client": None})
    assert draft.asserted == {"customer": None}
    assert draft.references == []


def test_further_records_when_contained_then_refer_to_the_one_around(tmp_path: Path) -> None:
    payload = {
        "id": 1,
        "updated_at": NOW,
        "currency": "CNY",
        "refunds": [{"id": 8, "amount": "1"}, {"id": 9, "amount": "2", "changed": 17, "order_id": 5}],
        "payment": {"no": "p1", "sum": {"amount": "3", "currency": "CNY"}},
    }
    order, *others = mapped(loaded(tmp_path, sys__things=ORDER, sys__refunds=REFUND), payload)
    assert order.kind == "order"
    assert [(d.kind, d.object_type, d.external_id, d.major) for d in others] == [
        ("refund", "refunds", "8", MICROS),
        ("refund", "refunds", "9", 17),
        ("payment", "payments", "p1", MICROS),
    ]
    assert [d.references[0].external_id for d in others] == ["1", "5", "1"]
    assert order.extensions == {}


def test_further_record_when_it_comes_alone_then_outer_paths_are_absent(tmp_path: Path) -> None:
    mappings = loaded(tmp_path, sys__things=ORDER, sys__refunds=REFUND)
    (refund,) = mapped(
        mappings, {"id": 8, "order_id": 1, "amount": {"amount": "1", "currency": "CNY"}}, stream="refunds"
    )
    assert (refund.external_id, refund.major) == ("8", None)
    assert refund.references[0].external_id == "1"
    with pytest.raises(RecordError, match="missing_field"):
        mapped(mappings, {"id": 8, "amount": {"amount": "1", "currency": "CNY"}}, stream="refunds")


def test_further_records_when_one_is_bad_then_the_whole_item_fails_with_all_problems(tmp_path: Path) -> None:
    payload = {"id": None, "updated_at": "soon", "name": {"x": 1}, "refunds": [{"amount": "?"}, 5]}
    with pytest.raises(RecordError) as caught:
        mapped(loaded(tmp_path, sys__things=ORDER, sys__refunds=REFUND), payload)
    found = {(problem.code, problem.path) for problem in caught.value.problems}
    assert found >= {
        ("missing_id", "id"),
        ("bad_time", "updated_at"),
        ("bad_text", "name"),
        ("missing_id", "refunds[0].id"),
        ("bad_type", "refunds[1]"),
    }
    assert all(
        problem.where.split(":")[0] in ("sys/things.yaml", "sys/refunds.yaml") for problem in caught.value.problems
    )


@pytest.mark.parametrize("topic", ["things/delete", "thing.gone"])
def test_delete_topic_when_it_comes_then_only_the_id_is_read(tmp_path: Path, topic: str) -> None:
    mappings = loaded(tmp_path, sys__things=ORDER, sys__refunds=REFUND)
    (draft,) = mapped(mappings, {"id": 1, "name": ["not", "text"]}, MapContext("shop", topic, 0))
    assert (draft.deleted, draft.asserted, draft.major) == (True, {}, None)


def test_deletes_when_the_payload_says_so_then_deleted(tmp_path: Path) -> None:
    text = "kind: product\nfrom: sys/things\nid: id\ndeletes: {path: active, equals: false}\nin: {title: t}\n"
    mappings = loaded(tmp_path, sys__things=text)
    assert mapped(mappings, {"id": 1, "active": False})[0].deleted
    assert not mapped(mappings, {"id": 1, "active": True, "t": "茶"})[0].deleted


def test_when_of_the_record_when_it_does_not_hold_then_no_drafts(tmp_path: Path) -> None:
    text = "kind: product\nfrom: sys/things\nid: id\nwhen: {path: test, not_equals: true}\nin: {title: t}\n"
    mappings = loaded(tmp_path, sys__things=text)
    assert mapped(mappings, {"id": 1, "test": True}) == []
    assert len(mapped(mappings, {"id": 1, "t": "茶"})) == 1


@pytest.mark.parametrize(
    ("version", "at", "payload", "expected"),
    [
        ("v", "t", {"v": 5, "t": NOW}, (5, MICROS)),
        ("v", "t", {"v": "0012", "t": None}, (12, None)),
        ("v", "v", {"v": NOW}, (MICROS, MICROS)),
        ("{path: t, to: {timestamp: {zone: +08:00}}}", "t", {"t": "2026-11-22T00:30:05Z"}, (MICROS, MICROS)),
        ("{path: t, to: {unix: ms}}", "{path: t, to: {unix: ms}}", {"t": MICROS // 1000}, (MICROS, MICROS)),
        ("[v, w]", "'@received_at'", {"w": 3}, (3, CONTEXT.received_at_us)),
    ],
)
def test_order_when_a_sequence_or_a_time_then_one_unit_each(
    tmp_path: Path, version: str, at: str, payload: dict[str, Any], expected: tuple[int, int]
) -> None:
    text = f"kind: customer\nfrom: sys/things\nid: id\nversion: {version}\nat: {at}\nin: {{note: n}}\n"
    (draft,) = mapped(loaded(tmp_path, sys__things=text), {"id": 1, **payload})
    assert (draft.major, draft.since) == expected


def test_id_when_of_several_parts_then_joined_and_text_is_kept(tmp_path: Path) -> None:
    text = "kind: customer\nfrom: sys/things\nobject_type: people\nid: [shop, no]\nin: {note: n}\n"
    (draft,) = mapped(loaded(tmp_path, sys__things=text), {"shop": "SH", "no": "007"})
    assert (draft.external_id, draft.object_type) == ("SH:007", "people")


@pytest.mark.parametrize("id_", [None, "", "  ", "x" * 256, True, 1.5, {}, "a\x00b"])
def test_id_when_not_usable_then_a_problem(tmp_path: Path, id_: Any) -> None:
    text = "kind: customer\nfrom: sys/things\nid: id\nin: {note: n}\n"
    with pytest.raises(RecordError):
        mapped(loaded(tmp_path, sys__things=text), {"id": id_})


def test_unknown_fields_when_they_come_then_extensions_unless_ignored(tmp_path: Path) -> None:
    mappings = loaded(tmp_path, sys__things=ORDER, sys__refunds=REFUND)
    payload = {"id": 1, "name": "a", "colour": {"deep": [1]}, "noise": 1, "updated_at": NOW}
    assert mapped(mappings, payload)[0].extensions == {"colour": {"deep": [1]}}
    off = loaded(tmp_path / "off", sys__things=ORDER + "extensions: false\n", sys__refunds=REFUND)
    assert mapped(off, payload)[0].extensions == {}


@pytest.mark.parametrize("odd", ["a\x00b", "\ud800", 2**70, {"k": ["\x00"]}])
def test_unknown_fields_when_they_cannot_be_stored_then_a_problem(tmp_path: Path, odd: Any) -> None:
    mappings = loaded(tmp_path, sys__things=ORDER, sys__refunds=REFUND)
    with pytest.raises(RecordError, match="cannot be stored: colour"):
        mapped(mappings, {"id": 1, "colour": odd})


@pytest.mark.parametrize("payload", [None, [], "text", 5, [{"id": 1}]])
def test_payload_when_not_an_object_then_a_problem(tmp_path: Path, payload: Any) -> None:
    with pytest.raises(RecordError, match="bad_payload"):
        mapped(loaded(tmp_path, sys__things=ORDER, sys__refunds=REFUND), payload)


def test_mandatory_field_when_absent_then_a_problem_unless_the_source_sends_parts(tmp_path: Path) -> None:
    text = "kind: product\nfrom: sys/things\nid: id\nin: {title: t, brand: b}\n"
    with pytest.raises(RecordError, match="title: is mandatory"):
        mapped(loaded(tmp_path, sys__things=text), {"id": 1, "b": "x"})
    partial = loaded(tmp_path / "p", sys__things=text + "partial: true\n")
    assert mapped(partial, {"id": 1, "b": "x"})[0].asserted == {"brand": "x"}
    with pytest.raises(RecordError, match="title: is mandatory"):
        mapped(partial, {"id": 1, "t": None})


def test_superseded_when_the_source_says_by_whom_then_noted(tmp_path: Path) -> None:
    text = "kind: customer\nfrom: sys/things\nid: id\nsuperseded_by: merged_into\nin: {note: n}\n"
    mappings = loaded(tmp_path, sys__things=text)
    assert mapped(mappings, {"id": 1, "merged_into": 2})[0].superseded_by == "2"
    assert mapped(mappings, {"id": 1, "merged_into": None})[0].superseded_by is None


def test_sample_in_a_problem_when_long_then_cut(tmp_path: Path) -> None:
    text = "kind: order\nfrom: sys/things\nid: id\nin: {currency: c}\n"
    with pytest.raises(RecordError) as caught:
        mapped(loaded(tmp_path, sys__things=text), {"id": 1, "c": "x" * 500})
    assert len(caught.value.problems[0].value) == 80
    assert "xxx" not in str(caught.value)


STATUS = """
kind: order
from: sys/things
id: id
partial: [state, staff_note]
in: {state: {path: s, lookup: {1: open, 2: completed, 3: cancelled}}, staff_note: memo}
"""


def test_partial_stream_when_it_lists_its_fields_then_those_alone_are_asserted(tmp_path: Path) -> None:
    found = loaded(tmp_path, sys__things=STATUS)
    assert mapped(found, {"id": 1, "s": 2})[0].asserted == {"state": "completed"}
    assert mapped(found, {"id": 1, "s": 2, "memo": None})[0].asserted == {"state": "completed", "staff_note": None}
    text = "kind: order\nfrom: sys/things\nid: id\npartial: [state]\nin: canonical\n"
    (draft,) = mapped(loaded(tmp_path / "b", sys__things=text), {"id": 1, "state": "open", "number": "5", "odd": 1})
    assert (draft.asserted, draft.extensions) == ({"state": "open"}, {"odd": 1})


def test_partial_stream_when_it_maps_what_it_does_not_list_then_a_fault(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, sys__things=STATUS.replace(", staff_note]", "]"))
    assert "staff_note: is mapped, but `partial` does not list it" in fault
    (fault,) = faults(tmp_path / "b", sys__things=STATUS.replace("staff_note]", "staff_note, paid]"))
    assert "5: partial: paid is no field of order that a source can assert" in fault


def test_stream_when_its_nulls_say_nothing_then_they_clear_nothing(tmp_path: Path) -> None:
    text = "kind: order\nfrom: sys/things\nid: id\npartial: true\nnulls: ignore\nin: {number: n, currency: c, staff_note: m}\n"
    (draft,) = mapped(loaded(tmp_path, sys__things=text), {"id": 1, "n": None, "c": "CNY", "m": None})
    assert draft.asserted == {"currency": "CNY"}
    (fault,) = faults(tmp_path / "b", sys__things=text.replace("ignore", "drop"))
    assert "5: nulls: is one of: clear, ignore" in fault


def test_id_of_several_parts_when_a_part_has_a_colon_then_no_two_ids_meet(tmp_path: Path) -> None:
    text = (
        "kind: refund\nfrom: sys/things\nid: [shop, no]\nin:\n  order: {ref: orders, paths: [shop, order]}\n"
        "  payment: {ref: payments, paths: [shop, payment]}\n  amount: {path: a, to: {money: CNY}}\n"
    )
    found = loaded(tmp_path, sys__things=text)
    rest = {"order": 7, "a": "1", "payment": None}
    (one,) = mapped(found, {"shop": "a:b", "no": "c", **rest})
    (other,) = mapped(found, {"shop": "a", "no": "b:c", **rest})
    assert (one.external_id, other.external_id) == ("a%3Ab:c", "a:b%3Ac")
    assert one.asserted["order"] == {"connection": "shop", "object_type": "orders", "external_id": "a%3Ab:7"}
    assert one.asserted["payment"] is None


def test_elements_when_nothing_tells_them_apart_then_a_fault(tmp_path: Path) -> None:
    text = "kind: customer\nfrom: sys/things\nid: id\nin:\n  identities:\n    - {verified: {const: none}}\n"
    found = faults(tmp_path, sys__things=text)
    assert any("6: identities: its elements are told apart by namespace, scope, value" in fault for fault in found)
    listed = text.split("  identities")[0] + "  addresses: {each: a, adcode: code}\n"
    assert "5: addresses: its elements are told apart by country" in faults(tmp_path / "b", sys__things=listed)[0]
