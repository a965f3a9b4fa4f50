"""Streams that say something about some fields alone (`partial: [state, note]`)."""

from __future__ import annotations

from collections.abc import Mapping

from hub.model.kind import Kind
from hub.rules.mapping.document import Entry, Report
from hub.rules.mapping.spec import Node
from hub.rules.mapping.words import read_texts


def asserted_by(given: Mapping[str, Entry], kind: Kind, report: Report) -> tuple[str, ...] | None:
    """The fields that a partial stream says anything about; None when the file does not list them."""
    entry = given.get("partial")
    if entry is None or not isinstance(entry.value, list):
        return None
    names = read_texts(given, "partial", report)
    for name in names:
        if name not in kind.by_name or kind.by_name[name].derived:
            report.add(
                entry.line, "partial", f"{name} is no field of {kind.name} that a source can assert; leave it out"
            )
    return names


def limited_to(
    members: Mapping[str, Node], asserts: tuple[str, ...], line: int, report: Report, *, is_canonical: bool
) -> Mapping[str, Node]:
    """The members that a partial stream asserts; one that is mapped beside them is a fault, unless all are (`canonical`)."""
    for name in () if is_canonical else members:
        if name not in asserts:
            report.add(line, name, "is mapped, but `partial` does not list it; add it there, or leave it out here")
    return {name: node for name, node in members.items() if name in asserts}
