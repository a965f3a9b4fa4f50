"""What a kind is: its fields, its keys, and everything that documentation and forms derive from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cached_property
from typing import Any, Literal, NamedTuple

from hub.errors import ConfigError

FieldType = Literal[
    "text",
    "enum",
    "money",
    "unit_price",
    "decimal",
    "integer",
    "boolean",
    "time",
    "date",
    "ref",
    "object",
    "list",
    "map",
]
PiiClass = Literal["none", "personal", "sensitive", "secret"]
_EXAMPLES: Mapping[str, Any] = {
    "money": {"amount": "12.30", "currency": "CNY"},
    "unit_price": {"amount": "6.15", "currency": "CNY"},
    "boolean": True,
    "time": "2026-11-22T00:30:05.000000Z",
    "date": "2026-11-22",
}


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages of the console."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind, or of an object inside one.

    `of`: type of the elements of a list or the values of a map. `fields`: what an object, or a list
    of objects, is made of. `identity`: None where a list is one value; else the list is a map of
    elements, identified by these sub-fields (empty: by the element itself). `ref`: kind referred to.
    `required`: has a value in every full record; inside an object: in every object. `derived`:
    computed by the hub, refused from outside. `format`: a text that is an ISO 4217 code. `tidy`: brings a checked object,
    or each object of a list, to its one form. `example`: in canonical form; those types that look the same everywhere
    have one of their own.
    """

    name: str
    type: FieldType
    help: Text
    unit: str = ""
    example: Any = None
    pii: PiiClass = "none"
    group: str = ""
    choices: tuple[str, ...] = ()
    of: FieldType = "text"
    fields: tuple[Field, ...] = ()
    identity: tuple[str, ...] | None = None
    ref: str = ""
    required: bool = False
    derived: bool = False
    format: Literal["", "currency"] = ""
    tidy: Callable[[dict[str, Any]], dict[str, Any]] | None = None

    def __post_init__(self) -> None:
        """Refuses a declaration that contradicts itself, at import."""
        if self.example is None:
            object.__setattr__(self, "example", _EXAMPLES.get(self.type))
        wants_fields = self.type == "object" or (self.type in ("list", "map") and self.of == "object")
        if wants_fields != bool(self.fields):
            raise ConfigError(f"field {self.name}: an object declares its fields, nothing else does")
        if (self.type == "enum" or self.of == "enum") != bool(self.choices):
            raise ConfigError(f"field {self.name}: an enum declares its choices, nothing else does")
        if (self.type == "ref" or self.of == "ref") != bool(self.ref):
            raise ConfigError(f"field {self.name}: a ref declares the kind it refers to, nothing else does")
        if self.identity is not None and self.type != "list":
            raise ConfigError(f"field {self.name}: only a list has an element identity")

    @property
    def is_union(self) -> bool:
        """Whether it is a list whose elements live and survive one by one."""
        return self.identity is not None

    @property
    def computed(self) -> frozenset[str]:
        """The members of its objects that the hub adds; no source says them, and no system is told."""
        return frozenset(one.name for one in self.fields if one.derived)

    def element_key(self, element: Any) -> str:
        """The key of one element of a union list: its identifying sub-fields, joined by `|`."""
        if not self.identity or not isinstance(element, Mapping):
            return str(element)
        return "|".join("" if element.get(part) is None else str(element[part]) for part in self.identity)


class MatchKey(NamedTuple):
    """A normalised value that finds records of one kind.

    `strength`: 2 links by itself, 1 makes candidates only, 0 is for look-up only. A `guarded` key
    links only where the names do not conflict.
    """

    namespace: str
    scope: str
    value: str
    strength: int
    guarded: bool = False


KeyRule = Callable[[Mapping[str, Any]], Iterator[MatchKey]]


@dataclass(frozen=True)
class Kind:
    """A kind of thing the hub keeps. Storing, mapping, listing and syncing it needs no other code.

    `parent`: the ref field without which a record waits (parked).
    `renamed`: a field's former name -> its name now. `upcast`: field -> what brings a stored value of an older
    declaration to today's form and leaves today's as it is; of a list with identity, each element.
    `keys`: rules that yield deterministic and look-up keys. `lookups`: fields found by exact value. `names`: those of them
    that name people or places, found also by parts and by pinyin (`hub.model.name`).
    """

    name: str
    plural: str
    prefix: str
    title: Text
    help: Text
    fields: tuple[Field, ...]
    parent: str | None = None
    keys: tuple[KeyRule, ...] = ()
    lookups: tuple[str, ...] = ()
    renamed: Mapping[str, str] = dataclass_field(default_factory=dict)
    upcast: Mapping[str, Callable[[Any], Any]] = dataclass_field(default_factory=dict)
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuses a declaration that contradicts itself, at import."""
        if len(self.by_name) != len(self.fields):
            raise ConfigError(f"kind {self.name}: a field is declared twice")
        named = (*((self.parent,) if self.parent else ()), *(path.partition(".")[0] for path in self.lookups))
        for name in named:
            if name not in self.by_name:
                raise ConfigError(f"kind {self.name}: parent or look-up names the unknown field {name}")
        if unfindable := set(self.names) - set(self.lookups):
            raise ConfigError(f"kind {self.name}: names that are no look-ups: {', '.join(sorted(unfindable))}")
        for name in (*self.renamed.values(), *self.upcast):
            if name not in self.by_name:
                raise ConfigError(f"kind {self.name}: renamed or upcast names the unknown field {name}")
        if reused := self.renamed.keys() & self.by_name.keys():
            raise ConfigError(f"kind {self.name}: a former name is used again: {', '.join(sorted(reused))}")
        if self.parent and self.by_name[self.parent].type != "ref":
            raise ConfigError(f"kind {self.name}: its parent {self.parent} is not a ref")

    def __hash__(self) -> int:
        """Kinds are compared by declaration and hashed by name."""
        return hash(self.name)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Top-level fields by name."""
        return {field.name: field for field in self.fields}

    @cached_property
    def identities(self) -> dict[str, tuple[str, ...]]:
        """Union list field -> the sub-fields that identify an element (empty: the element itself)."""
        return {field.name: field.identity for field in self.fields if field.identity is not None}

    @cached_property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Survivorship groups: name -> fields that survive together, as one tuple."""
        found: dict[str, list[str]] = {}
        for field in self.fields:
            if field.group:
                found.setdefault(field.group, []).append(field.name)
        return {name: tuple(fields) for name, fields in found.items()}

    @cached_property
    def refs(self) -> dict[str, Field]:
        """Top-level fields that refer to another record."""
        return {field.name: field for field in self.fields if field.type == "ref"}

    @cached_property
    def derived(self) -> tuple[str, ...]:
        """Fields the hub computes."""
        return tuple(field.name for field in self.fields if field.derived)

    def field(self, name: str) -> Field:
        """The top-level field of that name; `ConfigError` lists the known ones."""
        try:
            return self.by_name[name]
        except KeyError:
            known = ", ".join(sorted(self.by_name))
            raise ConfigError(f"{self.name} has no field {name!r}; it has: {known}") from None

    def walk(self) -> Iterator[tuple[str, Field]]:
        """Every field with its dotted path, parents before their sub-fields."""
        yield from _walk("", self.fields)


def _walk(prefix: str, fields: tuple[Field, ...]) -> Iterator[tuple[str, Field]]:
    for field in fields:
        path = prefix + field.name
        yield path, field
        yield from _walk(path + ("[]." if field.type == "list" else "."), field.fields)
