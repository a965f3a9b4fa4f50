"""Runs stored events again: after a fix of a mapping, or to look what that would change.

A replay replaces what the events said (their observations) by what they say under the rules in
force; golden records follow through the one recompute path. Under the same release it changes and
sends nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.errors import ConfigError
from hub.flow import resolve
from hub.flow.context import Hub
from hub.flow.record import map_event, store_mapped
from hub.model.identifier import format_id
from hub.store import audit, inbox
from hub.store import replay as store
from hub.store import run as run_store
from hub.store.database import Connection
from hub.store.replay import Selection
from hub.store.run import Asked, Coverage, Run, Status

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

    More than a few events by id is a run: it can be watched, and stopped after the chunk at hand; then
    `is_cancelled`. When this process dies, a worker goes on with it within two minutes.
    """
    run_id = None if selection.ids else hub.db.run(lambda conn: _begin(conn, selection, go=False))
    try:
        return _carry_on(hub, selection, run_id, progress)
    finally:
        hub.queue.wake("pipeline")


def ask(hub: Hub, selection: Selection, actor: str) -> uuid.UUID:
    """Has a worker do it; returns the run that shows how it goes."""

    def work(conn: Connection) -> uuid.UUID:
        run_id = _begin(conn, selection, go=True)
        audit.append(conn, actor, "run.replay", format_id("run", run_id), detail=packed(selection))
        return run_id

    run_id = hub.db.run(work)
    hub.queue.wake("poll")
    return run_id


def run_due(hub: Hub) -> int:
    """Goes on with one replay that waits for a worker, to its end; returns how many events were put back."""
    run = run_store.take_replay(hub.db)
    if run is None or run.position is None:
        return 0
    try:
        result = _carry_on(hub, unpacked(run.position["selection"]), run.id, None, run)
    finally:
        hub.queue.wake("pipeline")
    return max(1, result.done + result.quarantined)


def _begin(conn: Connection, selection: Selection, *, go: bool) -> uuid.UUID:
    position = {"selection": packed(selection), **({"go": True} if go else {})}
    run_id = run_store.queue(conn, "replay", selection.connection_id, None, position)
    if not go:
        run_store.begin(conn, run_id)
    run_store.note_total(conn, run_id, store.count(conn, selection))
    return run_id


def packed(selection: Selection) -> dict[str, Any]:
    """A selection as it is kept with its run."""
    since = selection.since.isoformat() if selection.since else None
    return {"connection": selection.connection_id, "since": since, "status": selection.status}


def unpacked(stored: Mapping[str, Any]) -> Selection:
    """The selection that was kept so."""
    since = datetime.fromisoformat(stored["since"]) if stored["since"] else None
    return Selection(stored["connection"], since, stored["status"])


def _carry_on(
    hub: Hub,
    selection: Selection,
    run_id: uuid.UUID | None,
    progress: Callable[[int], None] | None,
    run: Run | None = None,
) -> Replayed:
    result = Replayed()
    if run is not None:
        result = Replayed(run.counts.get("done", 0), run.counts.get("quarantined", 0))
    try:
        wish = _requeue(hub, selection, result, run_id, progress, (run.position or {}).get("after") if run else None)
    except BaseException as error:
        _end(hub, run_id, "failed", result, f"it stopped with {type(error).__name__}")
        raise
    result.is_cancelled = wish is not None
    if wish == "pause" and run_id is not None:
        run_store.hold(hub.db, run_id)
    elif wish == "cancel":
        _end(hub, run_id, "cancelled", result, "somebody ended it")
    else:
        _end(hub, run_id, "done", result)
    return result


def _requeue(
    hub: Hub,
    selection: Selection,
    result: Replayed,
    run_id: uuid.UUID | None,
    progress: Callable[[int], None] | None,
    after: str | None,
) -> Asked | None:
    """Puts events back; returns what made it stop before its end."""
    if after is None and selection.status in (None, "quarantined"):
        result.quarantined = hub.db.run(lambda conn: _release(conn, selection))
    if selection.status not in (None, "done"):
        return None
    last = uuid.UUID(after) if after else None

    def chunk(conn: Connection) -> tuple[list[uuid.UUID], Asked | None]:
        ids = store.done_events(conn, selection, last, CHUNK)
        counts = {**result.counts, "done": result.done + inbox.requeue(conn, ids)}
        if run_id is None or not ids:
            return ids, None
        run_store.place(conn, run_id, {"selection": packed(selection), "after": str(ids[-1])})
        return ids, run_store.progress(conn, run_id, counts)

    while True:
        ids, wish = hub.db.run(chunk)
        if not ids:
            return None
        result.done += len(ids)
        last = ids[-1]
        if progress:
            progress(result.done)
        if wish is not None:
            return wish


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
    ids = first_events(conn, selection)
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


def first_events(conn: Connection, selection: Selection) -> list[uuid.UUID]:
    """The events that a dry run looks at, in the order of the replay; more than `DRY_RUN_LIMIT` when there are more."""
    ids: list[uuid.UUID] = []
    if selection.status in (None, "quarantined"):
        ids += store.quarantined_events(conn, selection)
    if selection.status in (None, "done"):
        ids += store.done_events(conn, selection, None, DRY_RUN_LIMIT + 1)
    return ids


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
