"""`match model` and `match rebuild`: the matching model in force, and everything made again by it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from hub.cli.act import ACTOR
from hub.cli.local import open_hub
from hub.cli.output import json_option, progress, say, show, show_json, show_one
from hub.errors import ConfigError

if TYPE_CHECKING:
    from hub.rules.identity.model import MatchModel

_STEP_S = 0.1
_KIND = click.option("--kind", default="customer", show_default=True, metavar="KIND", help="Of this kind.")


@click.command()
@_KIND
@click.option("--file", "is_file", is_flag=True, help="Print it as a model file, to change a copy of.")
@json_option
def model(kind: str, is_file: bool, as_json: bool) -> None:
    """Show the model in force: thresholds, what each comparison weighs at each level, keys, guards.

    \b
    Example:
      retail-hub match model --file > site/matching/customer.yaml
    """
    from hub.rules.identity.model_file import write_model

    with open_hub() as hub:
        found = hub.rules.matching.get(kind)
        if found is None:
            raise ConfigError(f"no model matches {kind}; there are models of: {', '.join(sorted(hub.rules.matching))}")
        release = hub.rules.release_id
    if is_file:
        click.echo(write_model(found.spec), nl=False)
    elif as_json:
        show_json(told(found, kind, release))
    else:
        _show(found, kind, release)


def told(found: MatchModel, kind: str, release: int) -> dict[str, Any]:
    """A model as one object. Weights in thousandths of a bit."""
    spec = found.spec
    return {
        "kind": kind,
        "release": release,
        "auto": spec.auto,
        "review": spec.review,
        "comparisons": {
            name: {level: one.weight for level, one in levels.items()} for name, levels in spec.comparisons.items()
        },
        "keys": {name: list(atoms) for name, atoms in spec.keys.items()},
        "guards": {name: sorted(levels) for name, levels in spec.guards.items()},
        "accounts": sorted(spec.accounts),
        "fitted": dict(spec.fitted),
    }


def _show(found: MatchModel, kind: str, release: int) -> None:
    spec = found.spec
    show_one(
        {
            "kind": kind, "release": release,
            "auto": f"{spec.auto}: from this weight on the hub merges by itself (thousandths of a bit)",
            "review": f"{spec.review}: from this weight on people are asked",
            "keys": "; ".join(f"{name}: {' + '.join(atoms)}" for name, atoms in spec.keys.items()),
            "guards": "; ".join(f"{name}: {', '.join(sorted(levels))}" for name, levels in spec.guards.items()),
            "accounts": ", ".join(sorted(spec.accounts)),
        }
    )  # fmt: skip
    click.echo()
    rows = [
        {"comparison": name, "level": level, "weight": one.weight, "m": one.m, "u": one.u}
        for name, levels in spec.comparisons.items()
        for level, one in levels.items()
    ]
    show(rows, ("comparison", "level", "weight", "m", "u"), empty="it compares nothing")


@click.command()
@_KIND
@click.option(
    "--timeout", "timeout_s", type=click.FloatRange(min=0), default=3600.0, show_default=True, help="Seconds to wait."
)
@click.option("--no-wait", is_flag=True, help="Ask for it, and leave it to the workers.")
@json_option
def rebuild(kind: str, timeout_s: float, no_wait: bool, as_json: bool) -> None:
    """Make all that links records again: what is compared, keys, edges, clusters. The workers do it; this waits for them.

    Safe to repeat: what is right stays as it is, ids and decisions too. For a hub that was restored, or whose clusters
    are in doubt. A changed model needs no rebuild: putting it in force does it.

    \b
    Example:
      retail-hub match rebuild
    """
    from hub.flow import match_rebuild as flow

    with open_hub() as hub:
        _, marked = flow.ask(hub, kind, ACTOR)
        say(f"{marked} records are to be linked anew")
        deadline = time.monotonic() + timeout_s
        with progress("linked anew", marked) as line:
            while not no_wait and (left := flow.left(hub)):
                if time.monotonic() > deadline:
                    raise ConfigError(
                        f"{left} records still wait after {timeout_s:g} s; is a worker running (`retail-hub run`)?"
                    )
                line.step(max(0, marked - left - line.done))
                time.sleep(_STEP_S)
    if as_json:
        show_json({"kind": kind, "marked": marked, "is_done": not no_wait})
    elif not no_wait:
        click.echo("all is linked anew")
