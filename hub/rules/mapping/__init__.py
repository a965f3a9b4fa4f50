"""The mapping language: files that say how a system's payloads become records, and records its payloads."""

from __future__ import annotations

from hub.rules.mapping.document import Fault
from hub.rules.mapping.in_force import MappingSet
from hub.rules.mapping.inbound import InMapping, MapContext
from hub.rules.mapping.library import check_mappings, examine_mappings, load_mappings
from hub.rules.mapping.outbound import OutMapping
from hub.rules.mapping.rule_file import what_is
from hub.rules.mapping.runtime import ParentMissingError

__all__ = [
    "Fault",
    "InMapping",
    "MapContext",
    "MappingSet",
    "OutMapping",
    "ParentMissingError",
    "check_mappings",
    "examine_mappings",
    "load_mappings",
    "what_is",
]
