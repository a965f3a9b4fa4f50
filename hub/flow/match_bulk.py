"""Many pairs that are alike in the same way, answered as one: planned first, released whole or in portions, undone as one."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow import match_answer, match_rule, rehearse, stewardship
from hub.flow.context import Hub
from hub.flow.rehearse import Prospect
from hub.model.identifier import format_id
from hub.store import audit
from hub.store import match_answer as answer_store
from hub.store import match_bulk as store
from hub.store import match_item as queue_store
from hub.store import plan as plan_store
from hub.store import resolve as resolve_store
from hub.store.database import Connection, new_id
from hub.store.match_answer import Given
from hub.store.match_bulk import OPEN, Bulk
from hub.store.match_item import Waiting, Wish

Rid = uuid.UUID
PREFIX: Final = "blk"
ANSWERS: Final = ("same", "different", "household")
MOST: Final = 2_000
"""So many pairs are planned at once; the rest is another plan."""
CANARY: Final = 10
CHUNK: Final = 50


@dataclass(frozen=True, slots=True)
class Released:
    """What a release did. `left`: pairs that were closed, changed or taken by somebody since they were planned."""

    bulk: Bulk
    answered: int
    left: int


def propose(
    hub: Hub, by: str, pattern: str, said: str, *, realm: str = "default", kind: str = "customer", least: int = 0,
    reason: str = "",
) -> Bulk:  # fmt: skip
    """Plans the same answer for every open pair of one pattern that weighs at least `least`. Nothing is answered yet.

    Pairs that a guard keeps apart are left out: each of them needs a reason of its own. What the answers would send is
    found by carrying them out for show. Errors: `ConfigError` for an answer that is none; `NotFoundError` for no pairs.
    """
    if said not in ANSWERS:
        raise ConfigError(f"answer {', '.join(ANSWERS[:-1])} or {ANSWERS[-1]}, not {said!r}")
    wish = Wish(realms=[realm], kind=kind, pattern=pattern, least=least)
    with hub.db.session() as conn:
        found = [pair for pair in queue_store.page(conn, wish, MOST) if not pair.apart]
    counts: Counter[tuple[str, str]] = Counter()
    fit: list[Waiting] = []
    merges = 0
    for chunk in _chunks(found):
        # What was two stays two: nothing is decided anew, and nothing sent.
        able, prospect = _try(hub, chunk, by, said) if said == "same" else (_apart(hub, chunk), Prospect())
        fit += able
        merges += len(prospect.gone)
        counts.update((sending.connection, sending.action) for sending in prospect.sendings)
    if not fit:
        raise NotFoundError(
            "no open pair of that pattern is left to be answered: `retail-hub match patterns` lists them"
        )
    bulk = Bulk(
        new_id(), realm, kind, pattern, least, said, reason, by, new_id(), "held",
        {"pairs": len(fit), "merges": merges, "sends": _sends(hub, counts)}, datetime.now(UTC), None, None,
    )  # fmt: skip

    def keep(conn: Connection) -> None:
        store.add(conn, bulk, [pair.id for pair in fit])
        detail = {"pattern": pattern, "answer": said, "pairs": len(fit)}
        audit.append(conn, by, "match.bulk_planned", format_id(PREFIX, bulk.id), reason, detail)

    hub.db.run(keep)
    return bulk


def _sends(hub: Hub, counts: Counter[tuple[str, str]]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    with hub.db.session() as conn:
        for (name, action), count in sorted(counts.items()):
            found.setdefault(name, {"create": 0, "update": 0})[action] = count
        for name, sends in found.items():
            limit = plan_store.limit(conn, hub.connections.by_name(name).id)
            sends["is_held"] = sends["create"] + sends["update"] > limit
    return found


def _chunks(pairs: Sequence[Waiting]) -> Iterator[list[Waiting]]:
    """Pairs in portions; those that share a golden record stay together, so that each portion tells the whole of its own."""
    home: dict[Rid, Rid] = {}

    def top(id_: Rid) -> Rid:
        while (above := home.setdefault(id_, id_)) != id_:
            id_ = above
        return id_

    for pair in pairs:
        if pair.right is not None:
            home[top(pair.left)] = top(pair.right)
    groups: dict[Rid, list[Waiting]] = {}
    for pair in pairs:
        groups.setdefault(top(pair.left), []).append(pair)
    chunk: list[Waiting] = []
    for group in groups.values():
        if chunk and len(chunk) + len(group) > CHUNK:
            yield chunk
            chunk = []
        chunk += group
    if chunk:
        yield chunk


def _apart(hub: Hub, pairs: Sequence[Waiting]) -> list[Waiting]:
    """Those of the pairs that are two records still."""
    with hub.db.session() as conn:
        homes = resolve_store.clusters_of(conn, {rid for pair in pairs for rid in (pair.a, pair.b)})
    return [pair for pair in pairs if {pair.a, pair.b} <= homes.keys() and homes[pair.a] != homes[pair.b]]


def _try(hub: Hub, pairs: Sequence[Waiting], by: str, said: str) -> tuple[list[Waiting], Prospect]:
    able: list[Waiting] = []

    def work(conn: Connection) -> tuple[Rid, set[Rid]]:
        group = new_id()
        able[:], concerned = _rule_each(conn, hub, pairs, by, said, "", group)
        return group, concerned

    return able, rehearse.rehearse(hub, work)


def _rule_each(
    conn: Connection, hub: Hub, pairs: Iterable[Waiting], by: str, said: str, reason: str, group: Rid
) -> tuple[list[Waiting], set[Rid]]:
    """Decides about each pair that can be answered so; returns those, and the records concerned."""
    able: list[Waiting] = []
    concerned: set[Rid] = set()
    for pair in pairs:
        try:
            # Without a reason: a guard between any two records leaves the pair out.
            concerned |= match_rule.rule(conn, hub, [pair], by, said, reason, group, may_override=False)
        except (ConflictError, ConfigError):
            continue
        able.append(pair)
    return able, concerned


def release(hub: Hub, bulk_id: Rid, by: str, *, canary: bool = False) -> Released:
    """Answers the pairs of a plan: all, or the next ten with most at stake. What that sends is held where it is too much.

    Errors: `NotFoundError`; `ConflictError` when it was decided before.
    """
    done: list[Released] = []

    def work(conn: Connection) -> tuple[Rid, set[Rid]]:
        bulk = _locked(conn, bulk_id)
        ids = store.waiting(conn, bulk_id, CANARY if canary else None)
        queue_store.lock(conn, ids)
        pairs = [pair for pair in queue_store.read_many(conn, ids) if _is_as_planned(pair, bulk, by)]
        able, concerned = _rule_each(conn, hub, pairs, by, bulk.answer, bulk.reason, bulk.act)
        for pair in able:
            match_answer.close(conn, pair, by, bulk.answer, bulk.act)
        given = [Given(pair.id, pair.realm, pair.kind, bulk.answer, pair.weight) for pair in able]
        answer_store.add(conn, given, by, bulk.reason, bulk.act, bulk.id)
        answered = {pair.id for pair in able}
        store.note(conn, bulk_id, {id_: "answered" if id_ in answered else "left" for id_ in ids})
        is_over = not canary or not store.waiting(conn, bulk_id, 1)
        store.decide(conn, bulk_id, "released" if is_over else "canary", by)
        after = store.read(conn, bulk_id)
        assert after is not None  # noqa: S101 -- locked above
        done[:] = [Released(after, len(answered), len(ids) - len(answered))]
        return bulk.act, concerned

    detail = {"bulk": format_id(PREFIX, bulk_id), "canary": canary}
    act = "merge" if _read(hub, bulk_id).answer == "same" else "split"
    stewardship.carry_out(hub, work, act, by, _read(hub, bulk_id).reason, detail)
    return done[0]


def _is_as_planned(pair: Waiting, bulk: Bulk, by: str) -> bool:
    return (
        pair.state == "open"
        and pair.pattern == bulk.pattern
        and pair.weight >= bulk.least
        and not pair.apart
        and pair.claimed_by in ("", by)
    )


def discard(hub: Hub, bulk_id: Rid, by: str, reason: str = "") -> Bulk:
    """Answers nothing more of a plan; what a canary answered stays. Errors: as `release`."""

    def work(conn: Connection) -> None:
        _locked(conn, bulk_id)
        store.decide(conn, bulk_id, "discarded", by)
        audit.append(conn, by, "match.bulk_discarded", format_id(PREFIX, bulk_id), reason, {})

    hub.db.run(work)
    return _read(hub, bulk_id)


def undo(hub: Hub, bulk_id: Rid, by: str, reason: str = "") -> Bulk:
    """Takes back all that a plan answered, as one. `ConflictError` when it answered nothing, or was undone before."""
    bulk = _read(hub, bulk_id)
    if not bulk.counts.get("answered"):
        raise ConflictError(f"plan {format_id(PREFIX, bulk_id)} answered nothing yet: there is nothing to undo")
    match_answer.undo(hub, bulk.act, by, reason)
    return _read(hub, bulk_id)


def find(hub: Hub, bulk_id: Rid, realms: Sequence[str] | None = None) -> Bulk:
    """One plan. `NotFoundError` where there is none of that id in these realms."""
    found = _read(hub, bulk_id)
    if realms is not None and found.realm not in realms:
        raise NotFoundError(f"there is no plan {format_id(PREFIX, bulk_id)}")
    return found


def bulks(
    hub: Hub, realms: Sequence[str] | None = None, states: Sequence[str] = OPEN, before: Rid | None = None,
    limit: int = 50,
) -> list[Bulk]:  # fmt: skip
    """Plans in these states, the newest first."""
    with hub.db.session() as conn:
        return store.page(conn, states, realms, before, limit)


def sample(hub: Hub, bulk_id: Rid, limit: int = CANARY) -> list[Waiting]:
    """The pairs of a plan with most at stake that are not answered yet."""
    with hub.db.session() as conn:
        return queue_store.read_many(conn, store.waiting(conn, bulk_id, limit))


def _read(hub: Hub, bulk_id: Rid) -> Bulk:
    with hub.db.session() as conn:
        found = store.read(conn, bulk_id)
    if found is None:
        raise NotFoundError(f"there is no plan {format_id(PREFIX, bulk_id)}")
    return found


def _locked(conn: Connection, bulk_id: Rid) -> Bulk:
    found = store.read(conn, bulk_id, lock=True)
    if found is None:
        raise NotFoundError(f"there is no plan {format_id(PREFIX, bulk_id)}")
    if found.state not in OPEN:
        raise ConflictError(f"plan {format_id(PREFIX, bulk_id)} was {found.state} already")
    return found
