"""`mapping`: look at mapping files before they take effect."""

from __future__ import annotations

import sys
from collections.abc import Sequence
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
    """Check all mapping, look-up and policy files: those of PATH (folders or files), else of HUB_MAPPINGS_DIR, and those installed.

    Says what each file of PATH is, and every fault with file, line, field and what to do: unknown words, fields and transforms; streams of one record
    ordered by different units; references to what no file makes; conditions that never hold; tables that cannot be read
    backwards; policies that no field can have. The same faults stop a start and a reload. Warnings do not. Exit code 1
    when there is a fault.

    \b
    Example:
      retail-hub mapping check
      retail-hub mapping check site/webhook/customers.yaml site/lookups/levels.yaml site/policies/order.yaml --json
    """
    from hub import registry
    from hub.bootstrap import mapping_folders
    from hub.config import load_settings
    from hub.flow.rules import model_places
    from hub.rules.identity.model_file import examine_models
    from hub.rules.mapping import examine_mappings, what_is
    from hub.rules.policies import examine_policies

    found = registry.load()
    installed = [*mapping_folders(load_settings()), *found.mapping_folders]
    paths = tuple(inner for path in paths for inner in _inside(path))
    kinds_of = {path: what_is(path) for path in paths if path.is_file()}
    folders = [path for path in paths if path not in kinds_of]

    def of(*kinds: str) -> list[Path]:
        """Where files of these sorts may stand, the given ones first."""
        return [*(path for path in paths if kinds_of.get(path) in kinds), *folders, *installed]

    mappings, faults = examine_mappings(of("mapping", "lookup"), found.kinds, found.transforms, found.connectors)
    policies, wrong_policies = examine_policies(of("policy"), found.kinds, found.policies)
    models, wrong_models = examine_models(model_places(of("model"), found), found.kinds)
    faults += wrong_policies + wrong_models
    wrong = sum(not fault.is_warning for fault in faults)
    counts = {
        "files": len(mappings.manifest) + len(policies) + len(models),
        "faults": wrong,
        "warnings": len(faults) - wrong,
    }
    checked = [_told(path, what, mappings.tables.get(path.stem, ())) for path, what in kinds_of.items()]
    if as_json:
        show_json({**counts, "checked": checked, "found": [_row(fault) for fault in faults]})
    else:
        for one in checked:
            click.echo(f"{one['file']}: {one['text']}")
        for fault in faults:
            click.echo(f"{'warning: ' if fault.is_warning else ''}{fault}")
        click.echo(", ".join(f"{count} {word}" for word, count in counts.items()))
    sys.exit(1 if wrong else 0)


def _inside(path: Path) -> list[Path]:
    """A folder of look-ups, policies or models alone is each of its files."""
    is_alone = path.is_dir() and path.absolute().name in ("lookups", "policies", "matching")
    return sorted(path.glob("*.yaml")) if is_alone else [path]


def _told(path: Path, what: str, users: Sequence[str]) -> dict[str, Any]:
    """What a file is, and where it takes effect when it lies elsewhere."""
    if what == "mapping":
        return {"file": str(path), "what": what, "text": "a mapping file"}
    folder, text = {
        "lookup": ("lookups", f"a look-up table, used by {', '.join(users) or 'no mapping'}"),
        "policy": ("policies", f"policies of {path.stem}"),
        "model": ("matching", f"how records of {path.stem} are matched"),
    }[what]
    if path.absolute().parent.name != folder:
        text += f"; it takes effect as {folder}/{path.name} of a folder of mappings"
    return {"file": str(path), "what": what, "text": text} | ({"used_by": list(users)} if what == "lookup" else {})


def _row(fault: Any) -> dict[str, Any]:
    severity = "warning" if fault.is_warning else "fault"
    return {
        "severity": severity,
        "file": fault.file,
        "line": fault.line,
        "field": fault.field,
        "text": fault.text,
    }
