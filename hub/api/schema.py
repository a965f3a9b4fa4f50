"""What OpenAPI says of golden records: one schema per kind, straight from its declaration."""

from __future__ import annotations

from typing import Any

from apispec import APISpec

from hub.model.kind import Field, Kind

Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_SHARED: dict[str, Json] = {
    "Money": {
        "type": "object",
        "required": ["amount", "currency"],
        "properties": {
            "amount": {"type": "string", "description": "Decimal, with the currency's digits", "example": "12.30"},
            "currency": {"type": "string", "description": "ISO 4217", "example": "CNY"},
        },
    },
    "Reference": {
        "type": "object",
        "description": "A record by its key at its source; `id`: its golden record now, null when not seen yet",
        "required": ["connection", "object_type", "external_id"],
        "properties": {
            "connection": {**_TEXT, "example": "shop"},
            "object_type": {**_TEXT, "example": "customers"},
            "external_id": {**_TEXT, "example": "7064"},
            "id": {**_TEXT, "nullable": True, "example": "cus_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1"},
        },
    },
    "Source": {
        "type": "object",
        "description": "A record of one system that belongs to the golden record",
        "properties": {
            "connection": _TEXT,
            "object_type": _TEXT,
            "external_id": _TEXT,
            "last_event_at": {"type": "string", "format": "date-time", "nullable": True},
        },
    },
}
_LEAVES: dict[str, Json] = {
    "text": _TEXT,
    "enum": _TEXT,
    "money": {"allOf": [{"$ref": "#/components/schemas/Money"}]},
    "unit_price": {"allOf": [{"$ref": "#/components/schemas/Money"}]},
    "decimal": {"type": "string", "format": "decimal"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "time": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "ref": {"allOf": [{"$ref": "#/components/schemas/Reference"}]},
}


def schema_name(kind: Kind) -> str:
    """`purchase_order` -> `PurchaseOrder`."""
    return "".join(part.title() for part in kind.name.split("_"))


def add_schemas(spec: APISpec, kinds: list[Kind]) -> None:
    """Adds the schemas of all kinds, and what they share, to an OpenAPI document."""
    for name, shape in _SHARED.items():
        spec.components.schema(name, shape)
    for kind in kinds:
        spec.components.schema(f"{schema_name(kind)}Data", _object(kind.fields, kind.help.en))
        spec.components.schema(schema_name(kind), _golden(kind))
        spec.components.schema(f"{schema_name(kind)}Page", _page(kind))


def _golden(kind: Kind) -> Json:
    moment = {"type": "string", "format": "date-time"}
    return {
        "type": "object",
        "description": kind.help.en,
        "properties": {
            "id": {**_TEXT, "example": f"{kind.prefix}_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1"},
            "kind": {**_TEXT, "enum": [kind.name]},
            "version": {"type": "integer"},
            "lifecycle": {**_TEXT, "enum": ["active", "merged", "deleted", "erased"]},
            "merged_into": {
                **_TEXT,
                "nullable": True,
                "description": "Set when the id asked for was merged into this one",
            },
            "created_at": moment,
            "updated_at": moment,
            "data": {"$ref": f"#/components/schemas/{schema_name(kind)}Data"},
            "sources": {"type": "array", "items": {"$ref": "#/components/schemas/Source"}},
            "extensions": {
                "type": "object",
                "description": "Source fields without a canonical place, by connection",
                "additionalProperties": {"type": "object"},
            },
        },
    }


def _page(kind: Kind) -> Json:
    items = {"type": "array", "items": {"$ref": f"#/components/schemas/{schema_name(kind)}"}}
    return {"type": "object", "properties": {"items": items, "next_cursor": {**_TEXT, "nullable": True}}}


def _object(fields: tuple[Field, ...], text: str = "") -> Json:
    shape: Json = {"type": "object", "properties": {field.name: _field(field) for field in fields}}
    return {**shape, "description": text} if text else shape


def _field(field: Field) -> Json:
    shape: Json = {**_shape(field.type, field), "description": field.help.en}
    if field.unit:
        shape["description"] += f" ({field.unit})"
    if field.example is not None:
        shape["example"] = field.example
    if field.derived:
        shape["readOnly"] = True
    if not field.required:
        shape["nullable"] = True
    if field.pii != "none":
        shape["x-personal"] = field.pii
    return shape


def _shape(type_: str, field: Field) -> Json:
    if type_ == "list":
        return {"type": "array", "items": _shape(field.of, field)}
    if type_ == "map":
        return {"type": "object", "additionalProperties": _shape(field.of, field)}
    if type_ == "object":
        return _object(field.fields)
    return {**_LEAVES[type_], "enum": list(field.choices)} if type_ == "enum" else dict(_LEAVES[type_])
