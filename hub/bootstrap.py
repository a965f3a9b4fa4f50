"""Wires a hub once per process, in one place."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hub import registry as registries
from hub.config import Settings
from hub.errors import ConfigError
from hub.flow.connection import Connections
from hub.flow.context import Hub
from hub.flow.release import rules_at_start, rules_on_disk
from hub.flow.rules import Rules, installed_folders, load_site, publish_release, remember_code, site_files
from hub.keyring import Keyring
from hub.model.name import load_tables
from hub.model.upcast import Upcasts
from hub.queue import Wakeups
from hub.registry import Registry
from hub.store.database import Database

BLIND_KEY_BYTES = 32
IDLE_MARGIN_S = 5


@dataclass(frozen=True, slots=True)
class _Preloaded:
    registry: Registry
    rules: Rules | None


_preloaded: list[_Preloaded] = []


def preload(settings: Settings, *, for_records: bool = False) -> None:
    """Loads what every hub of this installation needs, so that processes forked from here on share its pages. Idempotent.

    `for_records`: also what only those need who process records, some 20 MB: compiled mappings, tables of names.
    """
    if not _preloaded:
        registry = registries.load()
        remember_code(registry)
        rules = _rules_here(registry, settings)
        _preloaded.append(_Preloaded(registry, rules))
        if for_records:
            load_tables()
            if rules is not None:
                with suppress(ConfigError):  # a file that cannot be compiled is told of where it is used
                    rules.mappings.compile()


def _rules_here(registry: Registry, settings: Settings) -> Rules | None:
    # The rules on disk are nearly always those in force. Where they are faulty each hub says so itself.
    try:
        return load_site(registry, installed_folders(), site_files(settings.mappings_dir))
    except ConfigError:
        return None


def start(
    settings: Settings, *, registry: Registry | None = None, pool_size: int | None = None, from_disk: bool = False
) -> Hub:
    """A hub ready to work. The schema must be up to date (`retail-hub migrate`).

    It works by the rules in force; `from_disk`: by those of the site's folder and this installation, for
    whoever is going to put them in force. Errors: `ConfigError` for settings, mapping or policy files.
    """
    ready = _preloaded[0] if _preloaded and registry is None else None
    found = ready.registry if ready else registry or registries.load()
    keyring = Keyring.parse(settings.secret_key)
    # A frozen process cannot be killed by its own watchdog; the database takes from it what it holds.
    idle = f"-c idle_in_transaction_session_timeout={settings.batch_timeout_s + IDLE_MARGIN_S}s"
    db = Database(
        settings.database_url, size=pool_size or settings.pool_size, options=idle, upcasts=Upcasts(found.kinds)
    )
    rules = _rules(db, found, settings, ready.rules if ready else None, from_disk=from_disk)
    connections = Connections(db, keyring, found, settings)
    blind = _blind_key(db, keyring)
    return Hub(settings, db, keyring, blind, found, Wakeups(settings.redis_url), rules, connections)


def _rules(db: Database, registry: Registry, settings: Settings, known: Rules | None, *, from_disk: bool) -> Rules:
    if not from_disk:
        return rules_at_start(db, registry, settings, known)
    found = rules_on_disk(db, registry, settings)
    publish_release(db, found)
    return found


def mapping_folders(settings: Settings) -> list[Path]:
    """Where mapping and policy files are looked for, first wins: the site's own, then the built-in ones."""
    own = [settings.mappings_dir] if settings.mappings_dir else []
    return [*own, *installed_folders()]


def _blind_key(db: Database, keyring: Keyring) -> bytes:
    """The key of look-up hashes: random, made once, stored sealed, so that rotating the key ring keeps it."""
    fresh = keyring.seal(os.urandom(BLIND_KEY_BYTES), b"blind_key").hex()
    db.execute(
        "insert into setting (key, value) values ('blind_key', to_jsonb(%s::text)) on conflict (key) do nothing",
        (fresh,),
    )
    row = db.one("select value from setting where key = 'blind_key'")
    assert row is not None  # noqa: S101 -- just inserted, or there before
    return keyring.open(bytes.fromhex(row[0]), b"blind_key")
