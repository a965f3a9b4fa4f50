"""The hub that a command talks to: the one of `DATABASE_URL`, or the embedded one of `HUB_DATA_DIR`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.config import Settings, load_settings
from hub.errors import ConfigError

if TYPE_CHECKING:
    from hub.flow.context import Hub


@contextmanager
def addressed(settings: Settings | None = None, *, migrated: bool = True) -> Iterator[Settings]:
    """Settings with both addresses: given, or of the hub that runs on the data folder.

    When none runs, the embedded servers are started for the time of the block; `migrated` brings
    their schema up to date first.
    """
    from hub.embedded.home import Home

    settings = settings or load_settings()
    if settings.database_url and settings.redis_url:
        yield settings
        return
    if settings.database_url:
        raise ConfigError("DATABASE_URL is set but REDIS_URL is not: set both, or neither")
    found = Home(settings.data_dir).running()
    if found.get("database_url"):
        yield _of_running(load_settings(), found)
        return
    with _started(settings, migrated=migrated) as ready:
        yield ready


def _of_running(settings: Settings, found: dict[str, Any]) -> Settings:
    """The settings of the hub that runs: its addresses, its rules, and what it may reach, so that a command may reach the same."""
    hosts = [name for name in found.get("allowed_private_hosts", "").split(",") if name]
    return replace(
        settings,
        database_url=found["database_url"],
        redis_url=settings.redis_url or found.get("redis_url", ""),
        environment=found.get("environment", settings.environment),
        public_url=settings.public_url or found.get("public_url", ""),
        mappings_dir=settings.mappings_dir or (Path(found["mappings_dir"]) if found.get("mappings_dir") else None),
        allowed_private_hosts=tuple(dict.fromkeys((*settings.allowed_private_hosts, *hosts))),
    )


@contextmanager
def open_hub(settings: Settings | None = None, *, from_disk: bool = False) -> Iterator[Hub]:
    """The hub, wired, for the time of the block: what every command that looks or acts begins with.

    It works by the rules in force; `from_disk`: by those of the site's folder.
    """
    with addressed(settings) as ready:
        from hub import bootstrap

        hub = bootstrap.start(ready, from_disk=from_disk)
        try:
            yield hub
        finally:
            hub.close()


@contextmanager
def _started(settings: Settings, *, migrated: bool) -> Iterator[Settings]:
    from hub.embedded.servers import Servers

    with Servers(settings, purpose="command") as servers:
        if migrated:
            from hub.store.schema import migrate

            migrate(servers.settings.database_url)
        yield servers.settings
