"""The two ways to canonical form agree: the compiled mapping of the hot path, and the schema of the edges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from hub.errors import RecordError
from hub.model.kind import Field, Kind
from hub.model.kinds import KINDS
from hub.model.schema import Plurals, schema_of
from hub.rules.mapping import MapContext, load_mappings

MAPPINGS = load_mappings([Path(__file__).parents[2] / "mappings"], KINDS, {}, ("webhook",))
PLURALS = Plurals({kind.name: kind.plural for kind in KINDS.values()})
CONTEXT = MapContext("shop", "thing.updated", 1_790_000_000_000_000)

TEXTS = st.one_of(
    st.sampled_from(["", " ", "A1", "李雷", " ann@Example.com ", "138 1234 5678", "138****1234"]), st.text(max_size=6)
)
JUNK = st.sampled_from(
    [None, True, 0, -3, 1.5, 10**20, "x", "a\x00b", "\ud800", [], {}, [None], ["x", "x", 1], {"a": None}, [[]]]
)
NUMBERS = st.one_of(
    st.integers(-(10**6), 10**6),
    st.decimals(-1000, 1000, places=3).map(str),
    st.floats(-1000, 1000, allow_nan=False).map(lambda x: round(x, 4)),
    st.sampled_from(["-0.00", "007.10", "1e5", "12.", ".5", "NaN", float("nan"), "１２", "12.3400", "1" * 16]),
)
MONEY = st.fixed_dictionaries(
    {"amount": NUMBERS, "currency": st.sampled_from(["CNY", "JPY", "KWD", "cny", "XXX", None, 5])}
)
TIMES = st.sampled_from(
    ["2026-11-22T00:30:05Z", "2026-11-22T08:30:05.5+08:00", "2026-11-22T00:30:05.123456Z", "2026-11-22 08:30:05",
     "2026-02-30T00:00:00Z", "2026-11-22", "0001-01-01T00:00:00+08:00", "2026-11-22t00:30:05z"]
)  # fmt: skip
DATES = st.sampled_from(["2026-11-22", "2024-02-29", "2025-02-29", "20261122", "2026-W01-1"])
REFERENCES = st.one_of(
    st.integers(1, 99),
    TEXTS,
    st.fixed_dictionaries({"external_id": TEXTS}, optional={"connection": TEXTS, "object_type": TEXTS, "x": TEXTS}),
)
PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXTS,
    "money": MONEY,
    "unit_price": MONEY,
    "decimal": NUMBERS,
    "integer": st.integers(-(2**64), 2**64),
    "boolean": st.booleans(),
    "time": TIMES,
    "date": DATES,
    "ref": REFERENCES,
}
AMOUNTS = st.one_of(st.integers(-(10**9), 10**9), st.decimals(-1000, 1000, places=2).map(str))
GOOD_MONEY = st.fixed_dictionaries({"amount": AMOUNTS, "currency": st.sampled_from(["CNY", "KWD"])})
GOOD_TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs"]), min_size=1, max_size=6), st.integers(0, 9)
)
GOOD: dict[str, st.SearchStrategy[Any]] = {
    "text": GOOD_TEXTS,
    "money": GOOD_MONEY,
    "unit_price": GOOD_MONEY,
    "decimal": st.one_of(AMOUNTS, st.floats(-1000, 1000).map(lambda x: round(x, 4))),
    "integer": st.integers(-(2**40), 2**40),
    "boolean": st.booleans(),
    "time": st.datetimes().map(lambda t: t.isoformat() + "Z"),
    "date": st.dates().map(str),
    "ref": st.one_of(
        GOOD_TEXTS, st.fixed_dictionaries({"external_id": GOOD_TEXTS}, optional={"connection": st.just("pos")})
    ),
}


def _plain(field: Field, type_: str, *, is_good: bool) -> st.SearchStrategy[Any]:
    if type_ == "enum":
        return st.sampled_from(field.choices)
    if field.format:
        return st.sampled_from(["CNY", "EUR"] if is_good else ["CNY", "eur"])
    if is_good and field.name == "country":
        return st.sampled_from(["CN", "de"])
    return (GOOD if is_good else PLAIN)[type_]


def _values(field: Field, *, is_good: bool) -> st.SearchStrategy[Any]:
    """Values that fit the field, nearly; when not `is_good`, also junk."""
    element = _object(field.fields, is_good=is_good) if field.fields else _plain(field, field.of, is_good=is_good)
    if field.type == "list":
        made: st.SearchStrategy[Any] = st.lists(element, max_size=3)
    elif field.type == "map":
        made = st.dictionaries(GOOD_TEXTS.map(str), element, max_size=2)
    elif field.type == "object":
        made = element
    else:
        made = _plain(field, field.type, is_good=is_good)
    if is_good:
        return made if field.required else st.one_of(made, made, made, st.none())
    return st.one_of(made, made, made, made, made, made, made, st.none(), JUNK)


def _object(fields: tuple[Field, ...], *, is_good: bool) -> st.SearchStrategy[dict[str, Any]]:
    always = {field.name: _values(field, is_good=is_good) for field in fields if field.required}
    maybe = {
        field.name: _values(field, is_good=is_good) for field in fields if not field.required and not field.derived
    }
    return st.fixed_dictionaries(always, optional=maybe)


def _compiled(kind: Kind, data: dict[str, Any]) -> Any:
    mapping = MAPPINGS.inbound("webhook", kind.plural)
    assert mapping is not None
    body = {"type": "thing.updated", "timestamp": "2026-11-22T00:30:05Z", "data": {"id": "1", **data}}
    try:
        (draft,) = mapping.map(body, CONTEXT)
    except RecordError:
        return "refused"
    # A member that nobody declares is kept aside by a mapping and refused at an edge.
    return "refused" if draft.extensions else draft.asserted


def _schema(kind: Kind, data: dict[str, Any]) -> Any:
    try:
        return schema_of(kind, partial=True, connection="shop", plurals=PLURALS).load(data)
    except ValidationError:
        return "refused"


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(chosen=st.data())
def test_compiled_equals_schema(name: str, chosen: st.DataObject) -> None:
    kind = KINDS[name]
    data = chosen.draw(st.booleans().flatmap(lambda is_good: _object(kind.fields, is_good=is_good)))
    before = repr(data)
    assert _compiled(kind, data) == _schema(kind, data)
    assert repr(data) == before, "the payload was changed in place"


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(chosen=st.data())
def test_good_values_when_mapped_twice_then_taken_and_unchanged(name: str, chosen: st.DataObject) -> None:
    kind = KINDS[name]
    once = _compiled(kind, chosen.draw(_object(kind.fields, is_good=True)))
    assert once != "refused"
    assert _compiled(kind, once) == once
