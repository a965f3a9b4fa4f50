"""The end of T2: stores golden records that changed, marks targets, raises items, writes the feed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.flow import recycled
from hub.flow.context import Hub
from hub.flow.golden import Computed
from hub.flow.mark import mark_targets
from hub.store import golden as store
from hub.store import item as item_store
from hub.store.database import Connection
from hub.store.golden import Golden
from hub.store.item import Raised
from hub.store.plan import BACKFILL
from hub.store.resolve import WRITE, Mark

Rid = uuid.UUID
NO_CAUSE = uuid.UUID(int=0)


def publish(
    conn: Connection,
    hub: Hub,
    marks: Sequence[Mark],
    ids: Iterable[Rid],
    computed: Mapping[Rid, Computed],
    relinked: set[Rid],
    seen: Mapping[Rid, set[Rid]],
    derived: Mapping[Rid, Rid],
) -> int:
    """Returns how many targets became due. `derived`: golden id -> the child that made it worth a look."""
    stored = store.load(conn, ids)
    homes = {member.rid: c.id for c in computed.values() for member in c.members}
    gone = [golden for id_, golden in stored.items() if id_ not in computed]
    born = [id_ for id_ in computed if id_ not in stored]
    returned = [id_ for id_ in born if id_ in relinked]
    counted = store.last_versions(conn, returned) if returned else {}
    why = _causes(marks, homes, derived)
    rows, changes, changed = [], [], set()
    for id_, new in sorted(computed.items(), key=lambda entry: (entry[1].kind, entry[0])):
        old = stored.get(id_)
        change = _change(old, new, split=id_ in relinked and _was_elsewhere(new, stored))
        winners = _packed_winners(new)
        if change is None and old is not None and old.winners == winners and not old.is_old:
            continue
        base = old.version if old else counted.get(id_, 0)
        version = base + 1 if change else base
        rows.append(
            {"id": id_, "realm": new.realm, "kind": new.kind, "version": version, "lifecycle": new.lifecycle,
             "data": new.data, "winners": winners, "release_id": hub.rules.release_id}
        )  # fmt: skip
        if change:
            changed.add(id_)
            cause, cause_id = why.get(id_, ("event", None))
            changes.append({**change, "version": version, "cause": cause, "cause_id": cause_id})
    changes.extend(_merged(golden, homes, why) for golden in sorted(gone, key=lambda g: g.id))
    store.upsert(conn, rows)
    store.delete(conn, [golden.id for golden in gone])
    to_mark = changed | (relinked & computed.keys())
    recycled.wake_ends(conn, (computed[id_] for id_ in to_mark))
    due = mark_targets(conn, hub, computed, to_mark, seen, {**why, **_backfilled(marks, homes, derived, why)})
    _raise_items(conn, hub, computed.values())
    store.append_changes(conn, changes)
    return due


def _packed_winners(new: Computed) -> dict[str, str]:
    """field -> rid; `{"*": rid}` where one record gave everything, which is nine of ten."""
    if not new.winners:
        return {}
    first = next(iter(new.winners.values()))
    if all(rid is first or rid == first for rid in new.winners.values()):
        return {"*": str(first)}
    return {name: str(rid) for name, rid in new.winners.items()}


def _causes(
    marks: Sequence[Mark], homes: Mapping[Rid, Rid], derived: Mapping[Rid, Rid]
) -> dict[Rid, tuple[str, Rid | None]]:
    """golden id -> cause; a person's act or a change of rules outranks the events of the same batch.

    Of several events the newest one is named. What is derived from a child has the child's cause.
    """
    found: dict[Rid, tuple[str, Rid | None]] = {}
    for mark in sorted(marks, key=lambda mark: mark.cause_id or NO_CAUSE):
        id_ = homes.get(mark.rid)
        cause = "event" if mark.cause == WRITE else mark.cause
        if id_ is not None and (id_ not in found or found[id_][0] == "event"):
            found[id_] = (cause, mark.cause_id)
    for parent, child in derived.items():
        if child in found:
            found.setdefault(parent, found[child])
    return found


def _backfilled(
    marks: Sequence[Mark],
    homes: Mapping[Rid, Rid],
    derived: Mapping[Rid, Rid],
    why: Mapping[Rid, tuple[str, Rid | None]],
) -> dict[Rid, tuple[str, Rid | None]]:
    """golden id -> the pass over a whole stream that concerns it: what that would send to others is a mass cause."""
    found: dict[Rid, tuple[str, Rid | None]] = {}
    for mark in marks:
        id_ = homes.get(mark.rid)
        if mark.full_pass is not None and id_ is not None and why.get(id_, ("event", None))[0] == "event":
            found[id_] = (BACKFILL, mark.full_pass)
    for parent, child in derived.items():
        if child in found and why.get(parent, ("event", None))[0] == "event":
            found.setdefault(parent, found[child])
    return found


def _was_elsewhere(new: Computed, stored: Mapping[Rid, Golden]) -> bool:
    return new.id not in stored and any(str(m.rid) in g.winners.values() for g in stored.values() for m in new.members)


def _change(old: Golden | None, new: Computed, *, split: bool) -> dict[str, Any] | None:
    head = {"golden_id": new.id, "realm": new.realm, "kind": new.kind}
    if old is None:
        return {**head, "type": "split" if split else "created", "fields": list(new.data), "before": None,
                "is_whole": True}  # fmt: skip
    names = [n for n in {**old.data, **new.data} if old.data.get(n, _ABSENT) != new.data.get(n, _ABSENT)]
    if not names and old.lifecycle == new.lifecycle:
        return None
    kinds = {("active", "deleted"): "deleted", ("deleted", "active"): "restored"}
    return {
        **head,
        "type": kinds.get((old.lifecycle, new.lifecycle), "updated"),
        "fields": names,
        "before": {n: old.data[n] for n in names if n in old.data},
        "after": {n: new.data[n] for n in names if n in new.data},
    }


_ABSENT = object()


def _merged(golden: Golden, homes: Mapping[Rid, Rid], why: Mapping[Rid, tuple[str, Rid | None]]) -> dict[str, Any]:
    into = homes.get(golden.id)
    cause, cause_id = why.get(into, ("event", None)) if into else ("event", None)
    return {
        "golden_id": golden.id, "realm": golden.realm, "kind": golden.kind, "type": "merged",
        "version": golden.version + 1, "fields": [], "before": golden.data, "after": {"into": into},
        "cause": cause, "cause_id": cause_id,
    }  # fmt: skip


def _raise_items(conn: Connection, hub: Hub, computed: Iterable[Computed]) -> None:
    """One item per disagreement; those that are over are closed."""
    checked = {each.kind for each in hub.registry.derivations if each.may_object}
    raised: list[Raised] = []
    watched: list[Rid] = []
    for new in computed:
        raised += [_raised(new, "conflict", name, {"field": name}) for name in new.conflicts]
        raised += [_raised(new, "money", code, {"code": code, "text": text}) for code, text in new.problems.items()]
        if len(new.members) > 1 or new.kind in checked:
            watched.append(new.id)
    item_store.raise_items(conn, raised)
    if watched:
        item_store.close_others(conn, watched, ("conflict", "money"), [each.cause_key for each in raised])


def _raised(new: Computed, type_: str, name: str, data: dict[str, Any]) -> Raised:
    return Raised(type_, f"{type_}:{new.id}:{name}", new.realm, new.kind, new.id, data)
