"""Wake-ups over Redis: they carry a role, never work. All that is due stands in Postgres.

A worker's job drains its role, then lingers on the role's list for a while, so that one event more
costs a push and no fork. Losing every key at any moment costs a delay, until the scheduler's next look.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

Role = Literal["pipeline", "deliver", "poll"]
ROLES: tuple[Role, ...] = get_args(Role)
# By name, because the hub does not import its workers.
JOBS: dict[Role, str] = {
    "pipeline": "worker.jobs.drain_pipeline",
    "deliver": "worker.jobs.drain_deliver",
    "poll": "worker.jobs.poll",
}

_TOLD = (
    "server_name",
    "redis_version",
    "valkey_version",
    "aof_enabled",
    "aof_last_write_status",
    "rdb_last_bgsave_status",
    "maxmemory_policy",
    "used_memory",
)
SIGNED_S = 30
WOKEN_S = 10
PRESENCE_S = 4
TOKENS = 4
# While Redis is away nobody waits for it: a webhook is acknowledged by Postgres alone.
TIMEOUT_S = 0.5
AWAY_S = 2.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hand:
    """One process that does work: a worker of a role, or a scheduler (whose times are not known)."""

    role: str
    state: str
    born_at: datetime | None
    seen_at: datetime | None


def connect(redis_url: str, *, timeout_s: float | None = None) -> Redis:
    """A client with its own pool. One retry at once covers a connection that a restart of the server cut."""
    url = redis_url.replace("valkey://", "redis://", 1) if redis_url.startswith("valkey://") else redis_url
    return Redis.from_url(
        url, socket_timeout=timeout_s, socket_connect_timeout=2.0, retry=Retry(NoBackoff(), 1), health_check_interval=0
    )


class Wakeups:
    """Wakes a role's workers, and lets them wait to be woken. Usable from many threads and after a fork.

    `missed` counts wake-ups that Redis did not take; none of them is lost work.
    """

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url
        self._client = connect(redis_url, timeout_s=TIMEOUT_S)
        self._lock = threading.Lock()
        self._away_until = 0.0
        self.missed = 0

    def wake(self, role: Role) -> None:
        """Says that `role` has something to do. Call it after the commit. Never raises.

        Coalesced: until a worker looks, further wake-ups cost one round trip and change nothing.
        """
        if time.monotonic() < self._away_until:
            self.missed += 1
            return
        try:
            if self._client.set(f"hub:woken:{role}", 1, nx=True, ex=WOKEN_S):
                self._rouse(role, self._client.exists(f"hub:here:{role}") == 0)
            self._back()
        except RedisError as error:
            self._gone(error)

    def spread(self, role: Role) -> None:
        """Asks for one worker more, because there is more to do than one batch. Never raises."""
        try:
            self._rouse(role, True)
        except RedisError as error:
            self._gone(error)

    def remind(self, role: Role) -> bool:
        """Wakes a role whatever came before: for the scheduler, which saw in Postgres that it is due. Never raises."""
        try:
            self._rouse(role, self._client.exists(f"hub:here:{role}") == 0)
            self._back()
        except RedisError as error:
            self._gone(error)
            return False
        return True

    def look(self, role: Role) -> None:
        """To be called by a worker just before it looks into Postgres: later wake-ups count again."""
        try:
            with self._client.pipeline(transaction=False) as pipe:
                pipe.delete(f"hub:woken:{role}")
                pipe.set(f"hub:here:{role}", 1, ex=PRESENCE_S)
                pipe.execute()
            self._back()
        except RedisError as error:
            self._gone(error)

    def wait(self, role: Role, seconds: float = 1.0) -> bool:
        """Waits for a wake-up; true when there was one. Without Redis it just waits."""
        try:
            with self._client.pipeline(transaction=False) as pipe:
                pipe.set(f"hub:here:{role}", 1, ex=PRESENCE_S)
                pipe.execute()
            return self._pop(role, seconds)
        except RedisError as error:
            self._gone(error)
            time.sleep(seconds)
            return False

    def leave(self, role: Role) -> None:
        """To be called by a worker that ends: the next wake-up starts a job again. Never raises."""
        try:
            self._client.delete(f"hub:here:{role}")
            # A wake-up since the last look believed that somebody was here.
            if self._client.exists(f"hub:woken:{role}"):
                self._rouse(role, True)
        except RedisError as error:
            self._gone(error)

    def has_worker(self, role: Role) -> bool:
        """Whether a worker drains or lingers, or a job for one is queued. Raises RedisError."""
        return bool(self._client.exists(f"hub:here:{role}") or self._client.llen(f"rq:queue:{role}"))

    def workers(self) -> int | None:
        """How many worker processes keep themselves registered; None when Redis cannot be asked. Never raises."""
        try:
            names: Any = self._client.smembers("rq:workers")
            return int(self._client.exists(*names)) if names else 0
        except RedisError:
            return None

    def is_up(self) -> bool:
        """Whether Redis answers."""
        try:
            return bool(self._client.ping())
        except RedisError:
            return False

    def sign(self, name: str) -> None:
        """Says that a process which is no RQ worker is alive (`scheduler`). Never raises."""
        try:
            self._client.set(f"hub:here:{name}", 1, ex=SIGNED_S)
        except RedisError as error:
            self._gone(error)

    def hands(self) -> list[Hand] | None:
        """Every worker that has said something lately, and the scheduler; None when Redis does not answer."""
        from rq import Worker

        try:
            found = [
                Hand(",".join(worker.queue_names()), str(worker.get_state()), worker.birth_date, worker.last_heartbeat)
                for worker in Worker.all(connection=self._client)
            ]
            if self._client.exists("hub:here:scheduler"):
                found.append(Hand("scheduler", "idle", None, None))
        except RedisError as error:
            self._gone(error)
            return None
        return sorted(found, key=lambda hand: hand.role)

    def server(self) -> dict[str, str] | None:
        """What the server says of itself: version, persistence, memory; None when it does not answer."""
        try:
            info = self._client.info()
        except RedisError as error:
            self._gone(error)
            return None
        return {name: str(info[name]) for name in _TOLD if name in info}

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _pop(self, role: Role, seconds: float) -> bool:
        # The client's own limit is shorter than the wait; half a second more than the wait is enough.
        with connect(self._url, timeout_s=seconds + TIMEOUT_S) as client:
            return client.blpop([f"hub:wake:{role}"], timeout=seconds) is not None

    def _rouse(self, role: Role, needs_job: bool) -> None:
        key = f"hub:wake:{role}"
        with self._client.pipeline(transaction=False) as pipe:
            pipe.rpush(key, 1)
            pipe.ltrim(key, 0, TOKENS - 1)
            pipe.expire(key, WOKEN_S)
            pipe.llen(f"rq:queue:{role}")
            queued = pipe.execute()[-1]
        if needs_job and not queued:
            self._enqueue(role)

    def _enqueue(self, role: Role) -> None:
        from rq import Queue
        from rq.serializers import JSONSerializer

        # No time limit of RQ's: a drain may last, and each of its batches has a limit of its own.
        queue = Queue(role, connection=self._client, serializer=JSONSerializer)
        queue.enqueue(JOBS[role], job_timeout=-1, result_ttl=0, failure_ttl=60, description=role)

    def _gone(self, error: RedisError) -> None:
        with self._lock:
            if not self._away_until:
                _log.warning("Redis is away (%s); the scheduler starts what is due", type(error).__name__)
            self._away_until = time.monotonic() + AWAY_S
            self.missed += 1

    def _back(self) -> None:
        if self._away_until:
            with self._lock:
                self._away_until = 0.0
            _log.warning("Redis is back")
