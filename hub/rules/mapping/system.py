"""All files of one connector, and what of them is for each of its connections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from hub.model.kind import Kind
from hub.rules.mapping.document import Fault
from hub.rules.mapping.inbound import InMapping
from hub.rules.mapping.narrow import fits, key_of, samples
from hub.rules.mapping.outbound import OutMapping
from hub.rules.mapping.soundness import check_system
from hub.rules.mapping.spec import RecordSpec
from hub.rules.mapping.versions import records_of, units_of
from hub.sdk.connector import Manifest

T = TypeVar("T", RecordSpec, OutMapping)


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """One direction of a file. `name`: the stream (in), or the kind (out); `is_general`: its file is for every stream."""

    name: str
    connections: tuple[str, ...]
    made: T
    is_general: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """What is for one connection: by stream what comes in, by kind what goes out. `general`: the file for every stream."""

    incoming: Mapping[str, InMapping]
    outgoing: Mapping[str, OutMapping]
    general: str = ""


@dataclass(slots=True)
class System:
    """The files of one connector, the first of those that fit winning. `manifest`: None when it is not known.

    A file that names a connection, by its name or a pattern, wins over one for all; a file for a stream over one for every
    stream. Looked up once per connection, and compiled once for all connections that the same files are for.
    """

    connector: str
    kinds: Mapping[str, Kind]
    manifest: Manifest | None = None
    incoming: list[Part[RecordSpec]] = field(default_factory=list)
    outgoing: list[Part[OutMapping]] = field(default_factory=list)
    _views: dict[str | None, View] = field(default_factory=dict, repr=False)
    _same: dict[tuple[bool, ...], View] = field(default_factory=dict, repr=False)
    _made: dict[tuple[int, tuple[tuple[str, str], ...]], InMapping] = field(default_factory=dict, repr=False)

    @property
    def parts(self) -> list[Part[RecordSpec] | Part[OutMapping]]:
        """Both directions of all files."""
        return [*self.incoming, *self.outgoing]

    @property
    def is_narrow(self) -> bool:
        """Whether some file is not for every connection."""
        return any(part.connections for part in self.parts)

    def settle(self) -> None:
        """Puts the parts into the order in which they win. To be called once all are there."""
        self.incoming.sort(key=_rank)
        self.outgoing.sort(key=_rank)

    def view(self, connection: str | None) -> View:
        """What is for a connection; None: for one that no file names."""
        found = self._views.get(connection)
        if found is None:
            found = self._views[connection] = self._view(connection)
        return found

    def faults(self, used: frozenset[str], *, is_whole: bool) -> list[Fault]:
        """What is wrong with the files together, for connections of any name; a place that is told of once is not told of again."""
        found: dict[tuple[str, int, str], list[Fault]] = {}
        for name in self._names():
            view = self.view(name)
            incoming = {stream: one.spec for stream, one in view.incoming.items()}
            told = check_system(
                incoming, list(view.outgoing.values()), self.kinds, self._manifest(view), used,
                is_whole=is_whole, general=view.general,
            )  # fmt: skip
            known = frozenset(found)
            for fault in told:
                place = (fault.file, fault.line, fault.field)
                if place not in known:
                    shown = f"{fault.text} (for a connection like {name})" if name is not None else fault.text
                    found.setdefault(place, []).append(replace(fault, text=shown))
        return [fault for faults in found.values() for fault in faults]

    def files(self) -> tuple[dict[str, str], dict[str, str]]:
        """Incoming and outgoing: the key of each stream or kind, as `narrow.key_of` -> the file it is made by."""
        incoming: dict[str, str] = {}
        outgoing: dict[str, str] = {}
        for part in self.incoming:
            incoming.setdefault(key_of(self.connector, part.name, part.connections), part.made.file)
        for shown in self.outgoing:
            outgoing.setdefault(key_of(self.connector, shown.name, shown.connections), shown.made.spec.file)
        return incoming, outgoing

    def every(self) -> list[InMapping | OutMapping]:
        """All of its files that some connection can be mapped by, each once for each set of units that it may meet."""
        views = [self.view(name) for name in self._names()]
        made: list[InMapping | OutMapping] = [one for view in views for one in view.incoming.values()]
        made += [one for view in views for one in view.outgoing.values()]
        return list({id(one): one for one in made}.values())

    def _names(self) -> Iterator[str | None]:
        """None, and a name for each set of files that some name fits: of one pattern, or of two."""
        yield None
        patterns = [one for part in self.parts for one in part.connections]
        seen = {self._fitting(None)}
        for name in samples(patterns):
            fitting = self._fitting(name)
            if fitting not in seen:
                seen.add(fitting)
                yield name

    def _fitting(self, connection: str | None) -> tuple[bool, ...]:
        return tuple(_is_for(part, connection) for part in self.parts)

    def _view(self, connection: str | None) -> View:
        fitting = self._fitting(connection)
        if fitting not in self._same:
            self._same[fitting] = self._make(connection)
        return self._same[fitting]

    def _make(self, connection: str | None) -> View:
        specs: dict[str, RecordSpec] = {}
        general = ""
        for part in self.incoming:
            if _is_for(part, connection):
                specs.setdefault(part.name, part.made)
                general = general or (part.made.file if part.is_general else "")
        outgoing: dict[str, OutMapping] = {}
        for shown in self.outgoing:
            if _is_for(shown, connection):
                outgoing.setdefault(shown.name, shown.made)
                general = general or (shown.made.spec.file if shown.is_general else "")
        bare = View({}, outgoing, general)
        records = [one for spec in specs.values() if spec.file != general for one in records_of(spec)]
        units = units_of(records, self._manifest(bare))
        return replace(bare, incoming={
            stream: self._incoming(spec, units if spec.file != general else {}) for stream, spec in specs.items()
        })  # fmt: skip

    def _incoming(self, spec: RecordSpec, units: Mapping[str, str]) -> InMapping:
        key = (id(spec), tuple(sorted(units.items())))
        if key not in self._made:
            self._made[key] = InMapping(spec, self.kinds, units)
        return self._made[key]

    def _manifest(self, view: View) -> Manifest | None:
        """What binds a site's files: nothing where the connector takes any shape."""
        return None if view.general else self.manifest


def _rank(part: Part[RecordSpec] | Part[OutMapping]) -> tuple[bool, bool]:
    return (not part.connections, part.is_general)


def _is_for(part: Part[RecordSpec] | Part[OutMapping], connection: str | None) -> bool:
    return not part.connections or (connection is not None and fits(part.connections, connection))
