"""The contract of a kind at every edge: marshmallow schemas made from its declaration.

They report all bad fields at once. Leaf values go through `hub.model.value`, as in compiled
mappings, so that both give the same canonical form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, pre_load

from hub.errors import Problem, RecordError
from hub.model.fault import ValueFault
from hub.model.kind import Field, Kind
from hub.model.value import check_of


class CanonicalField(fields.Field[Any]):
    """A value brought to canonical form by one of the checks of `hub.model.value`."""

    def __init__(self, check: Callable[[Any], Any], **options: Any) -> None:
        super().__init__(**options)
        self.check = check

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        try:
            return self.check(value)
        except (ValueFault, TypeError) as fault:
            raise ValidationError(str(fault)) from fault


class ObjectField(fields.Nested):
    """An object with declared members; one without any value is null."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, partial: Any = None, **kwargs: Any) -> Any:
        if (
            isinstance(value, dict)
            and value.keys() <= self.schema.fields.keys()
            and not any(one is not None for one in value.values())
        ):
            return None if self.allow_none else super()._deserialize(value, attr, data, partial, **kwargs)
        return super()._deserialize(value, attr, data, partial, **kwargs) or None


class ObjectSchema(Schema):
    """Inside a record null and absent are the same, so nulls go; then the object takes its one form.

    `computed`: members that the hub adds to what it tells; whoever gives an object back gives them with it, to no effect.
    """

    tidy: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    computed: frozenset[str] = frozenset()

    @pre_load
    def forget(self, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        """The object without what the hub computes."""
        if not self.computed or not isinstance(data, dict) or self.computed.isdisjoint(data):
            return data
        return {name: value for name, value in data.items() if name not in self.computed}

    @post_load
    def settle(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:  # noqa: ARG002
        """The object without nulls, tidied."""
        whole = {name: value for name, value in data.items() if value is not None}
        tidy = type(self).__dict__.get("tidy")
        if tidy is None:
            return whole
        try:
            return tidy.__func__(whole)  # type: ignore[no-any-return]
        except ValueFault as fault:
            raise ValidationError(str(fault)) from fault


@lru_cache(maxsize=512)
def schema_of(kind: Kind, *, partial: bool = False, connection: str = "", plurals: Plurals | None = None) -> Schema:
    """The schema of a kind's whole data, without what the hub computes.

    `partial`: absent mandatory fields are fine (null ones never are). `connection` and `plurals`
    (kind -> object type) complete references given as a plain id.
    """
    known = plurals or Plurals()
    made = {field.name: _field(field, connection, known, partial=partial) for field in kind.fields if not field.derived}
    return Schema.from_dict(made, name=f"{kind.name.title()}Schema")()


class Plurals(dict[str, str]):
    """Kind -> object type, hashable by identity so that schemas can be kept."""

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


def load(kind: Kind, data: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
    """The canonical form of a record's data from an edge (API, pin, import); `RecordError` with every problem."""
    try:
        loaded: dict[str, Any] = schema_of(kind, partial=partial).load(data)
    except ValidationError as error:
        raise RecordError(problems_of(error)) from error
    return loaded


def check_field(kind: Kind, name: str, value: Any) -> Any:
    """The canonical form of one field's value; `RecordError`, or `ConfigError` for an unknown field."""
    kind.field(name)
    return load(kind, {name: value}, partial=True)[name]


def problems_of(error: ValidationError) -> list[Problem]:
    """marshmallow's messages as problems, one per bad field, with dotted paths."""
    return [Problem("invalid", f"{path}: {text}", path) for path, text in _messages("", error.messages)]


def _messages(path: str, found: Any) -> list[tuple[str, str]]:
    if isinstance(found, Mapping):
        inner = [
            (f"{path}[{name}]" if isinstance(name, int) else f"{path}.{name}".lstrip("."), item)
            for name, item in found.items()
        ]
        return [message for name, item in inner for message in _messages(name.removesuffix("._schema"), item)]
    return [(path, str(text)) for text in (found if isinstance(found, list) else [found])]


def _field(field: Field, connection: str, plurals: Plurals, *, partial: bool) -> fields.Field[Any]:
    options: dict[str, Any] = {"required": field.required and not partial, "allow_none": not field.required}
    if not field.fields:
        return CanonicalField(check_of(field, connection, plurals.get(field.ref, "")), **options)
    inner = Schema.from_dict(
        {one.name: _field(one, connection, plurals, partial=False) for one in field.fields if not one.derived}
    )
    attributes: dict[str, Any] = {"tidy": staticmethod(field.tidy)} if field.tidy else {}
    attributes["computed"] = field.computed
    nested = type(f"{field.name.title()}Schema", (ObjectSchema, inner), attributes)
    if field.type == "object":
        return ObjectField(nested, **options)
    if field.type == "list":
        return fields.List(fields.Nested(nested), **options)
    return fields.Dict(fields.String(), fields.Nested(nested), **options)
