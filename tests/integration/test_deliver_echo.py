"""What a system says after the hub wrote to it: the hub's own words coming back win over nobody."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from hub.errors import RetryableError, UnknownOutcomeError
from hub.sdk.connector import Delivery
from tests.fixtures.hub import at
from tests.fixtures.peers import PeerRig, Shelf, wait_for

pytestmark = pytest.mark.usefixtures("soon")


def _last(rig: PeerRig) -> Any:
    """What the newest attempt was, and what became of it."""
    return (rig.attempts() or [("", None)])[-1]


def _once(error: Exception) -> Callable[[Delivery], None]:
    left = [error]

    def strike(_: Delivery) -> None:
        if left:
            raise left.pop()

    return strike


class _Forgetful(dict[str, str]):
    """A search index that never catches up."""

    def get(self, key: object, default: Any = None) -> Any:
        return default


def _echoes(peers: PeerRig, crm: Shelf) -> None:
    """The peer sends an event for every change it went through, late, as systems do."""
    while crm.outbox:
        peers.send("crm", "customers", crm.outbox.pop(0), key=uuid.uuid4().hex)
    peers.settle()


def test_update_when_its_echo_comes_before_the_look_then_it_is_no_word_of_the_peer(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    peers.customer("1", at(1), full_name="Li Lei", note="tea")
    peers.quiet()
    crm.after = _once(UnknownOutcomeError("crm: timed out after sending"))
    peers.customer("1", at(2), full_name="Li Lei", note="coffee")
    peers.settle()
    peers.deliverer.run_once(0.05)
    wait_for(lambda: _last(peers) == ("update", "unknown"))
    # The peer's clock is days ahead of the shop's: as its own word this would win over all that the shop says.
    peers.echo("crm", crm)
    peers.settle()
    peers.quiet()
    peers.customer("1", at(3), full_name="Li Lei", note="water")
    peers.quiet()
    assert [golden["note"] for golden in peers.goldens("customer")] == ["water"]
    assert crm.records["p1"]["note"] == "water"


@pytest.mark.parametrize("is_honest", [True, False])
def test_update_when_it_was_called_failed_but_took_effect_then_its_echo_is_no_word_of_the_peer(
    peers: PeerRig, is_honest: bool
) -> None:
    crm = peers.peer("crm")
    peers.customer("1", at(1), full_name="Li Lei", note="tea", tags=["vip"])
    peers.quiet()
    error = RetryableError("500 after all was done", retry_after_s=0.3, may_be_done=is_honest)
    crm.after = _once(error)
    peers.customer("1", at(2), full_name="Li Lei", note="coffee", tags=["vip", "new"])
    peers.settle()
    peers.deliverer.run_once(0.05)
    wait_for(lambda: _last(peers) == ("update", "unknown" if is_honest else "failed"))
    peers.echo("crm", crm)
    peers.quiet()
    assert peers.attempts()[-1] == ("update", "applied")
    assert len(crm.calls) == 2
    peers.customer("1", at(3), full_name="Li Lei", note="water", tags=["new"])
    peers.quiet()
    assert [(golden["note"], golden["tags"]) for golden in peers.goldens("customer")] == [("water", ["new"])]
    assert (crm.records["p1"]["note"], crm.records["p1"]["tags"]) == ("water", ["new"])


def test_update_when_it_failed_and_the_peer_says_other_things_then_those_are_its_own(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    peers.customer("1", at(1), full_name="Li Lei", note="tea")
    peers.quiet()
    peers.echo("crm", crm)
    peers.quiet()
    crm.before = _once(RetryableError("busy", retry_after_s=0.1))
    peers.customer("1", at(2), full_name="Li Lei-Wang", note="tea")
    peers.settle()
    peers.deliverer.run_once(0.05)
    wait_for(lambda: _last(peers) == ("update", "failed"))
    crm.keep("p1", {"note": "coffee"})
    peers.echo("crm", crm)
    peers.quiet()
    assert peers.attempts()[-2:] == [("update", "failed"), ("update", "sent")]
    assert peers.goldens("customer") == [{"full_name": "Li Lei-Wang", "note": "coffee"}]
    assert (crm.records["p1"]["full_name"], crm.records["p1"]["note"]) == ("Li Lei-Wang", "coffee")


@pytest.mark.parametrize("connector", ["keyed", "keyed-blind"])
@pytest.mark.parametrize("is_made", [False, True])
@pytest.mark.parametrize("is_echo_early", [True, False])
def test_create_when_tried_again_with_other_values_then_its_echo_is_no_word_of_the_peer(
    peers: PeerRig, connector: str, is_made: bool, is_echo_early: bool
) -> None:
    """Under one key either try may have made the record; the peer's clock is days ahead of the shop's."""
    crm = peers.peer("crm", connector)
    lost = RetryableError("lost", retry_after_s=0.1, may_be_done=True)
    if is_made:
        crm.after = _once(lost)
        crm.by_ref = _Forgetful()
    else:
        crm.before = _once(lost)
    peers.customer("1", at(1), full_name="Li Lei", note="tea")
    peers.settle()
    peers.deliverer.run_once(0.05)
    wait_for(lambda: _last(peers)[1] in ("unknown", "not_applied", "failed"))
    peers.customer("1", at(2), full_name="Li Lei", note="coffee")
    peers.settle()
    if is_echo_early:
        crm.after = lambda _: _echoes(peers, crm)
    peers.quiet()
    assert len(crm.records) == 1
    _echoes(peers, crm)
    peers.quiet()
    assert [golden["note"] for golden in peers.goldens("customer")] == ["coffee"]
    peers.customer("1", at(3), full_name="Li Lei", note="water")
    peers.quiet()
    _echoes(peers, crm)
    peers.quiet()
    assert [golden["note"] for golden in peers.goldens("customer")] == ["water"]
    assert [record["note"] for record in crm.records.values()] == ["water"]


def test_update_when_a_failed_try_lands_before_the_next_one_then_its_late_echo_is_no_word_of_the_peer(
    peers: PeerRig,
) -> None:
    crm = peers.peer("crm")
    peers.customer("1", at(1), full_name="Li Lei", note="tea")
    peers.quiet()
    crm.before = _once(RetryableError("busy", retry_after_s=0.1))
    peers.customer("1", at(2), full_name="Li Lei", note="coffee")
    peers.settle()
    peers.deliverer.run_once(0.05)
    wait_for(lambda: _last(peers) == ("update", "failed"))
    crm.keep("p1", {"note": "coffee"})
    peers.customer("1", at(3), full_name="Li Lei", note="water")
    peers.quiet()
    _echoes(peers, crm)
    peers.quiet()
    assert [golden["note"] for golden in peers.goldens("customer")] == ["water"]
    # What its people say now is theirs, whatever was tried to be written once.
    crm.keep("p1", {"note": "coffee"})
    _echoes(peers, crm)
    peers.quiet()
    assert [golden["note"] for golden in peers.goldens("customer")] == ["coffee"]
