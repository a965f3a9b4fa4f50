"""The JSON Schema of mapping files, for editors."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from hub.model.kinds import KINDS
from hub.rules.mapping.beside import EACH_WORDS, OBJECT_WORDS, VALUE_WORDS
from hub.rules.mapping.document import Report, read_document
from hub.rules.mapping.fileschema import file_schema
from hub.rules.mapping.records import ALSO_WORDS, FILE_WORDS
from hub.rules.transforms import TRANSFORMS

FOLDER = Path(__file__).parents[2] / "mappings"
SCHEMA = file_schema(KINDS, TRANSFORMS)
TYPES = {"string": str, "object": dict, "array": list, "boolean": bool}


def _is_valid(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a value fits: the words of JSON Schema that this schema uses, each as the standard says."""
    unknown = schema.keys() - _CHECKS.keys() - {"$schema", "$defs", "title", "description", "then", "properties"}
    assert not unknown, unknown
    return all(_CHECKS[word](value, inner, schema) for word, inner in schema.items() if word in _CHECKS)


def _fits_type(value: Any, named: Any, _: Any) -> bool:
    return any(isinstance(value, TYPES[name]) for name in ([named] if isinstance(named, str) else named))


def _members(value: Any, rest: Any, schema: Any) -> bool:
    if not isinstance(value, dict):
        return True
    known = schema.get("properties", {})
    if any(name in known and not _is_valid(one, known[name]) for name, one in value.items()):
        return False
    others = [one for name, one in value.items() if name not in known]
    return not others if rest is False else rest is True or all(_is_valid(one, rest) for one in others)


_CHECKS: dict[str, Any] = {
    "$ref": lambda v, ref, _: _is_valid(v, SCHEMA["$defs"][ref.rpartition("/")[2]]),
    "type": _fits_type,
    "const": lambda v, const, _: v == const,
    "enum": lambda v, words, _: v in words,
    "anyOf": lambda v, inner, _: any(_is_valid(v, one) for one in inner),
    "oneOf": lambda v, inner, _: sum(_is_valid(v, one) for one in inner) == 1,
    "allOf": lambda v, inner, _: all(_is_valid(v, one) for one in inner),
    "not": lambda v, inner, _: not _is_valid(v, inner),
    "required": lambda v, names, _: not isinstance(v, dict) or all(name in v for name in names),
    "additionalProperties": _members,
    "propertyNames": lambda v, inner, _: not isinstance(v, dict) or all(_is_valid(name, inner) for name in v),
    "items": lambda v, inner, _: not isinstance(v, list) or all(_is_valid(one, inner) for one in v),
    "pattern": lambda v, pattern, _: not isinstance(v, str) or bool(re.search(pattern, v)),
    "minLength": lambda v, least, _: not isinstance(v, str) or len(v) >= least,
    "minItems": lambda v, least, _: not isinstance(v, list) or len(v) >= least,
    "minProperties": lambda v, least, _: not isinstance(v, dict) or len(v) >= least,
    "maxProperties": lambda v, most, _: not isinstance(v, dict) or len(v) <= most,
    "if": lambda v, inner, schema: not _whole(v, inner) or _whole(v, schema["then"]),
}


def _whole(value: Any, schema: dict[str, Any]) -> bool:
    return _is_valid(value, {"additionalProperties": True, **schema})


def _plain(text: str) -> Any:
    entry = read_document(text, Report("x"))
    assert entry is not None
    return entry.plain


def test_schema_of_mapping_files_when_generated_then_the_one_in_the_repository_is_current() -> None:
    generated = json.dumps(SCHEMA, indent=1, ensure_ascii=False) + "\n"
    assert (FOLDER / "schema.json").read_text(encoding="utf-8") == generated, (
        "write it anew: python -m hub.rules.mapping.fileschema > mappings/schema.json"
    )


def test_schema_when_compared_with_what_is_read_then_has_every_word() -> None:
    parts = SCHEMA["$defs"]
    assert set(SCHEMA["properties"]) == FILE_WORDS
    assert set(parts["also"]["properties"]) == ALSO_WORDS
    assert set(parts["value"]["anyOf"][1]["properties"]) == VALUE_WORDS
    assert set(parts["each"]["properties"]) == EACH_WORDS
    assert set(parts["object"]["properties"]) == OBJECT_WORDS


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(FOLDER.rglob("*.yaml")) if path.parent.name not in ("policies", "lookups", "matching")],
)
def test_schema_when_a_shipped_file_is_checked_then_valid(path: Path) -> None:
    assert _whole(_plain(path.read_text(encoding="utf-8")), SCHEMA)


HEAD = "kind: order\nfrom: sys/things\nid: id\n"


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ("in: {lines: {each: items, when: {path: a, present: true}, title: t, tax_lines: {each: x, name: n}}}", True),
        ("in: {discounts: [{code: a, amount: {path: b, to: [blank, {money: CNY}]}}, {each: c, fields: {code: d}}]}", True),
        ("in: {state: {path: s, lookup: {1: open}, unknown: null, default: open}, addresses.shipping: {path: a, city: b}}", True),
        ("partial: [state]\nnulls: ignore\nin: canonical\nout: {a: {first: [{const: 1, when: {path: x, equals: 2}}, b]}}", True),
        ("inn: {}", False),
        ("in: {nosuch: a}", False),
        ("in: {number: 5}", False),
        ("in: {number: {path: a, const: 5}}", False),
        ("in: {number: {path: a, when: {path: b, is: 5}}}", False),
        ("in: {lines: {each: 5, title: t}}", False),
        ("nulls: drop\nin: {number: a}", False),
    ],
)  # fmt: skip
def test_schema_when_a_file_is_checked_then_as_the_hub_would(text: str, is_valid: bool) -> None:
    assert _whole(_plain(HEAD + text), SCHEMA) is is_valid
