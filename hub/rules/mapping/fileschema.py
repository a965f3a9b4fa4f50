"""JSON Schema of the mapping file format, for editors: `mappings/schema.json` is what this gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from hub.model.kind import Field, Kind
from hub.rules.mapping.canonical import WORD
from hub.rules.mapping.conditions import OPERATORS
from hub.rules.mapping.narrow import NAME
from hub.rules.mapping.records import NULLS
from hub.rules.mapping.spec import Operator
from hub.rules.mapping.tables import UNKNOWN_WORDS

Json = dict[str, Any]

_PATH: Json = {
    "type": "string",
    "minLength": 1,
    "description": "Where the value stands: customer.id, lines[0].sku, ^id",
}
_PATHS: Json = {"anyOf": [{"$ref": "#/$defs/path"}, {"type": "array", "items": {"$ref": "#/$defs/path"}}]}
_NAMES: Json = {"type": "array", "items": {"type": "string"}}
_CONNECTIONS: Json = {
    "type": "array",
    "minItems": 1,
    "items": {"type": "string", "pattern": NAME},
    "description": "The connections it is for, by name or pattern (till-*); without it, all that no other file names",
}
_NODE: Json = {"$ref": "#/$defs/node"}
_VALUE: Json = {"$ref": "#/$defs/value"}
_WHEN: Json = {"$ref": "#/$defs/when"}
_SHAPES: list[Json] = [{"$ref": "#/$defs/each"}, {"$ref": "#/$defs/object"}]
_MEMBERS: Json = {"type": "object", "additionalProperties": _NODE}


def file_schema(kinds: Mapping[str, Kind], transforms: Mapping[str, Any]) -> Json:
    """The schema of one file. Kinds and transforms of plugins are not refused: the names listed are hints."""
    record = _record_words(kinds)
    file = {
        "from": {"type": "string", "pattern": "^[^/]+/[^@]+$"},
        "connections": _CONNECTIONS,
        "root": {"$ref": "#/$defs/path"},
        **record,
    }
    file["out"] = {"anyOf": [{"const": WORD}, {**_MEMBERS, "properties": {"when": _WHEN}}]}
    file["holds"] = {
        **_MEMBERS,
        "description": "Canonical fields as the system will say them itself once it holds them",
    }
    also = {
        "each": {"$ref": "#/$defs/path"},
        "path": {"$ref": "#/$defs/path"},
        "use": {"type": "string", "description": "Another file's `from`, or its place without .yaml"},
        **record,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Mapping file of Retail Hub",
        "type": "object",
        "required": ["kind"],
        "additionalProperties": False,
        "properties": file,
        "allOf": [_fields_of(kind) for kind in kinds.values()],
        "$defs": {
            "path": _PATH,
            "when": _conditions(),
            "step": _steps(transforms),
            "value": _values(),
            "each": _each(),
            "object": _object(),
            "node": {"anyOf": [_VALUE, *_SHAPES, {"type": "array", "minItems": 1, "items": {"anyOf": _SHAPES}}]},
            "also": {"type": "object", "additionalProperties": False, "properties": also},
        },
    }


def _record_words(kinds: Mapping[str, Kind]) -> Json:
    return {
        "kind": {"anyOf": [{"enum": [*kinds, "*"]}, {"type": "string"}]},
        "object_type": {"type": "string", "description": "The system's word for the record; the stream when not given"},
        "id": {**_PATHS, "description": "The record's id at its system; several parts are joined with a colon"},
        "version": {**_VALUE, "description": "What orders the versions of a record: a sequence or a time"},
        "at": {**_VALUE, "description": "When the source says it changed"},
        "when": _WHEN,
        "partial": {
            "anyOf": [{"type": "boolean"}, _NAMES],
            "description": "The source may send only what changed; a list: it says something about these fields alone",
        },
        "nulls": {"enum": list(NULLS), "description": "What null says: that the field was cleared, or nothing"},
        "ignore": {**_NAMES, "description": "Source fields that are not kept as extensions"},
        "extensions": {"type": "boolean", "description": "Keep source fields that nothing maps (true when not given)"},
        "delete_topics": {**_NAMES, "description": "Topics that say it is gone; * stands for anything"},
        "deletes": {**_WHEN, "description": "Conditions on the payload that say it is gone"},
        "superseded_by": {**_VALUE, "description": "The id of the record it was merged into, at its system"},
        "in": {"anyOf": [{"const": WORD}, _MEMBERS]},
        "also": {"type": "array", "items": {"$ref": "#/$defs/also"}},
    }


def _conditions() -> Json:
    operators: Json = {name: {} for name in get_args(Operator)}
    operators["in"] = operators["not_in"] = {"type": "array"}
    operators["present"] = operators["given"] = {"type": "boolean"}
    one = {
        "type": "object",
        "required": ["path"],
        "minProperties": 2,
        "additionalProperties": False,
        "properties": {"path": {"$ref": "#/$defs/path"}, **{name: operators[name] for name in OPERATORS}},
    }
    return {"anyOf": [one, {"type": "array", "items": one}]}


def _steps(transforms: Mapping[str, Any]) -> Json:
    called = {"type": "object", "minProperties": 1, "maxProperties": 1}
    step = {"anyOf": [{"enum": sorted(transforms)}, {"type": "string"}, called]}
    return {"anyOf": [step, {"type": "array", "items": step}]}


def _values() -> Json:
    unknown = {"anyOf": [{"enum": [*UNKNOWN_WORDS, None]}, {"type": "object", "required": ["const"]}]}
    words: Json = {
        "path": _PATHS,
        "paths": {"type": "array", "items": {"$ref": "#/$defs/path"}, "minItems": 1},
        "const": {},
        "first": {"type": "array", "items": _VALUE},
        "ref": {"description": "Object type of the record referred to; going out, any value"},
        "required": {"type": "boolean", "description": "Going out, wait until the record referred to is there"},
        "to": {"$ref": "#/$defs/step"},
        "lookup": {"type": ["string", "object"], "description": "A table, or the name of one in lookups/"},
        "reverse": {"type": "boolean", "description": "Read the table backwards: each value may stand in it once"},
        "unknown": unknown,
        "default": {},
        "when": _WHEN,
    }
    sources = [{"required": [name]} for name in ("path", "paths", "const", "first")]
    whole = {"type": "object", "additionalProperties": False, "properties": words, "oneOf": sources}
    return {"anyOf": [_PATHS, whole]}


def _each() -> Json:
    words: Json = {"each": {"$ref": "#/$defs/path"}, "when": _WHEN, "fields": _MEMBERS, "item": _VALUE}
    return {
        "type": "object",
        "description": "A list with one element for each of the source's; `item` where they are plain values",
        "required": ["each"],
        "properties": words,
        "additionalProperties": _NODE,
    }


def _object() -> Json:
    return {
        "type": "object",
        "description": "An object of members, which are read below `path` when it is given; `fields` holds members of any name",
        "properties": {"path": {"$ref": "#/$defs/path"}, "when": _WHEN, "fields": _MEMBERS},
        "additionalProperties": _NODE,
        "not": {"anyOf": [{"required": [word]} for word in ("each", "const", "first", "paths")]},
    }


def _fields_of(kind: Kind) -> Json:
    """Offers the kind's fields to whoever writes its `in`."""
    pattern = "|".join(field.name for field in kind.fields if not field.derived)
    fields = {field.name: {**_NODE, "description": _help(field)} for field in kind.fields if not field.derived}
    members = {"properties": fields, "propertyNames": {"pattern": f"^({pattern})(\\..+)?$"}}
    return {
        "if": {"properties": {"kind": {"const": kind.name}}, "required": ["kind"]},
        "then": {"properties": {"in": {"anyOf": [{"const": WORD}, members]}}},
    }


def _help(field: Field) -> str:
    return f"{field.help.en} ({field.type})"


if __name__ == "__main__":
    import json
    import sys

    from hub.model.kinds import KINDS
    from hub.rules.transforms import TRANSFORMS

    sys.stdout.write(json.dumps(file_schema(KINDS, TRANSFORMS), indent=1, ensure_ascii=False) + "\n")
