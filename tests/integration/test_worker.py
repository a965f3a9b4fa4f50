import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import psutil
import pytest

from hub.embedded.process import is_alive, wait_for
from hub.flow.context import Hub
from tests.fixtures.hub import Rig
from tests.fixtures.running import Running
from worker.drain import _Drain
from worker.life import Life
from worker.schedule import look

Start = Callable[..., Running]


class _Told(Life):
    """An end that the test decides about, without signals."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 10**9

    def is_over(self) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.fixture
def life() -> Life:
    before = signal.getsignal(signal.SIGTERM)
    made = _Told()
    signal.signal(signal.SIGTERM, before)
    return made


def _drain(hub: Hub, step: Callable[[Hub], int], life: Life) -> _Drain:
    return _Drain(hub, "pipeline", step, life)


def test_drain_when_nothing_comes_for_the_linger_time_then_ends(rig: Rig, life: Life) -> None:
    object.__setattr__(rig.hub.settings, "linger_s", 0)
    counts = iter([3, 2, 0, 0, 0, 0])
    assert _drain(rig.hub, lambda _hub: next(counts), life).run() == 5
    assert not rig.hub.queue.has_worker("pipeline") or rig.hub.queue.wait("pipeline", 0.1)


def test_drain_when_told_to_end_then_ends_after_its_batch(rig: Rig, life: _Told) -> None:
    life.left = 2
    assert _drain(rig.hub, lambda _hub: 1, life).run() == 2


def test_drain_when_a_step_fails_once_then_goes_on(rig: Rig, life: _Told, caplog: pytest.LogCaptureFixture) -> None:
    def step(_hub: Hub) -> int:
        life.left = 2 if not caplog.records else 0
        if not caplog.records:
            raise ValueError("Li Wei 13800138000")
        return 7

    assert _drain(rig.hub, step, life).run() == 7
    assert "ValueError" in caplog.text
    assert "13800138000" not in caplog.text


def test_drain_when_a_step_fails_always_then_gives_up_so_that_the_job_fails(
    rig: Rig, life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(life, "pause", lambda _seconds: False)
    monkeypatch.setattr(rig.hub.queue, "wait", lambda *_: False)

    def step(_hub: Hub) -> int:
        raise ValueError

    with pytest.raises(ValueError):
        _drain(rig.hub, step, life).run()


def test_drain_when_woken_while_it_leaves_then_a_job_is_queued(rig: Rig) -> None:
    queue = rig.hub.queue
    queue.look("deliver")
    queue.wake("deliver")
    queue.leave("deliver")
    assert queue.has_worker("deliver")


def test_time_limit_when_an_expression_never_ends_then_the_process_is_killed() -> None:
    code = "import re; from worker.drain import time_limit\nwith time_limit(1): re.match('(a*)*b', 'a' * 60)"
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=30)
    assert done.returncode == -signal.SIGALRM
    assert time.monotonic() - started < 15


def test_hub_when_a_process_freezes_in_a_transaction_then_the_database_ends_it_after_the_batch_limit(hub: Hub) -> None:
    # A watchdog of its own cannot end a frozen process.
    assert hub.settings.batch_timeout_s == 20
    assert hub.db.one("show idle_in_transaction_session_timeout") == ("25s",)


def test_life_when_the_parent_died_before_it_began_then_ends() -> None:
    code = (
        "import os, time; from worker.life import Life, about_to_fork\n"
        "about_to_fork()\n"
        "if os.fork() == 0:\n"
        "    parent = os.getppid()\n"
        "    while os.getppid() == parent: time.sleep(0.01)\n"
        "    Life()\n"
        "    print('still here')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == ""


def test_scheduler_when_events_wait_then_wakes_the_pipeline_whatever_redis_knows(rig: Rig) -> None:
    assert look(rig.hub) == []
    rig.connect("crm", {"customer": "in"})
    rig.send("crm", "customer.updated", {"id": "1", "updated_at": "2026-11-01T00:00:00.000000Z", "full_name": "Li"})
    rig.hub.queue.wake("pipeline")
    rig.hub.queue.wait("pipeline", 0.1)
    assert look(rig.hub) == ["pipeline"]
    assert rig.hub.queue.has_worker("pipeline")
    rig.settle()
    assert look(rig.hub) == []


def test_work_horse_when_its_parent_is_killed_then_ends_and_another_takes_over(start_hub: Start) -> None:
    running = start_hub("--workers", "1", env={"HUB_LINGER_S": "60"})
    running.wait_ready()
    with running.open() as hub:
        hub.queue.wake("pipeline")
        horse, parent = wait_for(lambda: _horse(running), 90)
        os.kill(parent, signal.SIGKILL)
        assert wait_for(lambda: not is_alive(horse), 60)
        assert wait_for(lambda: hub.queue.remind("pipeline") and _horse(running), 90, step_s=0.2)[0] != horse


def test_work_horse_when_killed_then_another_takes_over(start_hub: Start) -> None:
    running = start_hub("--workers", "1", env={"HUB_LINGER_S": "60"})
    running.wait_ready()
    with running.open() as hub:
        hub.queue.wake("pipeline")
        horse, _ = wait_for(lambda: _horse(running), 90)
        os.kill(horse, signal.SIGKILL)
        assert wait_for(lambda: hub.queue.remind("pipeline") and _horse(running), 90, step_s=0.2)[0] != horse


def test_hub_when_every_role_works_then_stays_small(start_hub: Start) -> None:
    running = start_hub(env={"HUB_LINGER_S": "60"})
    running.wait_ready()
    with running.open() as hub:

        def is_everybody_at_work() -> bool:
            # Asked again, as the scheduler does: a wake-up that comes while a worker starts may be lost.
            for role in ("pipeline", "deliver", "poll"):
                hub.queue.remind(role)  # type: ignore[arg-type]
            hub.queue.spread("pipeline")
            return len(_horses(running)) == 4

        assert wait_for(is_everybody_at_work, 120, step_s=0.5)
    assert sum(map(_memory, running.family())) < 600e6


def _memory(process: psutil.Process) -> int:
    """Its share of memory in bytes; 0 when it ended meanwhile, as the database's own processes come and go."""
    try:
        return int(process.memory_full_info().pss)
    except (psutil.NoSuchProcess, FileNotFoundError):
        return 0


def _horses(running: Running) -> list[tuple[int, int]]:
    """(work-horse, its parent) of every role: the grandchildren of the crew."""
    crew = {process.pid for process in running.named("worker all") if process.ppid() == running.process.pid}
    members = {process.pid for process in running.named("worker all") if process.ppid() in crew}
    return [(process.pid, process.ppid()) for process in running.named("worker all") if process.ppid() in members]


def _horse(running: Running) -> tuple[int, int] | None:
    return next(iter(_horses(running)), None)
