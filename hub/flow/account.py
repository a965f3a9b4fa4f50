"""What people and the hub do to a connection in service: check, pause, resume, halt, disconnect.

Every act is recorded in the audit trail, in the transaction that does it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from hub.errors import ConfigError, ConnectionPausedError, HubError, NotFoundError
from hub.flow.context import Hub
from hub.sdk.connector import CheckResult
from hub.sdk.rate import working_in
from hub.store import access_token, audit, cursor, item, secret, subscription, target
from hub.store import connection as store
from hub.store.connection import ConnectionRow, Direction
from hub.store.database import Connection
from hub.store.outage import as_retryable


def check(hub: Hub, name: str) -> CheckResult:
    """Asks the system itself, cheaply, whether credentials and permissions work; keeps the finding as health.

    Never raises for what the system or the settings are to blame for: that is the result.
    """
    row = hub.connections.by_name(name)
    started = time.monotonic()
    try:
        connector = hub.connections.connector(name)
        try:
            with working_in("interactive"):
                found = connector.check()
        except Exception as error:
            raise connector.classify(error) from error
    except HubError as error:
        found = CheckResult(False, str(error))
    finding = {
        "ok": found.ok,
        "message": found.message,
        "warnings": list(found.warnings),
        "at": time.time(),
        "ms": round((time.monotonic() - started) * 1000),
    }
    with hub.db.transaction() as conn:
        store.note_health(conn, row.id, "check", finding)
        if found.ok:
            # Whoever asks by hand does not wait until the next try is due.
            target.wake_failed(conn, row.id)
    return found


def pause(hub: Hub, name: str, actor: str, reason: str = "") -> bool:
    """Stops all calls to the system until somebody resumes; False when it was paused already.

    What it sends is still taken in and processed; what is due to it waits.
    """

    def work(conn: Connection, row: ConnectionRow) -> bool:
        if not store.set_pause(conn, row.id, actor, reason):
            return False
        data = {"connection": row.name, "reason": reason}
        item.raise_item(
            conn, "connection_paused", _cause(row), realm=row.realm, connection_id=row.id, severity=2, data=data
        )
        audit.append(conn, actor, "connection.pause", row.name, reason)
        return True

    return _change(hub, name, work)


def resume(hub: Hub, name: str, actor: str) -> bool:
    """Lets it go on after a pause; its streams are read at once. False when it was not paused."""

    def work(conn: Connection, row: ConnectionRow) -> bool:
        if not store.set_pause(conn, row.id, None, None):
            return False
        item.resolve_cause(conn, _cause(row), actor, {"act": "resumed"})
        cursor.wake(conn, row.id)
        audit.append(conn, actor, "connection.resume", row.name)
        return True

    resumed = _change(hub, name, work)
    _wake(hub)
    return resumed


def halt(hub: Hub, name: str | None, actor: str, *, inward: bool = True, outward: bool = True) -> list[str]:
    """Stops processing and reading (`inward`) and every call that writes (`outward`), of one connection or of all.

    It holds from its commit on: calls ask for it right before they are made. Webhooks are still
    accepted, so nothing is lost. Returns the names.
    """
    return _halt(hub, name, actor, "connection.halt", _directions(True, inward=inward, outward=outward))


def lift(hub: Hub, name: str | None, actor: str, *, inward: bool = True, outward: bool = True) -> list[str]:
    """Ends a halt; returns the names."""
    names = _halt(hub, name, actor, "connection.lift", _directions(False, inward=inward, outward=outward))
    _wake(hub)
    return names


def disconnect(hub: Hub, name: str, actor: str, reason: str = "") -> bool:
    """Ends a connection: its secrets are deleted, nothing is sent or received any more.

    Its records and what they say stay, at their rank: a vanished source blanks nobody. Connecting
    the same name again revives it. False when it was disconnected already.
    """

    def work(conn: Connection, row: ConnectionRow) -> bool:
        if row.disconnected_at is not None:
            return False
        store.set_disconnected(conn, row.id)
        secret.forget(conn, row.id)
        access_token.forget(conn, row.id)
        subscription.forget(conn, row.id)
        item.resolve_cause(conn, _cause(row), actor, {"act": "disconnected"})
        audit.append(conn, actor, "connection.disconnect", row.name, reason)
        return True

    return _change(hub, name, work)


def pause_on(hub: Hub, name: str, error: HubError) -> bool:
    """Pauses the connection when the error says that the account refuses us; whether it did."""
    if isinstance(error, ConnectionPausedError):
        pause(hub, name, "hub", str(error))
        return True
    return False


def _change(hub: Hub, name: str, work: Callable[[Connection, ConnectionRow], bool]) -> bool:
    def locked(conn: Connection) -> bool:
        row = store.lock(conn, name)
        if row is None:
            raise NotFoundError(
                f"no connection {name!r}; there are: {', '.join(r.name for r in hub.connections.all()) or 'none'}"
            )
        return work(conn, row)

    with as_retryable():
        changed = hub.db.run(locked)
    hub.connections.reload()
    return changed


def _halt(hub: Hub, name: str | None, actor: str, act: str, directions: Mapping[Direction, bool]) -> list[str]:
    def work(conn: Connection) -> list[str]:
        names = store.set_halt(conn, name, directions)
        audit.append(conn, actor, act, name or "*", detail={"directions": sorted(directions)})
        return names

    with as_retryable():
        names = hub.db.run(work)
    hub.connections.reload()
    return names


def _directions(value: bool, *, inward: bool, outward: bool) -> Mapping[Direction, bool]:
    found: dict[Direction, bool] = {}
    if inward:
        found["in"] = value
    if outward:
        found["out"] = value
    if not found:
        raise ConfigError("choose at least one direction: in, out or both")
    return found


def _wake(hub: Hub) -> None:
    hub.queue.wake("pipeline")
    hub.queue.wake("poll")
    hub.queue.wake("deliver")


def _cause(row: ConnectionRow) -> str:
    return f"connection_paused:{row.id}"
