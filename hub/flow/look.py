"""Looking before doing it again: attempts that nobody can account for are settled by what the peer holds."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Any, Final

from hub.errors import RejectedError
from hub.flow import doubt, reach, readback
from hub.flow.connection import ConnectionRow
from hub.flow.desk import Desk, Writer
from hub.flow.outcome import give_up, leave, major_of
from hub.flow.written import Written, note_writes
from hub.model.identifier import format_id
from hub.rules.retry import Action, next_action
from hub.sdk.connector import Found
from hub.store import attempt, lease, peer
from hub.store.attempt import Attempt
from hub.store.claimed import Due, may_write
from hub.store.database import Connection
from hub.store.lease import Claim

# A peer may finish a call after we gave it up: "not there" is believed only of calls that ended this long ago.
SETTLED_S: Final = 10.0
# Time for the pipeline to take up what was seen, so that the next comparison knows it.
TAKE_UP_S: Final = 0.3


def look(desk: Desk, row: ConnectionRow, connector: Writer, claim: Claim, due: Due, unsure: Sequence[Attempt]) -> None:
    """Reads or finds the record of one target and settles its unaccounted attempts; sends nothing."""
    if not desk.may_call(claim) or desk.run(lambda conn: may_write(conn, row.id)) not in ("", "shadow"):
        desk.run(lambda conn: lease.release(conn, claim, after_s=1.0))
        return
    read_at = time.time_ns() // 1000
    try:
        found = readback.look_up(connector, due, format_id("dlv", due.id), due.external_id)
    except NotImplementedError:
        desk.run(lambda conn: _blind(conn, row, connector, claim, due, unsure))
        return
    except Exception as raw:  # noqa: BLE001 -- a connector's error: its class decides
        error = connector.classify(raw)
        action = next_action(error, due.failures + 1, str(due.id))
        reach.told(desk, row, action, error)
        desk.run(lambda conn: _again(conn, row, claim, due, action, error))
        return
    reach.answered(desk, row)
    if found is None:
        desk.run(lambda conn: _absent(conn, row, claim, due, unsure))
    else:
        desk.run(lambda conn: _present(conn, desk, row, claim, due, unsure, found, read_at))
        desk.hub.queue.wake("pipeline")


def _again(conn: Connection, row: ConnectionRow, claim: Claim, due: Due, action: Action, error: Exception) -> None:
    # Still unaccounted for, so whatever is sent later must look again first.
    if action.next == "retry":
        action = Action("verify", action.delay_s)
    leave(conn, row, claim, due, action, error)


def _blind(
    conn: Connection, row: ConnectionRow, connector: Writer, claim: Claim, due: Due, unsure: Sequence[Attempt]
) -> None:
    """The system can be neither read nor searched."""
    if unsure and "idempotency_key" not in connector.manifest.capabilities:
        reason = f"{row.name}: a call may have taken effect, and it can be neither read nor found"
        give_up(conn, row, claim, due, [each.id for each in unsure], reason)
        return
    # Sent again under the same key, it takes effect once.
    attempt.end(conn, [each.id for each in unsure], "failed")
    lease.looked(conn, claim, due.verify_at, 0.0)


def _absent(conn: Connection, row: ConnectionRow, claim: Claim, due: Due, unsure: Sequence[Attempt]) -> None:
    # One that was made just now may not be readable yet.
    last = max((each.ended_at or each.started_at for each in unsure), default=None)
    youngest = time.time() - last.timestamp() if last else SETTLED_S
    is_young = youngest < SETTLED_S and (due.external_id is None or any(each.action == "create" for each in unsure))
    if is_young:
        problem = {
            "type": "UnknownOutcomeError",
            "message": f"{row.name}: not there yet; looking again before anything is sent",
        }
        lease.verify_later(conn, claim, problem, SETTLED_S - youngest)
        return
    if due.external_id is None:
        lease.looked(conn, claim, due.verify_at, 0.0)
    else:
        gone = RejectedError(f"{row.name}: the record is gone there", code="gone")
        leave(conn, row, claim, due, Action("dead"), gone)
    attempt.end(conn, [each.id for each in unsure], "not_applied")


def _present(
    conn: Connection,
    desk: Desk,
    row: ConnectionRow,
    claim: Claim,
    due: Due,
    unsure: Sequence[Attempt],
    found: Found,
    read_at: int,
) -> None:
    draft = readback.understand(desk.hub, row, due, found)
    said = draft.asserted if draft else None
    major = major_of(found.version)
    if major is None and draft is not None:
        major = draft.major
    identities = desk.hub.registry.kinds[due.kind].identities
    is_create = due.external_id is None

    def note(asserted: dict[str, Any], attempt_id: uuid.UUID) -> None:
        note_writes(conn, desk.hub, row, [Written(due, found.external_id, asserted, major, attempt_id)])

    for each in unsure:
        tries = doubt.same_create(conn, each)
        held = doubt.applied(tries, said, identities)
        if major is not None and peer.was_known(conn, due.rid, major, tries[-1].started_at):
            held = {}  # it holds what it held before the call: equal values are its own, not ours
        if said is None and is_create:
            held = doubt.common(each.asserted, tries)  # it is there, and only one of these calls can have made it
        if held or is_create:
            note(held, each.id)
        attempt.end(conn, [each.id], "applied" if held else "not_applied", version=_text(found.version))
    if said is not None and not row.reads(due.kind):
        # Its evidence is not asked for, but what it holds must be known, or it would never be set right.
        mapping = desk.hub.rules.mappings.outbound(row.connector, due.kind, row.name)
        belief = {name: value for name, value in said.items() if mapping and name in mapping.fields}
        note(belief, due.id)
    elif is_create and not unsure:
        note({}, due.id)
    if found.data is not None:
        readback.keep(conn, desk.hub, row, due, found.data, read_at)
    lease.looked(conn, claim, due.verify_at, TAKE_UP_S)


def _text(version: int | str | None) -> str | None:
    return None if version is None else str(version)
