"""A system that does not answer: noted once, and taken back by whoever gets an answer first."""

from __future__ import annotations

import pytest

from hub.errors import RetryableError, UnknownOutcomeError
from hub.flow import account, alert
from hub.sdk.connector import Delivery
from hub.store import alert as store
from tests.fixtures.hub import at
from tests.fixtures.peers import PeerRig, Shelf


@pytest.fixture
def down(peers: PeerRig) -> Shelf:
    """A CRM to which nothing gets through."""
    crm = peers.peer("crm")

    def fail(_: Delivery) -> None:
        raise RetryableError("crm: POST crm.example could not connect: timed out")

    crm.before = fail
    peers.customers(6, at(1))
    peers.settle()
    peers.deliver()
    return crm


def noted(rig: PeerRig) -> str:
    row = rig.hub.db.one("select health -> 'delivery' ->> 'state' from connection where name = 'crm'")
    return str(row[0]) if row else ""


def open_types(rig: PeerRig) -> list[str]:
    alert.evaluate(rig.hub)
    with rig.hub.db.session() as conn:
        return [one.type for one in store.list_alerts(conn, connection="crm")]


def test_alert_when_a_system_is_away_for_the_time_that_is_set_then_open_until_it_answers(
    peers: PeerRig, down: Shelf
) -> None:
    assert open_types(peers) == [], "a hiccup is no alert"
    peers.hub.db.execute(
        "update connection set health = jsonb_set(health, '{delivery,since}', to_jsonb(extract(epoch from now()) - 46))"
        " where name = 'crm'"
    )
    assert open_types(peers) == ["breaker"]
    down.before = lambda _: None
    peers.quiet()
    assert open_types(peers) == []


def test_note_when_another_process_gets_the_answer_then_taken_back(peers: PeerRig, down: Shelf) -> None:
    assert noted(peers) == "open"
    peers.hub.extras.pop("deliverer").close()
    down.before = lambda _: None
    peers.quiet()
    assert noted(peers) == "closed"
    assert len(down.records) == 6


def test_note_when_a_look_gets_no_answer_either_then_kept(peers: PeerRig, monkeypatch: pytest.MonkeyPatch) -> None:
    crm = peers.peer("crm")

    def hang(_: Delivery) -> None:
        raise UnknownOutcomeError("crm: POST crm.example timed out after the request was sent")

    def found(_: str | None) -> None:
        raise RetryableError("crm: GET crm.example could not connect: timed out")

    crm.before = hang
    monkeypatch.setattr(crm, "found", found)
    peers.customers(3, at(1))
    peers.settle()
    peers.deliver()
    assert noted(peers) == "None"
    peers.hub.db.execute("update target set verify_at = now(), wait_until = null")
    peers.deliver()
    assert noted(peers) == "open"


def test_check_when_the_system_is_well_again_then_what_backs_off_is_tried_at_once(peers: PeerRig, down: Shelf) -> None:
    peers.hub.db.execute("update target set wait_until = now() + interval '10 minutes'")
    down.before = lambda _: None
    assert account.check(peers.hub, "crm").ok
    assert peers.count("wait_until > now() + interval '3 seconds'") == 0
