"""compiled_equals_schema over the whole language: any file, any payload, in both directions."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from hub.errors import ConfigError, RecordError
from hub.model.kind import Field, Kind
from hub.model.kinds import KINDS
from hub.model.schema import Plurals, schema_of
from hub.rules.mapping import MapContext, MappingSet, load_mappings
from tests.fixtures.mapping_oracle import Oracle, RefusedError

PLURALS = Plurals({kind.name: kind.plural for kind in KINDS.values()})
CONTEXT = MapContext("shop", "things", 1_790_000_000_000_000)
NAMES = st.sampled_from("abcd")
PATHS = st.one_of(
    NAMES, NAMES, NAMES, st.tuples(NAMES, NAMES).map(".".join), st.sampled_from(["l[0].a", "l[-1]", "l[1].b"])
)
MONEY = {"amount": "1.50", "currency": "CNY"}
LEAVES = st.sampled_from(
    [None, None, "", " ", "A", "open", "x,y", "1", "1.50", "CNY", "2026-11-22", "2026-11-22T08:30:05+08:00", "2026-11-22 08:30:05",
     0, 1, 7, 1.5, True, False, MONEY, {"external_id": "9"}, "\ud800", 10**20, "male", "李"]
)  # fmt: skip
OBJECTS = st.dictionaries(NAMES, st.one_of(LEAVES, LEAVES, st.dictionaries(NAMES, LEAVES, max_size=3)), max_size=4)
LISTS = st.lists(st.one_of(OBJECTS, OBJECTS, OBJECTS, LEAVES), max_size=3)
PAYLOADS = st.fixed_dictionaries(
    {},
    optional={**dict.fromkeys("abcd", st.one_of(LEAVES, LEAVES, OBJECTS)), "l": LISTS, "m": st.one_of(LISTS, LEAVES)},
)
STEPS = st.sampled_from(
    ["strip", "blank", "lower", "text", "decimal", "integer", "boolean", "date", "split", "listed", "is_present", "first",
     {"prefix": {"before": "p"}}, {"money": {"currency": "CNY"}}, {"money": {"currency": {"path": "b"}}},
     {"timestamp": {"zone": "+08:00"}}, {"unit_price": {"currency": {"path": "c.a"}}}]
)  # fmt: skip
FITTING: dict[str, list[Any]] = {
    "money": [{"money": {"currency": "CNY"}}],
    "unit_price": [{"unit_price": {"currency": "CNY"}}],
    "time": [{"timestamp": {"zone": "+08:00"}}],
    "boolean": ["boolean"],
    "integer": ["integer"],
}
LITERALS: dict[str, Any] = {
    "text": "t", "money": MONEY, "unit_price": MONEY, "decimal": "2", "integer": 3, "boolean": True,
    "time": "2026-11-22T00:30:05Z", "date": "2026-11-22",
}  # fmt: skip
CONDITIONS = st.one_of(
    st.builds(lambda path, value: {"path": path, "equals": value}, PATHS, st.sampled_from([None, "A", 1, True])),
    st.builds(lambda path, value: {"path": path, "not_in": value}, PATHS, st.sampled_from([[1, "A"], []])),
    st.builds(lambda path, value, word: {"path": path, word: value}, PATHS, st.booleans(), st.sampled_from(["present", "given"])),
)  # fmt: skip
WHEN = st.one_of(CONDITIONS, st.lists(CONDITIONS, min_size=1, max_size=2))


def _literal(field: Field) -> Any:
    return "CNY" if field.format else field.choices[0] if field.choices else LITERALS.get(field.type)


@st.composite
def values(draw: st.DrawFn, field: Field | None, depth: int = 0) -> Any:
    """One value node. `field` None: going out."""
    up = "^" * draw(st.integers(0, 1)) if depth else ""
    path = up + draw(PATHS)
    form = draw(st.sampled_from(["path", "path", "list", "words", "words", "words", "const", "first"]))
    literal = _literal(field) if field is not None else draw(st.sampled_from(["k", 5, None]))
    if form == "path":
        return path
    if form == "list":
        return [path, draw(PATHS)]
    if form == "const" and literal is not None:
        return {"const": literal}
    if form == "first":
        inner = [draw(values(field, depth)) for _ in range(2)]
        return {"first": [{"path": one} if isinstance(one, (str, list)) else one for one in inner]}
    return draw(_words(field, path, literal))


@st.composite
def _words(draw: st.DrawFn, field: Field | None, path: str, literal: Any) -> Any:
    node: dict[str, Any] = {"path": path}
    if draw(st.integers(0, 7)) == 0:
        node = {"paths": [path, draw(PATHS)]}
    if field is not None and field.type == "ref":
        node |= {"ref": "members"} if draw(st.booleans()) else {"ref": True}
    elif draw(st.booleans()):
        fitting = FITTING.get(field.type, []) if field is not None else []
        node["to"] = fitting if fitting and draw(st.booleans()) else draw(st.lists(STEPS, min_size=1, max_size=2))
    if literal is not None and not (field and field.type == "ref") and draw(st.integers(0, 2)) == 0:
        node["lookup"] = {"A": literal, "1": literal, **({"true": literal} if draw(st.booleans()) else {})}
        node["unknown"] = draw(st.sampled_from(["error", "keep", "null", "absent", {"const": literal}]))
    if literal is not None and draw(st.integers(0, 3)) == 0:
        node["default"] = literal
    if draw(st.integers(0, 3)) == 0:
        node["when"] = draw(WHEN)
    return node


@st.composite
def nodes(draw: st.DrawFn, field: Field, depth: int = 0) -> Any:
    """A node of any form that fits the field."""
    if field.type == "object":
        node = draw(_members(field, depth + 1))
        if draw(st.booleans()):
            node["path"] = draw(NAMES)
        if draw(st.integers(0, 3)) == 0:
            node["when"] = draw(WHEN)
        return node
    if field.type == "list" and field.fields:
        if draw(st.booleans()):
            return [draw(_entry(field, depth + 1)) for _ in range(draw(st.integers(1, 2)))]
        return draw(_each(field, depth + 1))
    if field.type == "list" and draw(st.booleans()):
        return {
            "each": draw(st.sampled_from("lm")),
            "item": draw(st.sampled_from([".", "a", {"path": "b", "to": "text"}])),
        }
    return draw(values(field, depth))


@st.composite
def _entry(draw: st.DrawFn, field: Field, depth: int) -> Any:
    node = draw(_each(field, depth)) if draw(st.booleans()) else draw(_members(field, depth))
    if "each" not in node and draw(st.booleans()):
        node["path"] = draw(NAMES)
    return node


@st.composite
def _each(draw: st.DrawFn, field: Field, depth: int) -> Any:
    node = {"each": draw(st.sampled_from("lm")), **draw(_members(field, depth))}
    if draw(st.integers(0, 3)) == 0:
        node["when"] = draw(WHEN)
    return node


@st.composite
def _members(draw: st.DrawFn, field: Field, depth: int) -> dict[str, Any]:
    simple = [one for one in field.fields if not one.derived and (depth < 3 or not one.fields)]
    needed = [one for one in simple if one.required]
    chosen = draw(st.lists(st.sampled_from(simple), min_size=1, max_size=3, unique_by=lambda one: one.name))
    names = {one.name: one for one in [*needed, *chosen] if one.name not in ("path", "when")}
    return {name: draw(nodes(one, depth)) for name, one in names.items()}


KIND_NAMES = st.sampled_from(["order", "customer", "payment", "product", "purchase_order"])


@st.composite
def incoming(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A kind and what stands below `in`."""
    kind = KINDS[draw(KIND_NAMES)]
    fields = [one for one in kind.fields if not one.derived and one.type != "map"]
    chosen = draw(st.lists(st.sampled_from(fields), min_size=1, max_size=3, unique_by=lambda one: one.name))
    return kind.name, {one.name: draw(nodes(one)) for one in chosen}


def _load(document: dict[str, Any]) -> MappingSet:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "thing.yaml").write_text(json.dumps(document), encoding="utf-8")
        try:
            return load_mappings([Path(folder)], KINDS, {})
        except ConfigError as error:
            faults = str(error).splitlines()
    # A file that contradicts itself is refused, and proves nothing here.
    strange = [fault for fault in faults if not any(text in fault for text in REFUSED)]
    assert strange == []
    assume(False)
    raise AssertionError


REFUSED = ("never holds", "is never looked at", "told apart", "an object of members")


def _meant(kind: Kind, written: dict[str, Any], payload: Any) -> Any:
    try:
        raw = Oracle(payload).members(written, kind.fields)
        return schema_of(kind, partial=True, connection="shop", plurals=PLURALS).load(raw)
    except (RefusedError, ValidationError):
        return "refused"


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(chosen=incoming(), payloads=st.lists(PAYLOADS, min_size=1, max_size=4))
def test_compiled_equals_schema_when_any_file_maps_any_payload(
    chosen: tuple[str, dict[str, Any]], payloads: list[dict[str, Any]]
) -> None:
    kind, written = KINDS[chosen[0]], chosen[1]
    found = _load({"kind": kind.name, "from": "sys/things", "id": "id", "partial": True, "in": written})
    mapping = found.inbound("sys", "things")
    assert mapping is not None
    for payload in payloads:
        whole = {"id": 1, **payload}
        before = repr(whole)
        try:
            made: Any = mapping.map(whole, CONTEXT)[0].asserted
        except RecordError as error:
            made = "refused"
            # What nothing maps is kept aside, and may be what cannot be stored.
            if any("without a mapping" in problem.message for problem in error.problems):
                continue
        assert made == _meant(kind, written, whole), mapping.source
        assert repr(whole) == before, "the payload was changed in place"


DATA = st.fixed_dictionaries(
    {},
    optional={
        "number": LEAVES,
        "staff_note": LEAVES,
        "state": st.sampled_from(["open", "completed", "cancelled", None]),
        "customer": st.sampled_from([{"connection": "pos", "object_type": "customers", "external_id": "7"}, None]),
        "totals": st.one_of(st.none(), st.dictionaries(st.sampled_from(["total", "tax"]), st.just(MONEY))),
        "addresses": st.fixed_dictionaries(
            {}, optional={"shipping": st.just({"city": "上海市"}), "billing": st.just({})}
        ),
        "lines": st.lists(
            st.fixed_dictionaries(
                {"title": st.just("茶")},
                optional={
                    "sku": st.sampled_from(["T", "5"]),
                    "total": st.just(MONEY),
                    "options": st.just({"规格": "250g"}),
                },
            ),
            max_size=3,
        ),
    },
)
SHOWN = st.sampled_from(
    ["number", "staff_note", "state", "totals.total", "totals.tax.amount", "addresses.shipping.city", "lines[0].sku", "lines[-1].total"]
)  # fmt: skip
SHOWN_STEPS = st.sampled_from(
    ["text", "strip", "blank", "major_of", "minor_of", "number", "is_present", "listed", "first"]
)
SHOWN_WHEN = st.builds(
    lambda path, word, value: {"path": path, word: value}, SHOWN, st.sampled_from(["present", "given"]), st.booleans()
)
STATES = {"o": "open", "c": "completed", "x": "cancelled"}


@st.composite
def _out_value(draw: st.DrawFn, paths: st.SearchStrategy[str]) -> Any:
    path = draw(paths)
    form = draw(st.sampled_from(["path", "list", "const", "words", "words", "lookup", "ref", "paths", "first"]))
    if form == "path":
        return path
    if form == "list":
        return [path, draw(paths)]
    if form == "const":
        return {"const": draw(st.sampled_from(["k", 5, None, True]))}
    if form == "ref":
        return {"path": "customer", "ref": "people"} if path in ("number", "state") else path
    if form == "paths":
        return {"paths": [path, draw(paths)], "to": draw(st.sampled_from(["join", "first_filled", "json_text"]))}
    if form == "first":
        return {
            "first": [
                {"path": path, "when": draw(SHOWN_WHEN)} if path in ("number", "state") else {"path": path},
                {"path": path},
            ]
        }
    if form == "lookup" and path == "state":
        reverse: dict[str, Any] = {"path": "state", "lookup": STATES, "reverse": True}
        forward: dict[str, Any] = {
            "path": "state",
            "lookup": {"open": 1},
            "unknown": draw(st.sampled_from(["null", "absent", "keep"])),
        }
        return draw(st.sampled_from([reverse, forward]))
    node: dict[str, Any] = {"path": path, "to": draw(st.lists(SHOWN_STEPS, min_size=1, max_size=2))}
    if draw(st.booleans()):
        node["default"] = "d"
    return node


LINE_PATHS = st.sampled_from(["sku", "title", "total.amount", "options.size", "^number", "^totals.tax", "."])


@st.composite
def outgoing(draw: st.DrawFn) -> dict[str, Any]:
    """What stands below `out` of an order."""
    found: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from("uvwxyz"), min_size=1, max_size=3, unique=True)):
        form = draw(st.sampled_from(["value", "value", "object", "each", "elements", "item"]))
        inner = st.dictionaries(st.sampled_from("pqr"), _out_value(SHOWN), min_size=1, max_size=2)
        line = st.dictionaries(st.sampled_from("pqr"), _out_value(LINE_PATHS), min_size=1, max_size=2)
        if form == "value":
            found[name] = draw(_out_value(SHOWN))
        elif form == "object":
            found[name] = {
                **draw(inner),
                **({"when": draw(SHOWN_WHEN)} if draw(st.booleans()) else {}),
                "s": {"t": draw(SHOWN)},
            }
        elif form == "each":
            keep = {"when": {"path": "sku", "present": True}} if draw(st.booleans()) else {}
            found[name] = {"each": "lines", **draw(line), **keep}
        elif form == "elements":
            found[name] = [draw(inner), {"each": "lines", **draw(line)}, {"path": "addresses.shipping", "town": "city"}]
        else:
            found[name] = {"each": "lines", "item": draw(st.sampled_from(["sku", {"path": "total", "to": "minor_of"}]))}
    return found


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(written=outgoing(), records=st.lists(DATA, min_size=1, max_size=4), is_there=st.booleans())
def test_projection_when_any_file_shows_any_record_then_as_the_file_says(
    written: dict[str, Any], records: list[dict[str, Any]], is_there: bool
) -> None:
    mapping = _load({"kind": "order", "from": "sys/things", "out": written}).outbound("sys", "order")
    assert mapping is not None

    def resolve(key: dict[str, Any]) -> str | None:
        return f"P{key['external_id']}" if is_there else None

    for record in records:
        before = repr(record)
        try:
            meant: Any = Oracle(record, resolve).members(written, None)
        except RefusedError:
            meant = "refused"
        try:
            shown: Any = mapping.project(record, resolve)
        except RecordError:
            shown = "refused"
        assert shown == meant, mapping.source
        assert repr(record) == before, "the record was changed in place"
