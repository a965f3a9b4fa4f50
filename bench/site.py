"""A hub of its own for benchmarks: embedded servers with production settings, databases cloned from templates."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from bench.load import events
from hub import bootstrap
from hub.config import Settings, load_settings
from hub.embedded.postgres import Postgres
from hub.embedded.servers import Servers
from hub.flow.context import Hub
from hub.keyring import Keyring
from hub.store.database import Database, new_id
from hub.store.inbox import NewEvent, accept, ensure_partitions
from hub.store.schema import migrate

CHUNK = 500
LOOKED_UP = ["match_key", "match_feature", "record", "edge", "golden", "hot_key", "decision"]
"""The tables in which the pipeline looks things up at random."""
_numbers = count(1)


@dataclass(slots=True)
class Site:
    """Running servers and the settings that name them. `maintenance` is outside every database under test."""

    settings: Settings
    maintenance: Database
    postgres: Postgres | None = None

    def restart(self) -> None:
        """Starts Postgres again, as a hub of some age was: it takes its buffers by what it stores then."""
        if self.postgres is not None:
            self.postgres.stop()
            self.postgres.start()

    def clone(self, template: str) -> str:
        """A new database with everything of `template`; returns its name."""
        name = f"bench_{next(_numbers)}"
        self.maintenance.execute(f"create database {name} template {template} strategy file_copy")
        return name

    def warm(self, name: str) -> None:
        """Has in the buffers what a hub that runs has there: what is looked up at random, with its indexes, as far as there is room.

        A copy has nothing there, and would read for minutes until it is as a hub of some age.
        """
        db = Database(self.settings_of(name).database_url, size=1)
        try:
            db.execute("create extension if not exists pg_prewarm")
            for table in LOOKED_UP:
                db.execute(
                    "select pg_prewarm(id) from (select %s::regclass as id"
                    " union all select indexrelid from pg_index where indrelid = %s::regclass) parts",
                    (table, table),
                )
        finally:
            db.close()

    def drop(self, name: str) -> None:
        """Removes a database, whoever is still connected."""
        self.maintenance.execute(f"drop database if exists {name} with (force)")

    def settings_of(self, name: str) -> Settings:
        """The settings of a hub on one database."""
        parts = urlsplit(self.settings.database_url)
        return replace(self.settings, database_url=parts._replace(path=f"/{name}").geturl())

    def environment(self, name: str) -> dict[str, str]:
        """What a process of its own needs to find that database."""
        settings = self.settings_of(name)
        return {
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "HUB_SECRET_KEY": settings.secret_key,
            "HUB_DATA_DIR": str(settings.data_dir),
            "HUB_ALLOWED_PRIVATE_HOSTS": "127.0.0.1",
        }


@contextmanager
def site() -> Iterator[Site]:
    """Servers on a folder of their own for the time of the block; nothing of it stays."""
    with tempfile.TemporaryDirectory(prefix="rh-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        base = load_settings({"HUB_DATA_DIR": folder, "HUB_SECRET_KEY": Keyring.generate().export()})
        with Servers(base, purpose="bench") as servers:
            settings = servers.settings
            maintenance = Database(urlsplit(settings.database_url)._replace(path="/postgres").geturl(), size=2)
            try:
                yield Site(settings, maintenance, servers.postgres)
            finally:
                maintenance.close()


def prepare(place: Site, name: str, count_: int, *, seed: int = 1, flow: str = "both") -> None:
    """Makes database `name`: one source and one target connection, and `count_` waiting events."""
    place.maintenance.execute(f"create database {name}")
    settings = place.settings_of(name)
    migrate(settings.database_url)
    hub = bootstrap.start(settings)
    try:
        ensure_partitions(hub.db, 2)
        shop = connect(hub, "shop", {"customer": flow, "order": flow})
        connect(hub, "crm", {"customer": "out", "order": "out"})
        fill(hub, shop, count_, seed)
    finally:
        hub.close()


def connect(hub: Hub, name: str, flows: dict[str, str]) -> int:
    """A live connection of the generic connector."""
    row = hub.db.one(
        "insert into connection (name, connector, config, flows, phase) values (%s, 'webhook', %s::jsonb, %s::jsonb, 'live')"
        " returning id",
        (name, orjson.dumps({"target_url": "http://127.0.0.1:9/"}).decode(), orjson.dumps(flows).decode()),
    )
    assert row is not None
    hub.connections.reload()
    return int(row[0])


def fill(hub: Hub, connection_id: int, count_: int, seed: int, *, tag: str = "") -> None:
    """Puts events into the inbox, in batches of one commit each; `tag` keeps their records apart from others'."""
    stream = events(count_, seed, numbered=tag)
    while chunk := list(islice(stream, CHUNK)):
        rows = [NewEvent(connection_id, topic, body, str(new_id())) for topic, body in chunk]
        with hub.db.transaction(durable=False) as conn:
            accept(conn, hub.keyring, rows)
