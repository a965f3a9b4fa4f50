"""A kind's declaration as JSON Schema."""

from __future__ import annotations

from typing import Any, Literal

from hub.model.kind import Field, Kind
from hub.model.money import EXPONENTS

Json = dict[str, Any]
Language = Literal["zh", "en"]

_AMOUNT: Json = {
    "type": "object",
    "required": ["amount", "currency"],
    "additionalProperties": False,
    "properties": {
        "amount": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
        "currency": {"enum": sorted(EXPONENTS)},
    },
}
_REFERENCE: Json = {
    "type": "object",
    "required": ["connection", "object_type", "external_id"],
    "additionalProperties": False,
    "properties": {name: {"type": "string"} for name in ("connection", "object_type", "external_id")},
}
_PLAIN: dict[str, Json] = {
    "text": {"type": "string"},
    "money": _AMOUNT,
    "unit_price": _AMOUNT,
    "decimal": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "time": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "ref": _REFERENCE,
}


def json_schema(kind: Kind, language: Language = "en") -> Json:
    """JSON Schema (2020-12) of a kind's canonical data, with what the hub computes marked `readOnly`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": getattr(kind.title, language),
        "description": getattr(kind.help, language),
        **_object(kind.fields, language),
    }


def _object(fields: tuple[Field, ...], language: Language) -> Json:
    shape: Json = {
        "type": "object",
        "additionalProperties": False,
        "properties": {field.name: _described(field, language) for field in fields},
    }
    required = [field.name for field in fields if field.required]
    return {**shape, "required": required} if required else shape


def _described(field: Field, language: Language) -> Json:
    shape = {**_shape(field, language), "description": getattr(field.help, language)}
    if not field.required and "type" in shape:
        shape["type"] = [shape["type"], "null"]
    if field.example is not None:
        shape["examples"] = [field.example]
    if field.derived:
        shape["readOnly"] = True
    return shape


def _shape(field: Field, language: Language) -> Json:
    if field.type == "object":
        return _object(field.fields, language)
    if field.type in ("list", "map"):
        element = _object(field.fields, language) if field.fields else _plain(field, field.of)
        if field.type == "list":
            return {"type": "array", "items": element}
        return {"type": "object", "additionalProperties": element}
    return _plain(field, field.type)


def _plain(field: Field, type_: str) -> Json:
    if type_ == "enum":
        return {"enum": list(field.choices) + ([] if field.required else [None])}
    return dict(_PLAIN[type_])
