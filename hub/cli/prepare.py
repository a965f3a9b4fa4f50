"""`prepare`, a hidden step of `run`: in a process of its own, so that the launcher stays small."""

from __future__ import annotations

import click

from hub.cli.output import show_json
from hub.config import load_settings


@click.command(hidden=True)
def prepare() -> None:
    """Bring the schema up to date and make the first administrator; prints its password once, as JSON."""
    from hub import bootstrap
    from hub.flow.access import ensure_admin
    from hub.flow.release import activate
    from hub.store import schema
    from hub.store.inbox import ensure_partitions

    settings = load_settings()
    schema.migrate(settings.database_url)
    hub = bootstrap.start(settings, pool_size=2)
    try:
        ensure_partitions(hub.db)
        activate(hub)
        show_json({"admin_password": ensure_admin(hub)})
    finally:
        hub.close()


@click.command(hidden=True)
@click.argument("url")
def day(url: str) -> None:
    """Play the demo against the hub at URL."""
    from hub.cli.main import plugged

    plugged("retail_hub.demo", "day")(url)
