"""Stores what a process saw of one topic: the shape learns, changes open and end."""

from __future__ import annotations

import uuid

from hub.flow.context import Hub
from hub.model.identifier import format_id
from hub.rules.drift import GONE, TYPE, VALUE, Cause, Delta, Shape, Sighting, Track, read_of, reads_of
from hub.rules.drift.shape import GONE_AFTER, QUIET_AFTER, Run
from hub.rules.mapping import InMapping
from hub.store import drift as store
from hub.store import item
from hub.store.database import Connection
from hub.store.drift import Drift


def store_delta(
    conn: Connection, hub: Hub, connection_id: int, stream: str, mapping: InMapping, shape: Shape, delta: Delta
) -> None:
    """Adds a process's delta to the shape, which the caller has locked, and to the changes of its stream."""
    shape.learn(delta.learnt)
    for path, mask in delta.widened.items():
        shape.widen(path, mask)
    known = {(one.what, one.path): one for one in store.of_stream(conn, connection_id, stream)}
    noter = _Noter(conn, hub, connection_id, stream, mapping)
    for cause, sighting in sorted(delta.seen.items()):
        if not _is_accepted(known.get(cause), sighting):
            noter.see(cause, sighting.count, sighting.events, sighting.mask, sighting.words)
    for cause, track in sorted(delta.tracks.items()):
        if cause[0] == GONE:
            _gone(noter, shape, cause, track, known.get(cause))
        else:
            _quiet(noter, track, known.get(cause), seen=cause in delta.seen)


def _is_accepted(known: Drift | None, sighting: Sighting) -> bool:
    """Whether it was seen before somebody's decision on it had come round."""
    if known is None or known.state != "accepted":
        return False
    if known.what == VALUE:
        return sighting.words.keys() <= known.words.keys()
    return known.what != TYPE or not sighting.mask & ~known.mask


def _gone(noter: _Noter, shape: Shape, cause: Cause, track: Track, known: Drift | None) -> None:
    """A field that was always there: absent for long enough it is gone, there again it is not."""
    run = shape.gone.pop(cause[1], Run())
    now = Run(track.quiet, track.first) if track.hit else Run(run.length + track.quiet, run.first or track.first)
    longest = max(now.length, track.longest + (0 if track.hit else run.length))
    is_open = known is not None and known.state == "open"
    if longest >= GONE_AFTER and not is_open:
        noter.see(cause, longest, [now.first or track.first] if now.first or track.first else [], 0, {})
        is_open = True
    elif is_open and track.quiet:
        noter.see(cause, track.quiet, [track.first], 0, {})
    if is_open and track.hit:
        noter.end(cause)
        if track.quiet >= GONE_AFTER:
            noter.see(cause, track.quiet, [track.first], 0, {})
    if now.length:
        shape.gone[cause[1]] = now


def _quiet(noter: _Noter, track: Track, known: Drift | None, *, seen: bool) -> None:
    """A change that is not seen any more, for long enough, is over."""
    if known is None or known.state != "open" or known.what == VALUE:
        return
    length = track.quiet if track.hit or seen else known.quiet + track.quiet
    if length >= QUIET_AFTER:
        noter.end((known.what, known.path))
    else:
        store.quiet(noter.conn, known.id, length)


class _Noter:
    """Opens and ends changes of one stream, each with its item."""

    def __init__(self, conn: Connection, hub: Hub, connection_id: int, stream: str, mapping: InMapping) -> None:
        self.conn, self.hub, self.stream = conn, hub, stream
        self.row = hub.connections.by_id(connection_id)
        self.mapping = mapping
        self.opened: dict[Cause, uuid.UUID] = {}

    def see(self, cause: Cause, count: int, events: list[str], mask: int, words: dict[str, str]) -> None:
        """Counts a change in; what opens with it becomes an item."""
        what, path = cause
        found, is_new = store.see(
            self.conn, self.row.id, self.stream, what, path, count=count, mask=mask, words=words,
            events=[uuid.UUID(hex=event) for event in events],
        )  # fmt: skip
        self.opened[cause] = found.id
        if is_new and found.state == "open":
            read = read_of(reads_of(self.mapping.spec), path)
            raise_drift_item(self.conn, self.hub, found, self.mapping.kind, read.field if read else "")

    def end(self, cause: Cause) -> None:
        """It is as before."""
        for found in store.of_stream(self.conn, self.row.id, self.stream):
            if (found.what, found.path) == cause:
                end_drift(self.conn, found)


def digest(hub: Hub, text: str) -> str:
    """The keyed hash that stands for a word in a shape: whoever reads the table learns no values."""
    return hub.keyring.blind(hub.blind_key, "drift", text).hex()[:16]


def subject(found: Drift) -> str:
    """The cause of its item."""
    return f"drift:{found.id}"


def raise_drift_item(conn: Connection, hub: Hub, found: Drift, kind: str, field: str) -> None:
    """Opens the item of a change. Paths and events only: values are read from the events, by whoever may."""
    row = hub.connections.by_id(found.connection_id)
    data = {
        "drift": format_id("drf", found.id), "connection": row.name, "stream": found.stream, "change": found.what,
        "path": found.path, "field": field,
        "event": format_id("evt", found.first_event) if found.first_event else None,
    }  # fmt: skip
    severity = 2 if found.what in ("null", "gone") and field else 1
    item.raise_item(
        conn,
        "drift",
        subject(found),
        realm=row.realm,
        kind=kind,
        connection_id=row.id,
        severity=severity,
        data=data,
    )


def end_drift(conn: Connection, found: Drift) -> None:
    """Closes a change that is as before again, and its item."""
    if store.end(conn, found.id):
        item.resolve_cause(conn, subject(found), "hub", {"over": True})
