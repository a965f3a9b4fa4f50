"""One hub for the tests that need not kill all of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos import hostile
from tests.chaos.scene import WORKERS, Scene, open_scene


@pytest.fixture(scope="package")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A hub with three pipeline workers, a short watchdog, and a mapping that does what it is told."""
    env = {**hostile.install(tmp_path_factory.mktemp("hostile")), "HUB_BATCH_TIMEOUT_S": "5"}
    with open_scene(env, WORKERS) as scene:
        yield scene
