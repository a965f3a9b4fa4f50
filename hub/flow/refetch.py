"""Reading a record anew whose event cannot be used as it is kept: too large, cut short, or spoilt on its way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import UUID

from hub.errors import ConflictError, HubError, NotFoundError
from hub.flow.context import Hub
from hub.flow.reading import MAX_ITEM_BYTES
from hub.flow.subject import Subject, subject_of
from hub.model.identifier import format_id
from hub.sdk.connector import Connector, RawEvent, Reads, Writes
from hub.sdk.item import item_body
from hub.store import audit, forecast, inbox, rerun
from hub.store.database import Connection, new_id
from hub.store.event import read_event


def can_fetch(hub: Hub, subject: Subject | None) -> bool:
    """Whether the record that an event is about can be read singly from its system."""
    return subject is not None and bool(_ways(hub, subject))


def fetch_anew(hub: Hub, event_id: UUID, by: str) -> UUID:
    """Reads the record of a quarantined event and puts it into the inbox; the old event is discarded. Returns the new one's id.

    Errors: `NotFoundError`; `ConflictError` when the event is not in quarantine, does not tell its record, or the
    record cannot be read singly, is gone, or is still too large; the connector's own errors.
    """
    with hub.db.session() as conn:
        event = read_event(conn, hub.keyring, event_id)
        if event_id not in forecast.quarantined(conn, [event_id]):
            raise ConflictError(f"{format_id('evt', event_id)} is not in quarantine")
    subject = subject_of(hub, event)
    if subject is None:
        raise ConflictError("the event does not tell which record it is about: pull its stream instead")
    row = hub.connections.by_id(subject.connection_id)
    if not _ways(hub, subject):
        raise ConflictError(f"{row.name}: a single record cannot be read there; pull the stream {subject.stream}")
    if not hub.connections.may_call(row.id, "in"):
        raise ConflictError(f"{row.name} is halted, paused or not connected: nothing is read from it now")
    read_at = time.time_ns() // 1000
    raw = _read(hub, subject)
    if raw is None:
        raise NotFoundError(
            f"{row.name} has no {subject.object_type} {subject.external_id}: it may have been deleted there"
        )
    if len(raw.body) > MAX_ITEM_BYTES:
        raise ConflictError(f"it still has {len(raw.body)} bytes: make it smaller at {row.name} first")
    fresh = inbox.NewEvent(
        row.id, raw.topic, raw.body, f"fetch:{new_id()}", origin="pull", read_at=read_at, headers=raw.headers
    )

    def work(conn: Connection) -> UUID:
        (found,) = inbox.accept(conn, hub.keyring, [fresh]).ids
        inbox.discard(conn, [event_id])
        rerun.forget(conn, [event_id])
        detail = {"connection": row.name, "fetched": format_id("evt", found)}
        audit.append(conn, by, "event.fetched_anew", format_id("evt", event_id), detail=detail)
        return found

    found = hub.db.run(work)
    hub.queue.wake("pipeline")
    return found


def _ways(hub: Hub, subject: Subject) -> list[str]:
    """How its system can be asked for one record."""
    kind = hub.registry.connector(hub.connections.by_id(subject.connection_id).connector)
    ways = []
    if issubclass(kind, Reads) and kind.fetch_some is not Reads.fetch_some:
        ways.append("fetch_some")
    if issubclass(kind, Writes) and kind.read is not Writes.read:
        ways.append("read")
    return ways


def _read(hub: Hub, subject: Subject) -> RawEvent | None:
    """The record as it is now, whichever way its system knows."""
    connector = hub.connections.connector(hub.connections.by_id(subject.connection_id).name)
    ways = _ways(hub, subject)
    try:
        if "fetch_some" in ways:
            try:
                return next(_listed(connector, subject), None)
            except NotImplementedError:
                if "read" not in ways:
                    raise
        assert isinstance(connector, Writes)  # noqa: S101 -- `_ways` said so
        found = connector.read(subject.kind, subject.external_id)
    except HubError:
        raise
    except NotImplementedError:
        raise ConflictError(
            f"{connector.name}: {subject.object_type} cannot be read one by one; pull the stream {subject.stream}"
        ) from None
    except Exception as error:
        raise connector.classify(error) from error
    return RawEvent(subject.object_type, item_body(found.data)) if found and found.data else None


def _listed(connector: Connector, subject: Subject) -> Iterator[RawEvent]:
    assert isinstance(connector, Reads)  # noqa: S101 -- `_ways` said so
    for page in connector.fetch_some(subject.stream, [subject.external_id]):
        yield from page.events
