"""Connections as somebody declares them: checked against the connector's manifest, stored, or written out again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow.context import Hub
from hub.flow.wish import Wish, config_problems, flow_problems, name_problems, secret_problems
from hub.sdk.connector import Connector, Reads
from hub.store import audit, cursor, secret
from hub.store import connection as store
from hub.store.connection import ConnectionRow
from hub.store.database import Connection

__all__ = ["Outcome", "Wish", "begin", "connect", "read_streams", "retire_secret"]

Outcome = Literal["created", "updated", "unchanged"]


def connect(hub: Hub, wish: Wish, actor: str) -> Outcome:
    """Makes or changes a connection so that it is as wished. Safe to repeat.

    A new one starts `reading` (see `Wish.is_begun`). Errors: `ConfigError` lists everything wrong with the wish;
    `ConflictError` when the name belongs to another connector or realm.
    """
    outcome = hub.db.run(lambda conn: _connect(conn, hub, wish, actor))
    hub.connections.reload()
    if outcome != "unchanged":
        hub.queue.wake("poll")
    return outcome


def _connect(conn: Connection, hub: Hub, wish: Wish, actor: str) -> Outcome:
    row = store.lock(conn, wish.name)
    kind = _connector_of(hub, wish, row)
    config = _laid_over(row.config if row else {}, wish.config, wish.is_whole)
    flows = _laid_over(row.flows if row else {}, wish.flows, wish.is_whole)
    has_secrets = {*(secret.names(conn, row.id) if row else ()), *(n for n, values in wish.secrets.items() if values)}
    problems = [
        *name_problems(wish.name, is_new=row is None),
        *config_problems(kind.manifest, config),
        *flow_problems(hub, kind, flows),
    ]
    problems += secret_problems(kind.manifest, wish.secrets, has_secrets)
    if problems:
        raise ConfigError(f"connection {wish.name}: " + "; ".join(problems))
    wanted: dict[str, Any] = {"config": config, "flows": flows}
    wanted |= {key: value for key in ("rank", "mode") if (value := getattr(wish, key)) is not None}
    return _stored(conn, hub, wish, row, kind, wanted, actor)


def _stored(
    conn: Connection,
    hub: Hub,
    wish: Wish,
    row: ConnectionRow | None,
    kind: type[Connector],
    wanted: dict[str, Any],
    actor: str,
) -> Outcome:
    phase = "reading" if wish.is_begun else "off"
    if row is None:
        first = {"connector": kind.manifest.name, "realm": wish.realm or "default", "phase": phase}
        new = store.insert(conn, wish.name, {**first, **wanted})
        connection_id, changed, outcome = new.id, sorted(wanted), "created"
    else:
        if row.disconnected_at is not None:
            wanted["disconnected_at"] = None
        if row.phase == "off":
            wanted["phase"] = phase
        changed = sorted(name for name, value in wanted.items() if getattr(row, name) != value)
        connection_id, outcome = row.id, "updated"
    replaced = [
        name for name, values in wish.secrets.items() if secret.replace(conn, hub.keyring, connection_id, name, values)
    ]
    if outcome == "updated":
        if not changed and not replaced:
            return "unchanged"
        store.update(conn, connection_id, {name: wanted[name] for name in changed})
    cursor.ensure(conn, connection_id, read_streams(kind, wanted["flows"]))
    audit.append(conn, actor, f"connection.{outcome}", wish.name, detail={"changed": changed, "secrets": replaced})
    return "created" if outcome == "created" else "updated"


def begin(hub: Hub, name: str, actor: str) -> bool:
    """Lets a connection that is off be read from now on; False when it was begun already."""

    def work(conn: Connection) -> bool:
        row = store.lock(conn, name)
        if row is None:
            raise NotFoundError(f"no connection {name!r}")
        if row.disconnected_at is not None:
            raise ConflictError(f"{name} is disconnected: connect it again first")
        if not store.move_phase(conn, row.id, "off", "reading"):
            return False
        cursor.wake(conn, row.id)
        audit.append(conn, actor, "connection.begun", name)
        return True

    begun = hub.db.run(work)
    hub.connections.reload()
    hub.queue.wake("poll")
    hub.queue.wake("deliver")
    return begun


def retire_secret(hub: Hub, name: str, secret_name: str, actor: str) -> int:
    """Deletes all but the newest value of a connection's secret; returns how many went."""

    def work(conn: Connection) -> int:
        row = store.lock(conn, name)
        if row is None:
            raise NotFoundError(f"no connection {name!r}")
        gone = secret.retire(conn, row.id, secret_name)
        if gone:
            store.update(conn, row.id, {})
            audit.append(conn, actor, "connection.updated", name, detail={"changed": [], "retired": [secret_name]})
        return gone

    gone = hub.db.run(work)
    hub.connections.reload()
    return gone


def read_streams(kind: type[Connector], flows: Mapping[str, str]) -> list[str]:
    """The streams that are polled for these flows, in the manifest's order."""
    if not issubclass(kind, Reads):
        return []
    wanted = {name for name, direction in flows.items() if direction in ("in", "both")}
    return [stream.name for stream in kind.manifest.streams if stream.pull and wanted & set(stream.kinds)]


def _connector_of(hub: Hub, wish: Wish, row: ConnectionRow | None) -> type[Connector]:
    name = wish.connector or (row.connector if row else None)
    if name is None:
        raise ConfigError(f"connection {wish.name} is new: say which connector it uses")
    if row is not None and name != row.connector:
        raise ConflictError(f"{wish.name} uses the connector {row.connector}: choose another name for {name}")
    if row is not None and wish.realm not in (None, row.realm):
        raise ConflictError(f"{wish.name} is in realm {row.realm}: its records stay there, choose another name")
    return hub.registry.connector(name)


def _laid_over(before: Mapping[str, Any], wish: Mapping[str, Any] | None, is_whole: bool) -> dict[str, Any]:
    if wish is None:
        return dict(before)
    merged = dict(wish) if is_whole else {**before, **wish}
    return {name: value for name, value in merged.items() if value not in (None, "")}
