"""How the hub is, seen by people."""

from __future__ import annotations

import types
from collections.abc import Callable
from threading import Event

from click.testing import CliRunner

from hub.cli.main import main
from hub.flow import health
from hub.flow.context import Hub
from hub.sdk import HealthReport, hookimpl


def _plugin(name: str, answer: Callable[[], HealthReport | None]) -> types.ModuleType:
    module = types.ModuleType(name)
    module.check_health = hookimpl(answer)  # type: ignore[attr-defined]
    return module


def test_health_when_looked_at_then_every_part_has_figures(hub: Hub) -> None:
    found = health.look(hub)
    checks = {check.code: check for check in found.checks}
    assert {"workers", "inbox", "due", "leases", "redis", "database", "disk", "clock", "broken"} <= checks.keys()
    assert checks["workers"].state == "bad"  # nobody works in a test
    assert "scheduler" in checks["workers"].facts["missing"]
    assert checks["database"].facts["is_current"] is True
    assert checks["redis"].facts["up"] is True
    assert abs(checks["clock"].facts["skew_s"]) < health.SKEW_S
    assert found.versions["postgres"]
    hub.queue.sign("scheduler")
    assert "scheduler" in [hand.role for hand in health.look(hub).hands or []]


def test_plugin_when_it_fails_or_is_slow_then_the_others_are_still_heard(
    make_hub: Callable[..., Hub], database_url: str
) -> None:
    stuck = Event()

    def fails() -> HealthReport:
        raise RuntimeError("secret detail")

    def waits() -> None:
        stuck.wait(10)

    plugins = (
        _plugin("fine", lambda: HealthReport(True, "all good", {"rows": "3"})),
        _plugin("broken", fails),
        _plugin("slow", waits),
    )
    try:
        found = {c.facts["name"]: c for c in health.look(make_hub(database_url, *plugins)).checks if c.code == "plugin"}
    finally:
        stuck.set()
    assert (found["fine"].state, found["fine"].facts["rows"]) == ("ok", "3")
    assert (found["broken"].state, found["broken"].facts["message"]) == ("warn", "RuntimeError")
    assert "did not answer" in found["slow"].facts["message"]


def test_health_command_when_something_is_bad_then_exit_code_1(database_url: str, redis_url: str) -> None:
    env = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "HUB_SECRET_KEY": "0:" + "A" * 43 + "="}
    found = CliRunner().invoke(main, ["health"], env=env)
    assert found.exit_code == 1
    assert "workers" in found.output
    assert "postgres" in found.output
