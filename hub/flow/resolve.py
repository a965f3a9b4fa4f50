"""T2: marks become clusters, golden records, due targets and the feed, in one transaction.

Lock order: marks, turns, records by id, golden records, targets, feed.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from hub.flow import cluster as clusters
from hub.flow import recycled, release, review, scoring
from hub.flow.context import Hub
from hub.flow.golden import Computed, Member, compute_derived, compute_golden
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
    moved: dict[Rid, Rid] = field(default_factory=dict)
    """rid -> its new golden id, of records that change their cluster."""
    members: dict[Rid, list[Member]] = field(default_factory=dict)
    pins: dict[Rid, dict[str, Pin]] = field(default_factory=dict)
    choices: dict[Rid, list[Choice]] = field(default_factory=dict)
    seen: dict[Rid, set[Rid]] = field(default_factory=dict)
    """golden id -> records of it that said something (their target is looked at even if the golden record stays as it is)."""
    marked: dict[Rid, set[Rid]] = field(default_factory=dict)
    """golden id -> all marked records of it."""
    linking: clusters.Relinked = field(default_factory=clusters.Relinked)
    derived: dict[Rid, Rid] = field(default_factory=dict)
    """golden id -> one of its children, for those that are looked at because of a child; or whom it shares a number with."""


class _TurnTakenError(Exception):
    """Somebody else has the turn of a kind."""


def run_batch(hub: Hub, limit: int = BATCH, *, wait: bool = True) -> int:
    """Takes up to `limit` marks and brings everything they touch up to date; returns how many marks it worked off.

    Marks of records that another worker holds go back to the queue: it looks again when it is done. `wait` False: so do
    all marks while another worker has the turn of their kind; 0 then, for a caller that has other work to do.

    Idempotent: the result depends on the stored sets only. Deadlocks are retried whole.
    """
    try:
        done = hub.db.run(lambda conn: _resolve(conn, hub, limit, wait=wait), durable=False)
    except _TurnTakenError:
        return 0
    if done.taken and not done.marks:
        time.sleep(BUSY_S)
    if done.targets:
        hub.queue.wake("deliver")
    return done.taken


@dataclass(slots=True)
class _Done:
    taken: int = 0
    marks: int = 0
    targets: int = 0


def resolve_marks(conn: Connection, hub: Hub, limit: int, after: int = 0) -> int:
    """One batch inside the caller's transaction, of marks younger than `after`; returns how many it took."""
    return _resolve(conn, hub, limit, after).taken


def _resolve(conn: Connection, hub: Hub, limit: int, after: int = 0, *, wait: bool = True) -> _Done:
    marks = store.take_marks(conn, limit, after)
    if not marks:
        return _Done()
    release.ensure(conn, hub)
    work = Work(marks)
    _find_clusters(conn, hub, work, wait=wait)
    _load_members(conn, hub, work)
    review.refresh(conn, hub, work.linking)
    computed = _compute(conn, hub, work)
    return _Done(
        len(marks),
        len(work.marks),
        publish(conn, hub, work.marks, work.ids, computed, work.relinked, work.seen, work.derived),
    )


def _find_clusters(conn: Connection, hub: Hub, work: Work, *, wait: bool) -> None:
    rids = {mark.rid for mark in work.marks}
    kinds = store.kinds_of(conn, rids)
    relink = {mark.rid for mark in work.marks if mark.relink and mark.rid in kinds}
    rekeyed = {mark.rid for mark in work.marks if mark.rekey and mark.rid in relink}
    # Of kinds that are scored hardly a batch is without a record that shares something: the turn is needed anyway.
    alone = {rid for rid in relink - rekeyed if kinds[rid][1] not in hub.rules.matching}
    loose = store.loose(conn, alone) if alone else set()
    relink -= loose
    turns = set(kinds.values())
    turns |= {(realm, above) for realm, kind in turns for above in _above(hub, kind)}
    own = {kinds[rid] for rid in relink}
    if not store.take_turns(conn, turns, own, wait=wait):
        raise _TurnTakenError
    # They looked alone, and are no more: whoever had the turn before saw a key of theirs that is gone by now.
    joined = store.with_others(conn, loose) if loose else set()
    relink |= {rid for rid in joined if kinds[rid] in own}
    rids -= _put_back(conn, work, joined - relink)
    if rekeyed:
        scoring.rekey(conn, hub, rekeyed)
    if relink:
        work.linking = clusters.relink(conn, hub, {rid: kinds[rid] for rid in relink})
        work.moved = {rid: new for rid, (_, new) in work.linking.moves.items()}
        work.relinked = {id_ for move in work.linking.moves.values() for id_ in move}
    homes = work.linking.homes
    now = {rid: homes[rid] for rid in rids & homes.keys()}
    if rids - homes.keys():
        now |= store.clusters_of(conn, rids - homes.keys())
    said = {mark.rid for mark in work.marks if mark.cause != store.WRITE}
    for rid, cluster in now.items():
        work.marked.setdefault(cluster, set()).add(rid)
        if rid in said:
            work.seen.setdefault(cluster, set()).add(rid)
    passed = work.linking.passed
    work.ids = set(now.values()) | work.relinked | passed.keys()
    work.derived = {**passed, **_parents(conn, hub, work.ids, {kind for _, kind in kinds.values()})}
    work.ids |= work.derived.keys()


def _above(hub: Hub, kind: str) -> set[str]:
    """The kinds that are derived from a kind, and from those."""
    found: set[str] = set()
    new = {kind}
    while new:
        new = {each.kind for each in hub.registry.derivations if new & each.reads.keys()} - found
        found |= new
    return found


def _put_back(conn: Connection, work: Work, rids: set[Rid]) -> set[Rid]:
    """Marks of these records go back to the queue: the next look finds them linked, and takes the turn."""
    if rids:
        record_store.append_marks(conn, [asdict(mark) for mark in work.marks if mark.rid in rids])
        work.marks = [mark for mark in work.marks if mark.rid not in rids]
    return rids


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
    known = work.linking.homes
    homes = {rid: id_ for rid, id_ in known.items() if id_ in work.ids}
    if other := work.ids - set(known.values()) - work.relinked:
        homes |= store.members(conn, other)
    # What changes its cluster must be had, whoever holds it now; anything else can as well come later.
    locked = store.lock_members(conn, homes, wait=bool(work.moved))
    store.set_clusters(conn, work.moved)
    _put_off(conn, work, {homes[rid] for rid in homes.keys() - {row[0] for row in locked}})
    for row in locked:
        rid, connection_id, object_type, external_id, kind, realm, state, fold, cluster = row
        cluster = work.moved.get(rid, cluster)
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
    work.ids -= busy
    marked = {rid: id_ for id_ in busy for rid in work.marked.get(id_, ())}
    again = [mark for mark in work.marks if mark.rid in marked]
    rows = [asdict(mark) for mark in again]
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
    recycled.close(conn, hub, computed.values(), work.linking.alone)
    compute_derived(conn, hub, computed)
    return computed
