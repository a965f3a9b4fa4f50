"""Alerts and items for programs and for the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from hub.flow import alert, audit
from hub.store import item
from tests.fixtures.command import Run, runner
from tests.fixtures.hub import Rig
from tests.fixtures.web import Caller


@pytest.fixture
def run(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Run:
    return runner(rig.hub.settings, monkeypatch)


def _json(result: Result) -> Any:
    return json.loads(result.stdout)


@pytest.fixture
def raised(rig: Rig) -> str:
    """An alert about the shop; its id."""
    from hub.model.identifier import format_id

    connection_id = rig.connect("shop", {"customer": "both"})
    found = alert.raise_alert(rig.hub, "unknown", "unknown:1", severity=2, connection_id=connection_id)
    return format_id("alr", found)


def test_alerts_when_asked_for_then_their_meaning_and_next_step(raised: str, admin: Caller) -> None:
    (one,) = admin.get("/alerts")["items"]
    assert (one["id"], one["severity"], one["state"], one["connection"]) == (raised, "urgent", "open", "shop")
    assert one["title"] == "shop: the outcome of 1 deliveries is unknown"
    assert one["next_step"]
    assert admin.get(f"/alerts/{raised}") == one
    assert admin.get("/alerts?type=dead")["items"] == []
    assert admin.get("/alerts?connection=shop")["items"] == [one]
    admin.get("/alerts/alr_01JD3W8Z5V0000000000000000", 404)
    admin.get("/alerts?state=nonsense", 422)


def test_alerts_when_dealt_with_then_they_say_so(rig: Rig, raised: str, admin: Caller) -> None:
    assert admin.post(f"/alerts/{raised}/acknowledge")["state"] == "acknowledged"
    assert admin.post(f"/alerts/{raised}/assign", {"owner": "li.na"})["owner"] == "li.na"
    assert admin.post(f"/alerts/{raised}/snooze", {"duration": "1h"})["snoozed_until"]
    admin.post(f"/alerts/{raised}/snooze", {"duration": "1w"}, 422)
    assert admin.post(f"/alerts/{raised}/close", {"reason": "known"})["state"] == "closed"
    admin.post(f"/alerts/{raised}/close", status=409)
    assert admin.get("/alerts?state=closed")["items"][0]["data"] == {}
    assert audit.recent(rig.hub, act="alert.closed", limit=1)[0].reason == "known"


def test_alerts_when_the_role_may_not_operate_then_refused(raised: str, caller: Callable[..., Caller]) -> None:
    auditor = caller("auditor")
    assert auditor.get("/alerts")["items"]
    auditor.post(f"/alerts/{raised}/acknowledge", status=403)
    assert caller("operator", "elsewhere").get("/alerts")["items"] == []
    caller("operator", "elsewhere").get(f"/alerts/{raised}", 404)


def test_command_when_alerts_are_listed_then_worst_first_and_acts_work(raised: str, run: Run) -> None:
    (one,) = _json(run("alerts", "--json"))
    assert (one["id"], one["severity"]) == (raised, "urgent")
    assert "outcome of 1 deliveries is unknown" in run("alerts", "show", raised).output
    run("alerts", "acknowledge", raised, "--reason", "on it")
    run("alerts", "assign", raised, "li.na")
    run("alerts", "snooze", raised, "--for", "1d")
    assert "nothing is wrong" in run("alerts").output
    run("alerts", "close", raised)
    assert "closed already" in run("alerts", "close", raised, code=1).output
    assert "begin with alr_" in run("alerts", "show", "dlv_01JD3W8Z5V0000000000000000", code=1).output


def test_words_when_asked_by_command_and_by_program_then_the_same(rig: Rig, admin: Caller, run: Run) -> None:
    connection_id = rig.connect("shop", {"customer": "both"})
    told: dict[str, dict[str, Any]] = {
        "parked": {"kind": "customer"},
        "quarantine": {"cause": "missing_id"},
        "breaker": {"reason": "shop: GET shop.example answered 502"},
        "mapping": {"kinds": ["order in"]},
    }
    for type_, data in told.items():
        alert.raise_alert(rig.hub, type_, type_, connection_id=connection_id, data=data)
    words = ("id", "title", "meaning", "next_step", "severity")
    by_api = [[one[name] for name in words] for one in admin.get("/alerts")["items"]]
    assert by_api == [[one[name] for name in words] for one in _json(run("alerts", "--json"))]
    assert {title for _, title, *_ in by_api} >= {"shop: 1 × Customer wait too long for a parent"}


def test_items_when_listed_shown_and_resolved_then_gone_from_the_list(rig: Rig, run: Run) -> None:
    rig.connect("shop", {"customer": "both"})
    with rig.hub.db.transaction() as conn:
        item.raise_item(conn, "drift", "drift:1", connection_id=rig.hub.connections.by_name("shop").id)
        item.raise_item(conn, "unknown", "unknown:1", data={"reason": "x"})
    assert {one["type"] for one in _json(run("items", "--json"))} == {"drift", "unknown"}
    (one,) = _json(run("items", "--type", "drift", "--connection", "shop", "--json"))
    assert _json(run("items", "show", one["id"], "--json"))["connection"] == "shop"
    run("items", "resolve", one["id"], "--reason", "looked at")
    assert "resolved already" in run("items", "resolve", one["id"], code=1).output
    assert [r["type"] for r in _json(run("items", "--state", "resolved", "--json"))] == ["drift"]
    assert "in one way" in run("items", "resolve", one["id"], "--lift", "--pin", "a=b", code=2).output
    assert "CONNECTION:EXTERNAL_ID" in run("items", "resolve", one["id"], "--take", "x", code=2).output
