"""T1: a batch of events is mapped and stored as observations. No matching, no golden records.

The batch is journalled before it is worked on; a sweep that finds a journal row without an owner
runs those events one by one. A mapper that never ends is killed by a watchdog, and the same sweep
finds its event.
"""

from __future__ import annotations

import faulthandler
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.errors import ConfigError, Problem, RecordError
from hub.flow import drift, notice, release
from hub.flow.content import content_of
from hub.flow.context import Hub
from hub.flow.observe import store_observations
from hub.flow.refold import refold
from hub.model.observation import Draft
from hub.rules.mapping import MapContext
from hub.rules.observe import Observation, Origin, observe
from hub.sdk.connector import Stream
from hub.store import inbox
from hub.store import record as record_store
from hub.store.database import Connection, is_data_error
from hub.store.inbox import StoredEvent
from hub.store.notice import Key

BATCH = 200
# A queue that never empties must not keep those waiting that have to run alone.
ALONE_EVERY = 10
MAPPING_LIMIT_S = 10
BUSY_S = 0.005
"""How long to leave off when others hold all that is wanted: about what a batch of theirs takes to end."""
ABSENCE_TOPIC = "hub.absence"


@dataclass(slots=True)
class Mapped:
    """One event after mapping: its observations, or its problems."""

    event: StoredEvent
    observations: list[Observation] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notice: Key | None = None
    """The record that the event told of without saying what it is: to be read."""
    payload: Any = None
    """What it holds; None where it is a notice, or no JSON."""


def run_batch(hub: Hub, worker_id: uuid.UUID, limit: int = BATCH) -> int:
    """Takes up to `limit` waiting events through T1; returns how many it took, 0 when none waits.

    Idempotent: an event that is run again adds nothing. Deadlocks are retried whole. Events whose
    records another worker holds stay in the queue for the next batch.
    """
    number = hub.extras["batches"] = hub.extras.get("batches", 0) + 1
    is_alone_first = number % ALONE_EVERY == 0
    try:
        claimed, done, noticed = hub.db.run(
            lambda conn: _batch(conn, hub, worker_id, limit, is_alone_first), durable=False
        )
    except Exception:
        # Rolled back and alive: nobody died of these events. (Only now is the journal's row free.)
        inbox.abandon_batch(hub.db, worker_id)
        raise
    if noticed:
        hub.queue.wake("poll")
    if not claimed:
        drift.flush(hub)
    if claimed and not done:
        time.sleep(BUSY_S)
    return claimed


def _batch(conn: Connection, hub: Hub, worker_id: uuid.UUID, limit: int, is_alone_first: bool) -> tuple[int, int, int]:
    """(claimed, done, noticed)."""
    skip = [connection.id for connection in hub.connections.all() if connection.halted_in]
    claimed = _claim(conn, limit, skip, is_alone_first)
    if not claimed:
        return 0, 0, 0
    release.ensure(conn, hub)
    started = time.perf_counter()
    inbox.begin_batch(hub.db, worker_id, claimed)
    inbox.lock_batch(conn, worker_id)
    deferred, noticed = _work(conn, hub, claimed, started)
    inbox.end_batch(conn, worker_id)
    return len(claimed), len(claimed) - deferred, noticed


def _claim(conn: Connection, limit: int, skip: Sequence[int], is_alone_first: bool) -> list[uuid.UUID]:
    def alone() -> list[uuid.UUID]:
        return inbox.claim(conn, 1, alone=True, skip=skip)

    if is_alone_first:
        return alone() or inbox.claim(conn, limit, skip=skip)
    return inbox.claim(conn, limit, skip=skip) or alone()


def _work(conn: Connection, hub: Hub, claimed: Sequence[uuid.UUID], started: float) -> tuple[int, int]:
    """(deferred, noticed)."""
    again = inbox.replays(conn, claimed)
    mapped = _map_all(hub, inbox.read_many(conn, hub.keyring, claimed))
    outcome = _store_all(conn, hub, [m for m in mapped if not m.problems], again)
    outcome.failed += [(m.event.id, m.problems[0].code, m.problems) for m in mapped if m.problems]
    inbox.quarantine(conn, outcome.failed)
    drift.watch(hub, [m for m in mapped if m.event.id not in outcome.deferred], again)
    left = outcome.deferred | {id_ for id_, _, _ in outcome.failed}
    noticed = [m.notice for m in mapped if m.notice and m.event.id not in left]
    notice.note(conn, hub, noticed)
    inbox.finish(conn, [id_ for id_ in claimed if id_ not in left], (time.perf_counter() - started) * 1000)
    return len(outcome.deferred), len(noticed)


def _map_all(hub: Hub, events: Sequence[StoredEvent]) -> list[Mapped]:
    # A C-level timer: it fires even while a regular expression holds the interpreter. The process
    # ends, the journal tells which events it had, and they run singly.
    faulthandler.dump_traceback_later(MAPPING_LIMIT_S, exit=True)
    try:
        return [map_event(hub, event) for event in events]
    finally:
        faulthandler.cancel_dump_traceback_later()


def map_event(hub: Hub, event: StoredEvent) -> Mapped:
    """Maps one event; whatever goes wrong becomes its problems."""
    mapped = Mapped(event)
    try:
        mapped.notice = notice.noticed(hub, event)
        if mapped.notice is None:
            mapped.payload = content_of(event)
            mapped.observations = _observations(hub, event, mapped.payload)
    except RecordError as error:
        mapped.problems = error.problems
    except ConfigError as error:
        mapped.problems = [Problem("config", str(error))]
    except (RecursionError, MemoryError) as error:
        mapped.problems = [Problem("too_deep", f"the content is nested too deeply ({type(error).__name__})")]
    except Exception as error:  # noqa: BLE001 -- a bug in a mapper or transform must cost one event only
        mapped.problems = [Problem("crash", f"the mapping crashed with {type(error).__name__}", where=_place(error))]
    return mapped


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else ""


def _observations(hub: Hub, event: StoredEvent, payload: Any) -> list[Observation]:
    connection = hub.connections.by_id(event.connection_id)
    if event.topic == ABSENCE_TOPIC:
        return _absences(hub, event, payload)
    manifest = hub.registry.connector(connection.connector).manifest
    stream = manifest.stream_of_topic(event.topic)
    drafts = _drafts(hub, event, stream, connection.connector, connection.name, payload)
    drafts = [draft for draft in drafts if connection.reads(draft.kind)]
    origin = Origin(
        event.id, connection.id, connection.name, connection.realm, event.received_at, event.read_at,
        weak=event.origin == "pull" and event.lane == inbox.BULK, full_pass=event.full_pass,
    )  # fmt: skip
    if hub.registry.hook.clean_record.get_hookimpls():
        for draft in drafts:
            for cleaned in reversed(hub.registry.hook.clean_record(kind=draft.kind, fields=draft.asserted)):
                draft.asserted = {**draft.asserted, **(cleaned or {})}
    return [observe(draft, origin, hub.registry.kinds[draft.kind].identities) for draft in drafts]


def _drafts(
    hub: Hub, event: StoredEvent, stream: Stream | None, connector: str, connection: str, payload: Any
) -> list[Draft]:
    context = MapContext(connection=connection, topic=event.topic, received_at_us=event.received_at)
    manifest = hub.registry.connector(connector).manifest
    if event.topic in manifest.pausing_topics or event.topic in manifest.unmapped_topics:
        return []
    if stream is None:
        raise RecordError([Problem("unknown_topic", f"no stream of {connector} lists the topic {event.topic!r}")])
    # A topic may have a file of its own (a pulled node differs from the webhook of the same record).
    mappings = hub.rules.mappings
    mapping = mappings.inbound(connector, event.topic, connection) or mappings.inbound(
        connector, stream.name, connection
    )
    if mapping is None:
        raise RecordError([Problem("no_mapping", f"no mapping file is `from: {connector}/{stream.name}`")])
    return mapping.map(payload, context)


def _absences(hub: Hub, event: StoredEvent, payload: Any) -> list[Observation]:
    """Records that a complete full pass did not meet are gone, as of the last version known when it began."""
    connection = hub.connections.by_id(event.connection_id)
    origin = Origin(
        event.id, connection.id, connection.name, connection.realm, event.received_at, event.read_at,
        full_pass=event.full_pass,
    )  # fmt: skip
    found = []
    for entry in payload["records"]:
        kind = hub.registry.kinds[entry["kind"]]
        draft = Draft(kind.name, entry["object_type"], entry["external_id"], {}, major=entry["major"], deleted=True)
        found.append(observe(draft, origin, kind.identities))
    return found


@dataclass(slots=True)
class Outcome:
    """Events of a batch that are not done: `failed` (id, cause, problems), and those put off to the next batch."""

    failed: list[tuple[uuid.UUID, str, list[Problem]]] = field(default_factory=list)
    deferred: set[uuid.UUID] = field(default_factory=set)


def _store_all(conn: Connection, hub: Hub, mapped: Sequence[Mapped], again: set[uuid.UUID]) -> Outcome:
    """Stores the batch; on a data error halves it until the one to blame stands alone."""
    if not mapped:
        return Outcome()
    try:
        with conn.transaction():
            busy = _busy(conn, [m for m in mapped if m.event.id in again])
            free = [m for m in mapped if m.event.id not in busy]
            return Outcome(deferred=busy | store_mapped(conn, hub, free, again))
    except Exception as error:
        if not is_data_error(error):
            raise
        if len(mapped) == 1:
            problem = Problem("refused_by_store", f"the store refused it: {type(error).__name__}")
            return Outcome([(mapped[0].event.id, problem.code, [problem])])
        half = len(mapped) // 2
        one = _store_all(conn, hub, mapped[:half], again)
        other = _store_all(conn, hub, mapped[half:], again)
        return Outcome(one.failed + other.failed, one.deferred | other.deferred)


def _busy(conn: Connection, replayed: Sequence[Mapped]) -> set[uuid.UUID]:
    """Events run again of whose records another worker holds one; the others' records are locked from here on.

    They wait for the next batch. Once what an event said before is forgotten, it has to be stored in the same
    transaction, and nearly every batch would wait there for somebody else's.
    """
    if not replayed:
        return set()
    records = record_store.said_about(conn, [m.event.id for m in replayed])
    known = record_store.find_by_keys(conn, {o.key for m in replayed for o in m.observations})
    for m in replayed:
        records.setdefault(m.event.id, set()).update(known[o.key].rid for o in m.observations if o.key in known)
    held = record_store.held_by_others(conn, set().union(*records.values()))
    return {event_id for event_id, rids in records.items() if rids & held}


def store_mapped(conn: Connection, hub: Hub, mapped: Sequence[Mapped], again: set[uuid.UUID]) -> set[uuid.UUID]:
    """Stores the observations of mapped events; those in `again` first forget what they said before.

    Returns the events put off because another worker holds their records.
    """
    replayed = [m for m in mapped if m.event.id in again]
    before = record_store.delete_versions(conn, [m.event.id for m in replayed])
    observations = [o for m in mapped for o in m.observations]
    stored = store_observations(conn, hub, observations, wait=bool(replayed), again=again)
    if before:
        changed = before | {stored.rids[o.key] for m in replayed for o in m.observations}
        # What was folded from its whole set just now is as a second time would make it.
        refold(conn, hub, changed - stored.whole, "replay")
    return stored.deferred
