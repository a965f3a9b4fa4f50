"""T2: marks become clusters, golden records, due targets and the feed, in two transactions.

The first half links records under the turn of their kind (`hub.flow.link`); the second one, which needs no turn, computes golden
records. Its lock order: marks, records by id, golden records, targets, feed.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from hub.flow import recycled, release
from hub.flow.context import Hub
from hub.flow.golden import Computed, Member, compute_derived, compute_golden
from hub.flow.link import TurnTakenError, link
from hub.flow.publish import publish
from hub.flow.record import BUSY_S
from hub.flow.told import told_fields
from hub.rules.survivorship import Choice, Pin
from hub.store import record as record_store
from hub.store import resolve as store
from hub.store.database import Connection

Rid = uuid.UUID
Turn = tuple[str, str]
BATCH = 300


@dataclass(slots=True)
class Work:
    """What one batch of T2 is about: golden ids by why they are looked at."""

    marks: list[store.Mark]
    ids: set[Rid] = field(default_factory=set)
    relinked: set[Rid] = field(default_factory=set)
    members: dict[Rid, list[Member]] = field(default_factory=dict)
    pins: dict[Rid, dict[str, Pin]] = field(default_factory=dict)
    choices: dict[Rid, list[Choice]] = field(default_factory=dict)
    together: dict[Rid, set[Rid]] = field(default_factory=dict)
    """golden id -> those to which records of it went."""
    seen: dict[Rid, set[Rid]] = field(default_factory=dict)
    """golden id -> records of it that said something (their target is looked at even if the golden record stays as it is)."""
    marked: dict[Rid, set[Rid]] = field(default_factory=dict)
    """golden id -> all marked records of it."""
    derived: dict[Rid, Rid] = field(default_factory=dict)
    """golden id -> one of its children, for those that are looked at because of a child."""


def run_batch(hub: Hub, limit: int = BATCH, *, wait: bool = True) -> int:
    """Takes up to `limit` marks of either half and brings everything they touch up to date; returns how many marks it worked off.

    Marks of records that another worker holds go back to the queue: it looks again when it is done. `wait` False: nothing is linked
    while another worker has the turn, for a caller that has other work to do.

    Idempotent: the result depends on the stored sets only. Deadlocks are retried whole.
    """
    linked = _link(hub, limit, wait=False)
    done = hub.db.run(lambda conn: _resolve(conn, hub, limit), durable=False)
    if linked is None and wait and not done.taken:
        linked = _link(hub, limit, wait=True)
    if done.taken and not done.marks and not linked:
        time.sleep(BUSY_S)
    if done.targets:
        hub.queue.wake("deliver")
    return (linked or 0) + done.taken


def _link(hub: Hub, limit: int, *, wait: bool) -> int | None:
    """How many marks it took; None while somebody else has the turn."""
    try:
        return hub.db.run(lambda conn: link(conn, hub, limit, wait=wait), durable=False)
    except TurnTakenError:
        return None


@dataclass(slots=True)
class _Done:
    taken: int = 0
    marks: int = 0
    targets: int = 0


def resolve_marks(conn: Connection, hub: Hub, limit: int, after: int = 0) -> int:
    """One batch of either half inside the caller's transaction, of marks younger than `after`; returns how many it took."""
    return link(conn, hub, limit, after) + _resolve(conn, hub, limit, after).taken


def _resolve(conn: Connection, hub: Hub, limit: int, after: int = 0) -> _Done:
    marks = store.take_marks(conn, limit, after, relink=False)
    if not marks:
        return _Done()
    release.ensure(conn, hub)
    work = Work(marks)
    _find_clusters(conn, hub, work)
    _load_members(conn, hub, work)
    computed = _compute(conn, hub, work)
    return _Done(
        len(marks),
        len(work.marks),
        publish(conn, hub, work.marks, work.ids, computed, work.relinked, work.seen, work.derived),
    )


def _find_clusters(conn: Connection, hub: Hub, work: Work) -> None:
    before = {mark.was for mark in work.marks if mark.was is not None}
    homes = store.homes_of(conn, {mark.rid for mark in work.marks} | before)
    for mark in work.marks:
        if mark.rid not in homes:
            continue
        cluster = homes[mark.rid].cluster
        work.marked.setdefault(cluster, set()).add(mark.rid)
        if mark.cause != store.WRITE:
            work.seen.setdefault(cluster, set()).add(mark.rid)
        if mark.was is not None:
            work.relinked.update((cluster, mark.was))
            # What became of the record that it is named by: if no record is left in it, it was merged into that one's.
            left = homes.get(mark.was)
            work.together.setdefault(mark.was, set()).update((cluster, left.cluster if left else cluster))
    work.ids = {home.cluster for home in homes.values()} | work.relinked
    work.derived = _parents(conn, hub, work.ids, {home.kind for home in homes.values()})
    work.ids |= work.derived.keys()


def _parents(conn: Connection, hub: Hub, ids: Iterable[Rid], kinds: Iterable[str]) -> dict[Rid, Rid]:
    """Golden records that are derived from these, and from those: id -> one of its children, the children first."""
    found: dict[Rid, Rid] = {}
    level, names = set(ids), set(kinds)
    while True:
        reading = [each for each in hub.registry.derivations if names & each.reads.keys()]
        fields = sorted({field for each in reading for kind, field in each.reads.items() if kind in names})
        if not fields:
            return found
        children = store.members(conn, level)
        links = store.parents(conn, children, fields, sorted({each.kind for each in reading}))
        new = {home: children[child] for child, home in links if home not in found}
        found |= new
        level, names = set(new), {each.kind for each in reading}


def _load_members(conn: Connection, hub: Hub, work: Work) -> None:
    locked = store.lock_members(conn, work.ids)
    # Whoever links records needs no leave of ours: what joined before these were locked is seen now, and what joins later is
    # marked later. A record that another worker holds, and its golden record, can as well come then.
    held = {row[0] for row in locked}
    busy = {id_ for rid, id_ in store.members(conn, work.ids).items() if rid not in held}
    # Only one that a record left may have none; of any other the last one leaves just now.
    _put_off(conn, work, busy | (work.ids - work.together.keys() - {row[8] for row in locked}))
    for row in locked:
        rid, connection_id, object_type, external_id, kind, realm, state, fold, cluster = row
        if cluster not in work.ids:
            continue
        connection = hub.connections.by_id(connection_id)
        member = Member(
            rid, connection.name, connection.rank, external_id, fold, object_type,
            told_fields(hub, connection, kind), connection_id=connection_id, kind=kind, realm=realm, state=state,
        )  # fmt: skip
        work.members.setdefault(cluster, []).append(member)
    rid_home = {member.rid: cluster for cluster, members in work.members.items() for member in members}
    for decision in store.decisions(conn, rid_home, ("pin", "choice")):
        id_, type_, a, _, name, value, author, _, created_at = decision
        # Oldest first, so the newest pin stays.
        if type_ == "pin":
            work.pins.setdefault(rid_home[a], {})[name] = Pin(name, value, author, (created_at, str(id_)), a)
        else:
            work.choices.setdefault(rid_home[a], []).append(Choice(name, a, value["contenders"], author))


def _put_off(conn: Connection, work: Work, busy: set[Rid]) -> None:
    """Golden records whose records another worker holds: their marks go back to the queue."""
    if not busy:
        return
    # A golden record that lost a record goes with the one that got it: that is one change.
    groups = [{was, *others} for was, others in work.together.items()]
    while more := [group for group in groups if not group.isdisjoint(busy) and not group <= busy]:
        busy = busy.union(*more)
    work.ids -= busy
    marked = {rid: id_ for id_ in busy for rid in work.marked.get(id_, ())}
    again = [mark for mark in work.marks if mark.rid in marked]
    rows = [mark.as_row() for mark in again]
    # Looked at for their children only: a mark of their own, so that they are not forgotten.
    rows += [{"rid": id_, "relink": False} for id_ in busy if id_ not in work.marked]
    record_store.append_marks(conn, rows)
    work.marks = [mark for mark in work.marks if mark.rid not in marked]


def _compute(conn: Connection, hub: Hub, work: Work) -> dict[Rid, Computed]:
    computed: dict[Rid, Computed] = {}
    for cluster, members in work.members.items():
        if all(member.state == record_store.STUB for member in members):
            continue
        kind = members[0].kind
        if kind not in hub.registry.kinds:
            continue
        pins, choices = work.pins.get(cluster, {}), work.choices.get(cluster, [])
        computed[cluster] = compute_golden(hub, cluster, members, pins, choices)
    recycled.close(conn, hub, computed.values())
    compute_derived(conn, hub, computed)
    return computed
