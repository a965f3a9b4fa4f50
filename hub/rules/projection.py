"""What a target should hold and what of that is missing there: pure functions of golden data and the peer's fold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from hub.model.kind import Field
from hub.rules.register import MISSING, Fold, element_key, loose_equal

Data = Mapping[str, Any]
Identities = Mapping[str, tuple[str, ...]]
REFERENCE: Final = frozenset(("connection", "object_type", "external_id"))


def wanted(data: Data, fields: Iterable[str], fold: Fold) -> dict[str, Any]:
    """The projection, in canonical form: the golden values of `fields`.

    A field without a golden value is not asserted, except that what the hub itself wrote, and the
    peer still holds, is withdrawn (null): a vanished source blanks nobody's own data.
    """
    result: dict[str, Any] = {}
    for name in fields:
        if name in data:
            result[name] = data[name]
        elif _is_ours(fold.wrote(name), fold.held(name)):
            result[name] = None
    return result


def told(projection: Data, fields: Mapping[str, Field]) -> dict[str, Any]:
    """The projection without what the hub adds to the elements of lists: no system is told that."""
    return {name: _told(value, fields.get(name)) for name, value in projection.items()}


def _told(value: Any, field: Field | None) -> Any:
    if field is None or not field.computed or not isinstance(value, list):
        return value
    return [
        {name: part for name, part in element.items() if name not in field.computed}
        if isinstance(element, Mapping)
        else element
        for element in value
    ]


def _is_ours(wrote: Any, held: Any) -> bool:
    return not is_empty(wrote) and not is_empty(held) and loose_equal(wrote, held)


def is_empty(value: Any) -> bool:
    """Nothing there: unknown, cleared, or a list without elements."""
    return value is MISSING or value is None or value == []


def difference(projection: Data, fold: Fold, identities: Identities) -> dict[str, Any]:
    """The fields of `projection` that the peer is not known to hold, with the values they should have.

    A field is satisfied if the peer holds it exactly, or if the hub wrote exactly this and the peer
    holds it respelt. `identities`: list field -> sub-fields that identify an element; such lists
    are compared element by element, whatever their order.
    """
    return {
        name: value
        for name, value in projection.items()
        if not _is_satisfied(value, fold.held(name), fold.wrote(name), identities.get(name))
    }


def _is_satisfied(value: Any, held: Any, wrote: Any, identity: tuple[str, ...] | None) -> bool:
    if identity is None:
        return _is_in_step(value, held, wrote)
    there, told = _by_key(held, identity), _by_key(wrote, identity)
    due = _by_key(value, identity)
    return due.keys() == there.keys() and all(
        _is_in_step(element, there[key], told.get(key, MISSING)) for key, element in due.items()
    )


def _is_in_step(value: Any, held: Any, wrote: Any) -> bool:
    if is_empty(value):
        return is_empty(held)
    if held is MISSING:
        return False
    return bool(held == value or (wrote == value and loose_equal(held, value)))


def _by_key(value: Any, identity: tuple[str, ...]) -> dict[str, Any]:
    return {} if is_empty(value) else {element_key(element, identity): element for element in value}


def references(value: Any) -> list[Data]:
    """Every source key (`{"connection", "object_type", "external_id"}`) inside a value."""
    if isinstance(value, Mapping):
        if value.keys() == REFERENCE:
            return [value]
        return [found for item in value.values() for found in references(item)]
    if isinstance(value, list):
        return [found for item in value for found in references(item)]
    return []


def localise(value: Any, translate: Callable[[Data], Data | None]) -> Any:
    """The value with each source key replaced by the key of the same entity at the target's connection.

    Peers name their own records: without this the same customer under two ids would look like a
    difference for ever. A key that `translate` does not know stays as it is.
    """
    if isinstance(value, Mapping):
        if value.keys() == REFERENCE:
            return translate(value) or value
        return {key: localise(item, translate) for key, item in value.items()}
    if isinstance(value, list):
        return [localise(item, translate) for item in value]
    return value


def cleared(differing: Data, fold: Fold) -> list[str]:
    """The fields of a difference that take away something the peer holds."""
    return [name for name, value in differing.items() if is_empty(value) and not is_empty(fold.held(name))]


def flips(history: Iterable[Any]) -> int:
    """How often a value came back to one that it had left before, in a list of values in time order."""
    seen: list[Any] = []
    count = 0
    for value in history:
        if seen and seen[-1] == value:
            continue
        count += value in seen
        seen.append(value)
    return count
