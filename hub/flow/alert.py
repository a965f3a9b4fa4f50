"""Alerts: looked for by the scheduler, told by anybody, dealt with by people. One cause, one row.

The scheduler looks every few seconds; whichever of several comes first does it for all. A condition
that holds opens an alert or brings its figures up to date, one that ended closes it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow.alert_conditions import TYPES, find_all
from hub.flow.alert_facts import gather
from hub.flow.context import Hub
from hub.model.identifier import format_id
from hub.store import alert as store
from hub.store import alert_facts, audit, finding, overdue
from hub.store.alert import Alert
from hub.store.database import Connection

LOOK_EVERY_S = 5.0
SNOOZES = {"1h": timedelta(hours=1), "1d": timedelta(days=1)}


def look(hub: Hub) -> bool:
    """Evaluates every condition if it is time to; False when another process did within the last seconds. Safe to race."""
    with hub.db.session() as conn:
        if not alert_facts.take_turn(conn, LOOK_EVERY_S):
            return False
    evaluate(hub)
    return True


def evaluate(hub: Hub) -> int:
    """Brings alerts, and items about overdue parents, to what is true now; returns how many conditions hold."""
    facts = gather(hub)
    findings = find_all(facts)

    def work(conn: Connection) -> None:
        store.wake_snoozed(conn)
        finding.reconcile(conn, findings, TYPES)
        overdue.reconcile(conn)

    hub.db.run(work)
    return len(findings)


def raise_alert(
    hub: Hub,
    type: str,  # noqa: A002 -- the word of the table
    cause_key: str,
    *,
    severity: int = 1,
    connection_id: int | None = None,
    data: Mapping[str, Any] | None = None,
) -> uuid.UUID:
    """Tells of something that no look finds (`hub.store.alert.raise_alert` in a transaction of its own).

    `data["text"]` is shown for a type without texts of its own; no personal data.
    """
    return hub.db.run(
        lambda conn: store.raise_alert(conn, type, cause_key, severity=severity, connection_id=connection_id, data=data)
    )


def acknowledge(hub: Hub, alert_id: uuid.UUID, by: str, reason: str = "", *, owner: str = "") -> Alert:
    """Takes it on; its owner is then `owner` (a user's name) or the actor. Errors: `NotFoundError`; `ConflictError` when it is closed."""
    return _act(hub, alert_id, by, "acknowledged", reason, lambda conn: store.acknowledge(conn, alert_id, owner or by))


def assign(hub: Hub, alert_id: uuid.UUID, by: str, owner: str, reason: str = "") -> Alert:
    """Gives it to somebody (a user's name), or to nobody (''). Errors: as `acknowledge`."""
    return _act(
        hub, alert_id, by, "assigned", reason, lambda conn: store.assign(conn, alert_id, owner or None), owner=owner
    )


def snooze(hub: Hub, alert_id: uuid.UUID, by: str, duration: str, reason: str = "") -> Alert:
    """Puts it aside for `1h` or `1d`. Errors: as `acknowledge`; `ConfigError` for another duration."""
    if duration not in SNOOZES:
        raise ConfigError(f"{duration!r} is no time to snooze for: use {' or '.join(SNOOZES)}")
    until = datetime.now(UTC) + SNOOZES[duration]
    return _act(
        hub, alert_id, by, "snoozed", reason, lambda conn: store.snooze(conn, alert_id, until), duration=duration
    )


def close(hub: Hub, alert_id: uuid.UUID, by: str, reason: str = "") -> Alert:
    """Closes it; while its condition lasts it does not open again unless it gets worse. Errors: as `acknowledge`."""
    return _act(hub, alert_id, by, "closed", reason, lambda conn: store.close(conn, alert_id, by))


def _act(
    hub: Hub,
    alert_id: uuid.UUID,
    by: str,
    act: str,
    reason: str,
    change: Callable[[Connection], bool],
    **detail: Any,
) -> Alert:
    shown = format_id("alr", alert_id)

    def work(conn: Connection) -> Alert:
        is_changed = change(conn)
        found = store.read(conn, alert_id)
        if found is None:
            raise NotFoundError(f"there is no alert {shown}; `retail-hub alerts` lists them")
        if not is_changed:
            raise ConflictError(f"alert {shown} is closed already")
        audit.append(conn, by, f"alert.{act}", shown, reason, {"type": found.type, **detail})
        return found

    return hub.db.run(work)
