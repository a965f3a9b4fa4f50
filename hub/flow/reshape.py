"""Which records a changed mapping writes in another shape: the same values, said differently to their system."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from hub.flow.connection import ConnectionRow
from hub.flow.context import Hub
from hub.flow.difference import Difference, differences
from hub.store import claimed
from hub.store import release as store
from hub.store.database import Connection

CHUNK = 500
Target = uuid.UUID


class Reshaping:
    """Compares what the rules of before write with what those of now write, for each (connection, kind) in `changed`.

    Looks at all targets when it is made, and when it is called once more at those that changed since:
    that call is short, so it may be made while nobody else writes. `progress` hears of each chunk of the first look.
    """

    def __init__(
        self,
        before: Hub,
        now: Hub,
        changed: Collection[tuple[str, str]],
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._before, self._now = before, now
        self._parts = written(now.connections.all(), changed)
        self._seen: dict[Target, int] = {}
        self._found: set[Target] = set()
        for row, kind in self._parts:
            for marks in self._chunks(row, kind):
                now.db.run(lambda conn, marks=marks, row=row: self._look(conn, row, marks))  # type: ignore[misc]
                if progress is not None:
                    progress(len(marks))

    def __call__(self, conn: Connection) -> Mapping[int, Sequence[Target]]:
        """Per connection the targets whose record is written differently, as of now."""
        found: dict[int, list[Target]] = {}
        for row, kind in self._parts:
            for marks in self._chunks(row, kind, conn):
                self._look(conn, row, {id_: mark for id_, mark in marks.items() if self._seen.get(id_) != mark})
                found.setdefault(row.id, []).extend(id_ for id_ in marks if id_ in self._found)
        return found

    def _chunks(self, row: ConnectionRow, kind: str, conn: Connection | None = None) -> Iterator[dict[Target, int]]:
        def read(conn: Connection) -> dict[Target, int]:
            return dict(store.live_targets(conn, row.id, kind, after, CHUNK))

        after: Target | None = None
        while marks := read(conn) if conn is not None else self._now.db.run(read):
            after = max(marks)
            yield marks

    def _look(self, conn: Connection, row: ConnectionRow, marks: Mapping[Target, int]) -> None:
        if not marks:
            return
        dues = list(claimed.load(conn, marks).values())
        before = {each.due.id: shape_of(each) for each in differences(conn, self._before, row, dues)}
        for each in differences(conn, self._now, row, dues):
            is_other = before[each.due.id] != shape_of(each)
            (self._found.add if is_other else self._found.discard)(each.due.id)
        self._seen.update(marks)


def written(rows: Iterable[ConnectionRow], changed: Collection[tuple[str, str]]) -> list[tuple[ConnectionRow, str]]:
    """Of (connection, kind) by name those that are written to now."""
    return [
        (row, kind) for row in rows for name, kind in sorted(changed)
        if row.name == name and row.writes(kind) and row.disconnected_at is None
    ]  # fmt: skip


def shape_of(each: Difference) -> dict[str, Any] | None:
    """The record as its system would be sent it; None when it cannot be sent now."""
    try:
        return each.project(each.wanted) if each.wanted else None
    except Exception:  # noqa: BLE001 -- a fault of one record is shown where it is delivered
        return None
