"""`mapping`: look at mapping files before they take effect."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from hub.cli.forecast import mapping_preview
from hub.cli.output import json_option, show_json


@click.group()
def mapping() -> None:
    """Look at mapping files before they take effect.

    \b
    Example:
      retail-hub mapping check site
    """


mapping.add_command(mapping_preview)


@mapping.command("check")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@json_option
def check(paths: tuple[Path, ...], as_json: bool) -> None:
    """Check all mapping and policy files: those of PATH (folders or files), else of HUB_MAPPINGS_DIR, and those installed.

    Says every fault with file, line, field and what to do: unknown words, fields and transforms; streams of one record
    ordered by different units; references to what no file makes; conditions that never hold; tables that cannot be read
    backwards; policies that no field can have. The same faults stop a start and a reload. Warnings do not. Exit code 1
    when there is a fault.

    \b
    Example:
      retail-hub mapping check
      retail-hub mapping check site/webhook/customers.yaml site/policies/order.yaml --json
    """
    from hub import registry
    from hub.bootstrap import mapping_folders
    from hub.config import load_settings
    from hub.rules.mapping import examine_mappings
    from hub.rules.policies import examine_policies

    found = registry.load()
    installed = [*mapping_folders(load_settings()), *found.mapping_folders]
    places = [*(path for path in paths if not _is_policy(path)), *installed]
    mappings, faults = examine_mappings(places, found.kinds, found.transforms, found.connectors)
    places = [*(path for path in paths if path.is_dir() or _is_policy(path)), *installed]
    policies, wrong_policies = examine_policies(places, found.kinds)
    faults += wrong_policies
    wrong = sum(not fault.is_warning for fault in faults)
    counts = {"files": len(mappings.manifest) + len(policies), "faults": wrong, "warnings": len(faults) - wrong}
    if as_json:
        show_json({**counts, "found": [_row(fault) for fault in faults]})
    else:
        for fault in faults:
            click.echo(f"{'warning: ' if fault.is_warning else ''}{fault}")
        click.echo(", ".join(f"{count} {word}" for word, count in counts.items()))
    sys.exit(1 if wrong else 0)


def _is_policy(path: Path) -> bool:
    return path.is_file() and path.absolute().parent.name == "policies"


def _row(fault: Any) -> dict[str, Any]:
    severity = "warning" if fault.is_warning else "fault"
    return {
        "severity": severity,
        "file": fault.file,
        "line": fault.line,
        "field": fault.field,
        "text": fault.text,
    }
