"""`match preview`: what another model would merge, split, ask about and send."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.local import open_hub
from hub.cli.output import json_option, progress, say, show, show_json
from hub.errors import ConfigError

if TYPE_CHECKING:
    from hub.flow.context import Hub
    from hub.flow.match_preview import Preview


@click.command()
@click.option(
    "--file", "path", required=True, metavar="NEW.yaml", help="The model to try.",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)  # fmt: skip
@click.option("--kind", default="customer", show_default=True, metavar="KIND", help="Of this kind.")
@json_option
def preview(path: Path, kind: str, as_json: bool) -> None:
    """Show what another model would merge and split over the records stored now, and what systems would be sent.

    Nothing is changed. Put the file in force as matching/KIND.yaml of the site's folder with `retail-hub reload`: all records
    are then matched again, and what would change many of a system's records is held as a plan.

    \b
    Example:
      retail-hub match preview --file site/matching/customer.yaml
    """
    from hub.flow import match_preview as flow

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name}:1: cannot be read as UTF-8 text") from None
    with open_hub() as hub:
        look = flow.candidate(hub, kind, text, path.name)
        with progress("records") as line:
            found = flow.preview(hub, look, kind, lambda what, count: line.step(count, what))
        shown = told(hub, found)
    if as_json:
        show_json(shown)
    else:
        _show(found, shown)


def told(hub: Hub, found: Preview) -> dict[str, Any]:
    """A preview as one object; personal values masked."""
    from hub.cli.forecast import told_tally
    from hub.flow.forecast_kept import kept, restored
    from hub.flow.match_shown import figures

    kinds = hub.registry.kinds
    sent = restored(kept(found.sent, kinds))
    return {
        **figures(found, kinds[found.kind]),
        "golden": {name: told_tally(tally, kinds[name].prefix) for name, tally in sent.golden.items()},
        "outgoing": {name: told_tally(tally, "dlv") for name, tally in sent.outgoing.items()},
    }


def _show(found: Preview, shown: dict[str, Any]) -> None:
    say(f"{found.records} records, {found.compared} pairs compared; nothing was changed")
    if found.waiting:
        say(f"{found.waiting} events and marks are under way: look again when `retail-hub drain` is done")
    if found.is_empty:
        click.echo("nobody would be merged or split, and nobody asked")
        return
    click.echo(f"{found.before} golden records would be {found.after}")
    click.echo(f"{found.merges} merges, {found.splits} splits; {found.moved} records would belong to another")
    click.echo(f"{found.opened} questions would be opened, {found.closed} closed; then {found.questions} wait")
    if found.cuts:
        click.echo(f"{found.cuts} components are too large, and would be cut")
    rows = [
        {**each, "act": one["act"], "weight": one["weight"] or "", "pattern": one["pattern"], "record": f"{each['connection']}:{each['external_id']}"}
        for one in shown["examples"] for each in one["members"]
    ]  # fmt: skip
    click.echo()
    show(rows, ("act", "record", "full_name", "before", "after", "weight", "pattern"), empty="no record would move")
    for name, tally in shown["outgoing"].items():
        acts = ", ".join(f"{count} to {act}" for act, count in tally["acts"].items())
        fields = ", ".join(f"{field} {count}" for field, count in tally["fields"].items())
        click.echo(f"{name}: {acts} ({fields})")
    if not shown["outgoing"]:
        click.echo("no system would be sent anything")
    if found.is_cut:
        say(f"what would be sent was tried on the first {found.sent.looked} records only")
