"""All mappings in force, found by connector, stream or kind, and connection."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from hub.rules.mapping.inbound import InMapping
from hub.rules.mapping.narrow import key_of
from hub.rules.mapping.outbound import OutMapping
from hub.rules.mapping.spec import RecordSpec
from hub.rules.mapping.system import System


@dataclass(frozen=True, slots=True)
class MappingSet:
    """What is in force. `manifest`: file -> hash of its content, for the release.

    `incoming`, `outgoing`: of a connection that no file names; `narrow`: the connectors of which some file does.
    `tables`: look-up table -> the files that use it.
    """

    incoming: Mapping[tuple[str, str], InMapping]
    outgoing: Mapping[tuple[str, str], OutMapping]
    manifest: Mapping[str, str]
    systems: Mapping[str, System] = field(default_factory=dict, repr=False)
    narrow: Mapping[str, System] = field(default_factory=dict, repr=False)
    tables: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)

    def inbound(self, connector: str, stream: str, connection: str | None = None) -> InMapping | None:
        """How that stream's payloads become records; None when no file says.

        `connection`: by name; a file that names it wins over one for every connection.
        """
        if connection is None or connector not in self.narrow:
            return self.incoming.get((connector, stream))
        return self.narrow[connector].view(connection).incoming.get(stream)

    def outbound(self, connector: str, kind: str, connection: str | None = None) -> OutMapping | None:
        """How that kind is shown to the system of a connection; None when no file says. `connection`: as for `inbound`."""
        if connection is None or connector not in self.narrow:
            return self.outgoing.get((connector, kind))
        return self.narrow[connector].view(connection).outgoing.get(kind)

    def streams(self, connector: str, connection: str | None = None) -> Mapping[str, InMapping]:
        """All that a connection's events are mapped by: by stream or topic."""
        found = self.systems.get(connector)
        return found.view(connection).incoming if found else {}

    def files(self) -> tuple[dict[str, str], dict[str, str]]:
        """Incoming and outgoing: `webhook/customers`, or `webhook/customers@kassa` of a file for some -> its file."""
        both = [system.files() for system in self.systems.values()]
        incoming = {key: file for side, _ in both for key, file in side.items()}
        outgoing = {key: file for _, side in both for key, file in side.items()}
        return dict(sorted(incoming.items())), dict(sorted(outgoing.items()))

    def records(self) -> list[tuple[str, str, RecordSpec]]:
        """(connector, stream, what its file says) of every file, the stream as `customers@kassa` where it is for some."""
        return [
            (name, key_of(name, part.name, part.connections).partition("/")[2], part.made)
            for name, system in self.systems.items()
            for part in system.incoming
        ]

    def compile(self, files: Collection[str] | None = None) -> None:
        """Writes the Python of all of them, or of `files` alone: what a file says wrongly only then, raises `ConfigError`."""
        for system in self.systems.values():
            for mapping in system.every():
                if files is None or mapping.spec.file in files:
                    _ = mapping.source
