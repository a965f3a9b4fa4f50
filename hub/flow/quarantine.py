"""What people do with events that were set aside: run them again after a fix, or discard them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from hub.flow.context import Hub
from hub.model.identifier import format_id
from hub.store import audit, inbox
from hub.store.database import Connection


def run_again(
    hub: Hub, actor: str, *, ids: Sequence[UUID] | None = None, connection: str | None = None, cause: str | None = None
) -> int:
    """Puts quarantined events that fit every filter back into the queue, under the rules in force now; returns how many.

    `NotFoundError` for an unknown connection.
    """
    connection_id = hub.connections.by_name(connection).id if connection else None

    def work(conn: Connection) -> int:
        count = inbox.release_quarantine(conn, ids=ids, connection_id=connection_id, cause=cause)
        detail = {"events": count, "connection": connection, "cause": cause}
        audit.append(conn, actor, "event.rerun", _subject(ids), detail=detail)
        return count

    count = hub.db.run(work)
    hub.queue.wake("pipeline")
    return count


def discard(hub: Hub, actor: str, ids: Sequence[UUID], reason: str) -> int:
    """Takes quarantined events out for good; they stay readable and are counted. Returns how many."""

    def work(conn: Connection) -> int:
        count = inbox.discard(conn, ids)
        audit.append(conn, actor, "event.discarded", _subject(ids), reason, {"events": count})
        return count

    return hub.db.run(work)


def _subject(ids: Sequence[UUID] | None) -> str:
    return format_id("evt", ids[0]) if ids and len(ids) == 1 else ""
