"""Into the inbox: `ingest` and `pull`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, cast

import click

from hub.cli.local import open_hub
from hub.cli.output import json_option, progress, say, show, show_json

if TYPE_CHECKING:
    from hub.flow.ingest import Summary
    from hub.flow.poll import RunResult

SHOWN_REFUSALS = 20
PATIENCE_S = 600.0


@click.command()
@click.argument("arguments", nargs=-1, required=True, metavar="[NAME] FILE.ndjson")
@click.option("--topic", metavar="T", help="Topic of lines that do not say it.")
@click.option("--live", is_flag=True, help="Treat them as live events, not as a bulk import.")
@json_option
def ingest(arguments: tuple[str, ...], topic: str | None, live: bool, as_json: bool) -> None:
    """Put raw events of the connection NAME into the inbox, from FILE (- for standard input).

    A line is one JSON body, or an envelope {"_connection"?, "_topic", "_id", "_at", "_body"}. Lines that
    cannot be taken are refused alone and told on standard error; then the exit code is 1. Safe to repeat.

    \b
    Example:
      retail-hub ingest shop orders.ndjson --topic orders/create
    """
    from hub.flow import ingest as flow
    from hub.flow.line import read_lines
    from hub.store import inbox

    if len(arguments) > 2:
        raise click.UsageError("give a connection and a file, or a file of envelopes alone")
    name = arguments[0] if len(arguments) == 2 else None
    with open_hub() as hub, _open(arguments[-1]) as file, progress("ingested") as line:

        def step(found: Summary) -> None:
            line.step(found.accepted + found.duplicates + found.refused - line.done, f"{found.refused} refused")

        lines = read_lines(file, hub.settings.body_limit_bytes)
        summary = flow.ingest(hub, name, lines, topic, lane=inbox.LIVE if live else inbox.BULK, progress=step)
    _show_summary(summary, as_json)


@click.command()
@click.argument("name")
@click.option("--stream", metavar="S", help="This stream only.")
@click.option("--since", type=click.DateTime(), help="Read again what changed since then (UTC).")
@click.option("--full", is_flag=True, help="Read everything from the beginning, and find deletions.")
@json_option
def pull(name: str, stream: str | None, since: datetime | None, full: bool, as_json: bool) -> None:
    """Read the streams of NAME now, and say how complete that was. Exit code 1 unless every one is complete.

    \b
    Example:
      retail-hub pull shop --stream orders --full
    """
    from hub.flow import poll

    moment = since.replace(tzinfo=UTC).timestamp() if since else None
    with open_hub() as hub, progress("read") as line:

        def step(stream_name: str, counts: dict[str, int]) -> None:
            line.step(0, f"{stream_name}: {counts['items']} items, {counts['accepted']} new")

        result = poll.pull(hub, name, stream, moment, full, step, PATIENCE_S)
    _show_run(result, as_json)


def _open(name: str) -> BinaryIO:
    return cast("BinaryIO", click.open_file(name, "rb"))


def _show_summary(summary: Summary, as_json: bool) -> None:
    refusals = [{"line": one.line, "reason": one.reason} for one in summary.refusals]
    if as_json:
        counts = {"accepted": summary.accepted, "duplicates": summary.duplicates, "refused": summary.refused}
        show_json({**counts, "refusals": refusals})
    else:
        click.echo(f"{summary.accepted} accepted, {summary.duplicates} duplicates, {summary.refused} refused")
    for one in refusals[:SHOWN_REFUSALS]:
        say(f"line {one['line']}: {one['reason']}")
    if summary.refused > SHOWN_REFUSALS:
        say(f"and {summary.refused - SHOWN_REFUSALS} more; --json names up to 1000")
    if summary.is_cancelled:
        say("somebody ended it; what was read stays, and repeating the command goes on")
    sys.exit(1 if summary.refused or summary.is_cancelled else 0)


def _show_run(result: RunResult, as_json: bool) -> None:
    rows = [
        {"stream": one.stream, "coverage": one.coverage, "status": one.status, **one.counts, "note": one.note}
        for one in result.streams
    ]
    if as_json:
        show_json({"connection": result.connection, "coverage": result.coverage, "streams": rows})
    else:
        show(rows, ["stream", "coverage", "items", "accepted", "duplicates", "too_large", "absent", "note"])
    sys.exit(0 if result.coverage == "complete" else 1)
