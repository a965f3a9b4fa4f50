"""Watches the shape of what comes in, beside T1: what a system's payloads look like, and what of it changed.

A process looks at payloads in memory and stores, in a transaction of its own, only what a shape does
not know yet. It decides nothing about records: whatever it finds, golden records stay what the rules say.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from hub.flow import drift_mapped, release
from hub.flow.context import Hub
from hub.flow.drift_note import digest, store_delta
from hub.flow.drift_null import NullWatch
from hub.flow.drift_sample import sampled_shape
from hub.rules.drift import GONE, Arrived, Attention, Budget, Recogniser, Ruling, Shape, reads_of
from hub.rules.drift.shape import GONE_AFTER, QUIET_AFTER
from hub.rules.mapping import InMapping, MappingSet
from hub.rules.mapping.draft_writer import topic_matcher
from hub.rules.observe import Observation
from hub.store import drift as store
from hub.store import drift_shape
from hub.store.database import Connection
from hub.store.inbox import StoredEvent

LOOK_AGAIN_S: Final = 1.0
STORE_EVERY_S: Final = 5.0
STORE_AT: Final = 1000

Key = tuple[int, str]
_log = logging.getLogger(__name__)


class Seen(Protocol):
    """An event after mapping: `payload` is its document, None where it has none."""

    @property
    def event(self) -> StoredEvent:
        """The event."""

    @property
    def payload(self) -> Any:
        """What it holds."""

    @property
    def observations(self) -> list[Observation]:
        """What was made of it."""


@dataclass(slots=True)
class Watched:
    """One stream of a connection as this process knows it: its topics are read by one mapping."""

    connection_id: int
    stream: str
    mapping: InMapping
    recogniser: Recogniser
    version: int
    budget: Budget = field(default_factory=Budget)
    stored_at: float = field(default_factory=time.monotonic)
    attention: Attention = field(init=False)

    def __post_init__(self) -> None:
        """Begins to look."""
        self.attention = Attention(self.recogniser, self.budget)

    @property
    def key(self) -> Key:
        """Where its shape stands."""
        return (self.connection_id, self.stream)


class Watcher:
    """The topics and streams that a process has met."""

    def __init__(self) -> None:
        self.topics: dict[Key, tuple[MappingSet | None, InMapping | None, str]] = {}
        self.streams: dict[Key, Watched] = {}
        self.nulls = NullWatch()
        self.lock = threading.Lock()
        self.looked_at = time.monotonic()


def watch(hub: Hub, seen: Iterable[Seen], again: set[uuid.UUID]) -> None:
    """Looks at the payloads of a batch, and stores what is worth it; those of `again` were seen before.

    Call it before the batch's own commit: what it finds must stand before anything is made of the batch.
    """
    found = hub.extras.get("drift")
    watcher = found if isinstance(found, Watcher) else hub.extras.setdefault("drift", Watcher())
    fresh = [one for one in seen if one.event.id not in again] if again else list(seen)
    try:
        _watch(hub, watcher, fresh)
    except Exception as error:  # noqa: BLE001 -- whatever is wrong here, events go on being mapped and stored
        hub.extras["drift"] = Watcher()
        _log.error("the shape of a batch could not be looked at: %s at %s", type(error).__name__, _place(error))


def flush(hub: Hub) -> None:
    """Stores what is left, when nothing waits any more: the process may end now."""
    watcher = hub.extras.get("drift")
    if not isinstance(watcher, Watcher):
        return
    with watcher.lock:
        due = [one for one in watcher.streams.values() if not one.recogniser.delta.is_empty]
        if due:
            hub.db.run(lambda conn: _store(conn, hub, watcher, due))


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else ""


def _watch(hub: Hub, watcher: Watcher, fresh: Sequence[Seen]) -> None:
    with watcher.lock:
        _refresh(hub, watcher)
        touched = _look(hub, watcher, fresh)
        due = [topic for topic in touched if _is_due(topic)]
        if due:
            hub.db.run(lambda conn: _store(conn, hub, watcher, due))
        watcher.nulls.watch(hub, [o for one in fresh for o in one.observations])


def _look(hub: Hub, watcher: Watcher, seen: Sequence[Seen]) -> list[Watched]:
    arrived: dict[Key, list[Arrived]] = {}
    for one in seen:
        event, payload = one.event, one.payload
        if payload.__class__ is dict and event.body is not None:
            arrived.setdefault((event.connection_id, event.topic), []).append((payload, event.body, event.id))
    touched: dict[Key, Watched] = {}
    now = time.monotonic()
    for key, batch in arrived.items():
        stream = _stream(hub, watcher, key)
        if stream is not None:
            touched[stream.key] = stream
            stream.attention.take(batch, now)
    return list(touched.values())


def _stream(hub: Hub, watcher: Watcher, key: Key) -> Watched | None:
    """What is known of a topic's stream; None for one that no mapping reads, or that only tells of deletions."""
    rules, mapping, stream = watcher.topics.get(key, (None, None, ""))
    if rules is not hub.rules.mappings:
        mapping, stream = mapping_of(hub, *key)
        if mapping is not None and topic_matcher(mapping.spec.delete_topics)(key[1]):
            mapping = None
        watcher.topics[key] = (hub.rules.mappings, mapping, stream)
    if mapping is None:
        return None
    found = watcher.streams.get((key[0], stream))
    if found is None or found.mapping is not mapping:
        drift_mapped.settle(hub, release.earlier, key[0], stream)
        found = hub.db.run(lambda conn: _load(conn, hub, key, mapping, stream))
        watcher.streams[key[0], stream] = found
    return found


def mapping_of(hub: Hub, connection_id: int, topic: str) -> tuple[InMapping | None, str]:
    """The mapping that reads a topic, and what the stream of its shape is called."""
    row = hub.connections.by_id(connection_id)
    own = hub.rules.mappings.inbound(row.connector, topic, row.name)
    if own is not None:
        return own, topic
    stream = hub.registry.connector(row.connector).manifest.stream_of_topic(topic)
    if stream is None:
        return None, ""
    return hub.rules.mappings.inbound(row.connector, stream.name, row.name), stream.name


def _load(conn: Connection, hub: Hub, topic: Key, mapping: InMapping, stream: str) -> Watched:
    key = (topic[0], stream)
    stored = drift_shape.load(conn, *key)
    if stored is None:
        drift_shape.begin(conn, *key, sampled_shape(hub, *topic).as_dict())
        stored = drift_shape.load(conn, *key) or (0, {})
    return Watched(*key, mapping, _recogniser(conn, hub, key, mapping, Shape.of(stored[1])), stored[0])


def _recogniser(conn: Connection, hub: Hub, key: Key, mapping: InMapping, shape: Shape) -> Recogniser:
    rulings = {
        (one.what, one.path): Ruling(one.state, one.mask, frozenset(one.words), one.quiet)
        for one in store.of_stream(conn, *key)
    }
    reads = reads_of(mapping.spec)
    fixed = {read.path: read.words for read in reads if read.words is not None}
    plain = {read.path for read in reads if read.is_personal}
    return Recogniser(shape, rulings, lambda text: digest(hub, text), fixed, plain)


def _is_due(topic: Watched) -> bool:
    watcher, delta = topic.recogniser, topic.recogniser.delta
    if delta.is_empty:
        return False
    if not watcher.shape.is_learnt or delta.events >= STORE_AT:
        return True
    if time.monotonic() - topic.stored_at >= STORE_EVERY_S:
        return True
    is_open = {cause for cause, ruling in watcher.rulings.items() if ruling.state == "open"}
    if any(cause not in is_open for cause in delta.seen):
        return True
    return any(_is_telling(watcher, cause, cause in is_open) for cause in delta.tracks)


def _is_telling(watcher: Recogniser, cause: tuple[str, str], is_open: bool) -> bool:
    """Whether a row of objects has become so long that something opens or ends."""
    track = watcher.delta.tracks[cause]
    if cause[0] == GONE:
        known = watcher.shape.gone.get(cause[1])
        length = track.quiet + (known.length if known and not track.hit else 0)
        return (is_open and track.hit) or (not is_open and max(length, track.longest) >= GONE_AFTER)
    ruling = watcher.rulings.get(cause)
    return track.quiet + (ruling.quiet if ruling and not track.hit else 0) >= QUIET_AFTER


def _store(conn: Connection, hub: Hub, watcher: Watcher, due: Sequence[Watched]) -> None:
    for topic in sorted(due, key=lambda one: one.key):
        taken = drift_shape.take(conn, *topic.key)
        if taken is None:
            continue
        shape = Shape.of(taken)
        store_delta(conn, hub, topic.connection_id, topic.stream, topic.mapping, shape, topic.recogniser.delta)
        version = drift_shape.save(conn, *topic.key, shape.as_dict())
        fresh = _recogniser(conn, hub, topic.key, topic.mapping, shape)
        watcher.streams[topic.key] = Watched(*topic.key, topic.mapping, fresh, version, topic.budget)


def _refresh(hub: Hub, watcher: Watcher) -> None:
    """Takes up what other processes learnt and people decided, at most once a second."""
    if time.monotonic() - watcher.looked_at < LOOK_AGAIN_S:
        return
    watcher.looked_at = time.monotonic()
    versions = hub.db.run(drift_shape.versions)
    for known in [one for key, one in watcher.streams.items() if versions.get(key) != one.version]:
        watcher.streams[known.key] = hub.db.run(lambda conn, known=known: _again(conn, hub, known))  # type: ignore[misc]
    watcher.nulls.refresh(hub)


def _again(conn: Connection, hub: Hub, known: Watched) -> Watched:
    """The stream as it stands now, with what this process has not stored yet."""
    version, stored = drift_shape.load(conn, *known.key) or (known.version, known.recogniser.shape.as_dict())
    fresh = _recogniser(conn, hub, known.key, known.mapping, Shape.of(stored))
    fresh.delta = known.recogniser.delta
    return Watched(*known.key, known.mapping, fresh, version, known.budget, known.stored_at)
