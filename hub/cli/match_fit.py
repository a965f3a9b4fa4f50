"""`match fit`: a model learnt from stored records, written to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.local import open_hub
from hub.cli.output import json_option, progress, say, show, show_json
from hub.errors import ConfigError

if TYPE_CHECKING:
    from hub.flow.match_fit import Learnt

SHOWN = 20


@click.command()
@click.option("--kind", default="customer", show_default=True, metavar="KIND", help="Of this kind.")
@click.option("--realm", default="default", show_default=True, metavar="REALM", help="From the records of this realm.")
@click.option(
    "--out", "path", required=True, metavar="NEW.yaml", help="The file to write; it must not exist.",
    type=click.Path(dir_okay=False, path_type=Path),
)  # fmt: skip
@click.option(
    "--most", type=click.IntRange(min=1000), default=200_000, show_default=True, help="At most so many records."
)
@json_option
def fit(kind: str, realm: str, path: Path, most: int, as_json: bool) -> None:
    """Learn how much each comparison weighs from the records stored now, and write it as a new model file.

    No truth is needed (expectation and maximisation over pairs that share a key). Nothing is put in force: look at the file,
    see what it would do with `match preview`, then put it in force as a release.

    \b
    Example:
      retail-hub match fit --out learnt.yaml
    """
    from hub.flow import match_fit as flow

    if path.exists():
        raise ConfigError(f"{path.name} is there already: name a file that is not")
    with open_hub() as hub, progress("read") as line:
        found = flow.learn(hub, kind, realm, most, line.step)
    try:
        path.write_text(found.text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path.name} could not be written ({type(error).__name__})") from None
    if as_json:
        show_json(_told(found, path))
    else:
        _show(found, path)


def _told(found: Learnt, path: Path) -> dict[str, Any]:
    return {
        "file": str(path),
        "stored": found.stored,
        "records": found.used,
        "pairs": found.pairs,
        "auto": found.model.auto,
        "review": found.model.review,
        "fitted": dict(found.model.spec.fitted),
        "moved": [
            {"comparison": one.comparison, "level": one.level, "before": one.before, "after": one.after}
            for one in found.moved
        ],
    }


def _show(found: Learnt, path: Path) -> None:
    sample = "" if found.used == found.stored else f" (of {found.stored}, evenly)"
    say(f"learnt from {found.pairs} pairs of {found.used} records{sample}; nothing was put in force")
    rows = _told(found, path)["moved"]
    show(rows[:SHOWN], ("comparison", "level", "before", "after"), empty="every level weighs what it did")
    if len(rows) > SHOWN:
        say(f"and {len(rows) - SHOWN} more levels moved; --json names all")
    click.echo(f"auto {found.model.auto}, review {found.model.review}")
    say(f"see what it would do with: retail-hub match preview --file {path}")
