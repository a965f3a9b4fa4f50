"""More than twenty kills of everything, in random order, under load: nothing accepted is lost, nothing is done twice (2.8)."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
from collections.abc import Iterator

import psutil
import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.chaos.cast import kill
from tests.chaos.load import Story
from tests.chaos.scene import Place, Scene, open_scene
from tests.fixtures.peers import wait_for

pytestmark = pytest.mark.chaos

SEED = int(os.environ.get("HUB_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10_000)
VICTIMS = {
    "web": 3, "web parent": 1, "pipeline": 2, "pipeline horse": 4, "deliver": 2, "deliver horse": 4, "scheduler": 1,
    "crew": 1, "everything": 1, "redis keys": 2, "valkey": 1, "valkey, empty": 1, "postgres": 1, "postgres at once": 1,
}  # fmt: skip
# A longer storm, by hand: so many times all of it.
TIMES = int(os.environ.get("HUB_TEST_STORM", "1"))
EDITS = 40
# A blow falls when all but so many of the events before its own are accepted: the hub has just come to from the last one.
LAG = 20


def _strike(scene: Scene, part: str, rng: random.Random) -> None:
    if part == "everything":
        scene.kill_all()
        scene.start()
    elif part == "redis keys":
        wait_for(lambda: _flush(scene), 60.0)
    elif part == "valkey, empty":
        _empty_valkey(scene)
    elif part == "postgres at once":
        kill(scene.cast.wait("postgres"), signal.SIGQUIT)
    else:
        kill([rng.choice(scene.cast.wait(part))])


def _flush(scene: Scene) -> bool:
    try:
        with Redis.from_url(scene.hub.settings.redis_url) as client:
            return bool(client.flushall())
    except RedisError:
        return False


def _empty_valkey(scene: Scene) -> None:
    """Kills it and deletes what it keeps, before the launcher can start it again."""
    launcher = psutil.Process(scene.running.process.pid)
    victims = scene.cast.wait("valkey")
    launcher.suspend()
    kill(victims)
    wait_for(lambda: not scene.cast.find("valkey"))
    shutil.rmtree(scene.running.data_dir / "valkey")
    launcher.resume()


@pytest.fixture(scope="module")
def storm() -> Iterator[Place]:
    """What is left when all of it is over and everybody has had time to come to rest."""
    rng, story = random.Random(SEED), Story(SEED)
    strikes = [part for part, times in VICTIMS.items() for _ in range(times * TIMES)]
    rng.shuffle(strikes)
    sys.stdout.write(f"seed {SEED} (HUB_TEST_SEED): {', '.join(strikes)}\n")
    with open_scene() as scene, scene.place() as place:
        place.peer()
        place.load.add(story.introduction())
        for part in strikes:
            asked = place.load.asked
            place.load.add(story.chapter(EDITS))
            place.load.wait_answers(asked - LAG)
            _strike(scene, part, rng)
        place.load.wait_answers(place.load.asked)
        place.settle()
        if released := place.release_poison():
            sys.stdout.write(f"{released} events were there whenever a worker was killed, and waited in quarantine\n")
            place.settle()
        sys.stdout.write(f"{len(place.load.accepted)} events, {place.load.refusals} tries without 2xx\n")
        yield place


def test_no_lost_accept(storm: Place) -> None:
    storm.check_inbox()
    storm.check_golden()


def test_one_effect(storm: Place) -> None:
    storm.check_peer("crm")
    # Dropped: two records of one person were each about to be created there before they were found to be one.
    targets = storm.target("state, state = 'dropped' or dirty_seq = done_seq, verify_at, lease_until")
    assert set(targets) <= {("due", True, None, None), ("dropped", True, None, None)}
