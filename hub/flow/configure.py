"""Connections as somebody declares them: checked against the connector's manifest, stored, or written out again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow.context import Hub
from hub.sdk.connector import Connector, Manifest, Reads, ReceivesWebhooks, Writes
from hub.store import audit, cursor, secret
from hub.store import connection as store
from hub.store.connection import ConnectionRow
from hub.store.database import Connection

Outcome = Literal["created", "updated", "unchanged"]
DIRECTIONS = ("in", "out", "both")
# Settings of every connection, in seconds: how often a stream is read, and how often it is read whole.
COMMON = {"poll_s": (5, 86_400), "full_pass_s": (600, 90 * 86_400)}
_NAME = re.compile(r"[^\s/:?#]{1,60}")


@dataclass(frozen=True, slots=True)
class Wish:
    """How a connection should be. What is None stays as it is (or takes its default when new).

    `config` and `flows` are whole when `is_whole`, else laid over what there is. `secrets`: name ->
    all active values, newest first; names left out keep theirs.
    """

    name: str
    connector: str | None = None
    realm: str | None = None
    config: Mapping[str, Any] | None = None
    secrets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    flows: Mapping[str, str] | None = None
    rank: int | None = None
    mode: Literal["live", "shadow"] | None = None
    is_whole: bool = False


def connect(hub: Hub, wish: Wish, actor: str) -> Outcome:
    """Makes or changes a connection so that it is as wished. Safe to repeat.

    A new one starts `reading`. Errors: `ConfigError` lists everything wrong with the wish;
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
    problems = [*_name_problems(wish.name), *_config_problems(kind.manifest, config), *_flow_problems(hub, kind, flows)]
    problems += _secret_problems(kind.manifest, wish.secrets, has_secrets)
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
    if row is None:
        first = {"connector": kind.manifest.name, "realm": wish.realm or "default", "phase": "reading"}
        new = store.insert(conn, wish.name, {**first, **wanted})
        connection_id, changed, outcome = new.id, sorted(wanted), "created"
    else:
        if row.disconnected_at is not None:
            wanted |= {"disconnected_at": None, "phase": "reading"}
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


def _name_problems(name: str) -> list[str]:
    return [] if _NAME.fullmatch(name) else ["a name has 1 to 60 characters, no spaces and none of / : ? #"]


def _config_problems(manifest: Manifest, config: Mapping[str, Any]) -> list[str]:
    plain = {declared.name: declared for declared in manifest.config if not declared.secret}
    problems = [
        f"unknown setting {name!r}; {manifest.name} knows: {', '.join(plain) or 'none'}"
        for name in config
        if name not in plain and name not in COMMON
    ]
    for name, (least, most) in COMMON.items():
        seconds = config.get(name, least)
        if name not in plain and not (str(seconds).isdecimal() and least <= int(seconds) <= most):
            problems.append(f"setting {name!r} must be a whole number of seconds from {least} to {most}")
    for name, declared in plain.items():
        value = config.get(name)
        if value is None:
            if declared.required:
                problems.append(f"setting {name!r} is missing, for example {declared.example or '…'}")
        elif declared.choices and value not in declared.choices:
            problems.append(f"setting {name!r} must be one of {', '.join(declared.choices)}")
        elif declared.pattern and not re.fullmatch(declared.pattern, str(value)):
            problems.append(f"setting {name!r} must look like {declared.example or declared.pattern}")
    return problems


def _secret_problems(manifest: Manifest, given: Mapping[str, Sequence[str]], present: set[str]) -> list[str]:
    secrets = {declared.name: declared for declared in manifest.config if declared.secret}
    problems = [
        f"unknown secret {name!r}; {manifest.name} knows: {', '.join(secrets) or 'none'}"
        for name in given
        if name not in secrets
    ]
    problems += [
        f"secret {name!r} is missing" for name, declared in secrets.items() if declared.required and name not in present
    ]
    return problems


def _flow_problems(hub: Hub, kind: type[Connector], flows: Mapping[str, str]) -> list[str]:
    may_read, may_write = issubclass(kind, Reads | ReceivesWebhooks), issubclass(kind, Writes)
    able: dict[str, set[str]] = {}
    for stream in kind.manifest.streams:
        for name in stream.kinds:
            able.setdefault(name, set()).update(stream.directions)
    problems = []
    for name, direction in flows.items():
        if name not in hub.registry.kinds:
            problems.append(f"unknown kind {name!r}; there are: {', '.join(sorted(hub.registry.kinds))}")
        elif direction not in DIRECTIONS:
            problems.append(f"flow {name}:{direction}: a direction is one of {', '.join(DIRECTIONS)}")
        elif name not in able:
            problems.append(f"{kind.manifest.name} has no stream of kind {name!r}; it has: {', '.join(sorted(able))}")
        else:
            needs = {"in", "out"} if direction == "both" else {direction}
            offered = able[name] & {d for d, may in (("in", may_read), ("out", may_write)) if may}
            if needs - offered:
                problems.append(
                    f"flow {name}:{direction}: {kind.manifest.name} offers {name} only {' and '.join(sorted(offered)) or 'not at all'}"
                )
    return problems
