"""`prepare`, a hidden step of `run`: in a process of its own, so that the launcher stays small."""

from __future__ import annotations

import os
import sys

import click

from hub.cli.output import show_json
from hub.config import load_settings

# How the launcher hands the administrator's first password to the demo, which shows it at its end.
FIRST_PASSWORD = "DEMO_FIRST_PASSWORD"  # noqa: S105 -- the variable's name


@click.command(hidden=True)
@click.option(
    "--alone", "is_alone", is_flag=True, help="Nobody else uses this database: what is held is held by the dead."
)
def prepare(is_alone: bool) -> None:
    """Bring the schema up to date and make the first administrator; prints its password once, as JSON."""
    from hub import bootstrap
    from hub.flow.access import ensure_admin
    from hub.flow.release import activate
    from hub.store import cursor, run, schema
    from hub.store.inbox import ensure_partitions

    settings = load_settings()
    schema.migrate(settings.database_url)
    hub = bootstrap.start(settings, pool_size=2, from_disk=True)
    try:
        ensure_partitions(hub.db)
        if is_alone:
            hub.db.run(cursor.free_all)
            hub.db.run(run.end_abandoned)
        activate(hub, "cli", "the start of the hub")
        show_json({"admin_password": ensure_admin(hub)})
    finally:
        hub.close()


@click.command(hidden=True)
@click.argument("url")
@click.argument("places", nargs=-1)
@click.option("--speed", type=float, default=0.0)
@click.option("--once", "is_once", is_flag=True)
def day(url: str, places: tuple[str, ...], speed: float, is_once: bool) -> None:
    """Play the demo, with its systems at PLACES (host:port), against the hub at URL."""
    from hub.cli.main import plugged
    from hub.cli.run import DEMO

    password = os.environ.pop(FIRST_PASSWORD, "")
    data_dir = load_settings().data_dir
    act = plugged(DEMO, "day")
    sys.exit(act(url, places, data_dir=data_dir, speed=speed, is_once=is_once, password=password))
