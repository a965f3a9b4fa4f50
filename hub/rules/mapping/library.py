"""All mapping files in force: found in folders, read, indexed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hub.errors import ConfigError
from hub.model.kind import Kind
from hub.rules.mapping.document import Entry, Fault, Report, read_document
from hub.rules.mapping.inbound import InMapping
from hub.rules.mapping.nodes import NodeReader
from hub.rules.mapping.outbound import OutMapping
from hub.rules.mapping.records import Document, RecordReader
from hub.rules.mapping.soundness import check_system
from hub.rules.mapping.versions import records_of, units_of
from hub.rules.transforms import TRANSFORMS
from hub.sdk.connector import Connector, Manifest

ANY = "*"
OTHER_FOLDERS = ("policies", "lookups", "models")

Transforms = Mapping[str, Callable[..., Any]]
Connectors = Mapping[str, type[Connector]] | Collection[str]


@dataclass(frozen=True, slots=True)
class MappingSet:
    """What is in force. `manifest`: file -> hash of its content, for the release."""

    incoming: Mapping[tuple[str, str], InMapping]
    outgoing: Mapping[tuple[str, str], OutMapping]
    manifest: Mapping[str, str]

    def inbound(self, connector: str, stream: str) -> InMapping | None:
        """How that stream's payloads become records; None when no file says."""
        return self.incoming.get((connector, stream))

    def outbound(self, connector: str, kind: str) -> OutMapping | None:
        """How that kind is shown to the connector's system; None when no file says."""
        return self.outgoing.get((connector, kind))


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
        for incoming in found.incoming.values():
            _ = incoming.source
        for outgoing in found.outgoing.values():
            _ = outgoing.source
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
        if self.faults:  # what faulty files say together would only add noise
            return found
        return replace(found, incoming=self._check_systems(found))

    def _check_systems(self, found: MappingSet) -> dict[tuple[str, str], InMapping]:
        """Notes what is wrong with all files of a system together; what comes in, with the unit that orders it."""
        checked: dict[tuple[str, str], InMapping] = {}
        used, is_whole = frozenset(self.used), isinstance(self.connectors, Mapping)
        for connector in dict.fromkeys(name for name, _ in (*found.incoming, *found.outgoing)):
            incoming = {stream: one.spec for (name, stream), one in found.incoming.items() if name == connector}
            outgoing = [one for (name, _), one in found.outgoing.items() if name == connector]
            general = self.documents.get(f"{connector}/{ANY}")
            manifest = None if general else self._manifest_of(connector)
            file = general.file if general else ""
            self.faults += check_system(incoming, outgoing, self.kinds, manifest, used, is_whole=is_whole, general=file)
            records = [one for spec in incoming.values() if spec.file != file for one in records_of(spec)]
            units = units_of(records, manifest)
            for stream, spec in incoming.items():
                checked[connector, stream] = InMapping(spec, self.kinds, units if spec.file != file else {})
        return checked

    def _manifest_of(self, connector: str) -> Manifest | None:
        if not isinstance(self.connectors, Mapping) or connector not in self.connectors:
            return None
        manifest: Manifest = self.connectors[connector].manifest
        return manifest

    def _find(self, name: str) -> Document | None:
        found = self.documents.get(name)
        if found is not None:
            self.used.add(found.stream)
        return found

    def _each_document(self) -> list[Document]:
        return list({id(document): document for document in self.documents.values()}.values())

    def _read_lookups(self, folder: Path) -> None:
        for path in sorted((folder / "lookups").glob("*.yaml")):
            name = f"lookups/{path.name}"
            if name not in self.manifest:
                report, entry = self._parse(path, name)
                if entry is not None and entry.is_object:
                    self.lookups[path.stem] = entry
                elif entry is not None:
                    report.add(1, "", "a lookup table is an object from source value to canonical value")
                self.faults += report.faults

    def _parse(self, path: Path, name: str) -> tuple[Report, Entry | None]:
        report = Report(name)
        try:
            content = path.read_bytes()
            text = content.decode()
        except (OSError, UnicodeDecodeError) as error:
            report.add(1, "", f"cannot be read as UTF-8 text ({type(error).__name__})")
            return report, None
        self.manifest[name] = hashlib.sha256(content).hexdigest()
        return report, read_document(text, report)

    def _read_folder(self, folder: Path) -> None:
        here: dict[str, str] = {}
        if folder.is_file():
            self._read_file(folder, folder.name, here)
            return
        for path in sorted(folder.rglob("*.yaml")):
            place = path.relative_to(folder)
            if place.parts[0] in OTHER_FOLDERS or place.as_posix() in self.manifest:
                continue
            self._read_file(path, place.as_posix(), here)

    def _read_file(self, path: Path, name: str, here: dict[str, str]) -> None:
        report, entry = self._parse(path, name)
        if entry is None or not entry.is_object:
            self.faults += report.faults or [
                Fault(name, 1, "", "a mapping file is an object that starts with kind and from")
            ]
            return
        key = self._key(entry, report, name)
        if key in here:
            report.add(1, "from", f"{key} is mapped by {here[key]} too; keep one file")
            self.faults += report.faults
            return
        here[key] = name
        if key in self.documents:  # an earlier folder has the same stream: this file is not in force
            del self.manifest[name]
            return
        document = Document(name, key, entry, report, "from" in entry.value)
        self.documents[key] = document
        self.documents.setdefault(name.removesuffix(".yaml"), document)

    @staticmethod
    def _key(entry: Entry, report: Report, name: str) -> str:
        source = entry.value.get("from")
        if source is None:
            return name.removesuffix(".yaml")
        connector, slash, stream = str(source.value).partition("/")
        if source.value.__class__ is str and connector and slash and stream:
            return str(source.value)
        report.add(source.line, "from", "is connector/stream or connector/topic, like shopify/orders")
        return name.removesuffix(".yaml")

    def _index(self) -> MappingSet:
        reader = RecordReader(self.kinds, self._node_reader, self._find)
        incoming: dict[tuple[str, str], InMapping] = {}
        outgoing: dict[tuple[str, str], OutMapping] = {}
        # Files for one stream come first, so that they win over `connector/*`.
        for document in sorted(self._each_document(), key=lambda one: one.stream == ANY):
            connector = document.key.partition("/")[0]
            if self.connectors is not None and connector not in self.connectors:
                continue
            for kind in self._kinds_of(document):
                spec = reader.record(document, kind)
                stream = document.stream if document.stream != ANY else (kind.plural if kind else "")
                if spec is not None and document.is_source:
                    incoming.setdefault((connector, stream), InMapping(spec, self.kinds))
                shown = reader.out(document, kind) if document.is_source else None
                if shown is not None:
                    outgoing.setdefault((connector, shown.kind.name), OutMapping(shown))
        return MappingSet(incoming, outgoing, dict(sorted(self.manifest.items())))

    def _kinds_of(self, document: Document) -> list[Kind | None]:
        named = document.entry.value.get("kind")
        if named is not None and named.value == ANY:
            return list(self.kinds.values())
        return [None]

    def _node_reader(self, report: Report) -> NodeReader:
        return NodeReader(report, self.transforms, self.lookups)
