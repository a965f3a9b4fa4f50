"""A connector's mapping files tried without a database: what the conformance kit asks of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson

from hub.errors import Problem, RecordError
from hub.model.kind import Kind
from hub.model.observation import Draft
from hub.registry import Registry
from hub.rules import projection, register
from hub.rules.mapping import MapContext, MappingSet, OutMapping, load_mappings
from hub.sdk.connector import Manifest, RawEvent
from hub.sdk.testing.kit.mapper import Shown


@dataclass(frozen=True, slots=True)
class MappingTrial:
    """The mappings of the connector with `manifest`, used as the hub uses them (`hub.sdk.testing.kit.mapper.Mapper`)."""

    manifest: Manifest
    mappings: MappingSet
    kinds: Mapping[str, Kind]

    @classmethod
    def of(cls, registry: Registry, name: str, folders: Iterable[Path]) -> Self:
        """The files of `folders` and of what is installed; `ConfigError` for faults in files, or an unknown connector."""
        places = [*folders, *registry.mapping_folders]
        mappings = load_mappings(places, registry.kinds, registry.transforms, registry.connectors)
        return cls(registry.connector(name).manifest, mappings, registry.kinds)

    def drafts(self, connection: str, event: RawEvent) -> Sequence[Draft]:
        """See `Mapper.drafts`: the file of the topic, else that of its stream."""
        manifest = self.manifest
        if event.topic in manifest.pausing_topics or event.topic in manifest.unmapped_topics:
            return []
        stream = manifest.stream_of_topic(event.topic)
        name = stream.name if stream else ""
        of = self.mappings.inbound
        mapping = of(manifest.name, event.topic, connection) or of(manifest.name, name, connection)
        if mapping is None:
            what = f"no mapping file is `from: {manifest.name}/{name or event.topic}`"
            raise RecordError([Problem("no_mapping", what)])
        context = MapContext(connection, event.topic, time.time_ns() // 1000)
        return mapping.map(orjson.loads(event.body), context)

    def shows(self, kind: str) -> bool:
        """See `Mapper.shows`."""
        return self.mappings.outbound(self.manifest.name, kind) is not None

    def shown(self, draft: Draft) -> Shown:
        """See `Mapper.shown`: as for a record that the system does not have yet."""
        mapping = self._outbound(draft.kind)
        wanted = {name: draft.asserted[name] for name in mapping.fields if name in draft.asserted}
        kept = mapping.keep(wanted, draft.asserted, {})
        return Shown(kept, mapping.project(dict(kept), _own_id))

    def news(self, kept: Mapping[str, Any], draft: Draft) -> Sequence[str]:
        """See `Mapper.news`: what is evidence of the system's own, and what the hub would send again."""
        identities = self.kinds[draft.kind].identities
        said = {name: value for name, value in draft.asserted.items() if name in kept}
        write = register.Item((1, register.WRITE_MINOR, 0, ""), register.flatten(kept, identities), is_write=True)
        fold = register.fold([write, register.Item((1, 0, 0, ""), register.flatten(said, identities))])
        own = {key.partition(register.SEPARATOR)[0] for key, cell in fold.cells.items() if cell.own is not _MISSING}
        return sorted(own | projection.difference(kept, fold, identities).keys())

    def _outbound(self, kind: str) -> OutMapping:
        mapping = self.mappings.outbound(self.manifest.name, kind)
        if mapping is None:
            raise RecordError([Problem("no_mapping", f"no mapping file of {self.manifest.name} has `out` for {kind}")])
        return mapping


_MISSING = register.MISSING


def _own_id(key: Mapping[str, Any]) -> str:
    """Parents are taken to be there, under the id that the sample gives them."""
    return str(key["external_id"])
