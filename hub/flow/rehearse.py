"""Acts of a steward carried out for show: what would come of them, and nothing of it stays.

The very same functions decide and resolve inside a transaction that is rolled back, so the plan a person
sees equals the deed.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from hub.flow import resolve
from hub.flow.context import Hub
from hub.flow.difference import differences
from hub.flow.stewardship import Work
from hub.store import claimed
from hub.store import conflict as conflict_store
from hub.store import golden as golden_store
from hub.store import record as record_store
from hub.store import replay as marks_store
from hub.store import resolve as store
from hub.store import target as target_store
from hub.store.database import Connection
from hub.store.golden import Golden

Rid = uuid.UUID


@dataclass(frozen=True, slots=True)
class Sending:
    """What one peer would be sent: `action` create, update or delete; `external_id` None for a record to be made."""

    connection: str
    external_id: str | None
    action: str
    fields: tuple[str, ...]


@dataclass(slots=True)
class Prospect:
    """Golden records before and after an act, by id, and what would be sent because of it.

    `disputed`: fields that systems would disagree about, and did not before.
    """

    before: dict[Rid, Golden] = field(default_factory=dict)
    after: dict[Rid, Golden] = field(default_factory=dict)
    sendings: list[Sending] = field(default_factory=list)
    disputed: list[str] = field(default_factory=list)

    @property
    def gone(self) -> list[Rid]:
        """Ids that would lead to another record."""
        return sorted(self.before.keys() - self.after.keys())

    @property
    def born(self) -> list[Rid]:
        """Ids that would stand for themselves again."""
        return sorted(self.after.keys() - self.before.keys())


class _RehearsedError(Exception):
    """Ends the transaction without a commit."""


def rehearse(hub: Hub, work: Work) -> Prospect:
    """What `hub.flow.stewardship.carry_out` would do with `work`. Errors: those of the work. Changes nothing."""
    found = Prospect()

    def whole(conn: Connection) -> None:
        _, last = marks_store.positions(conn)
        act_id, rids = work(conn)
        found.before = golden_store.load(conn, set(store.clusters_of(conn, rids).values()))
        disputed = conflict_store.disputed(conn, found.before)
        rows = [{"rid": rid, "relink": True, "cause": "merge", "cause_id": act_id} for rid in sorted(rids)]
        record_store.append_marks(conn, rows)
        while resolve.resolve_marks(conn, hub, resolve.BATCH, after=last):
            pass
        found.after = golden_store.load(conn, set(store.clusters_of(conn, rids).values()))
        found.disputed = sorted(conflict_store.disputed(conn, found.after) - disputed)
        found.sendings = _sendings(conn, hub, store.members(conn, found.after))
        raise _RehearsedError

    with suppress(_RehearsedError):
        hub.db.run(whole, durable=False)
    return found


def _sendings(conn: Connection, hub: Hub, rids: Iterable[Rid]) -> list[Sending]:
    found: list[Sending] = []
    due = claimed.load(conn, target_store.due_of_owners(conn, list(rids)))
    by_connection: dict[int, list[claimed.Due]] = {}
    for each in due.values():
        by_connection.setdefault(each.connection_id, []).append(each)
    for connection_id, dues in sorted(by_connection.items()):
        row = hub.connections.by_id(connection_id)
        there = {each.rid for each in dues}
        for difference in differences(conn, hub, row, dues):
            action = "create" if difference.due.rid is None else "update"
            if difference.missing and not _is_spare(difference.due, there):
                names = tuple(sorted(difference.missing))
                found.append(Sending(row.name, difference.due.external_id, action, names))
    return found


def _is_spare(due: claimed.Due, there: set[Rid | None]) -> bool:
    """Whether a record that was to be created is not needed: the entity has one there, or an elder creates it."""
    return due.rid is None and bool(due.twin or due.elder or due.adoptable in there - {None})


def compared(prospect: Prospect) -> list[tuple[str, dict[Rid, Any], dict[Rid, Any]]]:
    """Per field that would differ anywhere: its values before and after, by golden id."""
    names = dict.fromkeys(n for side in (prospect.before, prospect.after) for g in side.values() for n in g.data)
    rows = []
    for name in names:
        before = {id_: golden.data.get(name) for id_, golden in prospect.before.items()}
        after = {id_: golden.data.get(name) for id_, golden in prospect.after.items()}
        if any(before.get(id_) != value for id_, value in after.items()) or len({*map(repr, before.values())}) > 1:
            rows.append((name, before, after))
    return rows
