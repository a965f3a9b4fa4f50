"""What a peer answers: its id, its version, and the record as it holds it now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.model import time as hub_time
from hub.model.fault import ValueFault

# An epoch value's digits tell its unit: a time after 1973 has at least 9 in seconds, and each
# finer unit has three more.
_UNITS_TO_MICROS = ((1e8, 1e11, 1_000_000), (1e11, 1e14, 1_000), (1e14, 1e17, 1))


def version_of(value: Any) -> str | None:
    """A peer's version as the hub's fixed-width UTC text.

    Taken: RFC 3339 text with an offset, or a number that is seconds, milliseconds or microseconds
    since the epoch. Anything else (a counter such as 3) has no place in an order of times: None.
    """
    if isinstance(value, str):
        try:
            return hub_time.canonical(value)
        except ValueFault:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    factor = next((factor for low, high, factor in _UNITS_TO_MICROS if low <= value < high), 0)
    if not factor:
        return None
    micros = value * factor if isinstance(value, int) else round(value * factor)
    return hub_time.from_micros(micros)


def id_of(answer: Any) -> str | None:
    """The peer's id, as text; None when it gave none."""
    value = answer.get("id") if isinstance(answer, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    return str(value) or None


def stored_of(answer: Any, event_type: str) -> dict[str, Any] | None:
    """The peer's record in the shape of the events it sends, so that the same mapping reads both.

    `answer` is `{"id", "version"?, "data"?}`; None without `data`. `id` and `updated_at` are filled
    in from the answer where `data` lacks them.
    """
    data = answer.get("data") if isinstance(answer, Mapping) else None
    if not isinstance(data, Mapping):
        return None
    found: dict[str, Any] = {"id": id_of(answer), "updated_at": version_of(answer.get("version"))}
    found = {name: value for name, value in found.items() if value is not None} | dict(data)
    return {"type": event_type, "timestamp": found.get("updated_at"), "data": found}
