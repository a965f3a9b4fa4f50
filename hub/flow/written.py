"""What was written to peers: noted at its version, folded in, and linked where the record is new."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.flow.connection import ConnectionRow
from hub.flow.context import Hub
from hub.flow.refold import refold
from hub.model.identifier import format_id
from hub.rules import register
from hub.rules.register import EVERY_OTHER, SEPARATOR, STATE, flatten
from hub.store import item as item_store
from hub.store import peer, record, target
from hub.store.claimed import Due
from hub.store.database import Connection
from hub.store.resolve import WRITE


@dataclass(frozen=True, slots=True)
class Written:
    """One write that took effect. `asserted`: canonical values; `major`: the version that the peer gave it.

    `before`: the fold of the peer's record as it was known before the call; None when only later
    knowledge is left, which may hold the write's own echo.
    """

    due: Due
    external_id: str
    asserted: dict[str, Any]
    major: int | None
    attempt_id: uuid.UUID
    before: Mapping[str, Any] | None = None


def note_writes(conn: Connection, hub: Hub, row: ConnectionRow, writes: Sequence[Written]) -> None:
    """Notes what peers' records were told and folds it in; attaches and links those that are new. A few statements in all.

    Locks records before targets, as everybody does.
    """
    keys = {(each.due.object_type, each.external_id): (each.due.kind, each.due.realm) for each in writes}
    found = peer.ensure(conn, row.id, keys)
    known = [(each, found[each.due.object_type, each.external_id]) for each in writes]
    told = [(each, one) for each, one in known if each.asserted]
    peer.add_writes(conn, [peer.Write(one, each.major, _flat(hub, each, one), each.attempt_id) for each, one in told])
    new = [(each.due, one) for each, one in known if each.due.rid != one.rid]
    # Never to be looked at by itself: what the hub made has no word of its own in anything.
    linked = {one.rid for _, one in new}
    # Not newer than all that is known there: whether the peer is in step has to be seen.
    late = {one.rid for each, one in told if each.major is not None and each.major <= one.last_major}
    refold(conn, hub, {one.rid for _, one in told} - late, cause=WRITE, linked=linked)
    if late:
        refold(conn, hub, late, linked=linked)
    _attach(conn, row, new)


def _flat(hub: Hub, each: Written, one: peer.Peer) -> dict[str, Any]:
    """What of a write is the hub's own doing: not what the peer had said itself before, be it in the same second.

    A peer's times may be coarse, and a write stands before what was observed at its version: had the
    hub "written" it, the peer's own words would pass for an echo, and the record for a mere copy.
    """
    # That it is alive is of the hub's making too: alone, a copy keeps nobody alive.
    told = {STATE: "live", **flatten(each.asserted, hub.registry.kinds[each.due.kind].identities)}
    if each.before is not None:
        said = register.decode(each.before).cells
    elif each.major is not None:
        said = {n: c for n, c in register.decode(one.fold).cells.items() if c.at is not None and c.at[0] < each.major}
    else:
        said = {}
    own = {name for name, value in told.items() if _said(said.get(name), value)}
    for prefix in {name.partition(SEPARATOR)[0] + SEPARATOR for name in own if SEPARATOR in name}:
        # "And no others" must not end the elements that are left out here.
        if prefix + EVERY_OTHER in told:
            told[prefix + EVERY_OTHER] = sorted(name.removeprefix(prefix) for name in own if name.startswith(prefix))
    return {name: value for name, value in told.items() if name not in own}


def _said(cell: register.Cell | None, value: Any) -> bool:
    return cell is not None and cell.own is not register.MISSING and cell.own == value == cell.expected


def _attach(conn: Connection, row: ConnectionRow, new: Sequence[tuple[Due, peer.Peer]]) -> None:
    if not new:
        return
    free = {due.id: one.rid for due, one in new if due.rid is None}
    refused = {due.id for due, _ in new} - free.keys() | (peer.attach(conn, free) if free else set())
    linked = [(due, one) for due, one in new if due.id not in refused]
    for due, _ in new:
        if due.id in refused:
            # Another id than it was addressed by, or a late second create: keep both, tell somebody.
            raise_item(
                conn, row, due, "duplicate", {"reason": "the peer answered with another external id than before"}
            )
    if linked:
        target.wake_children(conn, row.id, [due.owner_rid for due, _ in linked])
    rids = {rid for due, one in linked for rid in (one.rid, due.owner_rid)}
    stubs = [one.rid for _, one in linked if one.was_stub]
    marks = [{"rid": rid, "relink": True} for rid in sorted(rids)]
    marks += [{"rid": child, "relink": False} for child in record.unpark(conn, stubs)]
    record.append_marks(conn, marks)


def raise_item(conn: Connection, row: ConnectionRow, due: Due, type_: str, data: dict[str, Any]) -> None:
    """Asks a person to look at one delivery."""
    item_store.raise_item(
        conn, type_, f"{type_}:{due.id}", realm=due.realm, kind=due.kind, rid=due.owner_rid, connection_id=row.id,
        data={**data, "delivery": format_id("dlv", due.id)},
    )  # fmt: skip
