"""Writes docs/reference/ from what the code declares. Run it after changing a declaration:

python -m docs.generate            # writes
python -m docs.generate --check    # names the pages that are out of date, exit code 1
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from docs import reference_alerts, reference_api, reference_code, reference_commands, reference_model

FOLDER = Path(__file__).parent / "reference"

PAGES: dict[str, Callable[[], str]] = {
    "alerts.md": reference_alerts.alerts,
    "api.md": reference_api.api,
    "commands.md": reference_commands.commands,
    "connectors.md": reference_code.connectors,
    "errors.md": reference_code.error_tree,
    "hooks.md": reference_code.hooks,
    "kinds.md": reference_model.kinds,
    "permissions.md": reference_code.permissions,
    "policies.md": reference_model.policies,
    "settings.md": reference_code.settings,
    "transforms.md": reference_model.transforms,
}


def stale() -> list[str]:
    """The pages whose file is not what would be written now."""
    return [name for name, make in PAGES.items() if _stored(name) != make()]


def write() -> list[str]:
    """Writes the pages that are out of date; returns their names."""
    names = stale()
    for name in names:
        (FOLDER / name).write_text(PAGES[name](), encoding="utf-8")
    return names


def main(argv: Sequence[str]) -> int:
    """Runs with command line arguments; returns the exit code."""
    check = "--check" in argv
    names = stale() if check else write()
    for name in names:
        click.echo(f"{'out of date' if check else 'written'}: docs/reference/{name}")
    return 1 if check and names else 0


def _stored(name: str) -> str:
    path = FOLDER / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
