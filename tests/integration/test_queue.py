import time
from threading import Thread

from redis import Redis

from hub.queue import Wakeups


def test_wake_when_repeated_before_a_look_then_one_job_and_one_token(redis_url: str) -> None:
    wakeups = Wakeups(redis_url)
    for _ in range(5):
        wakeups.wake("pipeline")
    with Redis.from_url(redis_url) as client:
        assert client.llen("rq:queue:pipeline") == 1
        assert client.llen("hub:wake:pipeline") == 1
    wakeups.close()


def test_wake_when_a_worker_lingers_then_it_wakes_and_no_job_is_queued(redis_url: str) -> None:
    wakeups = Wakeups(redis_url)
    wakeups.look("deliver")
    found: list[bool] = []
    waiter = Thread(target=lambda: found.append(wakeups.wait("deliver", 5)))
    waiter.start()
    wakeups.wake("deliver")
    waiter.join(5)
    assert found == [True]
    with Redis.from_url(redis_url) as client:
        assert client.llen("rq:queue:deliver") == 0
    wakeups.close()


def test_wake_when_it_comes_after_the_look_then_wait_returns_at_once(redis_url: str) -> None:
    wakeups = Wakeups(redis_url)
    wakeups.wake("poll")
    assert wakeups.wait("poll", 5)
    wakeups.look("poll")
    wakeups.wake("poll")
    started = time.monotonic()
    assert wakeups.wait("poll", 5)
    assert time.monotonic() - started < 1
    wakeups.close()


def test_wake_when_all_keys_are_flushed_then_works_again(redis_url: str) -> None:
    wakeups = Wakeups(redis_url)
    wakeups.wake("pipeline")
    with Redis.from_url(redis_url) as client:
        client.flushall()
    wakeups.wake("pipeline")
    assert wakeups.has_worker("pipeline")
    wakeups.close()


def test_wake_when_redis_is_away_then_counts_and_does_not_raise() -> None:
    wakeups = Wakeups("unix:///tmp/no-such-valkey.sock")
    started = time.monotonic()
    for _ in range(100):
        wakeups.wake("pipeline")
    assert wakeups.missed == 100
    assert time.monotonic() - started < 2
    assert not wakeups.is_up()
    wakeups.close()
