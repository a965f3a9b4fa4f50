"""The guard: a single cause that would change many targets, or empty a field on more than a few, waits for a person."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from hub.errors import ConflictError, NotFoundError
from hub.flow.connection import ConnectionRow
from hub.flow.context import Hub
from hub.flow.difference import Difference, differences
from hub.model.identifier import format_id
from hub.rules.projection import cleared
from hub.store import claimed, drift, peer, statistics
from hub.store import connection as connection_store
from hub.store import item as item_store
from hub.store import plan as store
from hub.store.database import Connection
from hub.store.plan import Plan

CHUNK: Final = 500
SAMPLES: Final = 10


@dataclass(slots=True)
class Count:
    """What a plan would do: targets that would really change, by field, and examples (ids and field names)."""

    targets: int = 0
    held: int = 0
    create: int = 0
    update: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    cleared: Counter[str] = field(default_factory=Counter)
    samples: list[dict[str, Any]] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """Targets that would be written to."""
        return self.create + self.update

    def add(self, each: Difference) -> None:
        """Counts one target that differs."""
        action = "create" if each.due.rid is None else "update"
        if action == "create":
            self.create += 1
        else:
            self.update += 1
        self.fields.update(each.missing.keys())
        self.cleared.update(cleared(each.missing, each.fold))
        if len(self.samples) < SAMPLES:
            delivery = format_id("dlv", each.due.id)
            self.samples.append({"delivery": delivery, "action": action, "fields": sorted(each.missing)})

    def is_mass(self, limit: int) -> bool:
        """Whether a person must look."""
        return self.changed > limit or any(n > store.CLEARED_MAX for n in self.cleared.values())

    def as_dict(self) -> dict[str, Any]:
        """The stored form."""
        return {
            "targets": self.targets, "create": self.create, "update": self.update,
            "fields": dict(self.fields), "cleared": dict(self.cleared),
        }  # fmt: skip


def is_pending(hub: Hub) -> bool:
    """Whether a mass cause is still to be counted."""
    return hub.db.one("select exists (select from plan where state = 'counting')") == (True,)


def settle(hub: Hub) -> int:
    """Counts the mass causes that are over: small ones go, big ones become plans. Returns how many were settled."""
    settled = 0
    for plan in hub.db.run(store.counting):
        if hub.db.run(lambda conn, plan=plan: store.is_exhausted(conn, plan.cause, _cause_id(plan))):  # type: ignore[misc]
            _settle(hub, plan)
            settled += 1
    if settled:
        hub.queue.wake("deliver")
    return settled


def _cause_id(plan: Plan) -> uuid.UUID | None:
    return uuid.UUID(plan.cause_id) if plan.cause_id else None


def _settle(hub: Hub, plan: Plan) -> None:
    row = hub.connections.by_id(plan.connection_id)
    statistics.refresh(hub.db)
    is_drift = plan.cause == store.DRIFT
    only = hub.db.run(lambda conn: drift.field_of(conn, _cause_id(plan))) if is_drift else ""
    found = count(hub, row, plan.id, only)

    def decide(conn: Connection) -> None:
        if is_drift and store.has_grown(conn, plan.id, found.held):
            return
        # A source that went wrong is no matter of numbers: what it would clear waits, be it one record.
        if (is_drift and found.changed) or found.is_mass(store.limit(conn, row.id)):
            store.keep(conn, plan.id, found.as_dict(), found.samples)
            raise_plan_item(conn, row, plan.id, found, plan.cause)
        else:
            store.forget(conn, plan.id)
            item_store.resolve_cause(conn, f"plan:{plan.id}", "hub", {"nothing_left": True})

    hub.db.run(decide)


def count(hub: Hub, row: ConnectionRow, plan_id: uuid.UUID, only: str = "") -> Count:
    """Compares every target of a plan with its golden record; those that would not change are let go.

    `only`: those where this field would not change, too.
    """
    found = Count()
    after: uuid.UUID | None = None
    while True:
        ids = hub.db.run(lambda conn, after=after: store.held_ids(conn, plan_id, after, CHUNK))  # type: ignore[misc]
        if not ids:
            return found
        after = ids[-1]
        hub.db.run(lambda conn, ids=ids: _count_chunk(conn, hub, row, plan_id, ids, found, only))  # type: ignore[misc]


def _count_chunk(
    conn: Connection,
    hub: Hub,
    row: ConnectionRow,
    plan_id: uuid.UUID,
    ids: Iterable[uuid.UUID],
    found: Count,
    only: str,
) -> None:
    dues = claimed.load(conn, ids)
    # Records there that turned out to be the same entity meanwhile: linked, not to be created.
    linked = {due.adoptable: due.id for due in dues.values() if due.rid is None and due.adoptable is not None}
    if linked:
        peer.adopt(conn, linked)
        dues = claimed.load(conn, ids)
    compared = differences(conn, hub, row, dues.values())
    kept = [each for each in compared if (only in each.missing if only else each.missing)]
    store.free(conn, plan_id, list({each.due.id for each in compared} - {each.due.id for each in kept}))
    found.targets += len(compared)
    found.held += len(kept)
    for each in kept:
        is_dropped = each.due.rid is None and (each.due.twin is not None or each.due.elder is not None)
        if not is_dropped:
            found.add(each)


def raise_plan_item(conn: Connection, row: ConnectionRow, plan_id: uuid.UUID, found: Count, cause: str) -> None:
    """Asks for a decision on a plan."""
    item_store.raise_item(
        conn, "plan", f"plan:{plan_id}", realm=row.realm, connection_id=row.id, severity=2,
        data={"plan": format_id("pln", plan_id), "cause": cause, "changed": found.changed},
    )  # fmt: skip


def release(hub: Hub, plan_id: uuid.UUID, by: str, *, canary: bool = False) -> int:
    """Lets the targets of a held plan go: all, or a canary of a few; returns how many. A go-live plan makes the connection live.

    Errors: `NotFoundError`; `ConflictError` when it was decided already.
    """
    freed = hub.db.run(lambda conn: _release(conn, plan_id, by, canary=canary))
    hub.connections.reload()
    hub.queue.wake("deliver")
    return freed


def _release(conn: Connection, plan_id: uuid.UUID, by: str, *, canary: bool) -> int:
    plan = _locked(conn, plan_id)
    if plan.cause == store.GO_LIVE:
        store.gather(conn, plan.connection_id, plan_id)
    store.decide(conn, plan_id, "canary" if canary else "released", by)
    freed = store.canary(conn, plan_id) if canary else store.free(conn, plan_id)
    if plan.cause == store.GO_LIVE:
        connection_store.move_phase(conn, plan.connection_id, "review", "live")
    if not canary:
        item_store.resolve_cause(conn, f"plan:{plan_id}", by, {"released": freed})
    return freed


def discard(hub: Hub, plan_id: uuid.UUID, by: str) -> int:
    """Sends nothing of a held plan; returns how many targets it held.

    The projection stays as it is: a later change of the same record sends the whole difference, so
    take the cause back as well. A connection in review stays there. Errors: as `release`.
    """

    def work(conn: Connection) -> int:
        plan = _locked(conn, plan_id)
        store.decide(conn, plan_id, "discarded", by)
        item_store.resolve_cause(conn, f"plan:{plan_id}", by, {"discarded": True})
        return store.free(conn, plan_id) if plan.cause == store.GO_LIVE else store.drop_changes(conn, plan_id)

    return hub.db.run(work)


def _locked(conn: Connection, plan_id: uuid.UUID) -> Plan:
    plan = store.lock(conn, plan_id)
    shown = format_id("pln", plan_id)
    if plan is None:
        raise NotFoundError(f"there is no plan {shown}; `retail-hub plans` lists them")
    if plan.state not in ("held", "canary"):
        waits = (
            "is still being counted; try again in a moment" if plan.state == "counting" else f"was {plan.state} already"
        )
        raise ConflictError(f"plan {shown} {waits}")
    return plan
