"""Writes that a field's turning null would cause wait for a person, from the first record of the row on.

Found when a target is compared, so that whatever brought it about (an event, a merge, a replay) is held
alike. The whole target waits, as with every plan; records that the source did not touch go on. Where something inside
a field turned null (`totals.total`), it is the writes of that field that wait.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from hub.flow.connection import ConnectionRow
from hub.flow.difference import Difference
from hub.rules.drift.nulls import is_nothing_inside
from hub.rules.projection import is_empty
from hub.store import drift as store
from hub.store import plan
from hub.store.database import Connection
from hub.store.drift import Drift


def hold_nulled(conn: Connection, row: ConnectionRow, compared: Sequence[Difference]) -> set[uuid.UUID]:
    """The targets of connection `row` that are held from now on because a source's field turned null.

    Its own system's targets are not: what it cleared itself is not written to it.
    """
    due = [each for each in compared if each.missing and each.due.cluster is not None]
    if not due:
        return set()
    kinds = sorted({each.due.kind for each in due})
    nulled = [one for one in store.nulled(conn, kinds) if one.connection_id != row.id]
    held: set[uuid.UUID] = set()
    for one in nulled:
        affected = _affected(conn, one, [each for each in due if each.due.kind == one.stream])
        if affected and plan.hold(conn, (row.id, plan.DRIFT, one.episode), affected):
            held.update(affected)
    return held


def _affected(conn: Connection, one: Drift, due: Sequence[Difference]) -> list[uuid.UUID]:
    """Targets to which a value would be sent that is empty, or another one because the source gave none."""
    head, _, rest = one.path.partition(".")
    differing = [each for each in due if head in each.missing]
    clusters = [each.due.cluster for each in differing if each.due.cluster is not None]
    if not clusters:
        return []
    touched = _touched_inside(conn, one, clusters, rest) if rest else store.touched(conn, one, clusters)

    def is_lost(value: Any) -> bool:
        return is_nothing_inside(value, rest) is True if rest else is_empty(value)

    return [
        each.due.id
        for each in differing
        if each.due.cluster in touched and (touched[each.due.cluster] or is_lost(each.missing[head]))
    ]


def _touched_inside(conn: Connection, one: Drift, clusters: Sequence[uuid.UUID], rest: str) -> dict[uuid.UUID, bool]:
    """As `store.touched`, of something inside a field."""
    found: dict[uuid.UUID, bool] = {}
    for cluster, value in store.given(conn, one, clusters):
        found[cluster] = found.get(cluster, False) or is_nothing_inside(value, rest) is True
    return found
