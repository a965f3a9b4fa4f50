"""What became of a delivery: commits it, fenced by the lease, and says what happens next."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hub.errors import UnknownOutcomeError, describe
from hub.flow import readback
from hub.flow.connection import ConnectionRow
from hub.flow.context import Hub
from hub.flow.desk import Desk
from hub.flow.observe import refold
from hub.model import time as hub_time
from hub.model.identifier import format_id
from hub.rules.register import STATE, flatten
from hub.rules.retry import Action, backoff_s, next_action
from hub.sdk.connector import Delivery, WriteResult
from hub.store import attempt, lease, peer, record, target
from hub.store import connection as connection_store
from hub.store import item as item_store
from hub.store.claimed import Due
from hub.store.database import Connection
from hub.store.lease import Claim

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Sending:
    """One delivery on its way. `asserted`: the canonical values that the peer holds if it succeeds."""

    claim: Claim
    due: Due
    delivery: Delivery
    attempt_id: uuid.UUID
    action: str
    asserted: dict[str, Any]


def major_of(version: int | str | None) -> int | None:
    """A peer's version in the hub's order: numbers as they are, times as microseconds; None without one."""
    if version is None or isinstance(version, int):
        return version
    return int(version) if version.isdecimal() else hub_time.micros_of(version)


def succeed(desk: Desk, row: ConnectionRow, sending: Sending, result: WriteResult, *, durable: bool) -> None:
    """Commits a write that took effect: what the peer now holds, its record, and `done` where the lease still is ours."""
    external_id = result.external_id or sending.due.external_id
    if external_id is None:
        error = UnknownOutcomeError(
            f"{row.name}: {sending.due.object_type}: the answer to a create gave no external id"
        )
        fail(desk, row, sending, error)
        return

    def work(conn: Connection) -> None:
        attempt.end(conn, [sending.attempt_id], "sent", version=_text(result.version))
        note_write(
            conn,
            desk.hub,
            row,
            sending.due,
            external_id,
            sending.asserted,
            major_of(result.version),
            sending.attempt_id,
        )
        if not lease.done(conn, sending.claim, sending.due.dirty_seq):
            lease.call_was_late(conn, sending.claim.id)
        if result.stored is not None:
            readback.keep(conn, desk.hub, row, sending.due, result.stored)

    desk.run(work, durable=durable)


def _text(version: int | str | None) -> str | None:
    return None if version is None else str(version)


def note_write(
    conn: Connection,
    hub: Hub,
    row: ConnectionRow,
    due: Due,
    external_id: str,
    asserted: dict[str, Any],
    major: int | None,
    attempt_id: uuid.UUID,
) -> uuid.UUID:
    """Notes what the peer was told and folds it in; attaches and links a record that is new. Returns its rid.

    Locks records before targets, as everybody does.
    """
    known = peer.ensure(conn, row.id, due.object_type, external_id, due.kind, due.realm)
    if asserted:
        identities = hub.registry.kinds[due.kind].identities
        # That it is alive is of the hub's making too: alone, a copy keeps nobody alive.
        told = {STATE: "live", **flatten(asserted, identities)}
        peer.add_write(conn, known, major, told, attempt_id)
        refold(conn, hub, [known.rid])
    if due.rid != known.rid:
        _attach(conn, row, due, known)
    return known.rid


def _attach(conn: Connection, row: ConnectionRow, due: Due, known: peer.Peer) -> None:
    if due.rid is not None or not peer.attach(conn, due.id, known.rid):
        # Another id than it was addressed by, or a late second create: keep both, tell somebody.
        raise_item(conn, row, due, "duplicate", {"reason": "the peer answered with another external id than before"})
        return
    target.wake_children(conn, row.id, due.owner_rid)
    marks = [{"rid": known.rid, "relink": True}, {"rid": due.owner_rid, "relink": True}]
    if known.was_stub:
        marks += [{"rid": child, "relink": False} for child in record.unpark(conn, [known.rid])]
    record.append_marks(conn, [{**mark, "cause": "event", "cause_id": None} for mark in marks])


def fail(desk: Desk, row: ConnectionRow, sending: Sending, error: Exception) -> None:
    """Commits a write that did not take effect, or may have; the error's class decides what follows."""
    action = next_action(error, sending.due.failures + 1, str(sending.due.id))
    if action.is_bug:
        log.error("%s: delivery %s failed", row.name, format_id("dlv", sending.due.id), exc_info=error)
    # A bug in a connector may strike after the call: nobody knows what the peer did.
    if action.is_bug and action.next == "retry":
        action = Action("verify", action.delay_s)
    _tell_breaker(desk, row, action)

    def work(conn: Connection) -> bool:
        outcome = "unknown" if action.next == "verify" else "failed"
        attempt.end(conn, [sending.attempt_id], outcome, error=describe(error))
        kept = leave(conn, row, sending.claim, sending.due, action, error)
        if not kept and outcome == "unknown":
            lease.call_was_late(conn, sending.claim.id)
        return kept and action.next in ("dead", "quarantine")

    is_over = desk.run(work)
    if action.next == "pause":
        desk.hub.connections.reload()
    if is_over:
        desk.hub.registry.hook.on_delivery_failed(connection=row.name, delivery=sending.delivery, error=describe(error))


def _tell_breaker(desk: Desk, row: ConnectionRow, action: Action) -> None:
    breaker = desk.breaker(row.id)
    if action.throttled:
        breaker.throttle(action.delay_s)
    elif action.next in ("retry", "verify"):
        if breaker.fail():
            log.warning("%s does not answer; one delivery at a time probes it", row.name)
            desk.run(lambda conn: connection_store.note_health(conn, row.id, "delivery", {"state": "open"}))
    elif action.next in ("dead", "quarantine"):
        breaker.succeed()


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


def raise_item(conn: Connection, row: ConnectionRow, due: Due, type_: str, data: dict[str, Any]) -> None:
    """Asks a person to look at one delivery."""
    item_store.raise_item(
        conn, type_, f"{type_}:{due.id}", realm=due.realm, kind=due.kind, rid=due.owner_rid, connection_id=row.id,
        data={**data, "delivery": format_id("dlv", due.id)},
    )  # fmt: skip


def close_items(conn: Connection, due_ids: Iterable[uuid.UUID], by: str) -> None:
    """What these deliveries asked of a person is settled."""
    for due_id in due_ids:
        for type_ in ("dead_letter", "unknown"):
            item_store.resolve_cause(conn, f"{type_}:{due_id}", by)
