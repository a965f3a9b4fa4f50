"""Runs stored events again: after a fix of a mapping, or to look what that would change.

A replay replaces what the events said (their observations) by what they say under the rules in
force; golden records follow through the one recompute path. Under the same release it changes and
sends nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.errors import ConfigError
from hub.flow import resolve
from hub.flow.context import Hub
from hub.flow.record import map_event, store_mapped
from hub.store import inbox
from hub.store import replay as store
from hub.store import run as run_store
from hub.store.database import Connection
from hub.store.replay import Selection
from hub.store.run import Coverage, Status

CHUNK = 500
DRY_RUN_LIMIT = 5_000
"""A dry run holds its locks until it is rolled back, so it looks at no more events than this."""


@dataclass(slots=True)
class Replayed:
    """How many events were put back into the queue, by where they were."""

    done: int = 0
    quarantined: int = 0
    is_cancelled: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """The numbers by name."""
        return {"done": self.done, "quarantined": self.quarantined}


@dataclass(slots=True)
class Preview:
    """What a replay would do. `changes`: field-level differences of golden records; `targets`: what would be sent, per connection."""

    events: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    targets: dict[str, int] = field(default_factory=dict)
    truncated: bool = False


def replay(hub: Hub, selection: Selection, progress: Callable[[int], None] | None = None) -> Replayed:
    """Puts the selected events back into the queue, in chunks of one commit each. Safe to repeat.

    More than a few events by id is a run: it can be watched, and ended after the chunk at hand; then
    `is_cancelled`.
    """
    result = Replayed()
    run_id = None if selection.ids else run_store.start(hub.db, "replay", selection.connection_id)
    try:
        _requeue(hub, selection, result, run_id, progress)
    except BaseException as error:
        _end(hub, run_id, "failed", result, f"it stopped with {type(error).__name__}")
        raise
    finally:
        hub.queue.wake("pipeline")
    if result.is_cancelled:
        _end(hub, run_id, "cancelled", result, "somebody ended it")
    else:
        _end(hub, run_id, "done", result)
    return result


def _requeue(
    hub: Hub, selection: Selection, result: Replayed, run_id: uuid.UUID | None, progress: Callable[[int], None] | None
) -> None:
    if selection.status in (None, "quarantined"):
        result.quarantined = hub.db.run(lambda conn: _release(conn, selection))
    if selection.status not in (None, "done"):
        return
    after: uuid.UUID | None = None
    while ids := hub.db.run(lambda conn, after=after: store.done_events(conn, selection, after, CHUNK)):  # type: ignore[misc]
        result.done += hub.db.run(lambda conn, ids=ids: inbox.requeue(conn, ids))  # type: ignore[misc]
        after = ids[-1]
        if progress:
            progress(result.done)
        if run_id and hub.db.run(lambda conn: run_store.progress(conn, run_id, result.counts)) == "cancel":
            result.is_cancelled = True
            return


def _end(hub: Hub, run_id: uuid.UUID | None, status: Status, result: Replayed, note: str = "") -> None:
    if run_id is not None:
        coverage: Coverage = "complete" if status == "done" else "partial"
        run_store.end(hub.db, run_id, status, outcome=status, coverage=coverage, counts=result.counts, note=note)


def _release(conn: Connection, selection: Selection) -> int:
    if selection.since is None and not selection.ids:
        return inbox.release_quarantine(conn, connection_id=selection.connection_id)
    ids = store.quarantined_events(conn, selection)
    return inbox.release_quarantine(conn, ids=ids) if ids else 0


class _RollBackError(Exception):
    """Ends a dry run."""


def dry_run(hub: Hub, selection: Selection) -> Preview:
    """Runs the selected events through T1 and T2 in a transaction that is rolled back, and reports its effect.

    The plan is the deed: it is the same code on the same data. Changes nothing.
    """
    preview = Preview()
    try:
        with hub.db.transaction(durable=False) as conn:
            _rehearse(conn, hub, selection, preview)
            raise _RollBackError  # noqa: TRY301 -- the way to end a transaction without its effect
    except _RollBackError:
        return preview


def _rehearse(conn: Connection, hub: Hub, selection: Selection, preview: Preview) -> None:
    ids: list[uuid.UUID] = []
    if selection.status in (None, "quarantined"):
        ids += store.quarantined_events(conn, selection)
    if selection.status in (None, "done"):
        ids += store.done_events(conn, selection, None, DRY_RUN_LIMIT + 1)
    preview.truncated = len(ids) > DRY_RUN_LIMIT
    ids = ids[:DRY_RUN_LIMIT]
    preview.events = len(ids)
    first, marks = store.positions(conn)
    before = store.dirty_counts(conn)
    for start in range(0, len(ids), CHUNK):
        _map_chunk(conn, hub, ids[start : start + CHUNK], preview)
    while resolve.resolve_marks(conn, hub, CHUNK, after=marks):
        pass
    preview.changes = store.changes_after(conn, first)
    preview.targets = _named(hub, store.dirty_counts(conn), before)


def _map_chunk(conn: Connection, hub: Hub, ids: Sequence[uuid.UUID], preview: Preview) -> None:
    mapped = [map_event(hub, event) for event in inbox.read_many(conn, hub.keyring, ids)]
    bad = [m for m in mapped if m.problems]
    preview.problems.extend(
        {"event": m.event.id, "problems": [problem.as_dict() for problem in m.problems]} for m in bad
    )
    good = [m for m in mapped if not m.problems]
    store_mapped(conn, hub, good, {m.event.id for m in good})


def _named(hub: Hub, after: dict[int, int], before: dict[int, int]) -> dict[str, int]:
    return {
        hub.connections.by_id(id_).name: count - before.get(id_, 0)
        for id_, count in sorted(after.items())
        if count > before.get(id_, 0)
    }


def select(hub: Hub, connection: str | None, since: datetime | None, status: str | None) -> Selection:
    """The selection of the command line; `ConfigError` for an unknown status."""
    if status not in (None, "done", "quarantined"):
        raise ConfigError(f"status {status!r} is not known: use done or quarantined, or leave it out for both")
    return Selection(hub.connections.by_name(connection).id if connection else None, since, status)
