"""What became of a delivery: commits it, fenced by the lease, and says what happens next."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hub.errors import UnknownOutcomeError, describe
from hub.flow import reach, readback
from hub.flow.connection import ConnectionRow
from hub.flow.context import Hub
from hub.flow.desk import Desk
from hub.flow.written import Written, note_writes, raise_item
from hub.model import time as hub_time
from hub.model.identifier import format_id
from hub.rules.retry import Action, backoff_s, next_action
from hub.sdk.connector import Delivery, WriteResult
from hub.store import attempt, lease
from hub.store import connection as connection_store
from hub.store import item as item_store
from hub.store.claimed import Due
from hub.store.database import Connection, is_data_error
from hub.store.lease import Claim

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Sending:
    """One delivery on its way. `asserted`: the canonical values that it writes.

    `sure`: those that the peer holds if it says yes, whichever try with the same key it answers for.
    """

    claim: Claim
    due: Due
    delivery: Delivery
    attempt_id: uuid.UUID
    action: str
    asserted: dict[str, Any]
    sure: dict[str, Any]

    @property
    def is_doubtful(self) -> bool:
        """Whether an earlier try with other values may be what the peer carried out."""
        return self.sure != self.asserted


def major_of(version: int | str | None) -> int | None:
    """A peer's version in the hub's order: numbers as they are, times as microseconds; None without one."""
    if version is None or isinstance(version, int):
        return version
    return int(version) if version.isdecimal() else hub_time.micros_of(version)


def succeed(desk: Desk, row: ConnectionRow, answered: Sequence[tuple[Sending, WriteResult]]) -> None:
    """Commits writes that took effect: what the peer now holds, its records, and `done` where the lease still is ours.

    All in one transaction; where one of them cannot be stored, each by itself.
    """
    named = []
    for sending, result in answered:
        external_id = result.external_id or sending.due.external_id
        if external_id is None:
            where = f"{row.name}: {sending.due.object_type}"
            fail(desk, row, sending, UnknownOutcomeError(f"{where}: the answer to a create gave no external id"))
        else:
            named.append((sending, result, external_id))
    if not named:
        return
    try:
        desk.run(lambda conn: _keep(conn, desk.hub, row, named))
    except Exception as error:
        if len(named) == 1 or not is_data_error(error):
            raise
        for each in named:
            desk.run(lambda conn, each=each: _keep(conn, desk.hub, row, [each]))  # type: ignore[misc]


def _keep(conn: Connection, hub: Hub, row: ConnectionRow, named: Sequence[tuple[Sending, WriteResult, str]]) -> None:
    certain = [each for each in named if not each[0].is_doubtful]
    attempt.sent(conn, {sending.attempt_id: _text(result.version) for sending, result, _ in certain})
    note_writes(conn, hub, row, [
        Written(
            sending.due, external_id, sending.sure, major_of(result.version), sending.attempt_id,
            # Of the record it was addressed by: what a create landed on was not known.
            before=sending.due.fold if external_id == sending.due.external_id else None,
        )
        for sending, result, external_id in named
    ])  # fmt: skip
    marks = {sending.claim: sending.due.dirty_seq for sending, _, _ in certain}
    lost = set(marks.keys() - lease.done_all(conn, marks))
    for sending, result, _ in named:
        if sending.is_doubtful:
            # Its echo must not pass for the peer's own word: what was carried out is looked at next.
            attempt.end(conn, [sending.attempt_id], "unknown", version=_text(result.version))
            if not lease.release(conn, sending.claim):
                lost.add(sending.claim)
    if lost:
        lease.call_was_late(conn, [claim.id for claim in lost])
    for sending, result, _ in named:
        if result.stored is not None:
            readback.keep(conn, hub, row, sending.due, result.stored)


def _text(version: int | str | None) -> str | None:
    return None if version is None else str(version)


def fail(desk: Desk, row: ConnectionRow, sending: Sending, error: Exception) -> None:
    """Commits a write that did not take effect, or may have; the error's class decides what follows."""
    action = next_action(error, sending.due.failures + 1, str(sending.due.id))
    if action.is_bug:
        log.error("%s: delivery %s failed", row.name, format_id("dlv", sending.due.id), exc_info=error)
    # A bug in a connector may strike after the call: nobody knows what the peer did.
    if action.is_bug and action.next == "retry":
        action = Action("verify", action.delay_s)
    reach.told(desk, row, action, error)

    def work(conn: Connection) -> bool:
        outcome = "unknown" if action.next == "verify" else "failed"
        attempt.end(conn, [sending.attempt_id], outcome, error=describe(error))
        kept = leave(conn, row, sending.claim, sending.due, action, error)
        if not kept and outcome == "unknown":
            lease.call_was_late(conn, [sending.claim.id])
        return kept and action.next in ("dead", "quarantine")

    is_over = desk.run(work)
    if action.next == "pause":
        desk.hub.connections.reload()
    if is_over:
        desk.hub.registry.hook.on_delivery_failed(connection=row.name, delivery=sending.delivery, error=describe(error))


def leave(conn: Connection, row: ConnectionRow, claim: Claim, due: Due, action: Action, error: Exception) -> bool:
    """Gives a lease back after an error. False: it was lost."""
    problem = describe(error)
    if action.next == "retry":
        return lease.retry_later(conn, claim, problem, action.delay_s)
    if action.next == "verify":
        later = backoff_s(due.failures, str(due.id)) if due.failures else 0.0
        return lease.verify_later(conn, claim, problem, max(action.delay_s, later))
    if action.next == "pause":
        if connection_store.set_pause(conn, row.id, "hub", problem["message"]):
            item_store.raise_item(
                conn,
                "connection",
                f"connection:{row.id}",
                realm=row.realm,
                connection_id=row.id,
                severity=2,
                data=problem,
            )
        return lease.release(conn, claim)
    kept = lease.bury(conn, claim, "dead", problem)
    if kept:
        raise_item(conn, row, due, "dead_letter", problem)
    return kept


def give_up(
    conn: Connection, row: ConnectionRow, claim: Claim, due: Due, attempts: Iterable[uuid.UUID], reason: str
) -> None:
    """Nobody can tell what the peer holds: a person must look."""
    attempt.end(conn, attempts, "unknown")
    problem = {"type": "UnknownOutcomeError", "message": reason}
    if lease.bury(conn, claim, "unknown", problem):
        raise_item(conn, row, due, "unknown", problem)


def close_items(conn: Connection, due_ids: Iterable[uuid.UUID], by: str) -> None:
    """What these deliveries asked of a person is settled."""
    for due_id in due_ids:
        for type_ in ("dead_letter", "unknown"):
            item_store.resolve_cause(conn, f"{type_}:{due_id}", by)
