"""How the hub is: `health`."""

from __future__ import annotations

import sys
from typing import Any

import click

from hub.cli.local import open_hub
from hub.cli.output import json_option, show, show_json


@click.command()
@json_option
def health(as_json: bool) -> None:
    """Look at workers, queues, leases, Redis, database, disk, clocks and plugins.

    Ends with exit code 1 when something is bad; a warning alone is no failure.

    \b
    Example:
      retail-hub health --json
    """
    from hub.flow.health import look

    with open_hub() as hub:
        found = look(hub)
    if as_json:
        checks = [{"check": check.code, "state": check.state, **check.facts} for check in found.checks]
        show_json({"state": found.state, "checks": checks, "versions": found.versions})
    else:
        rows = [{"check": check.code, "state": check.state, "facts": _facts(check.facts)} for check in found.checks]
        show(rows, ["check", "state", "facts"])
        click.echo(" · ".join(f"{name} {version}" for name, version in found.versions.items() if version))
    sys.exit(1 if found.state == "bad" else 0)


def _facts(facts: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items() if value not in (None, "", []))
