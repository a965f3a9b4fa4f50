"""A mapping file as it was understood: how each value is made, and where in the file that is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from hub.model.kind import Kind
from hub.rules.mapping.path import Path

Operator = Literal["equals", "not_equals", "in", "not_in", "present", "given"]
Strays = Literal["drop", "keep", "refuse"]
Unknown = Literal["error", "keep", "null", "absent", "const"]


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds or not. An absent value counts as null, except for `given`."""

    path: Path
    operator: Operator
    operand: Any


@dataclass(frozen=True, slots=True)
class Step:
    """One named transform with its literal arguments; a `Path` argument is read from the source."""

    name: str
    function: Callable[..., Any]
    positional: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lookup:
    """A table from text to value. `name` is for messages; `on_null`: the value for null, when declared."""

    name: str
    table: Mapping[str, Any]
    unknown: Unknown = "error"
    unknown_value: Any = None
    has_null: bool = False
    on_null: Any = None


@dataclass(frozen=True, slots=True)
class Reference:
    """The value names a record: of `object_type` ("": the kind's plural) in the same connection.

    Going out: the peer's id of the record referred to; `required` waits for it, `keep` gives the
    source key itself where there is no such id.
    """

    object_type: str = ""
    required: bool = False
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Value:
    """One value. `paths`: the first with a value (`gather`: all of them, as a list)."""

    line: int
    paths: tuple[Path, ...] = ()
    gather: bool = False
    const: Any = None
    has_const: bool = False
    steps: tuple[Step, ...] = ()
    lookup: Lookup | None = None
    default: Any = None
    when: tuple[Condition, ...] = ()
    reference: Reference | None = None
    first: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Object:
    """An object made of members, which read from `path` when it is given.

    `strays`: members of the source that no member reads are dropped, kept as extensions, or refused.
    """

    line: int
    members: Mapping[str, Node]
    path: Path | None = None
    when: tuple[Condition, ...] = ()
    strays: Strays = "drop"


@dataclass(frozen=True, slots=True)
class Each:
    """A list with one element for each of the source: an object of `members`, or the single `item`."""

    line: int
    path: Path
    members: Mapping[str, Node] = field(default_factory=dict)
    item: Value | None = None
    when: tuple[Condition, ...] = ()
    strays: Strays = "drop"


@dataclass(frozen=True, slots=True)
class Elements:
    """A list put together from single elements; one without its required members is left out."""

    line: int
    entries: tuple[Object | Each, ...]


Node: TypeAlias = Value | Object | Each | Elements


@dataclass(frozen=True, slots=True)
class RecordSpec:
    """How one record is made. `partial`: a source may send only what changed. `clears`: null means that it cleared the field."""

    file: str
    line: int
    kind: Kind
    object_type: str
    id: tuple[Path, ...]
    version: Value | None
    at: Value | None
    when: tuple[Condition, ...]
    members: Mapping[str, Node]
    also: tuple[AlsoSpec, ...] = ()
    root: Path | None = None
    partial: bool = False
    clears: bool = True
    extensions: bool = True
    ignore: frozenset[str] = frozenset()
    delete_topics: tuple[str, ...] = ()
    deletes: tuple[Condition, ...] = ()
    superseded_by: Value | None = None


@dataclass(frozen=True, slots=True)
class AlsoSpec:
    """Further records of the same payload: one per element of `path` (a list), or of the object there."""

    path: Path
    is_list: bool
    record: RecordSpec
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class OutSpec:
    """How a record is shown to a system. `holds`: what of the canonical fields that system can keep, where that is less."""

    file: str
    line: int
    kind: Kind
    object_type: str
    members: Mapping[str, Node]
    when: tuple[Condition, ...] = ()
    holds: Mapping[str, Node] = field(default_factory=dict)
