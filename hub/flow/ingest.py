"""Ingesting: raw events from a file or a bulk request, line by line, into the inbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Literal
from uuid import UUID

from hub.errors import ConfigError
from hub.flow.context import Hub
from hub.flow.line import Line, LineError, parse_line
from hub.sdk.connector import RawEvent, ReceivesWebhooks, WebhookRequest
from hub.store import inbox
from hub.store import run as run_store
from hub.store.connection import ConnectionRow
from hub.store.inbox import NewEvent
from hub.store.run import Coverage, Status

BATCH = 500
SHOWN_REFUSALS = 1000


@dataclass(frozen=True, slots=True)
class LineResult:
    """What became of one line, counted from 1. `event_id`: under which its content is stored."""

    line: int
    outcome: Literal["accepted", "duplicate", "refused"]
    event_id: UUID | None = None
    reason: str = ""


@dataclass(slots=True)
class Summary:
    """What became of all lines. `refusals`: the first thousand refused lines."""

    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    refusals: list[LineResult] = field(default_factory=list)
    is_cancelled: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """The numbers by name."""
        return {"accepted": self.accepted, "duplicates": self.duplicates, "refused": self.refused}

    def add(self, results: Iterable[LineResult]) -> None:
        """Counts a batch."""
        for result in results:
            if result.outcome == "accepted":
                self.accepted += 1
            elif result.outcome == "duplicate":
                self.duplicates += 1
            else:
                self.refused += 1
                if len(self.refusals) < SHOWN_REFUSALS:
                    self.refusals.append(result)


def ingest(
    hub: Hub,
    name: str | None,
    lines: Iterable[bytes | None],
    topic: str | None = None,
    *,
    lane: int = inbox.BULK,
    progress: Callable[[Summary], None] | None = None,
) -> Summary:
    """Stores lines as events of the connection `name` (or the one each envelope names); see `ingest_batches`.

    It is a run: it can be watched, and ended after the batch at hand; then `summary.is_cancelled`.
    """
    summary = Summary()
    batches = ingest_batches(hub, name, lines, topic, lane=lane)
    first = next(batches, None)
    row = hub.connections.by_name(name) if name else None
    run_id = run_store.start(hub.db, "import", row.id if row else None)
    try:
        for results in chain([first] if first else [], batches):
            summary.add(results)
            wish = hub.db.run(lambda conn: run_store.progress(conn, run_id, summary.counts))
            if progress:
                progress(summary)
            if wish == "cancel":
                summary.is_cancelled = True
                break
    except BaseException as error:
        _end(hub, run_id, "failed", summary, f"it stopped with {type(error).__name__}")
        raise
    if summary.is_cancelled:
        _end(hub, run_id, "cancelled", summary, "somebody ended it")
    else:
        _end(hub, run_id, "done", summary)
    return summary


def _end(hub: Hub, run_id: UUID, status: Status, summary: Summary, note: str = "") -> None:
    coverage: Coverage = "complete" if status == "done" and not summary.refused else "partial"
    note = note or ("some lines were refused" if summary.refused else "")
    run_store.end(hub.db, run_id, status, outcome=status, coverage=coverage, counts=summary.counts, note=note)


def ingest_batches(
    hub: Hub, name: str | None, lines: Iterable[bytes | None], topic: str | None = None, *, lane: int = inbox.BULK
) -> Iterator[list[LineResult]]:
    """Stores lines, 500 to a commit, and tells after each commit what became of each of its lines.

    A line is one JSON body or an envelope (`hub.flow.line`); blank ones are passed over, None is one
    that was too long. A line that cannot be stored is refused alone; an item that is not JSON is stored
    where its topic is known, and waits in quarantine. Safe to repeat: what is stored already is a duplicate.

    Raises:
        NotFoundError, ConfigError: the connection `name` cannot take anything in; nothing was read.
        RetryableError: the database went away; batches told of are stored.
    """
    if name is not None:
        _require_open(hub.connections.by_name(name))
    reader = _Reader(hub, name, topic, lane)
    numbered = ((number, raw) for number, raw in enumerate(lines, 1) if raw is None or raw.strip())
    while batch := list(islice(numbered, BATCH)):
        yield _store(hub, reader, batch)


def _store(hub: Hub, reader: _Reader, batch: list[tuple[int, bytes | None]]) -> list[LineResult]:
    results: dict[int, LineResult] = {}
    rows: list[NewEvent] = []
    owners: list[int] = []
    for number, raw in batch:
        try:
            found = reader.events(raw)
        except LineError as error:
            results[number] = LineResult(number, "refused", None, str(error))
            continue
        rows += found
        owners += [number] * len(found)
    stored = hub.db.run(lambda conn: inbox.accept(conn, hub.keyring, rows))
    new = set(stored.ids)
    for number, event in zip(owners, stored.stored_as, strict=True):
        if event in new:
            # Once: a repeat within the batch is stored under the same id.
            new.discard(event)
            results[number] = LineResult(number, "accepted", event)
        else:
            results.setdefault(number, LineResult(number, "duplicate", event))
    if stored.ids:
        hub.queue.wake("pipeline")
    return [results[number] for number, _ in batch if number in results]


@dataclass(slots=True)
class _Reader:
    """Turns lines into events of their connections."""

    hub: Hub
    name: str | None
    topic: str | None
    lane: int

    def events(self, raw: bytes | None) -> list[NewEvent]:
        if raw is None:
            raise LineError("the line is too long")
        line = parse_line(raw.strip())
        row = self._row(line)
        topic = line.topic or self.topic
        if topic:
            return [self._event(row, line, RawEvent(topic, line.body))]
        if line.fault:
            raise LineError(line.fault)
        found = self._decoded(row, line)
        if not found or not all(event.topic for event in found):
            raise LineError("no topic: give --topic, or _topic in the envelope")
        return [self._event(row, line, event) for event in found]

    def _row(self, line: Line) -> ConnectionRow:
        name = line.connection or self.name
        row = self.hub.connections.find(name) if name else None
        if row is None:
            raise LineError(
                "no such connection" if name else "no connection: name one, or put _connection in the envelope"
            )
        try:
            _require_open(row)
        except ConfigError as error:
            raise LineError(str(error)) from None
        return row

    def _decoded(self, row: ConnectionRow, line: Line) -> list[RawEvent]:
        """What the connector itself finds in such a body, for systems whose bodies name their topic."""
        try:
            connector = self.hub.connections.connector(row.name)
        except ConfigError:
            return []
        if not isinstance(connector, ReceivesWebhooks):
            return []
        try:
            found = connector.decode(WebhookRequest("POST", {}, {}, line.body, time.time()))
        except Exception:  # noqa: BLE001 -- without its headers it may well not know what to do
            return []
        return list(found) if isinstance(found, list | tuple) else []

    def _event(self, row: ConnectionRow, line: Line, raw: RawEvent) -> NewEvent:
        return NewEvent(
            row.id,
            raw.topic,
            raw.body,
            line.dedupe if line.dedupe is not None else raw.dedupe,
            origin="file",
            lane=self.lane,
            received_at=line.received_at,
        )


def _require_open(row: ConnectionRow) -> None:
    if row.disconnected_at is not None:
        raise ConfigError(f"{row.name} is disconnected: connect it again first")
