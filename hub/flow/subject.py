"""Which record an event speaks about, told from its id alone: also where the rest of the event cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.errors import RecordError
from hub.flow.content import content_of
from hub.flow.context import Hub
from hub.model.fault import ValueFault
from hub.model.value import check_external_id
from hub.rules.mapping.path import Path
from hub.rules.mapping.runtime import joined_id
from hub.sdk.item import read_page
from hub.sdk.oddity import Twice
from hub.store.inbox import StoredEvent

RECORD_ID = "x-hub-record-id"
"""Header of an event whose body was cut: the id that its mapping read from the whole of it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The source key of a record, and the stream it comes by."""

    connection_id: int
    stream: str
    kind: str
    object_type: str
    external_id: str


def subject_of(hub: Hub, event: StoredEvent) -> Subject | None:
    """The main record of an event; None where its bytes or the rules in force do not tell."""
    if known := event.headers.get(RECORD_ID):
        return _subject(hub, event.connection_id, event.topic, known)
    try:
        payload = content_of(event)
    except RecordError:
        payload = _legible(event)
    return told_by(hub, event.connection_id, event.topic, payload)


def _legible(event: StoredEvent) -> Any:
    """What can be read of an event that cannot be used: one bad value does not hide whom it is about."""
    try:
        return read_page(event.body or b"")
    except ValueError:
        return None


def told_by(hub: Hub, connection_id: int, topic: str, payload: Any) -> Subject | None:
    """The record that a payload speaks about."""
    spec = _mapping(hub, connection_id, topic)
    if spec is None:
        return None
    inner = _at(payload, spec.root) if spec.root else payload
    parts = [_at(inner if path.up == 0 else payload, path) for path in spec.id if not path.context]
    try:
        if not parts or len(parts) < len(spec.id) or None in parts:
            return None
        external_id = check_external_id(parts[0]) if len(parts) == 1 else joined_id(parts)
    except ValueFault:
        return None
    return _subject(hub, connection_id, topic, external_id)


def id_in(hub: Hub, connection_id: int, topic: str, body: bytes) -> str:
    """The record's id in a body that will not be kept whole; empty where it does not tell."""
    try:
        found = told_by(hub, connection_id, topic, read_page(body))
    except ValueError:
        return ""
    return found.external_id if found else ""


def _subject(hub: Hub, connection_id: int, topic: str, external_id: str) -> Subject | None:
    spec = _mapping(hub, connection_id, topic)
    stream = hub.registry.connector(hub.connections.by_id(connection_id).connector).manifest.stream_of_topic(topic)
    if spec is None or stream is None:
        return None
    return Subject(connection_id, stream.name, spec.kind.name, spec.object_type, external_id)


def _mapping(hub: Hub, connection_id: int, topic: str) -> Any:
    row = hub.connections.by_id(connection_id)
    connector = row.connector
    stream = hub.registry.connector(connector).manifest.stream_of_topic(topic)
    if stream is None or hub.rules is None:
        return None
    mappings = hub.rules.mappings
    found = mappings.inbound(connector, topic, row.name) or mappings.inbound(connector, stream.name, row.name)
    return found.spec if found else None


def _at(value: Any, path: Path) -> Any:
    for part in path.parts:
        if isinstance(value, Twice) and any(name == part for name, _ in value.earlier):
            return None
        if isinstance(part, str) and isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(part, int) and isinstance(value, list) and -len(value) <= part < len(value):
            value = value[part]
        else:
            return None
    return value
