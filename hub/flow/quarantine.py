"""What people do with events that were set aside: run them again after a fix, or discard them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hub.flow import replay
from hub.flow.context import Hub
from hub.flow.replay import Preview
from hub.flow.subject import Subject, subject_of
from hub.model.identifier import format_id
from hub.store import audit, dependent, inbox, rerun
from hub.store.database import Connection
from hub.store.dependent import Standing
from hub.store.event import read_event
from hub.store.replay import Selection
from hub.store.rerun import Which

TRIED = 300
"""How many events a rehearsal tries: nobody waits for minutes."""


@dataclass(frozen=True, slots=True)
class Rerun:
    """How many events were put back into the queue, and the run that tells what came of it (None: there were none).

    `kept`: those that stay, since not all of their bytes are kept (`too_large`).
    """

    events: int
    run_id: UUID | None
    kept: int


def run_again(hub: Hub, actor: str, which: Which) -> Rerun:
    """Puts the quarantined events that fit back into the queue, under the rules in force now. Safe to repeat."""

    def work(conn: Connection) -> Rerun:
        run_id, count, kept = rerun.release(conn, which, actor)
        row = hub.connections.by_id(which.connection_id) if which.connection_id is not None else None
        detail = {"events": count, "connection": row.name if row else None, "cause": which.cause, "path": which.path}
        audit.append(conn, actor, "event.rerun", _subject(which.ids), detail=detail)
        return Rerun(count, run_id, kept)

    done = hub.db.run(work)
    hub.queue.wake("pipeline")
    return done


def rehearse(hub: Hub, which: Which) -> Preview:
    """What running them again would do now, tried on the first few hundred. Changes nothing."""
    ids = rerun.ids_of(hub.db, which, TRIED)
    return replay.dry_run(hub, Selection(ids=tuple(ids))) if ids else Preview()


def discard(hub: Hub, actor: str, ids: Sequence[UUID], reason: str) -> int:
    """Takes quarantined events out for good; they stay readable and are counted. Returns how many."""

    def work(conn: Connection) -> int:
        count = inbox.discard(conn, ids)
        rerun.forget(conn, ids)
        audit.append(conn, actor, "event.discarded", _subject(ids), reason, {"events": count})
        return count

    return hub.db.run(work)


def about(hub: Hub, event_id: UUID) -> tuple[Subject, Standing] | None:
    """Which record a quarantined event is about, what waits for it, and what is known beside it; None where it does not tell."""
    with hub.db.session() as conn:
        event = read_event(conn, hub.keyring, event_id)
    subject = subject_of(hub, event)
    if subject is None:
        return None
    key = (subject.connection_id, subject.object_type, subject.external_id)
    return subject, dependent.standing(hub.db, event_id, key)


def _subject(ids: Sequence[UUID] | None) -> str:
    return format_id("evt", ids[0]) if ids and len(ids) == 1 else ""
