"""Tries that were called failed, or were never answered, and took effect after all: the peer's own events give them away.

Unless they are noted as the hub's, such an echo passes for the peer's own word, and wins over what others say.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from hub.flow.connection import ConnectionRow
from hub.flow.context import Hub
from hub.flow.observe import line_item
from hub.flow.outcome import major_of
from hub.flow.written import Written, note_writes
from hub.rules import register
from hub.rules.register import EVERY_OTHER, MISSING, SEPARATOR, Fold, flatten, loose_equal
from hub.store import attempt, record
from hub.store.attempt import Attempt
from hub.store.claimed import Due
from hub.store.database import Connection

# A call that lands late lands within this time of being begun.
OVERTAKEN_S: Final = 3600.0


def overtaken(conn: Connection, dues: Mapping[uuid.UUID, Due]) -> dict[uuid.UUID, list[Attempt]]:
    """Tries that did not succeed before a later one did, of targets whose system says something itself: target id -> tries."""
    speaking = [id_ for id_, due in dues.items() if due.fold and due.fold.get("v")]
    return attempt.overtaken(conn, speaking, OVERTAKEN_S)


def settle_echoes(
    conn: Connection,
    hub: Hub,
    row: ConnectionRow,
    due: Due,
    tries: Sequence[Attempt],
    late: Sequence[Attempt] = (),
) -> set[uuid.UUID]:
    """Notes what unaccounted tries wrote, where the peer has said it since; returns those tries.

    `tries`: since the last that surely took effect, newest first. `late`: those before it (`overtaken`), oldest first, with
    the version of the one that did. What the peer had said before a try is its own.
    """
    settled: set[uuid.UUID] = set()
    if not (tries or late) or due.rid is None or due.external_id is None:
        return settled
    now = register.decode(due.fold or {})
    for each, until in [*((old, major_of(old.version)) for old in late), *((new, None) for new in reversed(tries))]:
        # Nothing to ask the store for, which is how most failures are.
        if not _new_words(hub, due, each.asserted, now, Fold({}), until):
            continue
        before = _known_before(conn, due.rid, each.started_at)
        found = _new_words(hub, due, each.asserted, now, before, until)
        if found:
            told = {name: each.asserted[name] for name in found}
            packed = register.encode(before)
            note_writes(conn, hub, row, [
                Written(due, due.external_id, told, min(found.values()), each.id, before=packed)
            ])  # fmt: skip
            attempt.end(conn, [each.id], "applied")
            settled.add(each.id)
    return settled


def _new_words(
    hub: Hub, due: Due, asserted: dict[str, Any], now: Fold, before: Fold, until: int | None
) -> dict[str, int]:
    """Fields of which the peer said `asserted`, a word of its own that it had not said `before`: field -> its version.

    It must hold it still; or, with `until`, have said it before that version.
    """
    identities = hub.registry.kinds[due.kind].identities
    found: dict[str, int] = {}
    for name, value in asserted.items():
        flat = {n: v for n, v in flatten({name: value}, identities).items() if not n.endswith(SEPARATOR + EVERY_OTHER)}
        cells = {n: now.cells.get(n, register.Cell()) for n in flat}
        if until is None and not all(loose_equal(cells[n].expected, v) for n, v in flat.items() if v is not None):
            continue
        said = [
            cell.at[0] for n, cell in cells.items()
            if cell.at is not None and cell.own is not MISSING and loose_equal(cell.own, flat[n])
            and (until is None or cell.at[0] < until) and not _had_said(before.cells.get(n), cell)
        ]  # fmt: skip
        if said:
            found[name] = min(said)
    return found


def _had_said(before: register.Cell | None, cell: register.Cell) -> bool:
    return before is not None and before.own is not MISSING and before.own == cell.own


def _known_before(conn: Connection, rid: uuid.UUID, moment: datetime) -> Fold:
    """The record as it was known when a call began. Later writes take nothing from what it had said itself."""
    first = uuid.UUID(int=int(moment.timestamp() * 1000) << 80)  # event ids begin with their time of receipt
    lines = record.lines(conn, [rid])[rid]
    return register.fold(line_item(line) for line in lines if line.event_id is None or line.event_id < first)
