"""Peers that answer back, reorder, duplicate and reformat come to rest in agreement (2.8)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.errors import UnknownOutcomeError
from hub.flow import look
from hub.rules.register import loose
from hub.sdk.connector import Delivery
from tests.fixtures.hub import EPOCH
from tests.fixtures.peers import PeerRig, Shelf

SLOW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
STYLES: dict[str, Any] = {"a": str.upper, "b": str.lower, "c": str}
IDENTITY = {"namespace": "wechat_unionid", "scope": "acct", "value": "u1", "verified": "oauth"}
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("edit"), st.sampled_from("abc"), st.sampled_from(["Ann Lee", "Bob Lee", "Cy Lee"])),
        st.tuples(st.just("event"), st.integers(0, 20), st.booleans()),
        st.tuples(st.just("pipeline"), st.integers(0, 0), st.booleans()),
        st.tuples(st.just("deliver"), st.integers(0, 0), st.booleans()),
        st.tuples(st.just("lose"), st.sampled_from("abc"), st.booleans()),
    ),
    min_size=3,
    max_size=25,
)


class Street:
    """Three peers with one clock, and the oracle that knows the last name that a person typed."""

    def __init__(self, rig: PeerRig) -> None:
        self.rig = rig
        self.shelves = {name: rig.shelves.get(name) or rig.peer(name) for name in STYLES}
        rig.clear()
        self.clock = EPOCH + 5 * 86_400_000_000
        self.last = "Start"
        for name, shelf in self.shelves.items():
            shelf.__init__(style=STYLES[name])  # type: ignore[misc]
            shelf.tick = lambda shelf=shelf: self.tick(shelf)  # type: ignore[method-assign,misc]
        self.shelves["a"].keep("a1", {"full_name": "Start", "identities": [IDENTITY]})
        self.rest()

    def tick(self, shelf: Shelf) -> int:
        self.clock += 1_000_000
        shelf.clock = self.clock
        return self.clock

    def edit(self, name: str, value: str) -> None:
        """A person types a name; what is there already is no edit."""
        shelf = self.shelves[name]
        for id_, record in shelf.records.items():
            if record.get("full_name") != shelf.style(value):
                self.last = value
                shelf.keep(id_, {"full_name": value})
            return

    def lose(self, name: str, is_carried_out: bool) -> None:
        """The next call to a peer, or its answer, is lost."""
        shelf = self.shelves[name]

        def lost(_: Delivery) -> None:
            shelf.before = shelf.after = lambda _: None
            raise UnknownOutcomeError(f"{name}: timed out")

        if is_carried_out:
            shelf.after = lost
        else:
            shelf.before = lost

    def event(self, number: int, stays: bool) -> None:
        """One of the waiting events arrives; some will come again."""
        waiting = [(name, event) for name, shelf in self.shelves.items() for event in shelf.outbox]
        if waiting:
            name, event = waiting[number % len(waiting)]
            self.rig.send(name, "customers", event, key=uuid.uuid4().hex)
            if not stays:
                self.shelves[name].outbox.remove(event)

    def rest(self) -> None:
        """Everything arrives, and everything is done."""
        for _ in range(20):
            while any(shelf.outbox for shelf in self.shelves.values()):
                self.event(0, stays=False)
            self.rig.quiet()
            if not any(shelf.outbox for shelf in self.shelves.values()):
                return
        raise AssertionError("the peers never come to rest")


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks again at once."""
    monkeypatch.setattr("hub.rules.retry.LOOK_AFTER_S", 0.02)
    monkeypatch.setattr(look, "SETTLED_S", 0.05)
    monkeypatch.setattr(look, "TAKE_UP_S", 0.02)


@SLOW
@given(STEPS)
def test_loop_convergence(peers: PeerRig, soon: None, steps: list[tuple[str, Any, Any]]) -> None:
    street = Street(peers)
    for step, first, second in steps:
        if step == "edit":
            street.edit(first, second)
        elif step == "event":
            street.event(first, second)
        elif step == "lose":
            street.lose(first, second)
        elif step == "pipeline":
            peers.record()
            peers.resolve()
        else:
            peers.deliver()
    street.rest()
    names = {name: [record["full_name"] for record in shelf.records.values()] for name, shelf in street.shelves.items()}
    assert {loose(name) for found in names.values() for name in found} == {loose(street.last)}, names
    assert [len(found) for found in names.values()] == [1, 1, 1]
    assert [loose(data["full_name"]) for data in peers.goldens("customer")] == [loose(street.last)]
    calls = sum(len(shelf.calls) for shelf in street.shelves.values())
    for name, shelf in street.shelves.items():
        peers.echo(name, shelf)
    street.rest()
    assert sum(len(shelf.calls) for shelf in street.shelves.values()) == calls
