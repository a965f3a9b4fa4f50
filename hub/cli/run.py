"""`run` and `demo`: everything on one machine, under one launcher."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from hub.config import Settings, load_settings

DEMO = "retail_hub.demo"


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--app", hidden=True),
        click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the data (HUB_DATA_DIR, ./var)."),
        click.option("--workers", type=click.IntRange(1, 64), help="Pipeline workers (HUB_WORKERS, 2)."),
        click.option("--port", type=click.IntRange(0, 65535), help="Port (HUB_PORT); a free one unless given."),
        click.option("--host", help="Address to listen on (HUB_HOST, 127.0.0.1)."),
    ):
        command = option(command)
    return command


@click.command()
@_options
def run(app: str | None, **given: Any) -> None:
    """Start everything: embedded servers (unless DATABASE_URL and REDIS_URL are set), web, workers, scheduler.

    Prints one line, `ready URL`, on standard output when it serves. Ctrl-C ends all of it.

    \b
    Example:
      retail-hub run --port 8000 --data-dir /var/lib/retail-hub
    """
    from hub.cli.launch import launch

    launch(_settings(given), app=app)


@click.command()
@_options
@click.option("--once", "is_once", is_flag=True, help="End after the day; exit code 1 unless the ledgers agree.")
@click.option(
    "--speed", type=click.FloatRange(min=0), default=1800.0, show_default=True,
    help="Seconds of the day per second; 0: as fast as it goes.",
)  # fmt: skip
def demo(app: str | None, is_once: bool, speed: float, **given: Any) -> None:
    """Start everything, and beside it a simulated shop and CRM, both ways, that live through a day.

    At its end the ledgers of both are compared with the golden records. They then live on, slowly,
    until Ctrl-C. A second start on the same folder goes on with the same shop and CRM.

    \b
    Example:
      retail-hub demo --once --speed 0
    """
    from hub.cli.launch import Play, launch
    from hub.cli.main import plugged

    settings = _settings(given)
    # Its own systems, by their ports: nothing else that is private may be reached.
    places = plugged(DEMO, "addresses")(settings.data_dir)
    hosts = tuple(dict.fromkeys((*settings.allowed_private_hosts, *places)))
    play = Play([*places, "--speed", str(speed)], is_once=is_once, rules=plugged(DEMO, "rules"))
    sys.exit(launch(replace(settings, environment="demo", allowed_private_hosts=hosts), app=app, play=play))


def _settings(given: dict[str, Any]) -> Settings:
    chosen = {name: value for name, value in given.items() if value is not None}
    data_dir = chosen.pop("data_dir", None)
    if data_dir is None:
        return replace(load_settings(), **chosen)
    # Read again, because the key file lies in the data folder.
    import os

    return replace(load_settings({**os.environ, "HUB_DATA_DIR": str(data_dir.absolute())}), **chosen)
