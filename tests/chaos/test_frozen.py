"""Workers that are frozen while they hold something: others go on and take over, and the thaw does nothing twice (2.9)."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.chaos.cast import kill
from tests.chaos.load import Story, edit
from tests.chaos.scene import WORKERS, Place, Scene
from tests.fixtures.peers import wait_for

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

# 35 s on a machine of its own; here several test processes share two cores with three workers.
TAKEN_OVER_S = 150.0
_WAITING = (
    "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%%insert into golden%%'"
)


def _horses(scene: Scene) -> list[psutil.Process]:
    """All pipeline workers, awake."""

    def are_there() -> list[psutil.Process]:
        scene.hub.queue.spread("pipeline")
        return scene.cast.find("pipeline horse")[WORKERS - 1 :]

    wait_for(are_there, TAKEN_OVER_S)
    return scene.cast.find("pipeline horse")


def _freeze_in_t1(place: Place, gate: Path) -> psutil.Process:
    """A worker that has claimed an event and maps it."""
    gate.touch()
    place.load.send([edit(place.name, 2, f"stand:{gate}", 10)])
    wait_for(gate.read_text, TAKEN_OVER_S)
    frozen = psutil.Process(int(gate.read_text()))
    kill([frozen], signal.SIGSTOP)
    gate.unlink()
    return frozen


def _freeze_in_t2(scene: Scene, place: Place) -> psutil.Process:
    """The only worker that is not frozen waits with all its locks for one more; then it is, and the others are not."""
    only, *others = _horses(scene)
    kill(others, signal.SIGSTOP)
    with psycopg.connect(scene.hub.settings.database_url) as holder:
        holder.execute("select from golden where realm = %s for update", (place.name,))
        place.load.send([edit(place.name, 1, "late", 20)])
        wait_for(lambda: scene.hub.db.one(_WAITING) == (1,), TAKEN_OVER_S)
        kill([only], signal.SIGSTOP)
    kill(others, signal.SIGCONT)
    return only


def _writes(places: list[Place]) -> list[int]:
    return [len(peer.ledger.carried_out("write")) for place in places for peer in place.peers.values()]


def test_pipeline_when_workers_freeze_in_t1_and_t2_then_others_go_on_and_nothing_is_done_twice(
    scene: Scene, tmp_path: Path
) -> None:
    with scene.place("one") as one, scene.place("two") as two, scene.place("calm") as calm:
        places = [one, two, calm]
        for place in places:
            place.peer()
        for place in (one, two):
            place.load.send([edit(place.name, number, "first", number) for number in (1, 2, 3)])
        calm.load.send(Story(1, 10, "calm").introduction())
        for place in places:
            place.settle()
        frozen = [_freeze_in_t2(scene, two), _freeze_in_t1(one, tmp_path / "gate")]
        try:
            # The kernel stops a process when it next runs.
            wait_for(lambda: {process.status() for process in frozen} == {psutil.STATUS_STOPPED})
            calm.load.send(Story(1, 10, "calm").introduction())
            calm.wait_right(TAKEN_OVER_S / 2)
            for place in (one, two):
                place.load.send([edit(place.name, 3, "meanwhile", 30)])
                place.wait_right(TAKEN_OVER_S)
            written = _writes(places)
        finally:
            kill(frozen, signal.SIGCONT)
        for place in places:
            place.settle()
            place.check()
        assert _writes(places) == written
