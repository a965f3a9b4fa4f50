"""Peers that fail in every way they can, side by side: nothing is lost, each effect is once, and no peer waits for another (2.9)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.chaos.load import Story
from tests.chaos.scene import Place, Scene

pytestmark = pytest.mark.chaos

FAULTS: dict[str, dict[str, Any]] = {
    "hang": {"hang": 3},
    "burst": {"burst_500": 7},
    "throttle": {"rate_limit": 3},
    "commit-then-hang": {"error_after_commit": 3, "error_mode": "hang"},
    "commit-then-close": {"error_after_commit": 5, "error_mode": "close"},
    "commit-then-500": {"error_after_commit": 5, "error_mode": "500"},
    "html": {"html": 6},
    "close-mid-body": {"close_mid_body": 6},
    "slow-bytes": {"slow_bytes": 40},
}
COUNTED = ("hang", "burst_500", "html", "error_after_commit", "close_mid_body")
PEERS = 5
HOLES = ("crm1", "crm3")
PEOPLE = 8
# A call that hangs is given up after 20 s and looked into; "not there" is believed 10 s later.
RIGHT_S = 150.0
# Sooner than any call to a black hole is given up.
UNDISTURBED_S = 15.0


@pytest.fixture(scope="module")
def places(scene: Scene) -> Iterator[dict[str, Place]]:
    """A place for each fault, and one with black holes among its peers; everything has been told to all of them."""
    with ExitStack() as stack:
        made = {name: stack.enter_context(scene.place(name)) for name in (*FAULTS, "holes")}
        for name, switches in FAULTS.items():
            made[name].peer().switches.set(**switches)
        for number in range(PEERS):
            made["holes"].peer(f"crm{number}", echoes=False)
        for system in HOLES:
            made["holes"].peer_of(system).switches.set(hang=-1)
        for number, place in enumerate(made.values()):
            story = Story(number, PEOPLE, place.name)
            place.load.add([*story.introduction(), *story.chapter(20)])
        for place in made.values():
            place.load.wait_answers(place.load.asked)
        yield made


def test_black_holes_when_two_of_five_peers_hang_then_the_others_get_theirs(places: dict[str, Place]) -> None:
    place = places["holes"]
    place.wait_right(UNDISTURBED_S, but=[f"{system}holes" for system in HOLES])
    for system in HOLES:
        peer = place.peer_of(system)
        assert peer.act_records() == []
        peer.switches.reset()
        # Ends the calls that hang.
        peer.refuse()
        peer.refuse(False)


@pytest.mark.parametrize("name", [*FAULTS, "holes"])
def test_peer_when_it_fails_then_nothing_is_lost_and_each_effect_is_once(places: dict[str, Place], name: str) -> None:
    place = places[name]
    place.wait_right(RIGHT_S)
    place.settle()
    place.check()
    for peer in place.peers.values():
        left = peer.switches.as_dict()
        assert {left[fault] for fault in COUNTED} == {0}, "the fault was never met"
