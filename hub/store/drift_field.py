"""Mapped fields of each connection's kinds: how often they had a value while that was learnt, and nulls in a row since."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from hub.store.database import Connection

Kind = tuple[int, str]
"""(connection id, kind)."""


@dataclass(frozen=True, slots=True)
class Known:
    """A field. `last_key`: the record of the newest null, as a hash."""

    seen: int = 0
    filled: int = 0
    run: int = 0
    first_event: uuid.UUID | None = None
    last_key: str = ""


class Counts(Protocol):
    """What a batch adds."""

    @property
    def seen(self) -> int:
        """Records that said something of the field."""

    @property
    def filled(self) -> int:
        """Those with a value."""


class Standing(Protocol):
    """The row of nulls that a batch ends with."""

    @property
    def length(self) -> int:
        """How many."""

    @property
    def first(self) -> uuid.UUID | None:
        """The event it began with."""

    @property
    def key(self) -> str:
        """The last record of it."""


_COLUMNS = "field, seen, filled, run, first_event, last_key"


def load(conn: Connection, kinds: Iterable[Kind]) -> dict[Kind, dict[str, Known]]:
    """The fields of kinds of connections."""
    found: dict[Kind, dict[str, Known]] = {kind: {} for kind in kinds}
    sql = f"select connection_id, kind, {_COLUMNS} from drift_field where connection_id = any(%s)"  # noqa: S608 -- constant
    for connection_id, kind, name, *rest in conn.execute(sql, (list({one[0] for one in found}),)):
        if (connection_id, kind) in found:
            found[connection_id, kind][name] = Known(*rest)
    return found


def take(conn: Connection, kind: Kind, names: Sequence[str]) -> dict[str, Known]:
    """Fields, made when missing, locked for this (short) transaction: the row of nulls is one for all workers."""
    key = (*kind, sorted(names))
    conn.execute(
        "insert into drift_field (connection_id, kind, field) select %s, %s, unnest(%s::text[]) on conflict do nothing",
        key,
    )
    rows = conn.execute(
        f"select {_COLUMNS} from drift_field"  # noqa: S608 -- constant text
        " where connection_id = %s and kind = %s and field = any(%s) order by field for update",
        key,
    )
    return {name: Known(*rest) for name, *rest in rows}


def save(conn: Connection, kind: Kind, found: Mapping[str, tuple[Counts, Standing, bool]]) -> None:
    """Stores where fields stand: what a batch adds, the row it ends with, and whether shares are still learnt."""
    rows = [
        (name, counts.seen if is_learning else 0, counts.filled if is_learning else 0, run.length, run.first, run.key)
        for name, (counts, run, is_learning) in found.items()
    ]
    conn.execute(
        "update drift_field d set seen = d.seen + n.seen, filled = d.filled + n.filled, run = n.run,"
        " first_event = n.first_event, last_key = n.last_key"
        " from unnest(%s::text[], %s::bigint[], %s::bigint[], %s::integer[], %s::uuid[], %s::text[])"
        " as n(field, seen, filled, run, first_event, last_key)"
        " where d.connection_id = %s and d.kind = %s and d.field = n.field",
        (*map(list, zip(*rows, strict=True)), *kind),
    )
