"""The embedded servers that a hub's settings leave open, started and ended together."""

from __future__ import annotations

from dataclasses import replace
from types import TracebackType
from typing import Self

from hub.config import Settings
from hub.embedded.home import Home
from hub.embedded.postgres import Postgres
from hub.embedded.valkey import Valkey


class Servers:
    """A context in which `settings` has every address: given ones stay, missing ones get a server of our own.

    Holds the data folder's lock. With both addresses given it starts and locks nothing.
    """

    def __init__(self, settings: Settings, *, purpose: str) -> None:
        self.settings = settings
        self.home = Home(settings.data_dir)
        self.postgres: Postgres | None = None
        self.valkey: Valkey | None = None
        self._purpose = purpose

    @property
    def is_needed(self) -> bool:
        """Whether any server is ours."""
        return not (self.settings.database_url and self.settings.redis_url)

    def __enter__(self) -> Self:
        if self.is_needed:
            self.home.lock(self._purpose)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def publish(self, **values: str) -> None:
        """Tells commands on the same data folder where our servers are. Addresses that were given stay private."""
        if not self.is_needed and self.postgres is None and self.valkey is None:
            return
        ours = {"database_url": self.postgres and self.postgres.url, "redis_url": self.valkey and self.valkey.url}
        self.home.write_state({"purpose": self._purpose, **{k: v for k, v in ours.items() if v}, **values})

    def restart_dead(self) -> list[str]:
        """Starts again what has ended by itself, or did not start at the last try; returns the names of those."""
        found = []
        for name, server in (("postgres", self.postgres), ("valkey", self.valkey)):
            if server and (server.process is None or server.process.poll() is not None):
                server.start()
                found.append(name)
        return found

    def stop(self) -> None:
        """Ends our servers and gives the folder back. May be called twice."""
        for server in (self.valkey, self.postgres):
            if server:
                server.stop()
        self.home.release()

    def _start(self) -> None:
        settings = self.settings
        if settings.is_embedded:
            path = None if settings.secret_key else self.home.ensure_key()
            self.postgres = Postgres(self.home.folder, self.home.sockets())
            self.postgres.start()
            settings = replace(settings, database_url=self.postgres.url)
            if path:
                settings = replace(settings, secret_key=path.read_text().strip(), secret_key_file=path)
        if not settings.redis_url:
            # Beside Postgres' own folder, which belongs to the account that runs it.
            self.valkey = Valkey(self.home.folder, self.home.sockets())
            self.valkey.start()
            settings = replace(settings, redis_url=self.valkey.url)
        self.settings = settings
        self.publish()
