"""The conformance kit run inside this process by pytest, for one installed connector.

The convention: beside the connector's module its package has a module `conformance` with
`HARNESSES`, the classes that tell the kit how to set the connector up.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from hub import registry
from hub.bootstrap import mapping_folders
from hub.config import load_settings
from hub.errors import ConfigError
from hub.flow.trial import MappingTrial
from hub.registry import Registry

MODULE = "conformance"
# A file of its own: no setting of a project around it, and no plugin of its tests, has a say.
_FILE = """from hub.cli.suite import suites

globals().update(suites({name!r}))
"""


def run_kit(name: str, only: str = "") -> Sequence[Mapping[str, Any]]:
    """Runs all suites of the connector, or of them `only` the tests that pytest's -k would; one mapping a test.

    `{"harness", "part", "test", "result", "reason", "text", "seconds"}`; `result` is `proved`, `skipped`
    or `failed`, `text` what pytest says of a failure. Errors: `ConfigError` when the connector is not
    installed, has no harness, or nothing could be collected.
    """
    module = _require_module(registry.load(), name)
    seen = _Seen()
    with tempfile.TemporaryDirectory() as folder, _without_plugins():
        file = Path(folder) / f"test_{name.replace('-', '_')}.py"
        file.write_text(_FILE.format(name=name), encoding="utf-8")
        arguments = [
            str(file),
            "-q",
            "-p",
            "no:cacheprovider",
            "-c",
            os.devnull,
            "--rootdir",
            folder,
            "--tb=short",
            "-k",
            only,
        ]
        with contextlib.redirect_stdout(io.StringIO()) as said:
            pytest.main(arguments, plugins=[seen])
    if not seen.results:
        raise ConfigError(f"no test of {module} could be run:\n{said.getvalue().strip()}")
    return seen.results


def suites(name: str) -> dict[str, type]:
    """The pytest classes of the connector, with its mapping files."""
    from hub.sdk.testing.kit import connector_suite

    found = registry.load()
    mapper = MappingTrial.of(found, name, mapping_folders(load_settings()))
    harnesses = getattr(import_module(_require_module(found, name)), "HARNESSES", ())
    return {suite.__name__: suite for suite in (connector_suite(each, mapper) for each in harnesses)}


def _require_module(found: Registry, name: str) -> str:
    for point, reason in found.broken:
        if point == name:
            raise ConfigError(f"connector {name} is installed and broken: {reason}")
    home = found.connector(name).__module__
    package = home if hasattr(import_module(home), "__path__") else home.rpartition(".")[0]
    module = f"{package}.{MODULE}"
    if not package or find_spec(module) is None:
        raise ConfigError(
            f"connector {name} has no harness: write {module} with `HARNESSES = (MyHarness,)`; "
            "`retail-hub new-connector` makes an example"
        )
    return module


@contextlib.contextmanager
def _without_plugins() -> Iterator[None]:
    before = os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
        else:
            os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = before


class _Seen:
    """A pytest plugin that keeps what became of each test."""

    def __init__(self) -> None:
        self.results: list[dict[str, Any]] = []
        self._parts: dict[str, str] = {}

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Notes which part of the kit a test belongs to: the module that its function was written in."""
        function = getattr(item, "function", None)
        self._parts[item.nodeid] = getattr(function, "__module__", "").rpartition(".")[2]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test counts once: its call, or the step before or after it that went wrong."""
        if report.when != "call" and report.outcome == "passed":
            return
        _, harness, test = report.nodeid.split("::", 2)
        result = {"passed": "proved", "skipped": "skipped"}.get(report.outcome, "failed")
        held = {
            "harness": harness.removeprefix("Test"),
            "part": self._parts.get(report.nodeid, ""),
            "test": test,
            "result": result,
            "reason": _reason(report),
            "text": report.longreprtext if result == "failed" else "",
            "seconds": report.duration,
        }
        if self.results and (self.results[-1]["harness"], self.results[-1]["test"]) == (held["harness"], test):
            self.results.pop()
        self.results.append(held)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A harness that cannot even be imported is a failure, too."""
        if report.failed:
            self.results.append({
                "harness": "", "part": "", "test": "import of the harness", "result": "failed",
                "reason": "the module cannot be imported", "text": report.longreprtext, "seconds": 0.0,
            })  # fmt: skip


def _reason(report: pytest.TestReport) -> str:
    if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message).splitlines()[0] if crash is not None else ""
