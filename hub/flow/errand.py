"""What somebody asks for in a page and that may take long: putting a release in force, trying out a replay.

Each is a run. It says how far it is and what came of it, goes on in another process when its own dies, and can be ended. One that
is small is done at once by the process that was asked; the function that does it is the same.
"""

from __future__ import annotations

import logging
import traceback
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NoReturn

from hub.errors import ConflictError, HubError
from hub.flow import forecast, release, replay, site
from hub.flow.context import Hub
from hub.flow.forecast_kept import kept
from hub.flow.reshape import written
from hub.flow.rules import Rules, publish_release
from hub.model.identifier import format_id
from hub.store import audit, console_mapping
from hub.store import errand as store
from hub.store import release as release_store
from hub.store import run as run_store
from hub.store.database import Connection
from hub.store.replay import Selection
from hub.store.run import Coverage, Run, Status

SMALL_RECORDS = 1_000
SMALL_EVENTS = 200
"""So much is done while somebody waits for the page: a fraction of a second."""
TRIES = 3
_log = logging.getLogger(__name__)

Report = Callable[[int], None]


class _EndedError(Exception):
    """Somebody ended it."""


def ask_activation(hub: Hub, number: int | None, expected: str, actor: str, reason: str) -> uuid.UUID | None:
    """Has the files on disk (None), or an earlier release, put in force; returns the run, None when they are in force already.

    Asked twice for the same, the run is the same. `expected`: the digest of the `site.Consequence` that was looked at. Errors: as
    `site.put_in_force`, and `ConflictError` while another release is being put in force.
    """
    new = site.rules_as_planned(hub, number, expected)
    publish_release(hub.db, new)
    before = release.in_force(hub)
    if before == new.release_id:
        return None
    targets, size = _size(hub, before, new)
    position = {"release": new.release_id, "before": before, "by": actor, "reason": reason, "go": True}

    def work(conn: Connection) -> tuple[uuid.UUID, bool]:
        store.lock(conn)
        for run in store.open_ones(conn, "activation"):
            if run.position and run.position["release"] == new.release_id:
                return run.id, False
            raise ConflictError(f"another release is being put in force just now: see {format_id('run', run.id)}")
        run_id = run_store.queue(conn, "activation", None, None, position)
        run_store.note_total(conn, run_id, targets)
        return run_id, True

    run_id, is_new = hub.db.run(work)
    return _begun(hub, run_id, is_small=is_new and size <= SMALL_RECORDS)


def _size(hub: Hub, before: int | None, new: Rules) -> tuple[int, int]:
    """How many records are compared with how they were written, and of how many something is to be done at all."""
    old = release_store.get(hub.db, before) if before is not None else None
    if old is None:
        return 0, 0
    rows = hub.connections.all()
    parts = written(rows, release.changed_parts(old.manifest, new.manifest, rows))
    kinds = release.changed_kinds(old.manifest, new.manifest)
    with hub.db.session() as conn:
        targets = release_store.count_live_targets(conn, [(row.id, kind) for row, kind in parts])
        return targets, targets + sum(console_mapping.members(conn, kinds).values())


def ask_rehearsal(hub: Hub, selection: Selection, actor: str) -> uuid.UUID:
    """Has somebody try out a replay; returns the run, whose result says what would change and be sent. Changes nothing else."""
    with hub.db.session() as conn:
        count = min(len(replay.first_events(conn, selection)), replay.DRY_RUN_LIMIT)
    position = {"selection": replay.packed(selection), "by": actor, "go": True}

    def work(conn: Connection) -> uuid.UUID:
        run_id = run_store.queue(conn, "rehearsal", selection.connection_id, None, position)
        run_store.note_total(conn, run_id, count)
        audit.append(conn, actor, "run.rehearsal", format_id("run", run_id), detail=replay.packed(selection))
        return run_id

    return _begun(hub, hub.db.run(work), is_small=count <= SMALL_EVENTS)


def _begun(hub: Hub, run_id: uuid.UUID, *, is_small: bool) -> uuid.UUID:
    run = store.take(hub.db, run_id) if is_small else None
    if run is not None:
        _carry_out(hub, run, lambda: None)
    else:
        hub.queue.wake("poll")
    return run_id


def run_due(hub: Hub, alive: Callable[[], None] = lambda: None) -> int:
    """Does one errand that waits, or was left behind, to its end; returns how many. `alive` is called after each step."""
    run = store.take(hub.db)
    if run is None:
        return 0
    _carry_out(hub, run, alive)
    return 1


def _carry_out(hub: Hub, run: Run, alive: Callable[[], None]) -> None:
    counts: dict[str, int] = {}

    def report(more: int) -> None:
        counts["items"] = counts.get("items", 0) + more
        wish = hub.db.run(lambda conn: run_store.progress(conn, run.id, counts))
        alive()
        if wish == "cancel":
            raise _EndedError

    def end(status: Status, note: str = "") -> None:
        coverage: Coverage = "complete" if status == "done" else "skipped"
        run_store.end(hub.db, run.id, status, outcome=status, coverage=coverage, counts=counts, note=note)

    position = run.position or {}
    try:
        if position.get("tries", 0) > TRIES:
            _give_up()
        work = _activate if run.type == "activation" else _rehearse
        result = work(hub, position, report)
    except _EndedError:
        end("cancelled", "somebody ended it")
    except HubError as error:
        end("failed", str(error)[:2000])
    except Exception as error:  # noqa: BLE001 -- a fault of ours: told by its name only, texts of databases quote values
        _log.error("%s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
        end("failed", f"it stopped with {type(error).__name__}; the log has the place")
    else:
        hub.db.run(lambda conn: store.keep(conn, run.id, result))
        end("done")


def _give_up() -> NoReturn:
    raise ConflictError(
        f"its process ended {TRIES} times before it was done: look into the log, and at the memory of the machine"
    )


def _activate(hub: Hub, position: Mapping[str, Any], report: Report) -> dict[str, Any]:
    number, now = position["release"], release.in_force(hub)
    if now not in (number, position["before"]):
        raise ConflictError(f"release {now} was put in force in the meantime: look again at what follows")
    rules = release.earlier(hub, number)
    kinds = release.activate(replace(hub, rules=rules), position["by"], position["reason"], report)
    hub.connections.reload()
    release.follow(hub)
    return {"release": number, "kinds": kinds}


def _rehearse(hub: Hub, position: Mapping[str, Any], report: Report) -> dict[str, Any]:
    with hub.db.session() as conn:
        ids = replay.first_events(conn, replay.unpacked(position["selection"]))
    return kept(forecast.of_replay(hub, ids, report), hub.registry.kinds)
