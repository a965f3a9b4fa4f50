"""What is declared in setup.cfg exists: entry points, commands, import rules."""

import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hub.cli import main as cli

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "point",
    [point for point in distribution("retail-hub").entry_points if point.group.startswith("retail_hub")],
    ids=lambda point: f"{point.group}:{point.name}",
)
def test_entry_point_when_declared_then_loads(point) -> None:  # type: ignore[no-untyped-def]
    assert point.load() is not None


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_command_when_asked_for_help_then_shows_an_example(name: str) -> None:
    found = CliRunner().invoke(cli.main, [name, "--help"])
    assert found.exit_code == 0, found.output
    command = cli.load(cli.COMMANDS[name][0])
    if isinstance(command, click.Group):
        found = CliRunner().invoke(cli.main, [name, next(iter(command.commands)), "--help"])
    assert "Example" in found.output


def test_commands_when_listed_then_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; from hub.cli.main import main; main(['--help'], standalone_mode=False); print(sorted(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert [name for name in ("flask", "psycopg", "redis", "sqlalchemy", "marshmallow") if f"'{name}'" in shown] == []


def test_imports_when_checked_then_flow_downwards() -> None:
    linter = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    if not linter:
        pytest.skip("import-linter is not installed (extra dev)")
    done = subprocess.run([linter, "--config", "setup.cfg"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_unknown_command_when_called_then_exit_code_is_2() -> None:
    assert CliRunner().invoke(cli.main, ["no-such-command"]).exit_code == 2


def test_error_of_the_hub_when_raised_then_message_and_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_WORKERS", "many")
    found = CliRunner().invoke(cli.main, ["drain"])
    assert found.exit_code == 1
    assert "error: HUB_WORKERS must be a whole number" in found.output
    assert "Traceback" not in found.output
