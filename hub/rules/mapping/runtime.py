"""What compiled mappings call: the rare branches, so that the generated source stays small."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from hub.errors import HubError, Problem
from hub.model import time
from hub.model.fault import ValueFault
from hub.model.value import check_external_id, check_integer, check_reference, check_text, list_check, reference_check


class Absent:
    """The one value `M` of compiled mappings: the source does not carry the path."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "M"


class ParentMissingError(HubError):
    """A record that must be referred to is not at the peer yet: deliver it first. `field` names the reference."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field}: the record it refers to has no id at this system yet")
        self.field = field


M = Absent()
E = object()  # a value that failed; its problem is noted, so nothing made of it is ever used

# What data from outside can raise in a transform. Anything else is a bug and keeps its traceback.
FAULTS = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
SAMPLE_LENGTH = 80
LONGEST_SEQUENCE = 18

Problems = list[Problem]


def fail(problems: Problems, error: Exception, path: str, name: str, where: str, value: Any) -> Any:
    """Notes that a value cannot be used, and stands for it."""
    code = error.code if isinstance(error, ValueFault) else "bad_value"
    reason = str(error) if isinstance(error, ValueFault) else f"cannot be converted ({type(error).__name__})"
    problems.append(Problem(code, f"{name}: {reason}", path, where, sample(value)))
    return E


def bad_type(problems: Problems, wanted: str, path: str, where: str, value: Any) -> Any:
    """Notes that the source holds something else than an object or a list."""
    problems.append(Problem("bad_type", f"{path} is not {wanted}", path, where, sample(value)))
    return M


def missing(problems: Problems, path: str, name: str, where: str) -> None:
    """Notes that a mandatory field has no value."""
    problems.append(Problem("missing_field", f"{name}: is mandatory and has no value", path, where))


def sample(value: Any) -> str:
    """A short sample for the person who looks at the quarantine."""
    try:
        text = orjson.dumps(value).decode()
    except (TypeError, orjson.JSONEncodeError):
        text = ascii(value)
    return text if len(text) <= SAMPLE_LENGTH else text[: SAMPLE_LENGTH - 1] + "…"


def key_text(value: Any) -> Any:
    """The form in which a value is looked up in a table."""
    if value.__class__ is str:
        return value
    if value is True or value is False:
        return "true" if value else "false"
    return str(value) if value.__class__ in (int, float) else None


def find(table: Mapping[str, Any], value: Any, name: str) -> Any:
    """The table's entry; `ValueFault` when it has none."""
    try:
        return table[key_text(value)]
    except KeyError:
        raise ValueFault(
            "unknown_value", f"is not in the lookup table {name}; add it, or say what unknown means"
        ) from None


def record_id(problems: Problems, values: tuple[Any, ...], path: str, where: str) -> str:
    """The external id; several parts are joined with a colon."""
    if M in values or None in values or not values:
        problems.append(Problem("missing_id", f"{path}: the record has no id", path, where))
        return ""
    try:
        if len(values) == 1:
            return check_external_id(values[0])
        return joined_id(values)
    except FAULTS as error:
        fail(problems, error, path, "id", where, values)
        return ""


def joined_id(values: Iterable[Any]) -> str:
    """One id of several parts. A colon or percent sign inside a part is written as a URL would, so that no two ids meet."""
    parts = [check_external_id(value).replace("%", "%25").replace(":", "%3A") for value in values]
    return check_external_id(":".join(parts))


def parted_reference(values: list[Any], connection: str, object_type: str) -> Any:
    """A reference whose id has several parts; None when one of them is not there."""
    return None if None in values else check_reference(joined_id(values), connection, object_type)


def order_of(problems: Problems, value: Any, path: str, where: str, unit: str = "") -> tuple[int | None, int | None]:
    """The version and, where it is a time, the same as `since`, in microseconds.

    Text of digits and whole numbers are a sequence, other text is a time. `unit`: the one that all versions of the object type
    have; another cannot be compared with them, so it is a problem.
    """
    if value is M or value is None:
        return None, None
    try:
        if value.__class__ is str:
            if len(value) <= LONGEST_SEQUENCE and value.isascii() and value.isdigit():
                value = int(value)
            else:
                micros = time.micros_of(value)
                if unit == "sequence":
                    raise ValueFault("bad_order", "is a time, but a count orders the versions here; map the count")
                return micros, micros
        if unit == "time":
            raise ValueFault(
                "bad_order", "is a count, but a time orders the versions here; `to: unix` reads a count since 1970"
            )
        return check_integer(value), None
    except FAULTS as error:
        fail(problems, error, path, "version", where, value)
        return None, None


def moment_of(problems: Problems, value: Any, path: str, where: str) -> int | None:
    """Microseconds since the epoch of a time's text."""
    if value is M or value is None:
        return None
    try:
        return time.micros_of(value)
    except FAULTS as error:
        fail(problems, error, path, "at", where, value)
        return None


def tidied(problems: Problems, tidy: Callable[[Any], Any], value: Any, path: str, name: str, where: str) -> Any:
    """The object in its one form."""
    if problems:
        return value
    try:
        return tidy(value)
    except FAULTS as error:
        return fail(problems, error, path, name, where, value)


def check_extensions(problems: Problems, extensions: dict[str, Any], where: str) -> None:
    """Refuses what the database cannot store: U+0000, half characters, numbers beyond 64 bits."""
    try:
        is_storable = b"\\u0000" not in orjson.dumps(extensions)
    except (TypeError, orjson.JSONEncodeError):
        is_storable = False
    if not is_storable:
        names = ", ".join(sorted(extensions))
        problems.append(
            Problem("bad_text", f"fields without a mapping hold text that cannot be stored: {names}", "", where)
        )


def strays(extensions: dict[str, Any], path: str, source: Mapping[str, Any], known: frozenset[str]) -> None:
    """Keeps the unknown members of a canonical object, under their path."""
    for name, value in source.items():
        if name not in known:
            extensions[f"{path}.{name}"] = value


def refuse_strays(
    problems: Problems, path: str, name: str, where: str, source: Mapping[str, Any], known: frozenset[str]
) -> None:
    """Notes members that a transform made and the kind does not declare."""
    for member in source.keys() - known:
        problems.append(Problem("unknown_field", f"{name}: the transform gives an unknown {member}", path, where))


def references(value: Any, connection: str, object_type: str) -> list[Any]:
    """A list of references, each as a source key."""
    checked: list[Any] = list_check(reference_check(connection, object_type))(value)
    return checked


def refer(
    resolve: Callable[[dict[str, Any]], str | None], value: dict[str, Any], name: str, *, required: bool, keep: bool
) -> Any:
    """The peer's id of the record that a source key names."""
    found = resolve(value)
    if found:
        return found
    if required:
        raise ParentMissingError(name)
    return value if keep else None


NAMES: dict[str, Any] = {
    "M": M,
    "E": E,
    "F": FAULTS,
    "Problem": Problem,
    "fail": fail,
    "bad_type": bad_type,
    "missing": missing,
    "key_text": key_text,
    "find": find,
    "record_id": record_id,
    "order_of": order_of,
    "moment_of": moment_of,
    "tidied": tidied,
    "check_extensions": check_extensions,
    "check_text": check_text,
    "strays": strays,
    "parted_reference": parted_reference,
    "references": references,
    "refuse_strays": refuse_strays,
    "refer": refer,
    "from_micros": time.from_micros,
}
