"""Reads a mapping file: the record it makes, the further records, and how a record is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from hub.model.kind import Kind
from hub.rules.mapping import canonical
from hub.rules.mapping.beside import did_you_mean
from hub.rules.mapping.conditions import read_conditions
from hub.rules.mapping.document import Entry, Report
from hub.rules.mapping.narrow import key_of
from hub.rules.mapping.nodes import NodeReader
from hub.rules.mapping.partial import asserted_by, limited_to
from hub.rules.mapping.path import Path
from hub.rules.mapping.spec import AlsoSpec, Condition, Node, OutSpec, RecordSpec, Value
from hub.rules.mapping.words import check_sides, check_words, read_choice, read_flag, read_text, read_texts
from hub.rules.mapping.yaml_tree import full_width

RECORD_WORDS = frozenset(
    (
        "kind",
        "object_type",
        "id",
        "version",
        "at",
        "when",
        "partial",
        "nulls",
        "ignore",
        "extensions",
        "delete_topics",
        "deletes",
        "superseded_by",
        "in",
        "also",
    )
)
NULLS = ("clear", "ignore")
FILE_WORDS = RECORD_WORDS | {"from", "connections", "root", "out", "holds"}
ALSO_WORDS = RECORD_WORDS | {"each", "path", "use"}


@dataclass(frozen=True, slots=True)
class Document:
    """One mapping file, parsed. `source`: `connector/stream`, or its place when it has no `from`.

    `connections`: names and patterns of those it is for; empty for all.
    """

    file: str
    source: str
    entry: Entry
    report: Report
    is_source: bool = True
    connections: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What it is for: two files of one key replace each other."""
        connector, _, stream = self.source.partition("/")
        return key_of(connector, stream, self.connections) if stream else self.source

    @property
    def stream(self) -> str:
        """What follows the connector in its source: the object type unless the file names another."""
        return self.source.partition("/")[2]


@dataclass(frozen=True, slots=True)
class RecordReader:
    """Reads records of documents. `find`: the document that `use` names, None when there is none."""

    kinds: Mapping[str, Kind]
    nodes: Callable[[Report], NodeReader]
    find: Callable[[str], Document | None]

    def record(self, document: Document, kind: Kind | None = None, used: tuple[str, ...] = ()) -> RecordSpec | None:
        """How the file's own record is made; None when it has no `in` or is too faulty to say."""
        entry = document.entry
        check_words(entry, FILE_WORDS, document.report, "")
        check_sides(entry, document.report)
        kind = kind or self._kind(entry, document.report, "")
        if kind is None or "in" not in entry.value:
            return None
        stream = kind.plural if document.stream == "*" else document.stream
        spec = self._record(document, entry, kind, stream, "", (*used, document.key))
        root = entry.value.get("root")
        return replace(spec, root=self.nodes(document.report).path(root, "root")) if root else spec

    def out(self, document: Document, kind: Kind | None = None) -> OutSpec | None:
        """How the file shows a record; None when it has no `out`."""
        given = document.entry.value
        kind = kind or self._kind(document.entry, document.report, "")
        if kind is None or "out" not in given:
            return None
        entry, reader = given["out"], self.nodes(document.report)
        when: tuple[Condition, ...] = ()
        if entry.value == canonical.WORD:
            members: Mapping[str, Node] = canonical.canonical_out(kind, entry.line)
        elif entry.is_object:
            when = read_conditions(entry.value.get("when"), document.report, "out")
            members = reader.members(entry, None, "", skip=frozenset(("when",)))
        else:
            document.report.add(entry.line, "out", "is `canonical` or an object of the system's fields")
            return None
        stream = kind.plural if document.stream == "*" else document.stream
        object_type = read_text(given, "object_type", stream, document.report)
        holds = self._holds(document, kind, reader)
        return OutSpec(document.file, entry.line, kind, object_type, members, when, holds)

    @staticmethod
    def _holds(document: Document, kind: Kind, reader: NodeReader) -> Mapping[str, Node]:
        entry = document.entry.value.get("holds")
        if entry is None:
            return {}
        if not entry.is_object:
            document.report.add(entry.line, "holds", f"is an object of the fields of {kind.name}")
            return {}
        return reader.members(entry, kind.by_name, "holds")

    def _kind(self, entry: Entry, report: Report, label: str) -> Kind | None:
        named = entry.value.get("kind")
        kind = self.kinds.get(named.value) if named and named.value.__class__ is str else None
        if kind is None:
            line = named.line if named else entry.line
            meant = did_you_mean(str(named.value), self.kinds) if named else ""
            report.add(line, f"{label}kind", f"needs one of: {', '.join(sorted(self.kinds))}{meant}")
        return kind

    def _record(
        self, document: Document, entry: Entry, kind: Kind, stream: str, label: str, used: tuple[str, ...]
    ) -> RecordSpec:
        report, given = document.report, entry.value
        reader = self.nodes(report)
        inner = given["in"]
        is_canonical = inner.value == canonical.WORD
        if is_canonical:
            members: Mapping[str, Node] = canonical.canonical_in(kind, inner.line)
        elif inner.is_object:
            members = reader.members(inner, kind.by_name, label)
        else:
            hint = full_width(inner.value) if isinstance(inner.value, str) else ""
            report.add(
                inner.line, f"{label}in", f"is `{canonical.WORD}` or an object of the fields of {kind.name}{hint}"
            )
            members = {}
        asserts = asserted_by(given, kind, report)
        if asserts is not None:
            members = limited_to(members, asserts, inner.line, report, is_canonical=is_canonical)
        # What a partial stream does not assert is no extension either.
        ignored = read_texts(given, "ignore", report) + (
            tuple(kind.by_name) if is_canonical and asserts is not None else ()
        )
        ignored += kind.derived if is_canonical else ()
        return RecordSpec(
            document.file,
            entry.line,
            kind,
            read_text(given, "object_type", stream, report),
            self._id(entry, reader, label),
            self._order(given, "version", reader),
            self._order(given, "at", reader),
            read_conditions(given.get("when"), report, label),
            members,
            self._also(document, given.get("also"), used),
            partial=asserts is not None or read_flag(given, "partial", is_canonical, report),
            clears=read_choice(given, "nulls", NULLS, report) == NULLS[0],
            extensions=read_flag(given, "extensions", True, report),
            ignore=frozenset(ignored),
            delete_topics=read_texts(given, "delete_topics", report),
            deletes=read_conditions(given.get("deletes"), report, "deletes"),
            superseded_by=self._value(given, "superseded_by", reader),
        )

    def _id(self, entry: Entry, reader: NodeReader, label: str) -> tuple[Path, ...]:
        named = entry.value.get("id")
        if named is None:
            reader.report.add(entry.line, f"{label}id", "is missing: the path of the record's id at its system")
            return ()
        inners = named.value if isinstance(named.value, list) else [named]
        if not inners:
            reader.report.add(named.line, f"{label}id", "is empty; name the path of the record's id")
        return tuple(path for inner in inners if (path := reader.path(inner, f"{label}id")) is not None)

    def _value(self, given: Mapping[str, Entry], word: str, reader: NodeReader) -> Value | None:
        return reader.value(given[word], None, word) if word in given else None

    def _order(self, given: Mapping[str, Entry], word: str, reader: NodeReader) -> Value | None:
        found = self._value(given, word, reader)
        if found is not None and found.has_const:
            reader.report.add(
                given[word].line, word, "is the same of every event, so it orders nothing; give a path, or leave it out"
            )
        return found

    def _also(self, document: Document, entry: Entry | None, used: tuple[str, ...]) -> tuple[AlsoSpec, ...]:
        if entry is None:
            return ()
        if not isinstance(entry.value, list):
            document.report.add(entry.line, "also", "is a list, one entry per further kind of record")
            return ()
        found = [self._further(document, inner, used) for inner in entry.value]
        return tuple(spec for spec in found if spec is not None)

    def _further(self, document: Document, entry: Entry, used: tuple[str, ...]) -> AlsoSpec | None:
        report = document.report
        if not entry.is_object or ("each" in entry.value) == ("path" in entry.value):
            report.add(entry.line, "also", "each entry names `each` (a list) or `path` (an object) of the source")
            return None
        check_words(entry, ALSO_WORDS, report, "also.")
        is_list = "each" in entry.value
        reader = self.nodes(report)
        path = reader.path(entry.value["each" if is_list else "path"], "also.each")
        record = self._used(document, entry, used) if "use" in entry.value else self._inline(document, entry, used)
        if path is None or record is None:
            return None
        if "use" not in entry.value:
            return AlsoSpec(path, is_list, record)
        return AlsoSpec(path, is_list, record, read_conditions(entry.value.get("when"), report, "also"))

    def _inline(self, document: Document, entry: Entry, used: tuple[str, ...]) -> RecordSpec | None:
        kind = self._kind(entry, document.report, "also.")
        if kind is None or "in" not in entry.value:
            document.report.add(entry.line, "also", "needs kind and in, or the file to `use`")
            return None
        return self._record(document, entry, kind, kind.plural, "also.", used)

    def _used(self, document: Document, entry: Entry, used: tuple[str, ...]) -> RecordSpec | None:
        if not isinstance(entry.value["use"].value, str):
            document.report.add(
                entry.value["use"].line, "also.use", "is another file's `from` or place, like shopify/refunds"
            )
            return None
        name = entry.value["use"].value
        other = self.find(name)
        if other is None or other.key in used:
            what = f"no mapping {name!r}" if other is None else f"{name!r} uses itself"
            document.report.add(
                entry.line, "also.use", f"{what}; name another file's `from` or place, like shopify/refunds"
            )
            return None
        kind = self._kind(entry, document.report, "also.") if "kind" in entry.value else None
        spec = self.record(other, kind, used)
        if spec is None:
            document.report.add(entry.line, "also.use", f"{name!r} has no usable `in`")
        return spec
