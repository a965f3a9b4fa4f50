"""An RQ worker on one queue, which outlives every fault of Redis."""

from __future__ import annotations

import logging
import os
import signal
from contextlib import suppress
from types import FrameType

from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.exceptions import StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus

from hub.config import load_settings
from hub.queue import Role, connect
from worker.life import Life, about_to_fork

# RQ blocks for the worker's time to live less 15 s; shorter, a silent Redis is noticed in time.
WORKER_TTL_S = 45
RECONNECT_S = 1.0
MONITOR_S = 5

_log = logging.getLogger(__name__)


class _Consumer(Worker):
    """One queue (two would lose a job that is killed between pop and registration), no command channel.

    Ctrl-C is for the launcher alone, which then tells everybody by SIGTERM.
    """

    max_connection_wait_time = 2.0
    life: Life

    def subscribe(self) -> None:
        """Nobody sends RQ commands here; the thread and the connection for them are saved."""

    def unsubscribe(self) -> None:
        """See `subscribe`."""

    def _install_signal_handlers(self) -> None:
        signal.signal(signal.SIGTERM, self.request_stop)

    def request_stop(self, _signum: int, _frame: FrameType | None) -> None:
        """Has the work-horse finish its batch, then ends. Repeating it changes nothing."""
        self.life.end()
        self._stop_requested = True
        if self.get_state() != WorkerStatus.BUSY:
            raise StopRequested
        self._tell_horse()

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Forks; a SIGTERM that came just before is passed on."""
        about_to_fork()
        super().fork_work_horse(job, queue)
        self._tell_horse()

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Also repeats a SIGTERM that reached the work-horse while it had no ears yet."""
        self._tell_horse()
        super().maintain_heartbeats(job, execution)

    def _tell_horse(self) -> None:
        if self._stop_requested and self.horse_pid:
            with suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)


def consume(role: Role) -> None:
    """Takes jobs of `role` until SIGTERM. Where RQ gives up (Redis killed, or restarted empty) it begins anew."""
    life = Life()
    redis_url = load_settings().redis_url
    while not life.is_over():
        try:
            _worker(role, redis_url, life).work(logging_level="CRITICAL")
        except RedisError as error:
            _log.warning("%s: Redis is away (%s)", role, type(error).__name__)
        life.listen()
        life.pause(RECONNECT_S)


def _worker(role: Role, redis_url: str, life: Life) -> _Consumer:
    connection = connect(redis_url)
    worker = _Consumer(
        [Queue(role, connection=connection, serializer=JSONSerializer)],
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_S,
        job_monitoring_interval=MONITOR_S,
        name=f"{role}-{os.getpid()}-{os.urandom(3).hex()}",
        log_job_description=False,
    )
    worker.life = life
    return worker
