"""Deliveries and plans from the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import Result

from hub.errors import RejectedError
from hub.flow import golive
from hub.sdk.connector import Delivery
from hub.store import plan
from tests.fixtures.command import Run, runner
from tests.fixtures.hub import at
from tests.fixtures.peers import PeerRig


@pytest.fixture
def run(peers: PeerRig, monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(peers.hub.settings, monkeypatch)


def _json(result: Result) -> Any:
    return json.loads(result.stdout)


def test_deliveries_when_dead_then_listed_shown_and_sent_again(peers: PeerRig, run: Run) -> None:
    crm = peers.peer("crm")

    def refuse(_: Delivery) -> None:
        if len(crm.calls) == 1:
            raise RejectedError("crm: customers: no")

    crm.before = refuse
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    [listed] = _json(run("deliveries", "--state", "dead", "--json"))
    assert (listed["connection"], listed["state"], listed["error"]["message"]) == ("crm", "dead", "crm: customers: no")
    shown = _json(run("deliveries", "show", listed["id"], "--json"))
    assert [(each["action"], each["outcome"], each["fields"]) for each in shown["attempts"]] == [
        ("create", "failed", ["full_name"])
    ]
    assert "Li Lei" not in run("deliveries", "show", listed["id"]).output
    run("deliveries", "retry", listed["id"])
    peers.quiet()
    assert len(crm.records) == 1
    assert _json(run("deliveries", "--state", "dead", "--json")) == []


def test_deliveries_when_discarded_then_not_sent(peers: PeerRig, run: Run) -> None:
    crm = peers.peer("crm")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.settle()
    [listed] = _json(run("deliveries", "list", "--json"))
    run("deliveries", "discard", listed["id"])
    peers.quiet()
    assert crm.calls == []


def test_deliveries_when_id_is_wrong_then_says_what_is_wrong(run: Run) -> None:
    assert "begin with dlv_" in run("deliveries", "retry", "pln_01JD3W8Z5V0000000000000000", code=1).output
    assert "there is no delivery" in run("deliveries", "show", "dlv_01JD3W8Z5V0000000000000000", code=1).output
    assert "nothing to confirm" not in run("deliveries", "arrived", "dlv_01JD3W8Z5V0000000000000000", code=1).output


def test_plan_when_held_then_listed_and_released(peers: PeerRig, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "FEW", 5)
    assert "no plan is held" in run("plans").output
    crm = peers.peer("crm", "listed", phase="reading")
    peers.customers(15, at(1))
    peers.settle()
    peers.hub.db.execute(
        "insert into cursor (connection_id, stream, full_pass) select id, 'customers', '{\"coverage\": \"complete\"}'"
        " from connection where name = 'crm'"
    )
    golive.advance(peers.hub)
    [held] = _json(run("plans", "--json"))
    assert (held["connection"], held["cause"], held["create"]) == ("crm", "golive", 15)
    run("plan", "release", held["id"], "--canary")
    peers.quiet()
    assert len(crm.records) == plan.CANARY
    run("plan", "release", held["id"])
    peers.quiet()
    assert len(crm.records) == 15
    assert "released already" in run("plan", "discard", held["id"], code=1).output
