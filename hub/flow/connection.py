"""The connections of the hub, kept in memory and reloaded within a second of a change."""

from __future__ import annotations

import threading
import time
from typing import Any

from redis import Redis

from hub import queue
from hub.config import Settings
from hub.errors import NotFoundError, RetryableError
from hub.flow.bucket import Rate
from hub.flow.budget import budget_of
from hub.flow.credential import SharedAccount, basis_of, webhook_url
from hub.keyring import Keyring
from hub.registry import Registry
from hub.sdk.connector import Connector
from hub.sdk.http import HttpClient
from hub.store import connection as store
from hub.store import secret
from hub.store.connection import ConnectionRow, Direction
from hub.store.database import Database
from hub.store.outage import as_retryable

__all__ = ["ConnectionRow", "Connections"]

CHECK_EVERY_S = 0.5


class Connections:
    """Rows and connector instances by name. Usable from many threads, not across a fork.

    A row may be half a second old; what must be known right before a call asks `may_call`.
    """

    def __init__(self, db: Database, keyring: Keyring, registry: Registry, settings: Settings) -> None:
        self._db = db
        self._keyring = keyring
        self._registry = registry
        self._settings = settings
        self._redis: Redis | None = None
        self._lock = threading.Lock()
        self._checked_at = float("-inf")
        self._seen = -1
        self._release: int | None = None
        self._rows: tuple[ConnectionRow, ...] = ()
        self._by_name: dict[str, ConnectionRow] = {}
        self._by_id: dict[int, ConnectionRow] = {}
        self._instances: dict[str, tuple[int, Connector]] = {}

    def all(self) -> tuple[ConnectionRow, ...]:
        """Every connection, disconnected ones too, by rank and name."""
        self._refresh()
        return self._rows

    def by_name(self, name: str) -> ConnectionRow:
        """The connection of that name; `NotFoundError` lists what there is."""
        self._refresh()
        found = self._by_name.get(name)
        if found is None:
            self._refresh(at_once=True)
            found = self._by_name.get(name)
        if found is None:
            raise NotFoundError(f"no connection {name!r}; there are: {', '.join(sorted(self._by_name)) or 'none'}")
        return found

    def find(self, name: str) -> ConnectionRow | None:
        """The connection of that name as known here, or None: never asks the database more than twice a second."""
        self._refresh()
        return self._by_name.get(name)

    def by_id(self, connection_id: int) -> ConnectionRow:
        """The connection of that number; `NotFoundError` when there is none."""
        self._refresh()
        if connection_id not in self._by_id:
            self._refresh(at_once=True)
        try:
            return self._by_id[connection_id]
        except KeyError:
            raise NotFoundError(f"no connection with number {connection_id}") from None

    def connector(self, name: str) -> Connector:
        """The connector of a connection, with its secrets and HTTP client; one instance until something changes.

        Errors: `NotFoundError`; `ConfigError` (not installed, a setting is missing, a secret does not open).
        """
        row = self.by_name(name)
        known = self._instances.get(name)
        if known is not None and known[0] == row.generation:
            return known[1]
        made = self._make(row)
        with self._lock:
            self._instances[name] = (row.generation, made)
        return made

    def may_call(self, connection_id: int, direction: Direction) -> bool:
        """Whether the hub may call this system now; reads the row, so a halt counts from its commit on."""
        return store.may_call(self._db, connection_id, direction)

    def reload(self) -> None:
        """Reads everything again now: for the process that just changed something."""
        self._refresh(at_once=True)

    @property
    def release(self) -> int | None:
        """The release of the rules that is in force, half a second late at most; None before the first."""
        self._refresh()
        return self._release

    @property
    def redis(self) -> Redis:
        """Where rate budgets are shared; answers soon or not at all."""
        if self._redis is None:
            self._redis = queue.connect(self._settings.redis_url, timeout_s=queue.TIMEOUT_S)
        return self._redis

    def close(self) -> None:
        """Gives up what instances share."""
        if self._redis is not None:
            self._redis.close()

    def _make(self, row: ConnectionRow) -> Connector:
        kind = self._registry.connector(row.connector)
        config = settings_of(kind, row.config)
        with self._db.session() as conn:
            # In this order: a token that newer secrets issued under an older basis only costs a refresh.
            basis = basis_of(row, secret.numbers(conn, row.id))
            secrets = secret.active(conn, self._keyring, row.id)
        budget = budget_of(self.redis, row, Rate.of(kind.manifest.rate)) if kind.manifest.rate else None
        hosts = self._settings.allowed_private_hosts
        http = HttpClient.for_connection(kind.manifest, row.name, config, hosts, budget)
        address = webhook_url(self._settings.public_url, row.name)
        return kind(row.name, config, secrets, http, SharedAccount(self._db, self._keyring, row, basis, address))

    def _refresh(self, *, at_once: bool = False) -> None:
        if not at_once and time.monotonic() - self._checked_at < CHECK_EVERY_S:
            return
        # Whoever comes second goes on with what is known, unless nothing is known yet.
        if not self._lock.acquire(blocking=at_once or self._seen < 0):
            return
        try:
            self._load()
        except RetryableError:
            if self._seen < 0:
                raise
        finally:
            self._checked_at = time.monotonic()
            self._lock.release()

    def _load(self) -> None:
        with as_retryable():
            seen, self._release = store.pulse(self._db)
            if seen == self._seen:
                return
            rows = store.all_rows(self._db)
        self._by_name = {row.name: row for row in rows}
        self._by_id = {row.id: row for row in rows}
        self._rows = tuple(rows)
        self._seen = seen


def settings_of(kind: type[Connector], config: dict[str, Any]) -> dict[str, Any]:
    """The plain settings of a connection with the manifest's defaults filled in."""
    defaults = {
        field.name: field.default for field in kind.manifest.config if not field.secret and field.default is not None
    }
    return {**defaults, **config}
