"""What people rule about deliveries, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.errors import ConflictError
from hub.flow import audit, delivery, look
from hub.model.identifier import format_id
from tests.fixtures.hub import at
from tests.fixtures.peers import PeerRig
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
