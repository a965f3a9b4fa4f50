"""T2, first half: records are linked anew under the turn of their kind, and what that concerns is marked for the second half.

Only this changes clusters, one worker at a time for each kind of a realm. Lock order: marks, turns, records by id.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from hub.flow import cluster as clusters
from hub.flow import release, review, scoring
from hub.flow.context import Hub
from hub.store import record as record_store
from hub.store import resolve as store
from hub.store.database import Connection
from hub.store.resolve import Mark

Rid = uuid.UUID


class TurnTakenError(Exception):
    """Somebody else has the turn of a kind."""


def link(conn: Connection, hub: Hub, limit: int, after: int = 0, *, wait: bool = True) -> int:
    """Works off up to `limit` marks (younger than `after`) that ask for links; returns how many it took.

    Each leaves a mark for the golden records that it concerns, in the same transaction. Idempotent. Errors:
    `TurnTakenError` when `wait` is False and somebody else has the turn; nothing is done then.
    """
    marks = store.take_marks(conn, limit, after, relink=True)
    if not marks:
        return 0
    release.ensure(conn, hub)
    kinds = store.kinds_of(conn, {mark.rid for mark in marks})
    relink = set(kinds)
    rekeyed = {mark.rid for mark in marks if mark.rekey and mark.rid in kinds}
    # Of kinds that are scored hardly a batch is without a record that shares something: the turn is needed anyway.
    alone = {rid for rid in relink - rekeyed if kinds[rid][1] not in hub.rules.matching}
    loose = store.loose(conn, alone) if alone else set()
    relink -= loose
    own = {kinds[rid] for rid in relink}
    if not store.take_turns(conn, {kinds[rid] for rid in loose}, own, wait=wait):
        raise TurnTakenError
    # They looked alone, and are no more: whoever had the turn before saw a key of theirs that is gone by now.
    joined = store.with_others(conn, loose) if loose else set()
    again = {rid for rid in joined if kinds[rid] not in own}
    if rekeyed:
        scoring.rekey(conn, hub, rekeyed)
    wanted = {rid: kinds[rid] for rid in relink | (joined - again)}
    linking = clusters.relink(conn, hub, wanted) if wanted else clusters.Relinked()
    moved = {rid: new for rid, (_, new) in linking.moves.items()}
    if moved:
        store.lock(conn, moved)
        store.set_clusters(conn, moved)
    review.refresh(conn, hub, linking)
    rows = [mark.as_row() for mark in marks if mark.rid in again]
    rows += _forwarded([mark for mark in marks if mark.rid in kinds and mark.rid not in again], linking)
    record_store.append_marks(conn, rows)
    return len(marks)


def _forwarded(marks: Iterable[Mark], linking: clusters.Relinked) -> list[dict[str, Any]]:
    """What the second half is to look at: the marked records, those that changed their cluster, those whose numbers may have passed on."""
    was = {rid: old for rid, (old, _) in linking.moves.items()}
    rows = [{**mark.as_row(), "relink": False, "rekey": False, "was": was.get(mark.rid, mark.was)} for mark in marks]
    by_home = {linking.homes.get(mark.rid, mark.rid): mark for mark in marks}
    marked = {mark.rid for mark in marks}
    # Of these nothing was said: their targets are looked at where the golden record changes, and not otherwise.
    rows += [_unsaid(rid, by_home.get(linking.homes[rid]), old) for rid, old in was.items() if rid not in marked]
    rows += [_unsaid(id_, by_home.get(home), None) for id_, home in linking.passed.items()]
    return rows


def _unsaid(rid: Rid, cause: Mark | None, was: Rid | None) -> dict[str, Any]:
    is_event = cause is None or cause.cause in ("event", store.WRITE)
    return {
        "rid": rid,
        "relink": False,
        "cause": store.WRITE if is_event or cause is None else cause.cause,
        "cause_id": cause.cause_id if cause else None,
        "was": was,
    }
