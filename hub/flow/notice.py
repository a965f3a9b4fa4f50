"""Notices: a system says that records changed and not how, so the hub reads them.

The event with the notice is kept and done like any other (T1); the record is noted in its
transaction and read by the poll role, once however often it was told of. What is read enters the
inbox as every other read does. A notice that is lost costs nothing but time: the next pull finds the change.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import cast

import orjson

from hub.errors import ConfigError, HubError, Problem, RecordError, RetryableError
from hub.flow.account import pause_on
from hub.flow.context import Hub
from hub.flow.reading import MAX_ITEM_BYTES
from hub.sdk.connector import RawEvent, Reads
from hub.sdk.rate import working_in
from hub.store import inbox
from hub.store import notice as store
from hub.store.connection import ConnectionRow
from hub.store.database import Connection
from hub.store.inbox import NewEvent, StoredEvent
from hub.store.notice import Key, Taken

MOST_FAILURES = 8
FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 600.0
_log = logging.getLogger(__name__)


def noticed(hub: Hub, event: StoredEvent) -> Key | None:
    """The record that an event tells of without saying what it is; None for any other event.

    Raises `RecordError` when it names no id.
    """
    connection = hub.connections.by_id(event.connection_id)
    stream = hub.registry.connector(connection.connector).manifest.stream_of_topic(event.topic)
    if stream is None or event.topic not in stream.notices:
        return None
    try:
        content = orjson.loads(event.body or b"")
    except orjson.JSONDecodeError:
        content = None
    external_id = content.get("id") if isinstance(content, dict) else None
    if not isinstance(external_id, str) or not external_id:
        raise RecordError([Problem("bad_notice", f"a notice of {stream.name} has the text `id` of the record", "id")])
    return (connection.id, stream.name, external_id)


def note(conn: Connection, hub: Hub, keys: Sequence[Key]) -> None:
    """Notes records to be read, in the caller's transaction; those of kinds that do not flow in are passed over."""
    store.add(conn, [key for key in keys if _is_wanted(hub, key)])


def read_due(hub: Hub) -> int:
    """Reads what notices told of; returns how many records were asked for."""
    done = 0
    for connection_id, stream in store.due(hub.db):
        row = hub.connections.by_id(connection_id)
        if hub.connections.may_call(row.id, "in"):
            done += _read(hub, row, stream, store.take(hub.db, row.id, stream))
    return done


def _is_wanted(hub: Hub, key: Key) -> bool:
    row = hub.connections.by_id(key[0])
    streams = hub.registry.connector(row.connector).manifest.streams
    return any(stream.name == key[1] and any(map(row.reads, stream.kinds)) for stream in streams)


def _read(hub: Hub, row: ConnectionRow, stream: str, taken: Sequence[Taken]) -> int:
    if not taken:
        return 0
    try:
        events = _events(hub, row, stream, [external_id for external_id, _ in taken])
    except HubError as error:
        if not isinstance(error, RetryableError):
            pause_on(hub, row.name, error)
        _put_off(hub, row, stream, taken, error)
        return len(taken)

    def work(conn: Connection) -> int:
        accepted = len(inbox.accept(conn, hub.keyring, events).ids) if events else 0
        store.done(conn, row.id, stream, taken)
        return accepted

    if hub.db.run(work):
        hub.queue.wake("pipeline")
    return len(taken)


def _events(hub: Hub, row: ConnectionRow, stream: str, ids: Sequence[str]) -> list[NewEvent]:
    connector = hub.connections.connector(row.name)
    found: list[NewEvent] = []
    asked_at = time.time()
    try:
        with working_in("live"):
            for page in cast("Reads", connector).fetch_some(stream, ids):
                read_at = int((page.read_at or asked_at) * 1_000_000)
                # What is too large for the inbox is told of by the next pull, which says so.
                found += [_event(row, raw, read_at) for raw in page.events if len(raw.body) <= MAX_ITEM_BYTES]
                asked_at = time.time()
    except HubError:
        raise
    except NotImplementedError:
        raise ConfigError(
            f"{row.name}: the stream {stream} has notices, but its records cannot be read singly"
        ) from None
    except Exception as error:
        raised = connector.classify(error)
        if isinstance(raised, HubError):
            raise raised from error
        # The error's text may quote the system's answer.
        raise RetryableError(f"{row.name}: the connector crashed with {type(error).__name__}") from error
    return found


def _event(row: ConnectionRow, raw: RawEvent, read_at: int) -> NewEvent:
    return NewEvent(row.id, raw.topic, raw.body, raw.dedupe, origin="pull", read_at=read_at, headers=dict(raw.headers))


def _put_off(hub: Hub, row: ConnectionRow, stream: str, taken: Sequence[Taken], error: HubError) -> None:
    wait_s = getattr(error, "retry_after_s", None) or FIRST_WAIT_S
    gone = store.later(hub.db, row.id, stream, taken, min(wait_s, LONGEST_WAIT_S), MOST_FAILURES)
    if gone:
        _log.warning("%s: %d changed records of %s could not be read; the next pull finds them", row.name, gone, stream)
