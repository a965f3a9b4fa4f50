"""`retail-hub bench`: the performance suite on the command line."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import click
import orjson

NAMES = (
    "ingress",
    "pipeline",
    "both",
    "delivery",
    "start",
    "memory",
    "connect",
    "console",
    "replay",
    "match",
    "scored",
    "scale",
)


def _sizes(_context: click.Context, _option: click.Parameter, text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        return tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        raise click.BadParameter("numbers of records, with commas between them, as 10000,100000") from None


@click.command()
@click.argument("name", type=click.Choice(NAMES))
@click.option("--runs", type=click.IntRange(1, 100), default=5, show_default=True, help="Runs to take the median of.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="pipeline, both, connect, console, replay, match, scored: workers.",
)
@click.option("--preload", type=click.IntRange(0), default=0, help="pipeline: records to store by COPY first.")
@click.option(
    "--events",
    type=click.IntRange(1),
    help="ingress, pipeline, console, replay, match, scored, scale: events of a run (console: of a drain).",
)
@click.option("--stored", type=click.IntRange(1), help="match, scored: records stored before. [default: 100000]")
@click.option(
    "--sizes", help="scale: records stored, as 10000,100000. [default: 10000,100000,1000000]", callback=_sizes
)
@click.option("--connections", type=click.IntRange(1, 1000), help="ingress, both: connections. [default: 32]")
@click.option("--rate", type=click.FloatRange(min=1), help="delivery, memory, console: events a second.")
@click.option("--seconds", type=click.FloatRange(min=0.5), help="both, delivery, memory: how long a run lasts.")
@click.option("--contacts", type=click.IntRange(1), help="connect: contacts of the CRM. [default: 100000]")
@click.option(
    "--customers", type=click.IntRange(4), help="connect, console: customers. [default: 80000, console: 100000]"
)
@click.option("--loads", type=click.IntRange(1), help="console: how often a run loads each page. [default: 30]")
@click.option("--changed", is_flag=True, default=None, help="replay: under rules that change every record.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def bench(name: str, runs: int, workers: int, preload: int, as_json: bool, **given: Any) -> None:
    """Measure one thing on servers of its own, beside the bound that the machine sets.

    \b
    Example:
      retail-hub bench ingress --runs 5 --json
    """
    result = measurement(name, workers, preload, given)(runs=runs)
    click.echo(orjson.dumps(result, option=0 if as_json else orjson.OPT_INDENT_2))


def measurement(name: str, workers: int, preload: int, given: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """The benchmark with the options that concern it; a usage error names one that does not."""
    chosen = {option: value for option, value in given.items() if value is not None}
    renamed = {
        "ingress": {"events": "requests", "connections": "connections"},
        "pipeline": {"events": "count"},
        "both": {"seconds": "seconds", "connections": "connections"},
        "delivery": {"rate": "rate", "seconds": "seconds"},
        "memory": {"rate": "rate", "seconds": "seconds"},
        "replay": {"events": "count", "changed": "changed"},
        "match": {"events": "count", "stored": "stored"},
        "scored": {"events": "count", "stored": "stored"},
        "scale": {"events": "count", "sizes": "sizes"},
        "connect": {"contacts": "contacts", "customers": "customers"},
        "console": {"customers": "customers", "loads": "loads", "rate": "rate", "events": "count"},
    }.get(name, {})
    for option in chosen:
        if option not in renamed:
            raise click.UsageError(f"--{option} says nothing to {name}")
    arguments = {renamed[option]: value for option, value in chosen.items()}
    if name == "pipeline":
        arguments |= {"workers": workers, "preloaded": preload}
    if name in ("connect", "replay", "match", "scored"):
        arguments["workers"] = workers
    if name in ("both", "console"):
        arguments["worker_count"] = workers
    return partial(import_module(f"bench.{name}").run, **arguments)
