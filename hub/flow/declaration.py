"""Connections as one declarative file: `apply` and `export`.

The file holds no secrets, only where to find them: `env:NAME` or `file:PATH`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from hub.errors import ConfigError
from hub.flow.configure import Outcome, Wish, connect
from hub.flow.context import Hub
from hub.store import secret

_KEYS = ("connector", "realm", "config", "secrets", "flows", "rank", "mode")
_TYPES: dict[str, type | tuple[type, ...]] = {
    "connector": str,
    "realm": str,
    "config": dict,
    "secrets": dict,
    "flows": dict,
    "rank": int,
    "mode": str,
}
_HEAD = """\
# The connections of this hub. `retail-hub apply FILE` brings a hub to this state; repeating it changes nothing.
# Secrets are not exported: name where they are, as env:NAME or file:PATH, under `secrets`.
"""


def apply(hub: Hub, text: str, actor: str, *, source: str = "file") -> dict[str, Outcome]:
    """Brings the connections of a declaration to what it says; others stay. Checks the whole file first.

    Returns name -> created, updated or unchanged. `ConfigError` names the file and the place in it.
    """
    wishes = [_wish(name, entry, source) for name, entry in _connections(text, source).items()]
    return {wish.name: connect(hub, wish, actor) for wish in wishes}


def export(hub: Hub, realms: Sequence[str] | None = None) -> str:
    """The declaration of all connections (of these realms) that are not disconnected, without secrets."""
    found: dict[str, Any] = {}
    notes = []
    with hub.db.session() as conn:
        for row in sorted(hub.connections.all(), key=lambda row: row.name):
            if row.disconnected_at is not None or (realms is not None and row.realm not in realms):
                continue
            entry = {key: getattr(row, key) for key in _KEYS if key != "secrets"}
            found[row.name] = {key: value for key, value in entry.items() if value not in ({}, None)}
            names = secret.names(conn, row.id)
            if names:
                notes.append(f"# {row.name} needs the secrets: {', '.join(names)}\n")
    return _HEAD + "".join(notes) + yaml.safe_dump({"connections": found}, allow_unicode=True, sort_keys=False)


def resolve_reference(reference: str, where: str) -> str:
    """The secret that `env:NAME` or `file:PATH` refers to; `ConfigError` says what is missing, never a value."""
    kind, colon, place = str(reference).partition(":")
    if colon and kind == "env":
        value = os.environ.get(place, "")
        if not value:
            raise ConfigError(f"{where}: the environment variable {place} is not set")
        return value
    if colon and kind == "file":
        try:
            value = Path(place).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{where}: cannot read {place} ({type(error).__name__})") from None
        if not value:
            raise ConfigError(f"{where}: the file {place} is empty")
        return value
    raise ConfigError(f"{where}: a secret is given as env:NAME or file:PATH, never as itself")


def _connections(text: str, source: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{source}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict) or not isinstance(document.get("connections"), dict):
        raise ConfigError(f"{source}: expected `connections:` with one entry per name")
    unknown = [str(key) for key in document if key != "connections"]
    if unknown:
        raise ConfigError(
            f"{source}: unknown key {', '.join(unknown)}; only `connections` is declared here,"
            " policies and mappings are files in HUB_MAPPINGS_DIR"
        )
    return {str(name): entry for name, entry in document["connections"].items()}


def _wish(name: str, entry: Any, source: str) -> Wish:
    where = f"{source}: connections.{name}"
    if not isinstance(entry, dict):
        raise ConfigError(f"{where}: expected the keys {', '.join(_KEYS)}")
    for key, value in entry.items():
        if key not in _KEYS:
            raise ConfigError(f"{where}: unknown key {key!r}; known are {', '.join(_KEYS)}")
        if not isinstance(value, _TYPES[key]) or isinstance(value, bool):
            raise ConfigError(f"{where}.{key}: expected {getattr(_TYPES[key], '__name__', 'a value')}")
    if entry.get("mode", "live") not in ("live", "shadow"):
        raise ConfigError(f"{where}.mode: live or shadow")
    return Wish(
        name,
        entry.get("connector"),
        entry.get("realm"),
        entry.get("config", {}),
        _secrets(entry.get("secrets", {}), f"{where}.secrets"),
        {str(kind): str(direction) for kind, direction in entry.get("flows", {}).items()},
        entry.get("rank"),
        entry.get("mode"),
        is_whole=True,
    )


def _secrets(given: Mapping[str, Any], where: str) -> dict[str, Sequence[str]]:
    found: dict[str, Sequence[str]] = {}
    for name, references in given.items():
        several = references if isinstance(references, list) else [references]
        found[str(name)] = [resolve_reference(reference, f"{where}.{name}") for reference in several]
    return found
