"""Subscriptions, jobs and budgets as commands and the API show them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.cli.main import main
from hub.errors import RejectedError
from hub.flow import job, subscription
from hub.keyring import Keyring
from hub.sdk.plugin import Job
from hub.store.database import Database
from hub.store.subscription import Listed, SubscriptionRow, replace
from tests.fixtures.hub import Rig
from tests.fixtures.web import Caller

KEY = Keyring.generate().export()
Run = Callable[..., Result]
ROWS = [Listed("orders/create", "https://hub.example/webhooks/shop", "active"), Listed("refunds/create", "", "missing", None, "no scope")]  # fmt: skip


@pytest.fixture
def run(database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    for name, value in {
        "DATABASE_URL": database_url, "REDIS_URL": redis_url, "HUB_SECRET_KEY": KEY, "HUB_DATA_DIR": str(tmp_path / "var"),
        "HUB_PUBLIC_URL": "https://hub.example",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)

    def call(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == code, result.output + repr(result.exception)
        return result

    return call


@pytest.fixture
def shop(run: Run, db: Database) -> None:
    db.execute(
        "insert into connection (name, connector, config, flows, phase)"
        " values ('shop', 'shopify', '{\"shop\": \"tea.myshopify.com\"}', '{\"order\": \"in\"}', 'live')"
    )
    (id_,) = db.one("select id from connection") or (0,)
    db.run(lambda conn: replace(conn, id_, ROWS))


@pytest.mark.usefixtures("shop")
def test_subscriptions_when_one_is_missing_then_shown_and_exit_code_1(run: Run, db: Database) -> None:
    rows = json.loads(run("subscriptions", "--json", code=1).stdout)
    assert [(row["topic"], row["state"], row["error"]) for row in rows] == [
        ("orders/create", "active", None),
        ("refunds/create", "missing", "no scope"),
    ]
    db.execute("delete from subscription where state = 'missing'")
    assert "orders/create" in run("subscriptions", "shop").output
    assert "no connection" in run("subscriptions", "nobody", code=1).output


@pytest.mark.usefixtures("shop")
def test_subscriptions_when_restored_then_the_system_is_asked(
    run: Run, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, bool]] = []

    def look_after(_hub: object, name: str, *, restore: bool) -> list[SubscriptionRow]:
        asked.append((name, restore))
        if len(asked) > 1:
            raise RejectedError("shop: Shopify refused subscriptions")
        return []

    monkeypatch.setattr(subscription, "look_after", look_after)
    db.execute("delete from subscription where state = 'missing'")
    run("subscriptions", "--restore")
    assert asked == [("shop", True)]
    assert "Shopify refused" in run("subscriptions", "shop", "--restore", code=1).output
    run("pause", "shop")
    assert "paused" in run("subscriptions", "shop", "--restore", code=1).output
    assert "not looked after" in run("subscriptions", "shop").output


@pytest.mark.usefixtures("shop")
def test_check_when_subscriptions_are_known_then_counted(run: Run) -> None:
    (row,) = json.loads(run("check", "shop", "--json", code=1).stdout)["connections"]
    assert row["subscriptions"] == "1 active, 1 missing"


@pytest.mark.usefixtures("shop")
def test_jobs_when_one_failed_then_shown_and_exit_code_1(run: Run, db: Database) -> None:
    assert "there is none" in run("jobs").output
    db.execute("insert into job (name, connection_id) select 'subscriptions:' || id, id from connection")
    assert json.loads(run("jobs", "--json").stdout)[0]["job"].startswith("subscriptions:")
    db.execute("update job set error = 'shop: 503', failures = 2")
    assert "shop: 503" in run("jobs", code=1).output


def test_api_when_subscriptions_are_asked_for_then_topic_by_topic(
    rig: Rig, admin: Caller, caller: Callable[..., Caller]
) -> None:
    id_ = rig.connect("shop", {"order": "in"}, realm="tea")
    rig.hub.db.run(lambda conn: replace(conn, id_, ROWS))
    found: Any = admin.get("/connections/shop/subscriptions")
    assert [(one["topic"], one["state"], one["last_received_at"]) for one in found["items"]] == [
        ("orders/create", "active", None),
        ("refunds/create", "missing", None),
    ]
    assert (found["watched"], found["connection"]) == (False, "shop")
    assert "no subscriptions that can be asked for" in found["note"]
    admin.get("/connections/nobody/subscriptions", 404)
    caller("operator", realm="tea").get("/connections/shop/subscriptions")
    caller("operator", realm="coffee").get("/connections/shop/subscriptions", 404)


def test_api_when_the_budget_is_asked_for_then_says_whether_there_is_one(rig: Rig, admin: Caller) -> None:
    rig.connect("shop", {"order": "in"})
    assert admin.get("/connections/shop/budget")["limited"] is False
    rig.hub.db.execute("update connection set connector = 'shopify', generation = generation + 1")
    rig.hub.connections.reload()
    found: Any = admin.get("/connections/shop/budget")
    assert (found["limited"], found["shared"], found["tokens"] == found["burst"]) == (True, True, True)
    assert found["used_last_minute"] == {"interactive": 0, "live": 0, "bulk": 0}
    assert found["connections"] == ["shop"]


def test_overview_when_a_plugin_has_jobs_then_listed_with_the_hubs_own(rig: Rig) -> None:
    rig.hub.registry.jobs["points.tiers"] = Job("tiers", lambda: None, every_s=60)
    try:
        assert list(job.tasks(rig.hub)) == ["points.tiers"]
    finally:
        del rig.hub.registry.jobs["points.tiers"]
