"""Before a call: compares claimed targets with their golden records as they are now, and settles all that needs no call."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hub.flow import doubt, release
from hub.flow.connection import ConnectionRow
from hub.flow.desk import Desk, Writer
from hub.flow.difference import Difference, differences
from hub.flow.drift_hold import hold_nulled
from hub.flow.echo import overtaken, settle_echoes
from hub.flow.outcome import Sending, leave
from hub.flow.written import raise_item
from hub.model.identifier import format_id
from hub.rules.mapping import ParentMissingError
from hub.rules.projection import flips
from hub.rules.register import STATE
from hub.rules.retry import next_action
from hub.sdk.connector import Delivery
from hub.store import attempt, claimed, lease, peer, record
from hub.store import item as item_store
from hub.store.attempt import Attempt
from hub.store.claimed import Due
from hub.store.database import Connection, new_id
from hub.store.lease import Claim

FLIPS_MAX: Final = 10
FLIPS_WINDOW_S: Final = 600.0
UNREAD_RECHECK_S: Final = 0.5
# A parent that is missing wakes its children; this is only for a process that died in between.
PARENT_RECHECK_S: Final = (15.0, 900.0)


@dataclass(slots=True)
class Prepared:
    """What is left to do: deliveries to send, targets to look at before anything is sent to them, and those that wait."""

    sendings: list[Sending] = field(default_factory=list)
    unsure: list[tuple[Claim, Due, list[Attempt]]] = field(default_factory=list)
    waiting: list[uuid.UUID] = field(default_factory=list)
    """Targets whose parent was not at the peer when they were compared."""


def prepare(conn: Connection, desk: Desk, row: ConnectionRow, connector: Writer, claims: Sequence[Claim]) -> Prepared:
    """Settles what needs no call and gives those leases back; runs in the caller's transaction, may be repeated."""
    release.ensure(conn, desk.hub)
    prepared = Prepared()
    dues = claimed.load(conn, [claim.id for claim in claims])
    open_attempts = attempt.unaccounted(conn, dues)
    failed = attempt.last_failed(conn, [id_ for id_, due in dues.items() if due.failures or id_ in open_attempts])
    late = overtaken(conn, dues)
    ready: list[tuple[Claim, Due]] = []
    for claim in claims:
        due = dues.get(claim.id)
        if due is None or due.plan_id is not None:
            lease.release(conn, claim)
        elif due.is_unread and not row.halted_in:
            # Somebody edited it there: what they did counts before anything is written over it.
            lease.release(conn, claim, after_s=UNREAD_RECHECK_S)
        elif settle_echoes(conn, desk.hub, row, due, failed.get(claim.id, []), late.get(claim.id, [])):
            # A try took effect after all: it is compared anew, with what is known now.
            lease.release(conn, claim)
        elif claim.id in open_attempts or due.is_verify_due:
            prepared.unsure.append((claim, due, open_attempts.get(claim.id, [])))
        else:
            ready.append((claim, due))
    compared = differences(conn, desk.hub, row, [due for _, due in ready])
    busy = attempt.recently_written(conn, [due.id for _, due in ready], FLIPS_WINDOW_S, FLIPS_MAX)
    held = hold_nulled(conn, row, compared)
    settled: dict[Claim, int] = {}
    unneeded: list[Claim] = []
    for (claim, due), each in zip(ready, compared, strict=True):
        if due.id in held:
            lease.release(conn, claim)
            continue
        if not _needs_call(conn, row, connector, claim, each, settled, unneeded):
            continue
        if _is_looping(conn, row, claim, each, busy.get(due.id)):
            continue
        try:
            sending = _make(conn, desk, row, connector, claim, each, failed.get(due.id, []))
        except ParentMissingError as error:
            _wait(conn, row, claim, each, error)
            prepared.waiting.append(due.id)
            continue
        if sending is not None:
            prepared.sendings.append(sending)
    single = [f"duplicate:{due.id}" for _, due in ready if due.rid is not None and due.twin is None]
    item_store.close_twins(conn, single)
    lease.done_all(conn, settled)
    lease.drop_all(conn, unneeded)
    return prepared


def _needs_call(
    conn: Connection,
    row: ConnectionRow,
    connector: Writer,
    claim: Claim,
    each: Difference,
    settled: dict[Claim, int],
    unneeded: list[Claim],
) -> bool:
    """Whether something has to be sent; what is in step already goes to `settled`, a second create to `unneeded`."""
    due = each.due
    if due.rid is None:
        if due.adoptable is not None:
            peer.attach(conn, {due.id: due.adoptable})
            lease.release(conn, claim)
            return False
        if due.twin is not None or due.elder is not None:
            unneeded.append(claim)
            return False
    if not _is_delete(each, connector) and (not each.missing or _is_gone(due)):
        settled[claim] = due.dirty_seq
        return False
    if row.mode == "shadow":
        lease.shadow(conn, claim, due.dirty_seq, each.missing or {STATE: "deleted"})
        return False
    return True


def _is_gone(due: Due) -> bool:
    """Its own system deleted it or merged it away: nothing is written to it any more."""
    return due.peer_state in (record.DELETED, record.SUPERSEDED)


def _is_delete(each: Difference, connector: Writer) -> bool:
    due = each.due
    return (
        due.lifecycle == "deleted"
        and due.external_id is not None
        and due.peer_state == record.LIVE
        and "delete" in connector.manifest.capabilities
        and each.fold.wrote(STATE) != "deleted"
    )


def _is_looping(
    conn: Connection, row: ConnectionRow, claim: Claim, each: Difference, written: Sequence[Mapping[str, Any]] | None
) -> bool:
    """Freezes fields whose value goes to and fro; the rest goes on at the next claim."""
    if not written:
        return False
    due = each.due
    looping = [
        name for name, value in each.missing.items()
        if flips([*(past[name] for past in written if name in past), value]) > FLIPS_MAX
    ]  # fmt: skip
    for name in looping:
        peer.freeze(conn, due.realm, due.kind, due.owner_rid, row.id, name)
        raise_item(conn, row, due, "loop", {"field": name, "flips": FLIPS_MAX, "within_s": FLIPS_WINDOW_S})
    if looping:
        lease.release(conn, claim)
    return bool(looping)


def _make(
    conn: Connection,
    desk: Desk,
    row: ConnectionRow,
    connector: Writer,
    claim: Claim,
    each: Difference,
    failed: Sequence[Attempt],
) -> Sending | None:
    due = each.due
    action = "delete" if _is_delete(each, connector) else "create" if due.rid is None else "update"
    try:
        delivery = _delivery(each, action)
    except ParentMissingError:
        raise
    except Exception as error:  # noqa: BLE001 -- a mapping's or a transform's error concerns this delivery only
        leave(conn, row, claim, due, next_action(error, due.failures + 1, str(due.id)), error)
        return None
    asserted = {STATE: "deleted"} if action == "delete" else dict(each.wanted)
    key, sure = _key(due, action, asserted, failed, connector)
    delivery = replace(delivery, idempotency_key=key)
    reason = desk.hub.registry.hook.veto_delivery(connection=row.name, delivery=delivery)
    if due.rid is not None and due.twin is not None:
        raise_item(
            conn,
            row,
            due,
            "duplicate",
            {"reason": "the same entity has several records there; all are kept in step", "twins": True},
        )
    if reason:
        lease.done(conn, claim, due.dirty_seq, note={"type": "Vetoed", "message": str(reason)})
        return None
    return Sending(claim, due, delivery, new_id(), action, asserted, sure)


_EVENTS: Final = {"create": "created", "update": "updated", "delete": "deleted"}


def _delivery(each: Difference, action: str) -> Delivery:
    due = each.due
    data = {} if action == "delete" else each.project(each.wanted)
    held = each.before() if action == "update" and not due.is_reshaped else {}
    return Delivery(
        kind=due.kind,
        object_type=due.object_type,
        hub_ref=format_id("dlv", due.id),
        idempotency_key="",
        external_id=due.external_id,
        data=data,
        changed={name: value for name, value in data.items() if name not in held or held[name] != value},
        event_type=f"{due.kind}.{_EVENTS[action]}",
        delete=action == "delete",
        held=held,
    )


def _key(
    due: Due, action: str, asserted: dict[str, Any], failed: Sequence[Attempt], connector: Writer
) -> tuple[str, dict[str, Any]]:
    """The idempotency key, and what the peer will surely hold if it answers yes.

    A create has one key for ever, so that it can never be made twice; a peer that honours it may have made the
    record from an earlier try, so only what all tries had in common is believed and the rest is looked at.
    Any other write that only repeats the last failed one keeps its key.
    """
    same = [each for each in failed if each.action == action]
    if action == "create":
        key = hashlib.sha256(f"create:{due.id}".encode()).hexdigest()[:32]
        if "idempotency_key" in connector.manifest.capabilities:
            return key, doubt.common(asserted, same)
        return key, asserted
    if same and same[0].asserted == asserted:
        return same[0].idempotency_key, asserted
    return uuid.uuid4().hex, asserted


def _wait(conn: Connection, row: ConnectionRow, claim: Claim, each: Difference, error: ParentMissingError) -> None:
    shortest, longest = PARENT_RECHECK_S
    problem = {"type": "ParentMissing", "message": f"{row.name}: waits until the record in {error.field} exists there"}
    after_s = min(longest, max(shortest, each.due.age_s))
    lease.await_parent(conn, claim, problem, each.awaited, after_s)
