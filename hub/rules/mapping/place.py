"""What a mapping file is for, and whether another one of its folder is for the same."""

from __future__ import annotations

from collections.abc import Sequence

from hub.rules.mapping.document import Entry, Report
from hub.rules.mapping.narrow import MARK, WORD, overlap
from hub.rules.mapping.records import Document


def is_taken(document: Document, here: Sequence[Document]) -> bool:
    """Whether another file of the folder is for the same stream of the same connections."""
    for other in here:
        both = overlap(document.connections, other.connections)
        if other.key == document.key and not both:
            document.report.add(1, "from", f"{document.key} is mapped by {other.file} too; keep one file")
            return True
        if both and other.source == document.source:
            line = document.entry.value[WORD].line
            what = f"{both[0]} here and {both[1]} in {other.file} can be one connection, of which two files would map {other.source}"
            document.report.add(line, WORD, f"{what}; leave each connection to one file")
            return True
    return False


def source_of(entry: Entry, report: Report, name: str) -> str:
    """What a file is for, by its `from`: `connector/stream`; its place when it has none."""
    source = entry.value.get("from")
    if source is None:
        if WORD in entry.value:
            report.add(entry.value[WORD].line, WORD, "is a word of files with `from`; leave it out")
        return name.removesuffix(".yaml")
    connector, slash, stream = str(source.value).partition("/")
    if source.value.__class__ is str and connector and slash and stream and MARK not in stream:
        return str(source.value)
    report.add(source.line, "from", "is connector/stream or connector/topic, like shopify/orders")
    return name.removesuffix(".yaml")
