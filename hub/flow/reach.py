"""Whether a system answers: what calls met is told to its breaker, and kept for the alerts and for other processes."""

from __future__ import annotations

import logging
import time

from hub.errors import describe
from hub.flow.connection import ConnectionRow
from hub.flow.desk import Desk
from hub.rules.retry import Action
from hub.store import connection as store
from hub.store import target
from hub.store.database import Connection

log = logging.getLogger(__name__)


def told(desk: Desk, row: ConnectionRow, action: Action, error: Exception) -> None:
    """A call ended in an error: one that says no has answered, one that asks for a pause is left alone."""
    if action.throttled:
        desk.breaker(row.id).throttle(action.delay_s)
    elif action.next in ("retry", "verify"):
        _missed(desk, row, error)
    elif action.next in ("dead", "quarantine"):
        answered(desk, row)


def answered(desk: Desk, row: ConnectionRow) -> None:
    """A call got through. What an earlier process noted is taken back too."""
    is_first = desk.is_first_answer(row.id)
    if desk.breaker(row.id).succeed() or is_first:
        desk.run(lambda conn: _answers_again(conn, row))


def _missed(desk: Desk, row: ConnectionRow, error: Exception) -> None:
    breaker = desk.breaker(row.id)
    if breaker.fail():
        log.warning("%s does not answer; one delivery at a time probes it", row.name)
        since, reason = time.time() - breaker.failing_s, describe(error)["message"]
        desk.run(lambda conn: store.note_silence(conn, row.id, since, reason))


def _answers_again(conn: Connection, row: ConnectionRow) -> None:
    if store.note_answer(conn, row.id):
        log.warning("%s answers again", row.name)
        target.wake_failed(conn, row.id)
