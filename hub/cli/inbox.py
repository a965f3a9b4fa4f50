"""Into the inbox: `ingest` and `pull`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import click

from hub.cli.local import open_hub
from hub.cli.output import json_option, progress, say, show, show_json
from hub.model.identifier import format_id

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

    A line is one JSON body, or an envelope {"_connection"?, "_topic", "_id", "_at", "_body"}. A line that
    cannot be read is stored and quarantined alone where its topic is known, else refused; both are told on
    standard error, and then the exit code is 1. Safe to repeat.

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
        lane = inbox.LIVE if live else inbox.BULK
        file_name = "" if arguments[-1] == "-" else Path(arguments[-1]).name
        summary = flow.ingest(hub, name, lines, topic, lane=lane, file=file_name, progress=step)
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
    aside = [
        {"line": one.line, "event": format_id("evt", one.event_id), "reason": one.reason}
        for one in summary.set_aside
        if one.event_id
    ]
    if as_json:
        show_json({**summary.counts, "refusals": refusals, "set_aside": aside})
    else:
        more = f", {summary.quarantined} of the accepted in quarantine" if summary.quarantined else ""
        click.echo(f"{summary.accepted} accepted, {summary.duplicates} duplicates, {summary.refused} refused{more}")
    _say_first([f"line {one['line']}: {one['reason']}" for one in refusals], summary.refused)
    _say_first(
        [f"line {one['line']}: in quarantine as {one['event']}: {one['reason']}" for one in aside], summary.quarantined
    )
    if summary.is_cancelled:
        say("somebody ended it; what was read stays, and repeating the command goes on")
    sys.exit(0 if summary.is_clean and not summary.is_cancelled else 1)


def _say_first(lines: list[str], count: int) -> None:
    for text in lines[:SHOWN_REFUSALS]:
        say(text)
    if count > SHOWN_REFUSALS:
        say(f"and {count - SHOWN_REFUSALS} more; --json names up to 1000")


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
