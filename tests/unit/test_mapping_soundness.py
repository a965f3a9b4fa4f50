"""What all files of a system say together: whether they can converge."""

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli.mapping import mapping as command
from hub.errors import ConfigError, RecordError
from hub.model.kinds import KINDS
from hub.rules.mapping import Fault, MapContext, examine_mappings, load_mappings
from hub.sdk.connector import Manifest, OrderUnit, Stream, Text
from tests.fixtures.mapping import faults, write

THING = "kind: customer\nfrom: sys/things\nid: id\n"
OTHER = "kind: customer\nfrom: sys/others\nobject_type: things\nid: id\n"
IN = "in: {note: n}\n"
EVERY = "kind: '*'\nfrom: sys/*\nid: id\nin: canonical\n"


def _connectors(order: OrderUnit = "time") -> Any:
    streams = tuple(Stream(name, ("customer",), order=order) for name in ("things", "others"))
    nothing = Text("", "")
    return {"sys": SimpleNamespace(manifest=Manifest("sys", nothing, nothing, "1", "", (), (), streams))}


def _found(folder: Path, order: OrderUnit = "time", **files: str) -> list[Fault]:
    return examine_mappings([write(folder, **files)], KINDS, {}, _connectors(order))[1]


def _texts(found: Sequence[Fault], *, warnings: bool = False) -> list[str]:
    return [str(fault) for fault in found if fault.is_warning is warnings]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("{path: rev, to: integer}", "{path: at, to: timestamp}", "by a time, but sys/others.yaml by a count"),
        ("{path: rev, to: unix}", "{path: at, to: timestamp}", ""),
        ("{path: rev, to: integer}", "at", ""),
        ("{first: [{path: a, to: unix}, {path: b, to: unix}]}", "{path: r, to: integer}", "by a time, but"),
    ],
)
def test_streams_when_ordered_by_different_units_then_refused(
    tmp_path: Path, one: str, other: str, expected: str
) -> None:
    files = {"sys__others": f"{OTHER}version: {one}\n{IN}", "sys__things": f"{THING}version: {other}\n{IN}"}
    units = [text for text in _texts(_found(tmp_path, "received", **files)) if "cannot be compared" in text]
    assert len(units) == bool(expected)
    if expected:
        assert units[0].startswith("sys/things.yaml:4: version: orders versions of things by")


def test_stream_when_one_has_no_version_and_another_has_then_refused(tmp_path: Path) -> None:
    found = _found(
        tmp_path, "received", sys__others=OTHER + IN, sys__things=f"{THING}version: {{path: v, to: integer}}\n{IN}"
    )
    assert "the order of receipt" in _texts(found)[0]


def test_stream_when_it_has_no_order_though_the_connector_declares_one_then_refused(tmp_path: Path) -> None:
    assert (
        "version: is missing: the connector declares that a time orders"
        in _texts(_found(tmp_path, sys__things=THING + IN))[0]
    )
    assert _found(tmp_path / "b", sys__things=f"{THING}at: changed\n{IN}") == []
    assert _found(tmp_path / "c", "received", sys__things=THING + IN) == []
    gone = _found(tmp_path / "d", sys__things=f"{THING}delete_topics: [x]\nin: {{}}\n")
    assert gone == []


def test_version_when_of_another_unit_than_the_connector_declares_then_refused(tmp_path: Path) -> None:
    text = f"{THING}version: {{path: rev, to: integer}}\n{IN}"
    assert "is a count, but the connector declares a time" in _texts(_found(tmp_path, sys__things=text))[0]
    assert _found(tmp_path / "b", "sequence", sys__things=text) == []


def test_version_when_an_event_gives_another_unit_than_its_object_type_has_then_a_problem(tmp_path: Path) -> None:
    files = write(
        tmp_path, sys__things=f"{THING}version: v\n{IN}", sys__others=f"{OTHER}version: {{path: v, to: unix}}\n{IN}"
    )
    context = MapContext("shop", "x", 1)
    declared = load_mappings([files], KINDS, {}, _connectors("time"))
    learned = load_mappings([files], KINDS, {})
    for found in (declared, learned):
        mapping = found.inbound("sys", "things")
        assert mapping is not None
        assert mapping.map({"id": 1, "v": "2026-11-22T00:30:05Z"}, context)[0].major is not None
        assert mapping.map({"id": 1}, context)[0].major is None
        for count in (7, "7"):
            with pytest.raises(
                RecordError, match="bad_order: version: is a count, but a time orders the versions here"
            ):
                mapping.map({"id": 1, "v": count}, context)
    counted = load_mappings(
        [write(tmp_path / "b", sys__things=f"{THING}version: v\n{IN}")], KINDS, {}, _connectors("sequence")
    )
    mapping = counted.inbound("sys", "things")
    assert mapping is not None
    assert mapping.map({"id": 1, "v": "7"}, context)[0].major == 7
    with pytest.raises(RecordError, match="is a time, but a count orders the versions here"):
        mapping.map({"id": 1, "v": "2026-11-22T00:30:05Z"}, context)


def test_stream_of_a_connector_of_any_shape_when_it_has_no_order_then_a_warning(tmp_path: Path) -> None:
    found = _found(tmp_path, sys__every=EVERY + "version: at\n", sys__things=THING + IN)
    assert _texts(found) == []
    assert "the last one received wins" in _texts(found, warnings=True)[0]


def test_contained_record_when_it_borrows_a_count_and_has_its_own_elsewhere_then_refused(tmp_path: Path) -> None:
    order = (
        "kind: order\nfrom: sys/things\nid: id\nversion: {path: rev, to: integer}\nin: {number: n}\n"
        "also:\n  - {each: people, kind: customer, object_type: others, id: id, in: {note: n}}\n"
    )
    other = "kind: customer\nfrom: sys/others\nid: id\nversion: {path: rev, to: integer}\nin: {note: n}\n"
    found = _texts(_found(tmp_path, "sequence", sys__things=order, sys__others=other))
    assert len(found) == 1
    assert "takes the count of the record around it as version of others" in found[0]


def test_reference_when_nothing_makes_its_object_type_then_refused(tmp_path: Path) -> None:
    text = f"{THING}version: v\nin:\n  home_store: {{ref: shops, path: s}}\n"
    (fault,) = _texts(_found(tmp_path, sys__things=text))
    assert fault.startswith("sys/things.yaml:6: home_store: no mapping of this system makes shops; made are: things")


def test_reference_when_it_names_its_object_type_itself_or_has_alternatives_then_each_counts(tmp_path: Path) -> None:
    head = f"{THING}version: v\nin:\n  home_store: "
    key = "{connection: pos, object_type: locations, external_id: 7}"
    assert _found(tmp_path, sys__things=f"{head}{{const: {key}}}\n") == []
    assert _found(tmp_path / "b", sys__things=f"{head}{{path: stores, to: first}}\n") == []
    text = f"{head}{{first: [{{ref: things, path: a}}, {{ref: shops, path: b}}]}}\n"
    (fault,) = _texts(_found(tmp_path / "c", sys__things=text))
    assert "no mapping of this system makes shops" in fault


def test_stream_when_the_connector_has_none_of_that_name_then_refused(tmp_path: Path) -> None:
    text = f"kind: customer\nfrom: sys/thing\nid: id\nversion: v\n{IN}"
    (fault,) = _texts(_found(tmp_path, sys__things=text))
    assert "sys has no such stream or topic, so nothing ever comes; its streams are: things, others" in fault


@pytest.mark.parametrize(
    ("when", "is_reachable"),
    [
        ("[{path: a, equals: x}, {path: a, equals: y}]", False),
        ("[{path: a, equals: x}, {path: a, in: [x, y]}]", True),
        ("[{path: a, in: [x]}, {path: a, not_in: [x]}]", False),
        ("{path: a, in: []}", False),
        ("[{path: a, present: false}, {path: a, equals: x}]", False),
        ("[{path: a, given: false}, {path: a, present: true}]", False),
        ("[{path: a, given: true}, {path: a, present: false}]", True),
        ("[{path: a, not_equals: x}, {path: a, not_equals: y}]", True),
        ("{path: s, equals: gone}", False),
        ("{path: s, equals: live}", True),
    ],
)
def test_condition_when_nothing_can_meet_it_then_refused(tmp_path: Path, when: str, is_reachable: bool) -> None:
    text = f"{THING}when: {{path: s, in: [live, new]}}\nin:\n  note: {{path: n, when: {when}}}\n"
    found = faults(tmp_path, sys__things=text)
    assert found == [] if is_reachable else "6: note.when: never holds: no value of" in found[0]


def test_condition_of_a_contained_record_when_the_one_around_excludes_it_then_refused(tmp_path: Path) -> None:
    text = (
        "kind: order\nfrom: sys/things\nid: id\nwhen: {path: kind, in: [a, b]}\nin: {number: n}\n"
        "also:\n  - {path: ., when: {path: kind, equals: WHEN}, kind: customer, id: c, in: {note: n}}\n"
    )
    assert faults(tmp_path, sys__things=text.replace("WHEN", "a")) == []
    (fault,) = faults(tmp_path / "b", sys__things=text.replace("WHEN", "c"))
    assert "7: when: never holds" in fault


def test_alternative_when_the_one_before_always_gives_a_value_then_refused(tmp_path: Path) -> None:
    text = THING + "in:\n  note:\n    first:\n      - {const: x}\n      - {path: a}\n"
    (fault,) = faults(tmp_path, sys__things=text)
    assert "8: note.first: is never looked at" in fault


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a: numbr", "5: a: path numbr: no field numbr; did you mean number?"),
        ("a: totals.totl", "path totals.totl: no field totl; did you mean total?"),
        ("a: number.x", "number is of type text and has no x"),
        ("a: lines.sku", "lines is a list; say `each`, or [0] for its first"),
        ("a: {each: number, b: x}", "`each` goes through a list, but number is of type text"),
        ("a: {each: lines, b: skus}", "a.b: path skus: no field skus; did you mean sku?"),
        ("a: {each: lines, b: ^^number}", "^^number leads out of the record"),
        ("a: '@topic'", "@topic is known of what comes in only"),
        ("a: {path: number, when: {path: nmber, present: true}}", "a.when: path nmber"),
        ("a: {path: state, lookup: {open: 1, done: 2}, unknown: 'null'}", "the table has done, which the field never is"),
        ("a: {path: state, lookup: {open: 1, completed: 2}}", "has no word for cancelled; add them, or say what `unknown`"),
        ("a: {path: state, lookup: {x: open, y: open}, reverse: true}", "cannot be read backwards: x and y both give open"),
        ("a: {path: state, lookup: words, reverse: true}", "5: a: cannot be read backwards: x and y both give open"),
    ],
)  # fmt: skip
def test_out_when_it_reads_what_is_not_there_then_refused(tmp_path: Path, body: str, expected: str) -> None:
    text = f"kind: order\nfrom: sys/things\nid: id\nout:\n  {body}\n"
    found = faults(tmp_path, sys__things=text, lookups__words="x: open\ny: open\nz: completed\nv: cancelled\n")
    assert any(expected in fault for fault in found), found


def test_out_when_it_reads_members_of_lists_maps_money_and_references_then_well(tmp_path: Path) -> None:
    text = """
        kind: order
        from: sys/things
        out:
          paid: outstanding.amount
          who: customer.external_id
          first: lines[0].options.size
          rows: {each: lines, when: {path: sku, present: true}, n: ^number, t: {each: tax_lines, r: rate}}
          to: {path: addresses.shipping, town: city}
          state: {path: state, lookup: {open: 1}, unknown: {const: 0}}
    """
    assert faults(tmp_path, sys__things=text) == []


def test_out_when_nothing_reads_a_field_back_then_a_warning(tmp_path: Path) -> None:
    text = f"{THING}version: v\n{IN}out: {{memo: note, name: full_name, s: {{const: x}}}}\n"
    found = _found(tmp_path, sys__things=text)
    assert _texts(found) == []
    (warning,) = _texts(found, warnings=True)
    assert warning.startswith("sys/things.yaml:6: full_name: is written to the system, but no `in` of it reads it back")


def test_unsound_files_when_loaded_then_refused_with_the_same_text(tmp_path: Path) -> None:
    files = {"sys__things": THING + IN}
    expected = _texts(_found(tmp_path, **files))
    with pytest.raises(ConfigError) as caught:
        load_mappings([tmp_path], KINDS, {}, _connectors())
    assert str(caught.value).splitlines() == expected


def test_mapping_check_when_a_file_is_faulty_then_says_where_and_ends_with_1(tmp_path: Path) -> None:
    site = write(tmp_path, webhook__customers="kind: customer\nfrom: webhook/customers\nid: id\nin: {notes: a}\n")
    done = CliRunner().invoke(command, ["check", str(site)])
    assert done.exit_code == 1
    assert "webhook/customers.yaml:4: notes: no such field" in done.stdout
    done = CliRunner().invoke(command, ["check", str(site / "webhook" / "customers.yaml"), "--json"])
    said = json.loads(done.stdout)
    assert (done.exit_code, said["faults"]) == (1, 1)
    assert said["found"][-1] | {"text": ""} == {
        "severity": "fault", "file": "customers.yaml", "line": 4, "field": "notes", "text": "",
    }  # fmt: skip


def test_mapping_check_when_all_is_well_then_counts_and_ends_with_0() -> None:
    done = CliRunner().invoke(command, ["check", "--json"])
    said = json.loads(done.stdout)
    assert (done.exit_code, said["faults"]) == (0, 0)
    assert said["files"] > 10
