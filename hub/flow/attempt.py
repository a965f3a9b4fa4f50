"""One attempt: prepare, commit the intent, call, commit the outcome."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from hub.errors import UnknownOutcomeError, describe
from hub.flow import reach, readback
from hub.flow.connection import ConnectionRow
from hub.flow.desk import Desk, Writer
from hub.flow.look import look
from hub.flow.outcome import Sending, fail, succeed
from hub.flow.prepare import prepare
from hub.sdk.connector import WriteResult
from hub.sdk.rate import Lane, working_in
from hub.store import attempt, claimed, lease, plan, target
from hub.store.database import Connection
from hub.store.lease import Claim

log = logging.getLogger(__name__)


def work(desk: Desk, row: ConnectionRow, connector: Writer, claims: Sequence[Claim]) -> None:
    """Brings claimed targets of one connection into step; every lease is given back, whatever happens."""
    try:
        prepared = desk.run(lambda conn: prepare(conn, desk, row, connector, claims))
        if prepared.waiting:
            desk.run(lambda conn: target.wake_crossed(conn, prepared.waiting))
        for claim, due, unsure in prepared.unsure:
            look(desk, row, connector, claim, due, unsure)
        size = max(1, connector.batch_size)
        for lane, sendings in _by_lane(prepared.sendings):
            with working_in(lane):
                for start in range(0, len(sendings), size):
                    _send(desk, row, connector, sendings[start : start + size])
    finally:
        desk.let_go(claims)


def _by_lane(sendings: Sequence[Sending]) -> list[tuple[Lane, list[Sending]]]:
    """What one record changed goes first; what a mass cause changed leaves it the rate that it needs."""
    live = [each for each in sendings if each.due.cause not in plan.BULK]
    bulk = [each for each in sendings if each.due.cause in plan.BULK]
    return [("live", live), ("bulk", bulk)]


def _send(desk: Desk, row: ConnectionRow, connector: Writer, sendings: Sequence[Sending]) -> None:
    sendings = _begin(desk, row, sendings)
    if not sendings:
        return
    results: Sequence[WriteResult]
    try:
        results = connector.write([sending.delivery for sending in sendings])
    except Exception as error:  # noqa: BLE001 -- a connector's error: its class decides
        results = [WriteResult(error=error)] * len(sendings)
    if len(results) < len(sendings):
        missing = UnknownOutcomeError(
            f"{row.name}: the connector answered {len(results)} of {len(sendings)} deliveries"
        )
        results = [*results, *[WriteResult(error=missing)] * (len(sendings) - len(results))]
    answered = list(zip(sendings, results, strict=False))
    for sending, result in answered:
        if result.error is not None:
            fail(desk, row, sending, connector.classify(result.error))
    _conclude(desk, row, connector, [each for each in answered if each[1].error is None])
    created = [sending.due.owner_rid for sending in sendings if sending.action == "create"]
    if created:
        desk.run(lambda conn: target.wake_waiting(conn, row.id, created), durable=False)
    desk.hub.queue.wake("pipeline")


def _begin(desk: Desk, row: ConnectionRow, sendings: Sequence[Sending]) -> list[Sending]:
    """Commits the intents of what may be called now; gives the rest back."""

    def begin(conn: Connection) -> list[Sending]:
        stopped = claimed.may_write(conn, row.id)
        allowed = [] if stopped else [each for each in sendings if desk.may_call(each.claim)]
        for each in sendings:
            if each not in allowed:
                lease.release(conn, each.claim, after_s=0.2)
        attempt.begin(conn, [
            {"id": each.attempt_id, "target_id": each.due.id, "connection_id": row.id, "action": each.action,
             "idempotency_key": each.delivery.idempotency_key, "asserted": each.asserted,
             "cause": each.due.cause, "cause_id": each.due.cause_id}
            for each in allowed
        ])  # fmt: skip
        return allowed

    return desk.run(begin)


def _conclude(
    desk: Desk, row: ConnectionRow, connector: Writer, answered: Sequence[tuple[Sending, WriteResult]]
) -> None:
    if answered:
        reach.answered(desk, row)
    placed = [
        (sending, _with_version(desk, row, connector, sending, result)
         if result.version is None and sending.action != "delete" else result)
        for sending, result in answered
    ]  # fmt: skip
    succeed(desk, row, placed)


def _with_version(
    desk: Desk, row: ConnectionRow, connector: Writer, sending: Sending, result: WriteResult
) -> WriteResult:
    """Reads the record back to learn where the write stands in the peer's own order, where that is possible."""
    due = sending.due
    external_id = result.external_id or due.external_id
    try:
        found = readback.look_up(connector, due, sending.delivery.hub_ref, external_id)
    except NotImplementedError:
        return result
    except Exception as raw:  # noqa: BLE001 -- the write itself succeeded
        log.info("%s: reading back failed: %s", row.name, describe(connector.classify(raw))["type"])
        return result
    if found is None:
        return result
    draft = readback.understand(desk.hub, row, due, found)
    version = found.version if found.version is not None else (draft.major if draft else None)
    stored = result.stored if result.stored is not None else found.data
    return replace(result, version=version, stored=stored)
