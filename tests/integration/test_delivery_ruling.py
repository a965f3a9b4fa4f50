"""What people rule about deliveries, and what is kept of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from hub.errors import ConflictError, NotFoundError, RejectedError
from hub.flow import audit, delivery, look
from hub.model.identifier import format_id
from hub.sdk.connector import Delivery
from tests.fixtures.hub import at
from tests.fixtures.peers import PeerRig, Shelf
from tests.integration.test_deliver_doubt import _abandon


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "SETTLED_S", 0.5)
    monkeypatch.setattr("hub.rules.retry.LOOK_AFTER_S", 0.1)


def _make_unknown(peers: PeerRig, connector: str) -> Any:
    """A create that may have arrived and that nobody can account for."""
    peers.peer("crm", connector, flow="out")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.settle()
    _abandon(peers, "crm")
    peers.hub.db.execute("update target set state = 'unknown', lease_until = null")
    peers.hub.db.execute("update attempt set outcome = 'unknown', ended_at = now() - interval '1 minute'")
    [(target_id,)] = peers.targets("id")
    return target_id


def test_look_again_when_the_system_can_be_asked_then_it_settles_the_attempt(peers: PeerRig) -> None:
    target_id = _make_unknown(peers, "plain")
    delivery.look_again(peers.hub, target_id, "ann", "their support says it is there")
    peers.quiet()
    assert peers.attempts() == [("create", "applied")]
    assert peers.targets("state") == [("due",)]
    (row,) = audit.recent(peers.hub, act="delivery.looked", limit=5)
    assert (row.actor, row.object, row.reason) == (
        "ann",
        format_id("dlv", target_id),
        "their support says it is there",
    )
    with pytest.raises(ConflictError, match="not unknown"):
        delivery.look_again(peers.hub, target_id, "ann")


def test_look_again_when_the_system_cannot_be_asked_then_refused_and_nothing_changes(peers: PeerRig) -> None:
    target_id = _make_unknown(peers, "blind")
    with pytest.raises(ConflictError, match="neither read nor searched"):
        delivery.look_again(peers.hub, target_id, "ann")
    assert peers.targets("state") == [("unknown",)]
    assert audit.recent(peers.hub, act="delivery.looked", limit=5) == []


@pytest.mark.parametrize(
    ("rule", "act"),
    [
        (lambda hub, id_: delivery.retry(hub, id_, "ann", "not there"), "delivery.retried"),
        (lambda hub, id_: delivery.discard(hub, id_, "ann", "not there"), "delivery.discarded"),
        (lambda hub, id_: delivery.arrived(hub, id_, "ann", "p1", "not there"), "delivery.arrived"),
    ],
)
def test_ruling_when_made_then_who_and_why_are_kept_with_it(
    peers: PeerRig, rule: Callable[..., None], act: str
) -> None:
    target_id = _make_unknown(peers, "blind")
    rule(peers.hub, target_id)
    (row,) = audit.recent(peers.hub, act=act, limit=5)
    assert (row.actor, row.reason, row.object) == ("ann", "not there", format_id("dlv", target_id))


def test_retry_when_dead_then_sent_and_item_closed(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    crm.before = _reject_once(crm)
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    [(target_id,)] = peers.targets("id")
    delivery.retry(peers.hub, target_id, "ann")
    peers.quiet()
    assert len(crm.records) == 1
    assert peers.items() == []


def _reject_once(shelf: Shelf) -> Any:
    def refuse(_: Delivery) -> None:
        if len(shelf.calls) == 1:
            raise RejectedError("crm: no")

    return refuse


def test_discard_when_dead_then_nothing_is_due_until_it_changes(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    crm.before = _reject_once(crm)
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    [(target_id,)] = peers.targets("id")
    delivery.discard(peers.hub, target_id, "ann")
    peers.quiet()
    assert crm.records == {}
    peers.customer("1", at(2), full_name="Li Lei-Wang")
    peers.quiet()
    assert len(crm.records) == 1


def test_arrived_when_outcome_is_known_then_refused(peers: PeerRig) -> None:
    peers.peer("crm")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    [(target_id,)] = peers.targets("id")
    with pytest.raises(ConflictError, match="not unknown"):
        delivery.arrived(peers.hub, target_id, "ann")


def test_retry_when_there_is_no_such_delivery_then_not_found(peers: PeerRig) -> None:

    with pytest.raises(NotFoundError, match="no delivery"):
        delivery.retry(peers.hub, uuid.uuid4(), "ann")
