"""What one event says about one record of the system that sent it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Reference:
    """A link to a parent by its source key, in the same connection unless `connection` names another."""

    field: str
    kind: str
    object_type: str
    external_id: str
    connection: str = ""


@dataclass(slots=True)
class Draft:
    """An observation as a mapping made it, before the record is known.

    `asserted`: canonical field -> value, or None where the source cleared it; an absent field is
    not asserted. `major` is in the one order unit of the object type (sequence, or microseconds
    since the epoch); None means the system gives nothing and the receive number is used. `since`
    is microseconds since the epoch, None where the source does not say.
    """

    kind: str
    object_type: str
    external_id: str
    asserted: dict[str, Any]
    major: int | None = None
    since: int | None = None
    deleted: bool = False
    superseded_by: str | None = None
    references: list[Reference] = field(default_factory=list)
    extensions: dict[str, Any] = field(default_factory=dict)
