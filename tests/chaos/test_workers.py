"""Poison in the pipeline, and meanwhile a deliverer that is killed and frozen around its calls (2.9)."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from connectors.webhook.simulator import WebhookSimulator
from hub.config import to_env
from hub.sdk.testing import SimAnswer, SimRequest
from tests.chaos.cast import kill
from tests.chaos.load import Story, edit
from tests.chaos.scene import Place, Scene
from tests.fixtures.peers import wait_for
from tests.fixtures.running import COMMAND, ENDED_S

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

BATCH = 500
CAUSES = {"raise": "crash", "spin": "poison", "die": "poison"}
# Three tries, each ended by the watchdog and found by the sweep; 10 s on a machine of its own.
DECIDED_S = 180.0
# A lease of 15 s, then 10 s until "not there" is believed; 17 s in all on a machine of its own, 50 on one three times slower.
TAKEN_OVER_S = 150.0
# Longer than all of them.
HELD_S = 600.0


class HeldPeer(WebhookSimulator):
    """Calls that carry a value named by `hold` get no further than its door until that is opened."""

    def __init__(self, **more: Any) -> None:
        self.waiting: set[str] = set()
        self._held: dict[str, threading.Event] = {}
        super().__init__(**more)

    def hold(self, value: str) -> None:
        """The next call with this value waits; those that come after it do not."""
        self._held[value] = threading.Event()

    def open(self) -> None:
        """Lets everything in."""
        for gate in self._held.values():
            gate.set()

    def answer(self, request: SimRequest) -> SimAnswer:
        """As any, perhaps later."""
        for value, gate in self._held.items():
            if value.encode() in request.body and value not in self.waiting:
                self.waiting.add(value)
                gate.wait(HELD_S)
        return super().answer(request)


@pytest.fixture(scope="module", autouse=True)
def poisoned(scene: Scene) -> Iterator[dict[str, Place]]:
    """Three shops, each of which has sent 500 events with one among them that is poison."""
    with ExitStack() as stack:
        places = {name: stack.enter_context(scene.place(name)) for name in CAUSES}
        for name, place in places.items():
            notes = {BATCH // 2: name}
            place.load.add(edit(name, number, notes.get(number, "harmless"), number) for number in range(BATCH))
        for place in places.values():
            place.load.wait_answers(BATCH)
        yield places


def test_deliverer_when_killed_before_its_call_after_it_and_after_its_commit_then_each_effect_is_once(
    scene: Scene,
) -> None:
    with scene.place("before") as before, scene.place("after") as after, scene.place("done") as done:
        places = [before, after, done]
        for place in places:
            place.peer()
        before.peer_of().switches.set(hang=-1)
        after.peer_of().switches.set(error_after_commit=-1, error_mode="hang")
        for place in places:
            place.load.send(Story(1, 8, place.name).introduction())
        # Intents are committed and the calls are out; there they have taken effect, here not; and there all is over.
        wait_for(lambda: _open(before) and _open(after) and after.peer_of().act_records(), TAKEN_OVER_S)
        wait_for(lambda: done.is_right() and not _open(done), TAKEN_OVER_S)
        written = len(done.peer_of().ledger.entries("write"))
        kill(scene.cast.wait("deliver horse"))
        assert before.peer_of().act_records() == []
        for place in (before, after):
            place.peer_of().switches.reset()
        for place in places:
            place.wait_right(TAKEN_OVER_S)
        assert len(done.peer_of().ledger.entries("write")) == written


def test_deliverer_when_frozen_in_its_calls_then_another_takes_over_and_the_late_calls_are_set_right(
    scene: Scene, tmp_path: Path
) -> None:
    with scene.place("late") as place:
        peer = place.peer(make=HeldPeer)
        place.load.send([edit("late", 1, "first", 1)])
        place.wait_right()
        peer.hold("stale update")
        peer.hold("late create")
        place.load.send([edit("late", 1, "stale update", 2), edit("late", 2, "late create", 3)])
        wait_for(lambda: len(peer.waiting) == 2, TAKEN_OVER_S)
        frozen = scene.cast.find("deliver horse")
        kill(frozen, signal.SIGSTOP)
        second = _second_deliverer(scene, tmp_path)
        try:
            place.load.send([edit("late", 1, "newest", 4)])
            place.wait_right(TAKEN_OVER_S)
            peer.open()
            wait_for(lambda: "stale update" in [record["data"]["note"] for record in peer.act_records()])
        finally:
            peer.open()
            kill(frozen, signal.SIGCONT)
            second.terminate()
            ended = second.wait(ENDED_S)
        place.wait_right(TAKEN_OVER_S)
        assert ended == 0


@pytest.mark.parametrize("name", list(CAUSES))
def test_poison_when_among_500_then_499_are_done_and_one_is_quarantined_with_its_cause(
    scene: Scene, poisoned: dict[str, Place], name: str
) -> None:
    place = poisoned[name]
    wait_for(lambda: _done(place) == BATCH - 1 and len(_quarantined(place)) == 1, DECIDED_S)
    ((cause, message, subject),) = _quarantined(place)
    assert cause == CAUSES[name]
    assert message
    assert subject == f"msg_{name}_{BATCH // 2}"
    place.load.send(edit(name, number, "harmless", number) for number in range(BATCH, BATCH + 5))
    wait_for(lambda: _done(place) == BATCH + 4)
    place.check_inbox()
    assert len(_quarantined(place)) == 1


def _second_deliverer(scene: Scene, folder: Path) -> subprocess.Popen[bytes]:
    """Another machine's worker: a hub started by `run` has one, and that one is frozen."""
    env = {**scene.running.env, **to_env(scene.hub.settings), "HUB_MAPPINGS_DIR": scene.env["HUB_MAPPINGS_DIR"]}
    with (folder / "deliver.log").open("wb") as log:
        return subprocess.Popen([*COMMAND, "worker", "deliver"], cwd=folder, env=env, stdout=log, stderr=log)


def _open(place: Place) -> int:
    """Attempts at the peer whose outcome nobody knows yet."""
    (count,) = place.hub.db.one(
        "select count(*) from attempt where outcome is null and connection_id = %s",
        (place.hub.connections.by_name(f"crm{place.name}").id,),
    ) or (0,)
    return int(count)


def _done(place: Place) -> int:
    (count,) = place.hub.db.one("select count(*) from golden where realm = %s", (place.name,)) or (0,)
    return int(count)


def _quarantined(place: Place) -> list[tuple[str, str, str]]:
    """(cause, message, the sender's id) of quarantined events."""
    return place.hub.db.all(
        "select cause, problem -> 'problems' -> 0 ->> 'message', headers ->> 'webhook-id'"
        " from event_work join event using (id) where state = 1 and event_work.connection_id = %s",
        (place.hub.connections.by_name(f"shop{place.name}").id,),
    )
