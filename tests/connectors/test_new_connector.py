"""A connector that was just made passes the kit; what is wrong with a name, a folder or a connector is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli.main import main
from hub.cli.scaffold import FILES, write_package
from hub.errors import ConfigError

ROOT = Path(__file__).parents[2]
NAME = "corner-till"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new") / "till"
    made = CliRunner().invoke(main, ["new-connector", NAME, "--into", str(folder)])
    assert made.exit_code == 0, made.output
    return folder


@pytest.fixture
def path(package: Path, tmp_path: Path) -> str:
    """PYTHONPATH under which the package is installed: its folder, and its entry points as pip would write them."""
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    info = tmp_path / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = [f"{name} = {target}" for name, target in project["entry-points"]["retail_hub"].items()]
    (info / "entry_points.txt").write_text("\n".join(["[retail_hub]", *points, ""]))
    return os.pathsep.join((str(tmp_path), str(package), str(ROOT)))


def kit(*arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hub.cli.main", "test-connector", *arguments]
    return subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False, timeout=120
    )


def test_new_connector_when_made_then_passes_the_kit(path: str) -> None:
    done = kit(NAME, "--json", path=path)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert (found["connector"], found["failed"]) == (NAME, 0)
    skipped = {each["proof"]: each["reason"] for each in found["results"] if each["result"] == "skipped"}
    assert len(skipped) <= 3
    assert all(skipped.values())
    results = [each["result"] for each in found["results"]]
    ends_so = f"{results.count('proved')} proved, {results.count('skipped')} skipped, 0 failed"
    assert ends_so in (ROOT / "docs" / "how-to" / "write-a-connector.md").read_text()
    proved = {each["part"] for each in found["results"] if each["result"] == "proved"}
    assert proved == {"every connector", "reading", "receiving", "writing", "with mappings"}


def test_kit_when_a_connector_is_broken_then_says_what_failed_and_exits_1(path: str, package: Path) -> None:
    file = package / "retail_hub_corner_till" / "mappings" / NAME / "customers.yaml"
    good = file.read_text()
    file.write_text(good.replace("  name: full_name\n", "  name: {path: full_name, to: {cut: {length: 1}}}\n"))
    try:
        done = kit(NAME, "--only", "nothing_is_new or read_back", path=path)
    finally:
        file.write_text(good)
    assert done.returncode == 1
    assert "failed   write: when the system tells of it, then nothing is new" in done.stdout
    assert "hub and system would never rest: ['full_name']" in done.stdout
    assert "2 failed" in done.stdout.splitlines()[-1]


def test_package_when_made_then_nothing_is_left_to_fill_in(package: Path) -> None:
    files = [file for file in package.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    assert len(files) == len(FILES)
    for file in files:
        text = file.read_text()
        assert "{{" not in text.replace("{ {", ""), file
        if file.suffix == ".py":
            compile(text, str(file), "exec")


def test_template_when_a_placeholder_is_not_known_then_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a placeholder that nothing fills"):
        write_package({"name": "till"}, tmp_path / "till")
    assert not (tmp_path / "till").exists()


@pytest.mark.parametrize("name", ["Till", "9till", "till shop", "../till", "till_", "import", "顾客", "a" * 41, ""])
def test_new_connector_when_the_name_is_bad_then_says_which_are_good(name: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["new-connector", name, "--into", str(tmp_path / "x")])
    assert done.exit_code == 1
    assert "small letters and digits" in done.output
    assert not (tmp_path / "x").exists()


def test_new_connector_when_the_folder_is_there_then_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = CliRunner().invoke(main, ["new-connector", "till", "--into", str(tmp_path)])
    assert done.exit_code == 1
    assert "exists already: name another folder with --into" in done.output
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]


def test_new_connector_when_the_name_is_taken_then_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["new-connector", "shopify", "--into", str(tmp_path / "x")])
    assert (done.exit_code, "is installed already" in done.output) == (1, True)


def test_kit_when_the_connector_is_not_installed_then_names_those_that_are() -> None:
    done = CliRunner().invoke(main, ["test-connector", "no-such"])
    assert done.exit_code == 1
    assert "installed: shopify, webhook, zoho" in done.output


def test_kit_when_called_without_a_name_then_usage() -> None:
    assert CliRunner().invoke(main, ["test-connector"]).exit_code == 2
