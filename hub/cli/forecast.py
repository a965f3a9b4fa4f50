"""`mapping preview` and `policy preview`: what other rules would do, before they are put in force."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.local import open_hub
from hub.cli.output import json_option, progress, say, show, show_json

if TYPE_CHECKING:
    from hub.flow.context import Hub
    from hub.flow.forecast import Forecast, Tally

_FILES = click.option(
    "--file", "paths", multiple=True, required=True, metavar="PATH", help="A changed file; may be given several times.",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)  # fmt: skip


@click.command("preview")
@click.argument("connection")
@click.argument("stream")
@_FILES
@click.option(
    "--last", type=click.IntRange(1, 5000), default=500, show_default=True, help="So many of the newest events."
)
@json_option
def mapping_preview(connection: str, stream: str, paths: tuple[Path, ...], last: int, as_json: bool) -> None:
    """Show what a changed mapping would make of stored events, field by field, and what systems would be sent.

    Nothing is changed: the events are run in a transaction that is taken back. Put the files in force with
    `retail-hub reload`, and run the events again with `retail-hub replay`.

    \b
    Example:
      retail-hub mapping preview till tickets --file site/till/tickets.yaml --last 200
    """
    from hub.flow import forecast as flow

    with open_hub() as hub:
        look = flow.candidate(hub, _read(hub, paths))
        _show(hub, flow.of_mapping(hub, look, connection, stream, last), "events", as_json)


@click.group()
def policy() -> None:
    """Look at survivorship policies before they take effect.

    \b
    Example:
      retail-hub policy preview customer --file site/policies/customer.yaml
    """


@policy.command("preview")
@click.argument("kind")
@_FILES
@click.option("--last", type=click.IntRange(min=1), help="Only so many, those changed last.  [default: all]")
@json_option
def policy_preview(kind: str, paths: tuple[Path, ...], last: int | None, as_json: bool) -> None:
    """Show which values changed policies would let win, field by field, and what systems would be sent.

    Nothing is changed. Put the files in force with `retail-hub reload`: all of the kind is then decided
    again, and what would change many of a system's records is held as a plan.

    \b
    Example:
      retail-hub policy preview customer --file site/policies/customer.yaml
    """
    from hub.flow import forecast as flow

    with open_hub() as hub:
        look = flow.candidate(hub, _read(hub, paths, f"policies/{kind}.yaml"))
        with progress("tried") as line:
            found = flow.of_policies(hub, look, kind, last, line.step)
        _show(hub, found, "records", as_json)


def _read(hub: Hub, paths: tuple[Path, ...], otherwise: str = "") -> dict[str, str]:
    """The files by where they would stand; `otherwise`: the place of one that says by nothing what it is."""
    from hub.errors import ConfigError
    from hub.flow.forecast import place_of, source_of

    found = {}
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise ConfigError(f"{path.name}:1: cannot be read as UTF-8 text") from None
        is_bare = path.absolute().parent.name not in ("policies", "lookups") and not source_of(text)[0]
        found[otherwise if otherwise and is_bare else place_of(hub, path.absolute(), text)] = text
    return found


def _show(hub: Hub, found: Forecast, what: str, as_json: bool) -> None:
    from hub.model.identifier import format_id

    prefixes = {kind: declared.prefix for kind, declared in hub.registry.kinds.items()}
    golden = {kind: told_tally(tally, prefixes[kind]) for kind, tally in found.golden.items()}
    outgoing = {name: told_tally(tally, "dlv") for name, tally in found.outgoing.items()}
    faults = [
        {"code": one.code, "path": one.path, "where": one.where, "message": one.message, "count": one.count,
         "aside": one.aside, "event": format_id("evt", one.event)}
        for one in found.faults
    ]  # fmt: skip
    if as_json:
        show_json({"looked_at": found.looked, "more": found.is_cut, "mended": found.mended, "faults": faults, "golden": golden,
                   "outgoing": outgoing})  # fmt: skip
        return
    say(f"{found.looked} {what} tried{', the newest' if found.is_cut else ''}; nothing was changed")
    _show_side("records", golden, "no golden record would change")
    _show_side("to", outgoing, "no system would be sent anything")
    if found.mended:
        say(f"{found.mended} events that wait in quarantine would be done")
    for one in faults:
        place = f"{one['path']}, {one['where']}"
        say(
            f"{one['count']} would be set aside ({one['aside']} are today): {one['message']} ({place}), such as {one['event']}"
        )


def told_tally(tally: Tally, prefix: str) -> dict[str, Any]:
    """What would change, as JSON: by act, by field, and examples whose ids have this prefix."""
    from hub.model.identifier import format_id

    samples = [
        {"id": format_id(prefix, one.id), "field": one.field, "before": one.before, "after": one.after}
        for one in tally.samples
    ]
    return {"acts": dict(tally.acts), "fields": dict(tally.fields.most_common()), "samples": samples}


def _show_side(head: str, side: dict[str, dict[str, Any]], empty: str) -> None:
    if not side:
        say(empty)
        return
    rows = []
    for name, tally in side.items():
        acts = ", ".join(f"{count} {act}" for act, count in tally["acts"].items())
        for field, count in tally["fields"].items():
            sample = next(one for one in tally["samples"] if one["field"] == field)
            rows.append({head: f"{name}: {acts}", "field": field, "count": count, "such as": sample["id"],
                         "before": sample["before"], "after": sample["after"]})  # fmt: skip
        rows += [] if tally["fields"] else [{head: f"{name}: {acts}", "field": "", "count": ""}]
    show(rows, (head, "field", "count", "such as", "before", "after"))
