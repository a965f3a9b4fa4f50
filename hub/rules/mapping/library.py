"""All mapping files in force: found in folders, read, indexed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.errors import ConfigError
from hub.model.kind import Kind
from hub.rules.mapping.document import Entry, Fault, Report, read_document
from hub.rules.mapping.in_force import MappingSet
from hub.rules.mapping.narrow import WORD, file_mark, read_connections
from hub.rules.mapping.nodes import NodeReader
from hub.rules.mapping.outbound import OutMapping
from hub.rules.mapping.place import is_taken, source_of
from hub.rules.mapping.records import Document, RecordReader
from hub.rules.mapping.rule_file import read_table, what_is
from hub.rules.mapping.system import Part, System
from hub.rules.transforms import TRANSFORMS
from hub.sdk.connector import Connector, Manifest

ANY = "*"
MOST_BYTES = 4_000_000
OTHER_FOLDERS = ("policies", "lookups", "matching")

Transforms = Mapping[str, Callable[..., Any]]
Connectors = Mapping[str, type[Connector]] | Collection[str]


def load_mappings(
    folders: Iterable[Path],
    kinds: Mapping[str, Kind],
    transforms: Transforms,
    connectors: Connectors | None = None,
) -> MappingSet:
    """Reads every mapping file, the first folder winning; `ConfigError` lists all faults, one a line.

    `transforms` come on top of the built-in ones. A file that stands at the same place in a later folder, or has the same `from`, is not in force.
    `connectors`: those installed (None: any); files of others wait unread, since the transforms
    they name come with their connector. Names alone leave out what only a manifest can tell.
    """
    found, faults = examine_mappings(folders, kinds, transforms, connectors)
    wrong = [str(fault) for fault in faults if not fault.is_warning]
    if wrong:
        raise ConfigError("\n".join(wrong))
    return found


def check_mappings(
    folders: Iterable[Path],
    kinds: Mapping[str, Kind],
    transforms: Transforms,
    connectors: Connectors | None = None,
) -> list[str]:
    """Every fault as `file:line: field: what; how to fix`, compiled too; empty when all is well."""
    found, faults = examine_mappings(folders, kinds, transforms, connectors)
    wrong = [str(fault) for fault in faults if not fault.is_warning]
    if not wrong:
        found.compile()
    return wrong


def examine_mappings(
    folders: Iterable[Path],
    kinds: Mapping[str, Kind],
    transforms: Transforms,
    connectors: Connectors | None = None,
) -> tuple[MappingSet, list[Fault]]:
    """What the files say, and everything that is wrong with them, warnings too; arguments as `load_mappings`.

    A single file among `folders` counts as a folder that holds just it.
    """
    loader = _Loader(kinds, {**TRANSFORMS, **transforms}, connectors)
    found = loader.load(list(folders))
    return found, loader.faults


@dataclass(slots=True)
class _Loader:
    kinds: Mapping[str, Kind]
    transforms: Transforms
    connectors: Connectors | None = None
    faults: list[Fault] = field(default_factory=list)
    documents: dict[str, Document] = field(default_factory=dict)
    places: dict[str, Document] = field(default_factory=dict)
    lookups: dict[str, Entry] = field(default_factory=dict)
    manifest: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def load(self, folders: Sequence[Path]) -> MappingSet:
        for folder in folders:
            self._read_lookups(folder)
        for folder in folders:
            self._read_folder(folder)
        found = self._index()
        for document in self._each_document():
            self.faults += [fault for fault in document.report.faults if fault not in self.faults]
        if all(fault.is_warning for fault in self.faults):  # what faulty files say together would only add noise
            used, is_whole = frozenset(self.used), isinstance(self.connectors, Mapping)
            for system in found.systems.values():
                self.faults += system.faults(used, is_whole=is_whole)
        return found

    def _manifest_of(self, connector: str) -> Manifest | None:
        if not isinstance(self.connectors, Mapping) or connector not in self.connectors:
            return None
        manifest: Manifest = self.connectors[connector].manifest
        return manifest

    def _find(self, name: str) -> Document | None:
        found = self.documents.get(name) or self.places.get(name)
        if found is not None:
            self.used.add(found.stream)
        return found

    def _each_document(self) -> list[Document]:
        return list(self.documents.values())

    def _read_lookups(self, folder: Path) -> None:
        for path in self._tables(folder):
            name = f"lookups/{path.name}"
            if name not in self.manifest:
                report, entry = self._parse(path, name)
                if entry is not None and read_table(entry, report):
                    self.lookups[path.stem] = entry
                self.faults += report.faults

    @staticmethod
    def _tables(folder: Path) -> list[Path]:
        if folder.is_file():
            return [folder] if what_is(folder) == "lookup" else []
        return sorted((folder / "lookups").glob("*.yaml"))

    def _parse(self, path: Path, name: str) -> tuple[Report, Entry | None]:
        report = Report(name)
        try:
            if path.stat().st_size > MOST_BYTES:
                report.add(1, "", f"is larger than {MOST_BYTES} bytes; split it")
                return report, None
            content = path.read_bytes()
            text = content.decode()
        except (OSError, UnicodeDecodeError) as error:
            report.add(1, "", f"cannot be read as UTF-8 text ({type(error).__name__})")
            return report, None
        self.manifest[name] = hashlib.sha256(content).hexdigest()
        return report, read_document(text, report)

    def _read_folder(self, folder: Path) -> None:
        here: list[Document] = []
        if folder.is_file():
            if what_is(folder) == "mapping":
                self._read_file(folder, folder.name, here)
            return
        for path in sorted(folder.rglob("*.yaml")):
            place = path.relative_to(folder)
            name = place.as_posix()
            if place.parts[0] in OTHER_FOLDERS:
                continue
            if name in self.manifest:
                self._check_hidden(path, name)
            else:
                self._read_file(path, name, here)

    def _check_hidden(self, path: Path, name: str) -> None:
        """A file for some connections must not take the place of one for others: those would be without."""
        over = self.places.get(name.removesuffix(".yaml"))
        if over is None or not over.connections:
            return
        report = Report(name)
        entry = read_document(path.read_text(encoding="utf-8", errors="replace"), report)
        if entry is not None and entry.is_object and self._document(entry, report, name).key != over.key:
            line = over.entry.value[WORD].line
            own = f"{name.removesuffix('.yaml')}{file_mark(over.connections)}.yaml"
            text = f"the file of every connection stands at this place too and would be hidden; name this one {own}"
            over.report.add(line, WORD, text)

    def _read_file(self, path: Path, name: str, here: list[Document]) -> None:
        report, entry = self._parse(path, name)
        if entry is None or not entry.value or not entry.is_object:
            self.faults += report.faults or [
                Fault(name, 1, "", "a mapping file is an object that starts with kind and from")
            ]
            return
        document = self._document(entry, report, name)
        if is_taken(document, here):
            self.faults += report.faults
            return
        here.append(document)
        if document.key in self.documents:  # an earlier folder has the same stream: this file is not in force
            del self.manifest[name]
            return
        self.documents[document.key] = document
        self.places.setdefault(name.removesuffix(".yaml"), document)

    def _document(self, entry: Entry, report: Report, name: str) -> Document:
        connections = read_connections(entry.value.get(WORD), report)
        return Document(name, source_of(entry, report, name), entry, report, "from" in entry.value, connections)

    def _index(self) -> MappingSet:
        reader = RecordReader(self.kinds, self._node_reader, self._find)
        systems: dict[str, System] = {}
        for document in self._each_document():
            connector = document.key.partition("/")[0]
            if self.connectors is not None and connector not in self.connectors:
                continue
            if connector not in systems:
                systems[connector] = System(connector, self.kinds, self._manifest_of(connector))
            for kind in self._kinds_of(document):
                self._add(systems[connector], document, kind, reader)
        for system in systems.values():
            system.settle()
        general = {name: system.view(None) for name, system in systems.items()}
        return MappingSet(
            {(name, stream): one for name, view in general.items() for stream, one in view.incoming.items()},
            {(name, kind): one for name, view in general.items() for kind, one in view.outgoing.items()},
            dict(sorted(self.manifest.items())),
            systems,
            {name: system for name, system in systems.items() if system.is_narrow},
            self._uses(),
        )

    def _uses(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for document in self._each_document():
            for table in document.report.tables:
                found.setdefault(table, []).append(document.file)
        return found

    @staticmethod
    def _add(system: System, document: Document, kind: Kind | None, reader: RecordReader) -> None:
        is_general = document.stream == ANY
        spec = reader.record(document, kind)
        shown = reader.out(document, kind) if document.is_source else None
        if spec is not None and document.is_source:
            stream = kind.plural if is_general and kind else "" if is_general else document.stream
            system.incoming.append(Part(stream, document.connections, spec, is_general))
        if shown is not None:
            system.outgoing.append(Part(shown.kind.name, document.connections, OutMapping(shown), is_general))

    def _kinds_of(self, document: Document) -> list[Kind | None]:
        named = document.entry.value.get("kind")
        if named is not None and named.value == ANY:
            return list(self.kinds.values())
        return [None]

    def _node_reader(self, report: Report) -> NodeReader:
        return NodeReader(report, self.transforms, self.lookups)
