"""The mapping files of an installed connector, for the conformance kit."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from hub import registry
from hub.flow.trial import MappingTrial


@cache
def mapper(name: str) -> MappingTrial:
    """The project's files for the connector `name`."""
    return MappingTrial.of(registry.load(), name, [Path(__file__).parents[2] / "mappings"])
