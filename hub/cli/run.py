"""`run` and `demo`: everything on one machine, under one launcher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from hub.config import Settings, load_settings

LOOPBACK = "127.0.0.0/8"


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
def demo(app: str | None, **given: Any) -> None:
    """Start everything, and beside it simulated systems that live through a shop day.

    \b
    Example:
      retail-hub demo
    """
    from hub.cli.launch import launch

    settings = _settings(given)
    hosts = tuple(dict.fromkeys((*settings.allowed_private_hosts, LOOPBACK)))
    launch(replace(settings, environment="demo", allowed_private_hosts=hosts), app=app, with_demo=True)


def _settings(given: dict[str, Any]) -> Settings:
    chosen = {name: value for name, value in given.items() if value is not None}
    data_dir = chosen.pop("data_dir", None)
    if data_dir is None:
        return replace(load_settings(), **chosen)
    # Read again, because the key file lies in the data folder.
    import os

    return replace(load_settings({**os.environ, "HUB_DATA_DIR": str(data_dir.absolute())}), **chosen)
