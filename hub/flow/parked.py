"""Records that wait for the one they belong to: fetching it from its system, or ruling that it will not come."""

from __future__ import annotations

import time
import uuid

import orjson

from hub.errors import ConflictError, NotFoundError
from hub.flow.context import Hub
from hub.model.identifier import format_id
from hub.sdk.connector import Found, Writes
from hub.store import audit, inbox
from hub.store import parked as store
from hub.store.database import Connection, new_id
from hub.store.parked import Waiting


def can_fetch(hub: Hub, connector: str) -> bool:
    """Whether a single record can be read from systems of that connector."""
    found = hub.registry.connectors.get(connector)
    return found is not None and issubclass(found, Writes) and found.read is not Writes.read


def fetch_parent(hub: Hub, rid: uuid.UUID, by: str) -> None:
    """Reads the record that a parked one waits for and puts it into the inbox, like any other event.

    Errors: `NotFoundError`; `ConflictError` when it does not wait, or its system cannot be read, may not be called,
    or does not have it; the connector's own errors.
    """
    waiting = _waiting(hub, rid)
    row = hub.connections.by_name(waiting.parent_connection)
    if not can_fetch(hub, row.connector):
        raise ConflictError(f"{row.name}: a single record cannot be read there; pull the stream {waiting.parent_type}")
    if not hub.connections.may_call(row.id, "in"):
        raise ConflictError(f"{row.name} is halted, paused or not connected: nothing is read from it now")
    read_at = time.time_ns() // 1000
    found = _read(hub, waiting)
    if found is None or found.data is None:
        raise ConflictError(
            f"{row.name} has no {waiting.parent_type} {waiting.parent_id}: it may have been deleted there"
        )
    event = inbox.NewEvent(
        row.id, waiting.parent_type, orjson.dumps(dict(found.data)), dedupe=f"fetch:{new_id()}", origin="pull",
        read_at=read_at,
    )  # fmt: skip

    def work(conn: Connection) -> None:
        inbox.accept(conn, hub.keyring, [event])
        detail = {"connection": row.name, "object_type": waiting.parent_type, "external_id": waiting.parent_id}
        audit.append(conn, by, "record.parent_fetched", format_id("rec", rid), detail=detail)

    hub.db.run(work)
    hub.queue.wake("pipeline")


def _read(hub: Hub, waiting: Waiting) -> Found | None:
    connector = hub.connections.connector(waiting.parent_connection)
    assert isinstance(connector, Writes)  # noqa: S101 -- `can_fetch` said so
    try:
        return connector.read(waiting.parent_kind, waiting.parent_id)
    except NotImplementedError:
        raise ConflictError(f"{waiting.parent_connection}: {waiting.parent_type} cannot be read one by one") from None
    except Exception as error:
        raise connector.classify(error) from error


def release(hub: Hub, rid: uuid.UUID, by: str, reason: str = "") -> None:
    """Rules that the parent will not come: the record is parked no more, also not by its next event.

    Errors: `NotFoundError`; `ConflictError` when it does not wait.
    """
    _waiting(hub, rid)

    def work(conn: Connection) -> None:
        store.release(conn, rid)
        audit.append(conn, by, "record.released", format_id("rec", rid), reason)

    hub.db.run(work)
    hub.queue.wake("pipeline")


def _waiting(hub: Hub, rid: uuid.UUID) -> Waiting:
    with hub.db.session() as conn:
        if not store.exists(conn, rid):
            raise NotFoundError(f"there is no record {format_id('rec', rid)}")
        found = store.waiting(conn, rid)
    if found is None:
        raise ConflictError("this record does not wait for another one any more")
    return found
