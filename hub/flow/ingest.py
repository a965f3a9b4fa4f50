"""Ingesting: raw events from a file or a bulk request, line by line, into the inbox."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Literal
from uuid import UUID

from hub.errors import Problem
from hub.flow.context import Hub
from hub.flow.line import LineError
from hub.flow.line_event import LineReader, require_open
from hub.store import inbox
from hub.store import run as run_store
from hub.store.database import Connection
from hub.store.inbox import AcceptResult, NewEvent
from hub.store.run import Coverage, Status

BATCH = 500
SHOWN_REFUSALS = 1000


@dataclass(frozen=True, slots=True)
class LineResult:
    """What became of one line, counted from 1. `event_id`: under which its content is stored.

    `quarantined`: it is stored, and set aside at once since it cannot be read; `reason` says why.
    """

    line: int
    outcome: Literal["accepted", "quarantined", "duplicate", "refused"]
    event_id: UUID | None = None
    reason: str = ""


@dataclass(slots=True)
class Summary:
    """What became of all lines. `quarantined` are among the accepted; `refusals`: the first thousand lines that were refused.

    `set_aside`: the first thousand in quarantine.
    """

    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    quarantined: int = 0
    refusals: list[LineResult] = field(default_factory=list)
    set_aside: list[LineResult] = field(default_factory=list)
    is_cancelled: bool = False

    @property
    def is_clean(self) -> bool:
        """Whether no line was refused or set aside."""
        return not self.refused and not self.quarantined

    @property
    def counts(self) -> dict[str, int]:
        """The numbers by name."""
        counts = {"accepted": self.accepted, "duplicates": self.duplicates, "refused": self.refused}
        return {**counts, "quarantined": self.quarantined}

    def add(self, results: Iterable[LineResult]) -> None:
        """Counts a batch."""
        for result in results:
            if result.outcome == "accepted":
                self.accepted += 1
            elif result.outcome == "quarantined":
                self.accepted += 1
                self.quarantined += 1
                if len(self.set_aside) < SHOWN_REFUSALS:
                    self.set_aside.append(result)
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
    file: str = "",
    progress: Callable[[Summary], None] | None = None,
) -> Summary:
    """Stores lines as events of the connection `name` (or the one each envelope names); see `ingest_batches`.

    It is a run: it can be watched, and ended after the batch at hand; then `summary.is_cancelled`.
    """
    summary = Summary()
    batches = ingest_batches(hub, name, lines, topic, lane=lane, file=file)
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
    note = note or ("some lines wait in quarantine" if summary.quarantined else "")
    run_store.end(hub.db, run_id, status, outcome=status, coverage=coverage, counts=summary.counts, note=note)


def ingest_batches(
    hub: Hub,
    name: str | None,
    lines: Iterable[bytes | None],
    topic: str | None = None,
    *,
    lane: int = inbox.BULK,
    file: str = "",
) -> Iterator[list[LineResult]]:
    """Stores lines, 500 to a commit, and tells after each commit what became of each of its lines.

    A line is one JSON body or an envelope (`hub.flow.line`); blank ones are passed over, None is one
    that was too long. A line that cannot be read is stored where its connection and topic are known, and
    quarantined at once with its number and the `file`'s name; one that cannot be stored is refused alone.
    Safe to repeat: what is stored already is a duplicate.

    Raises:
        NotFoundError, ConfigError: the connection `name` cannot take anything in; nothing was read.
        RetryableError: the database went away; batches told of are stored.
    """
    if name is not None:
        require_open(hub.connections.by_name(name))
    reader = LineReader(hub, name, topic, lane, file)
    numbered = ((number, raw) for number, raw in enumerate(lines, 1) if raw is None or raw.strip())
    while batch := list(islice(numbered, BATCH)):
        yield _store(hub, reader, batch)


def _store(hub: Hub, reader: LineReader, batch: list[tuple[int, bytes | None]]) -> list[LineResult]:
    results: dict[int, LineResult] = {}
    rows: list[NewEvent] = []
    owners: list[int] = []
    faults: dict[int, Sequence[Problem]] = {}
    for number, raw in batch:
        try:
            found, wrong = reader.events(number, raw)
        except LineError as error:
            results[number] = LineResult(number, "refused", None, str(error))
            continue
        if wrong:
            faults[number] = wrong
        rows += found
        owners += [number] * len(found)

    def work(conn: Connection) -> AcceptResult:
        stored = inbox.accept(conn, hub.keyring, rows)
        new = set(stored.ids)
        pairs = zip(owners, stored.stored_as, strict=True)
        aside = {event: faults[number] for number, event in pairs if number in faults and event in new}
        inbox.quarantine(conn, [(event, problems[0].code, problems) for event, problems in aside.items()])
        return stored

    stored = hub.db.run(work)
    new = set(stored.ids)
    for number, event in zip(owners, stored.stored_as, strict=True):
        if event in new:
            # Once: a repeat within the batch is stored under the same id.
            new.discard(event)
            results[number] = _stored(number, event, faults.get(number, ()))
        else:
            results.setdefault(number, LineResult(number, "duplicate", event))
    if stored.ids:
        hub.queue.wake("pipeline")
    return [results[number] for number, _ in batch if number in results]


def _stored(number: int, event: UUID, problems: Sequence[Problem]) -> LineResult:
    if not problems:
        return LineResult(number, "accepted", event)
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    path = f" at {problems[0].path}" if problems[0].path else ""
    return LineResult(number, "quarantined", event, f"{problems[0].code}{path}{more}")
