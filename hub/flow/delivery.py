"""A person's rulings on a delivery: send it again, give it up, it did arrive."""

from __future__ import annotations

import uuid

from hub.errors import ConflictError, NotFoundError
from hub.flow.context import Hub
from hub.flow.outcome import close_items
from hub.flow.written import Written, note_writes
from hub.model.identifier import format_id
from hub.store import attempt, claimed, verdict
from hub.store.database import Connection


def retry(hub: Hub, target_id: uuid.UUID, by: str) -> None:
    """Sends what is missing now. For an unknown outcome: rules that it did not arrive. Errors: `NotFoundError`."""

    def work(conn: Connection) -> None:
        _state(conn, target_id)
        verdict.send_again(conn, target_id)
        close_items(conn, [target_id], by)

    hub.db.run(work)
    hub.queue.wake("deliver")


def discard(hub: Hub, target_id: uuid.UUID, by: str) -> None:
    """Does not send it; a later change of the record makes it due again. Errors: `NotFoundError`."""

    def work(conn: Connection) -> None:
        _state(conn, target_id)
        verdict.give_up(conn, target_id)
        close_items(conn, [target_id], by)

    hub.db.run(work)


def arrived(hub: Hub, target_id: uuid.UUID, by: str, external_id: str | None = None) -> None:
    """Rules that the unknown attempt took effect. A create needs the id that the system gave the record.

    Errors: `NotFoundError`; `ConflictError` when the outcome is not unknown, or the id is missing.
    """

    def work(conn: Connection) -> None:
        if _state(conn, target_id) != "unknown":
            raise ConflictError(f"{_shown(target_id)}: its outcome is not unknown, so there is nothing to confirm")
        due = claimed.load(conn, [target_id])[target_id]
        known = due.external_id or external_id
        if known is None:
            raise ConflictError(f"{_shown(target_id)} was to create a record: give the id that the system gave it")
        row = hub.connections.by_id(due.connection_id)
        for each in attempt.unaccounted(conn, [target_id]).get(target_id, []):
            note_writes(conn, hub, row, [Written(due, known, each.asserted, None, each.id)])
        verdict.compare_again(conn, target_id)
        close_items(conn, [target_id], by)

    hub.db.run(work)
    hub.queue.wake("pipeline")
    hub.queue.wake("deliver")


def _state(conn: Connection, target_id: uuid.UUID) -> str:
    found = verdict.lock(conn, target_id)
    if found is None:
        raise NotFoundError(f"there is no delivery {_shown(target_id)}; `retail-hub deliveries` lists them")
    return found[0]


def _shown(target_id: uuid.UUID) -> str:
    return format_id("dlv", target_id)
