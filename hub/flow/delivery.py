"""A person's rulings on a delivery: look again, it did arrive, send it again, give it up. Each is audited with its reason."""

from __future__ import annotations

import uuid
from typing import Any

from hub.errors import ConflictError, NotFoundError
from hub.flow.context import Hub
from hub.flow.outcome import close_items
from hub.flow.written import Written, note_writes
from hub.model.identifier import format_id
from hub.sdk.connector import Writes
from hub.store import attempt, audit, claimed, verdict
from hub.store.database import Connection


def can_look(hub: Hub, connector: str) -> bool:
    """Whether a system of that connector can be asked what it holds. A connection's settings may still forbid it."""
    found = hub.registry.connectors.get(connector)
    if found is None or not issubclass(found, Writes):
        return False
    return found.read is not Writes.read or found.find is not Writes.find


def look_again(hub: Hub, target_id: uuid.UUID, by: str, reason: str = "") -> None:
    """Asks the system once more what it holds, before anything is sent.

    Errors: `NotFoundError`; `ConflictError` when the outcome is not unknown, or the system cannot be asked.
    """

    def work(conn: Connection) -> None:
        if _state(conn, target_id) != "unknown":
            raise ConflictError(f"{_shown(target_id)}: its outcome is not unknown, so there is nothing to look up")
        due = claimed.load(conn, [target_id])[target_id]
        row = hub.connections.by_id(due.connection_id)
        if not can_look(hub, row.connector):
            raise ConflictError(f"{row.name} can be neither read nor searched: look there, then say what you found")
        verdict.look_again(conn, target_id)
        _audit(conn, by, "looked", target_id, reason)

    hub.db.run(work)
    hub.queue.wake("deliver")


def retry(hub: Hub, target_id: uuid.UUID, by: str, reason: str = "") -> None:
    """Sends what is missing now. For an unknown outcome: rules that it did not arrive. Errors: `NotFoundError`."""

    def work(conn: Connection) -> None:
        state = _state(conn, target_id)
        verdict.send_again(conn, target_id)
        close_items(conn, [target_id], by)
        _audit(conn, by, "retried", target_id, reason, was=state)

    hub.db.run(work)
    hub.queue.wake("deliver")


def discard(hub: Hub, target_id: uuid.UUID, by: str, reason: str = "") -> None:
    """Does not send it; a later change of the record makes it due again. Errors: `NotFoundError`."""

    def work(conn: Connection) -> None:
        state = _state(conn, target_id)
        verdict.give_up(conn, target_id)
        close_items(conn, [target_id], by)
        _audit(conn, by, "discarded", target_id, reason, was=state)

    hub.db.run(work)


def arrived(hub: Hub, target_id: uuid.UUID, by: str, external_id: str | None = None, reason: str = "") -> None:
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
        _audit(conn, by, "arrived", target_id, reason, external_id=known)

    hub.db.run(work)
    hub.queue.wake("pipeline")
    hub.queue.wake("deliver")


def _audit(conn: Connection, by: str, act: str, target_id: uuid.UUID, reason: str, **detail: Any) -> None:
    audit.append(conn, by, f"delivery.{act}", _shown(target_id), reason, detail)


def _state(conn: Connection, target_id: uuid.UUID) -> str:
    found = verdict.lock(conn, target_id)
    if found is None:
        raise NotFoundError(f"there is no delivery {_shown(target_id)}; `retail-hub deliveries` lists them")
    return found[0]


def _shown(target_id: uuid.UUID) -> str:
    return format_id("dlv", target_id)
