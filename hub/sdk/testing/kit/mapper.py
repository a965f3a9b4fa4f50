"""What the kit asks of a connector's mapping files. It is handed in: connectors and the SDK do not know the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hub.model.observation import Draft
from hub.sdk.connector import RawEvent


@dataclass(frozen=True, slots=True)
class Shown:
    """A record as it is sent: `kept` in canonical form as the system will say it itself, `data` in the system's shape."""

    kept: Mapping[str, Any]
    data: Mapping[str, Any]


class Mapper(Protocol):
    """The mapping files of one connector, as the hub would use them (`hub.flow.trial`)."""

    def drafts(self, connection: str, event: RawEvent) -> Sequence[Draft]:
        """What the event says; empty for a topic that is mapped to nothing. Raises `RecordError` as the hub would."""
        ...

    def shows(self, kind: str) -> bool:
        """Whether a file says how that kind goes out."""
        ...

    def shown(self, draft: Draft) -> Shown:
        """The record of `draft` as it would be written to the system."""
        ...

    def news(self, kept: Mapping[str, Any], draft: Draft) -> Sequence[str]:
        """The fields that would make the hub act: `draft` follows a write of `kept` and says something else."""
        ...
