"""`web`, `worker`, `scheduler`: one role each, for a Procfile and for many machines."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import click

from hub.cli.serve import APP, PROCESSES, THREADS
from hub.config import Settings, load_settings
from hub.errors import ConfigError

PROCESS_GROUP = "retail_hub.processes"


@click.command()
@click.option("--host", help="Address to listen on (HUB_HOST).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port (HUB_PORT, PORT; default 8000).")
@click.option("--processes", type=click.IntRange(1, 64), default=PROCESSES, show_default=True, help="Web processes.")
@click.option("--threads", type=click.IntRange(1, 64), default=THREADS, show_default=True, help="Per process.")
@click.option("--app", default=APP, hidden=True)
def web(host: str | None, port: int | None, processes: int, threads: int, app: str) -> None:
    """Start the web server alone: webhooks, API, console.

    \b
    Example:
      DATABASE_URL=postgresql://… REDIS_URL=redis://… retail-hub web --host 0.0.0.0 --port 8000
    """
    from hub.cli.serve import serve

    settings = _addressed()
    chosen = port or settings.port or int(os.environ.get("PORT") or 8000)
    serve(replace(settings, host=host or settings.host, port=chosen), app=app, processes=processes, threads=threads)


@click.command()
@click.argument("role", type=click.Choice(["all", "pipeline", "deliver", "poll"]), default="all")
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="Pipeline workers.")
@click.option("--with-scheduler", is_flag=True, help="Also run a scheduler, in the same family of processes.")
def worker(role: str, processes: int, with_scheduler: bool) -> None:
    """Start workers alone: one process per role, or several of one role.

    \b
    Example:
      retail-hub worker pipeline --processes 4
    """
    from hub.cli.main import plugged

    _addressed()
    counts: dict[str, Any] = {"pipeline": processes, "deliver": 1, "poll": 1}
    if role != "all":
        counts = {role: processes}
    plugged(PROCESS_GROUP, "worker")(counts, scheduler=with_scheduler)


@click.command()
def scheduler() -> None:
    """Start the scheduler alone. Several on different machines do no harm.

    \b
    Example:
      retail-hub scheduler
    """
    from hub.cli.main import plugged

    _addressed()
    plugged(PROCESS_GROUP, "scheduler")()


def _addressed() -> Settings:
    settings = load_settings()
    if not settings.database_url or not settings.redis_url:
        raise ConfigError(
            "a single role needs a database and a Redis that others can reach too: "
            "set DATABASE_URL and REDIS_URL, or start everything with `retail-hub run`"
        )
    return settings
