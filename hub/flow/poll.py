"""Pulling: reading the streams of a connection, on request or when they are due, with an honest outcome."""

from __future__ import annotations

import logging
import random
import threading
import time
import traceback
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hub.errors import ConfigError, ConflictError, HubError, RetryableError
from hub.flow.account import pause_on
from hub.flow.configure import read_streams
from hub.flow.context import Hub
from hub.flow.reading import COUNTS, CancelledError, HeldError, Progress, Reading, StoppedError
from hub.sdk.connector import Stream
from hub.store import connection as connection_store
from hub.store import cursor
from hub.store import run as run_store
from hub.store.connection import ConnectionRow
from hub.store.cursor import CursorRow
from hub.store.database import Connection
from hub.store.run import Coverage, Status

POLL_S = 300
FULL_PASS_S = 86_400
FIRST_RETRY_S = 10.0
RETRY_S = 60.0
BUSY_S = 0.5
BROKEN_S = 900.0
_WORST: tuple[Coverage, ...] = ("complete", "truncated", "partial", "skipped")
_OUTCOMES: dict[Status, str] = {"done": "read", "paused": "interrupted", "failed": "failed", "cancelled": "given up"}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StreamResult:
    """How reading one stream ended. `note` says why it is not complete."""

    stream: str
    status: Status
    coverage: Coverage
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    note: str = ""
    retry_in_s: float | None = None
    is_held: bool = False
    """Whether a person paused it: it goes on when a person says so."""
    is_away: bool = False
    """Whether the system did not answer, and did not say when to come back."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a pull ended, stream by stream."""

    connection: str
    streams: tuple[StreamResult, ...]

    @property
    def coverage(self) -> Coverage:
        """The worst of its streams."""
        return max((result.coverage for result in self.streams), key=_WORST.index, default="skipped")

    @property
    def counts(self) -> dict[str, int]:
        """The sums over its streams."""
        return {name: sum(result.counts[name] for result in self.streams) for name in COUNTS}


def pull(
    hub: Hub,
    name: str,
    stream: str | None = None,
    since: float | None = None,
    full: bool = False,
    progress: Progress | None = None,
    patience_s: float = 0.0,
) -> RunResult:
    """Reads a connection's streams now (or one of them) from where they stopped.

    `since` (seconds since the epoch) reads again from then and leaves the cursor; `full` starts a
    full pass. A system that asks for a pause, and whoever reads the stream already, are waited for,
    up to `patience_s` a stream.

    Errors: `NotFoundError`, `ConfigError` (nothing to read, no such stream). What the system is to
    blame for is in the result.
    """
    row = hub.connections.by_name(name)
    results = []
    for one in _streams(hub, row, stream):
        deadline = time.monotonic() + patience_s
        result = _read(hub, row, one, since=since, full=full, progress=progress)
        while result.retry_in_s is not None and time.monotonic() + result.retry_in_s <= deadline:
            threading.Event().wait(result.retry_in_s)
            again = full and not result.counts["pages"]
            result = _read(hub, row, one, since=since, full=again, progress=progress)
        results.append(result)
    return RunResult(name, tuple(results))


def run_due(hub: Hub, progress: Progress | None = None) -> int:
    """Reads every stream whose time has come; returns how many were read. `progress` is called after each page."""
    done = 0
    for connection_id, name in cursor.due(hub.db):
        row = hub.connections.by_id(connection_id)
        try:
            (stream,) = _streams(hub, row, name)
        except ConfigError:
            # Its flow was taken away: whoever declares it again makes it due again.
            _forget(hub, row, name)
            continue
        done += _read(hub, row, stream, progress=progress).coverage != "skipped"
    return done


def _streams(hub: Hub, row: ConnectionRow, wanted: str | None) -> Sequence[Stream]:
    kind = hub.registry.connector(row.connector)
    names = read_streams(kind, row.flows)
    if wanted is not None and wanted not in names:
        raise ConfigError(f"{row.name} reads no stream {wanted!r}; it reads: {', '.join(names) or 'none'}")
    if not names:
        raise ConfigError(f"{row.name} has nothing to read: no stream of {row.connector} is pulled for its flows")
    return [stream for stream in kind.manifest.streams if stream.name in names and wanted in (None, stream.name)]


def _read(
    hub: Hub,
    row: ConnectionRow,
    stream: Stream,
    *,
    since: float | None = None,
    full: bool = False,
    progress: Progress | None = None,
) -> StreamResult:
    if not hub.connections.may_call(row.id, "in"):
        return StreamResult(stream.name, "cancelled", "skipped", note=f"{row.name} is halted, paused or disconnected")
    taken = cursor.take(hub.db, row.id, stream.name)
    if taken is None:
        return StreamResult(stream.name, "cancelled", "skipped", note="it is being read already", retry_in_s=BUSY_S)
    run_id, counts, asked = _begun(hub, row, stream, taken)
    if since is None and not full:
        since = asked.get("since")
        full = bool(asked.get("full")) and not counts.get("pages")
    reading = Reading(hub, row, stream, taken, run_id, full or _is_pass_due(row, taken), since, progress)
    reading.counts.update(counts)
    result = _noted(hub, row, _outcome(reading))
    # What was interrupted goes on in the same run.
    cursor.settle(hub.db, taken, {**asked, "run": str(run_id)} if result.status == "paused" else None)
    cursor.release(hub.db, taken, _next_in_s(row, result))
    run_store.end(
        hub.db,
        run_id,
        result.status,
        outcome=_OUTCOMES[result.status],
        coverage=result.coverage,
        counts=result.counts,
        note=result.note,
    )
    if result.coverage == "complete" and row.phase == "reading":
        hub.queue.wake("deliver")
    return result


def _begun(
    hub: Hub, row: ConnectionRow, stream: Stream, taken: CursorRow
) -> tuple[uuid.UUID, dict[str, int], Mapping[str, Any]]:
    """The run of this reading, what it counted already, and what was asked of it: a new run, or one that goes on."""
    asked = taken.request or {}
    known = run_store.reopen(hub.db, uuid.UUID(asked["run"])) if "run" in asked else None
    if known is None:
        return run_store.start(hub.db, "pull", row.id, stream.name), {}, {}
    return known.id, {name: known.counts.get(name, 0) for name in COUNTS}, asked


def _outcome(reading: Reading) -> StreamResult:
    status: Status = "failed"
    retry_in_s = None
    is_held = is_away = False
    try:
        reading.read()
        status = "done"
    except HeldError as error:
        status, reading.note, is_held = "paused", str(error), True
    except CancelledError as error:
        status, reading.note = "cancelled", str(error)
    except StoppedError as error:
        status, reading.note = "paused", str(error)
    except RetryableError as error:
        status, reading.note = "paused", str(error)
        retry_in_s, is_away = error.retry_after_s, error.retry_after_s is None
    except ConflictError as error:
        status, reading.note = "cancelled", str(error)
    except HubError as error:
        pause_on(reading.hub, reading.row.name, error)
        reading.note = str(error)
    except Exception as error:  # noqa: BLE001 -- a bug in a connector must not end the worker
        # The error's text may quote the system's answer.
        frames = "".join(traceback.format_tb(error.__traceback__))
        _log.error("reading %s %s: %s\n%s", reading.row.name, reading.stream.name, type(error).__name__, frames)
        reading.note = f"the connector crashed with {type(error).__name__}; the log has the place"
    return StreamResult(
        reading.stream.name, status, reading.coverage, reading.counts, reading.note, retry_in_s, is_held, is_away
    )


def _is_pass_due(row: ConnectionRow, taken: CursorRow) -> bool:
    """Whether it is time to read everything again: no cursor is trusted for ever."""
    if taken.full_pass_at is None or (taken.full_pass or {}).get("status") == "running":
        return False
    age_s = time.time() - taken.full_pass_at.timestamp()
    return age_s >= int(row.config.get("full_pass_s", FULL_PASS_S))


def _next_in_s(row: ConnectionRow, result: StreamResult) -> float | None:
    if result.is_held:
        return None
    if result.status == "done" or (result.status == "cancelled" and result.counts["pages"]):
        return int(row.config.get("poll_s", POLL_S)) * random.uniform(0.9, 1.1)  # noqa: S311 -- spreads the load
    if result.status == "failed":
        return BROKEN_S
    return result.retry_in_s or 0.0


def _noted(hub: Hub, row: ConnectionRow, result: StreamResult) -> StreamResult:
    """Keeps how it ended, and since when and how often in a row it has failed; that sets when to try again."""
    part = f"pull:{result.stream}"

    def work(conn: Connection) -> int:
        before = connection_store.health_of(conn, row.id, part)
        finding: dict[str, Any] = {"ok": result.status == "done", "message": result.note}
        finding |= {"coverage": result.coverage, "at": time.time(), "away": result.is_away}
        if result.status == "failed" or result.retry_in_s is not None or result.is_away:
            finding |= {"since": before.get("since", time.time()), "failures": before.get("failures", 0) + 1}
        connection_store.note_health(conn, row.id, part, finding)
        return int(finding.get("failures", 0))

    failures = hub.db.run(work)
    if not result.is_away:
        return result
    return replace(result, retry_in_s=min(RETRY_S, FIRST_RETRY_S * 2.0 ** (min(failures, 10) - 1)))


def _forget(hub: Hub, row: ConnectionRow, stream: str) -> None:
    taken = cursor.take(hub.db, row.id, stream)
    if taken is not None:
        cursor.release(hub.db, taken, None)
