"""The facts that alerts are decided from, gathered at one moment: from Postgres, Redis, the disk and what is installed."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import orjson

from hub.flow import alert_pace, match_precision
from hub.flow.alert_pace import Pace
from hub.flow.context import Hub
from hub.flow.match_precision import Sample
from hub.flow.release import refused
from hub.queue import ROLES, Hand
from hub.store import alert_facts as store
from hub.store import job as jobs
from hub.store.alert_facts import ConnectionFacts, Group
from hub.store.connection import ConnectionRow
from hub.store.database import Connection
from hub.store.job import JobRow

PARKED_S = 3600.0
INTERRUPTED_S = 600.0
TOKEN_S = 7 * 86_400.0
REVEALS = 30
JOB_FAILURES = 3
ITEM_TYPES = ("loop", "drift")
LOOKERS = ("scheduler",)
GRACE_S = 15.0
_ROLES_GONE = "roles_gone"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true at `now`. Lists of groups are per connection; `unmapped`: connection id -> kinds that no mapping knows.

    `disk`: free and total bytes of the data folder; `workers` None: Redis could not be asked; `missing`: roles that
    nobody does; `redis`: what its server says of itself; `skew_s`: how far the hub's clock is ahead of the database's.
    `samples`: the last finished ones of automatic merges. `away_after_s`, `slow_after_s`: the settings of these names.
    """

    now: datetime
    connections: Sequence[ConnectionFacts] = ()
    quarantined: Sequence[Group] = ()
    parked: Sequence[Group] = ()
    items: Sequence[Group] = ()
    plans: Sequence[Group] = ()
    runs: Sequence[Group] = ()
    subscriptions: Sequence[Group] = ()
    access: Sequence[Group] = ()
    jobs: Sequence[JobRow] = ()
    tokens: Sequence[tuple[uuid.UUID, str, datetime]] = ()
    readers: Sequence[tuple[str, int, datetime]] = ()
    samples: Sequence[Sample] = ()
    pace: Mapping[int, Mapping[str, Pace]] = field(default_factory=dict)
    unmapped: Mapping[int, Sequence[str]] = field(default_factory=dict)
    broken: Sequence[tuple[str, str]] = ()
    refused: int | None = None
    is_redis_up: bool = True
    workers: int | None = None
    missing: Sequence[str] = ()
    redis: Mapping[str, str] = field(default_factory=dict)
    disk: tuple[int, int] = (1, 1)
    skew_s: float = 0.0
    away_after_s: float = 45.0
    slow_after_s: float = 60.0


def gather(hub: Hub) -> Facts:
    """Reads everything once; also brings the pace of the webhooks up to date."""
    now = datetime.now(UTC)
    hands = hub.queue.hands()
    with hub.db.session() as conn:
        return Facts(
            now=now,
            connections=store.connections(conn),
            quarantined=store.quarantined(conn),
            parked=store.parked(conn, PARKED_S),
            items=store.items(conn, list(ITEM_TYPES)),
            plans=store.plans(conn),
            runs=store.runs(conn, INTERRUPTED_S),
            subscriptions=store.subscriptions(conn),
            access=store.access_tokens(conn),
            jobs=jobs.failing(conn, JOB_FAILURES),
            tokens=store.expiring_tokens(conn, TOKEN_S),
            readers=store.eager_readers(conn, REVEALS),
            samples=match_precision.finished(conn),
            pace=_pace(conn),
            unmapped=unmapped(hub),
            broken=tuple(hub.registry.broken),
            refused=refused(hub),
            is_redis_up=hands is not None,
            workers=None if hands is None else sum(hand.role not in LOOKERS for hand in hands),
            missing=() if hands is None else _missing(hub, hands),
            redis=(hub.queue.server() or {}) if hands is not None else {},
            disk=_disk(hub.settings.data_dir),
            skew_s=_skew_s(conn),
            away_after_s=hub.settings.away_after_s,
            slow_after_s=hub.settings.slow_after_s,
        )


def _missing(hub: Hub, hands: Sequence[Hand]) -> tuple[str, ...]:
    """The roles that nobody has done for a while: at a start, and when one is replaced, a worker needs a moment.

    A look is made by a scheduler, so that one is there.
    """
    here = {role for hand in hands for role in hand.role.split(",")}
    known: dict[str, float] = hub.extras.get(_ROLES_GONE, {})
    gone = hub.extras[_ROLES_GONE] = {role: known.get(role, time.monotonic()) for role in ROLES if role not in here}
    return tuple(role for role, since in gone.items() if time.monotonic() - since >= GRACE_S)


def _skew_s(conn: Connection) -> float:
    """How far this clock is ahead of the database's, less what the question itself took."""
    asked = time.time()
    there = store.now(conn)
    answered = time.time()
    ahead, margin = (asked + answered) / 2 - there, (answered - asked) / 2
    return max(0.0, abs(ahead) - margin) * (1 if ahead > 0 else -1)


def _pace(conn: Connection) -> Mapping[int, Mapping[str, Pace]]:
    known, seen = alert_pace.unpack(store.pace(conn))
    # Ids are minted before their commit: the last seconds are looked at again.
    after = uuid.UUID(int=max(seen - alert_pace.OVERLAP_MS, int(time.time() * 1000) - alert_pace.CATCH_UP_MS) << 80)
    alert_pace.learn(known, store.heard(conn, after))
    store.keep_pace(conn, orjson.dumps(alert_pace.pack(known, int(time.time() * 1000))).decode())
    return known


def unmapped(hub: Hub) -> dict[int, list[str]]:
    """Per connection the kinds that flow although no mapping says how, as `order in`."""
    found = {}
    for row in hub.connections.all():
        if row.disconnected_at is None and row.connector in hub.registry.connectors:
            kinds = [*_unread(hub, row), *_unwritten(hub, row)]
            if kinds:
                found[row.id] = kinds
    return found


def _unread(hub: Hub, row: ConnectionRow) -> list[str]:
    inbound = hub.rules.mappings.inbound
    manifest = hub.registry.connectors[row.connector].manifest
    found = []
    for kind in row.flows:
        # A kind may come along in another one's stream.
        streams = [stream for stream in manifest.streams if kind in stream.kinds]
        # A mapping is of a whole stream or of one of its topics.
        sources = [name for stream in streams for name in (stream.name, *stream.topics)]
        if row.reads(kind) and streams and not any(inbound(row.connector, name, row.name) for name in sources):
            found.append(f"{kind} in")
    return found


def _unwritten(hub: Hub, row: ConnectionRow) -> list[str]:
    return [
        f"{kind} out"
        for kind in row.flows
        if row.writes(kind) and hub.rules.mappings.outbound(row.connector, kind, row.name) is None
    ]


def _disk(folder: Path) -> tuple[int, int]:
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return (1, 1)
    return usage.free, usage.total
