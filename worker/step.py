"""One batch of each role: what a drain repeats until it returns 0."""

from __future__ import annotations

import os
import uuid

from hub.flow.context import Hub
from worker.beside import beside
from worker.drain import SLOW_BATCH_S, prolong

# The batch journal has a row per process; a fork must not share its parent's.
_names: dict[int, uuid.UUID] = {}


def pipeline(hub: Hub) -> int:
    """T1, then T2 over its marks and those of others; while another worker has the turn, T1 goes on as long as it has work."""
    from hub.flow import record, resolve

    done = record.run_batch(hub, _name())
    return done + resolve.run_batch(hub, wait=not done)


def deliver(hub: Hub) -> int:
    """One round over the targets that are due."""
    from hub.flow import deliver as flow

    return flow.run_once(hub)


def poll_due(hub: Hub) -> int:
    """What notices told of, replays and errands that wait, then one round over the streams that are due; a full pass keeps no notice waiting."""
    from hub.flow import errand, notice, poll, replay

    done = notice.read_due(hub) + replay.run_due(hub)
    with beside("notices", lambda: notice.read_due(hub)):
        done += errand.run_due(hub, lambda: prolong(SLOW_BATCH_S))
        return done + poll.run_due(hub, lambda *_: prolong(SLOW_BATCH_S))


def _name() -> uuid.UUID:
    return _names.setdefault(os.getpid(), uuid.uuid4())
