"""Writes that a field's turning null would cause wait for a person, from the first record of the row on.

Found when a target is compared, so that whatever brought it about (an event, a merge, a replay) is held
alike. The whole target waits, as with every plan; records that the source did not touch go on.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from hub.flow.connection import ConnectionRow
from hub.flow.difference import Difference
from hub.rules.projection import is_empty
from hub.store import drift as store
from hub.store import plan
from hub.store.database import Connection


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
        affected = [each for each in due if each.due.kind == one.stream and one.path in each.missing]
        touched = (
            store.touched(conn, one, [each.due.cluster for each in affected if each.due.cluster]) if affected else {}
        )
        found = [
            each.due.id for each in affected
            if each.due.cluster in touched and (is_empty(each.missing[one.path]) or touched[each.due.cluster])
        ]  # fmt: skip
        if found and plan.hold(conn, (row.id, plan.DRIFT, one.episode), found):
            held.update(found)
    return held
