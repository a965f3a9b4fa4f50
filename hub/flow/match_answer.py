"""What a steward says of a pair, and taking it back. Answers are decisions: permanent until undone, whatever systems send."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow import match_rule, stewardship
from hub.flow.context import Hub
from hub.flow.match_queue import state_of
from hub.flow.stewardship import Work
from hub.model.identifier import format_id
from hub.store import audit
from hub.store import item as item_store
from hub.store import match_answer as store
from hub.store import match_item as queue_store
from hub.store import resolve as resolve_store
from hub.store.database import Connection, new_id
from hub.store.match_answer import Answer, Given
from hub.store.match_item import MATCH, Waiting

Rid = uuid.UUID
ANSWERS: Final = ("same", "different", "household", "skip")
SNOOZE: Final = timedelta(days=1)
"""A pair that was skipped comes back after this."""
SESSION: Final = timedelta(hours=12)
"""How far back `undo_last` looks."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an answer. `act` undoes it (None of a skip); `is_repeat`: it had been given before, nothing was done.

    `golden`: the golden ids that the pair is now, one or two.
    """

    item_id: Rid
    answer: str
    act: Rid | None
    golden: tuple[Rid, ...]
    is_repeat: bool = False


class RepeatedError(Exception):
    """The same person gave the same answer before."""

    def __init__(self, earlier: Answer) -> None:
        super().__init__()
        self.earlier = earlier


def answer(hub: Hub, item_id: Rid, by: str, said: str, reason: str = "") -> Answered:
    """Takes one answer: `same`, `different`, `household` (different, and of one household) or `skip` (ask again tomorrow).

    Giving it twice does it once. Errors: `NotFoundError`; `ConfigError` for an answer that is none, and for `same` in
    spite of a guard without a reason; `ConflictError` when the pair is closed, put aside, or somebody else's just now.
    """
    if said not in ANSWERS:
        raise ConfigError(f"answer {', '.join(ANSWERS[:-1])} or {ANSWERS[-1]}, not {said!r}")
    try:
        if said == "skip":
            hub.db.run(lambda conn: _skip(conn, hub, item_id, by, reason))
            act = None
        else:
            detail = {"item": format_id("itm", item_id), "answer": said}
            work = answering(hub, item_id, by, said, reason)
            act = stewardship.carry_out(hub, work, "merge" if said == "same" else "split", by, reason, detail)
    except RepeatedError as repeated:
        return Answered(item_id, said, repeated.earlier.act, golden_now(hub, item_id), is_repeat=True)
    return Answered(item_id, said, act, golden_now(hub, item_id))


def answering(hub: Hub, item_id: Rid, by: str, said: str, reason: str) -> Work:
    """What `answer` does in its transaction."""

    def work(conn: Connection) -> tuple[Rid, set[Rid]]:
        found = locked(conn, item_id, by, said)
        if found.type != MATCH:
            raise ConfigError("a pair of a sample is judged right or wrong: `retail-hub match sample judge`")
        group = new_id()
        rids = match_rule.rule(conn, hub, [found], by, said, reason, group)
        seconds = seconds_of(hub, conn, found, by)
        store.add(conn, [given(found, said, seconds)], by, reason, group)
        close(conn, found, by, said, group)
        return group, rids

    return work


def close(conn: Connection, found: Waiting, by: str, said: str, act: Rid | None) -> None:
    """Notes on the item who answered what."""
    resolution = {"answer": said, **({"decision": format_id("dec", act)} if act else {})}
    item_store.note_resolution(conn, found.id, by, resolution)
    queue_store.let_go(conn, found.id, found.claimed_by or by)


def given(found: Waiting, said: str, seconds: float | None) -> Given:
    """An answer about a pair, to be kept."""
    return Given(found.id, found.realm, found.kind, said, found.weight, seconds)


def _skip(conn: Connection, hub: Hub, item_id: Rid, by: str, reason: str) -> None:
    found = locked(conn, item_id, by, "skip")
    seconds = seconds_of(hub, conn, found, by)
    item_store.snooze_item(conn, item_id, datetime.now(UTC) + SNOOZE)
    queue_store.let_go(conn, item_id, by)
    store.add(conn, [given(found, "skip", seconds)], by, reason, None)
    audit.append(conn, by, "item.snoozed", format_id("itm", item_id), reason, {"type": found.type})


def locked(conn: Connection, item_id: Rid, by: str, said: str) -> Waiting:
    """The pair, locked and free to be answered by `by`."""
    queue_store.lock(conn, [item_id])
    found = queue_store.read(conn, item_id)
    if found is None:
        raise NotFoundError(f"no pair of records waits as {format_id('itm', item_id)}")
    if found.state != "open":
        earlier = store.standing(conn, item_id)
        if earlier is not None and (earlier.author, earlier.answer) == (by, said):
            raise RepeatedError(earlier)
        if found.state == "resolved" or said == "skip":
            raise ConflictError(state_of(found))
    elif found.claimed_by and found.claimed_by != by:
        raise ConflictError(state_of(found))
    return found


def seconds_of(hub: Hub, conn: Connection, found: Waiting, by: str) -> float | None:
    """How long `by` had the pair; None where it was not given to them."""
    if found.claimed_by != by or found.claimed_until is None:
        return None
    given_at = found.claimed_until - timedelta(seconds=hub.settings.match_claim_s)
    row = conn.execute("select extract(epoch from clock_timestamp() - %s)::float", (given_at,)).fetchone()
    return max(0.0, row[0]) if row else None


def kind_of(hub: Hub, item_id: Rid) -> str:
    """The kind of the records that a pair is about."""
    with hub.db.session() as conn:
        found = queue_store.read(conn, item_id)
    return found.kind if found else ""


def golden_now(hub: Hub, item_id: Rid) -> tuple[Rid, ...]:
    """The golden ids that the two records of a pair have by now: one, or two."""
    with hub.db.session() as conn:
        found = queue_store.read(conn, item_id)
        if found is None:
            return ()
        return tuple(sorted(set(resolve_store.clusters_of(conn, [found.a, found.b]).values())))


def undo(hub: Hub, act: Rid, by: str, reason: str = "") -> Answer:
    """Takes back the answer (or the whole bulk) that made this act. Its pairs wait again, as far as something speaks for them.

    Errors: `NotFoundError` where no answer made it; `ConflictError` when it was undone before.
    """
    with hub.db.session() as conn:
        answers = store.of_act(conn, act)
    if not answers:
        raise NotFoundError(f"{format_id('dec', act)} is no answer about a pair; `retail-hub undo` undoes other acts")
    stewardship.undo(hub, act, by, reason)
    return answers[0]


def check_realms(hub: Hub, act: Rid, realms: Collection[str] | None) -> None:
    """`NotFoundError` where an act is about records of another realm than these (None: all)."""
    with hub.db.session() as conn:
        found = {one.realm for one in store.of_act(conn, act)}
    if realms is not None and not found <= set(realms):
        raise NotFoundError(f"{format_id('dec', act)} is no answer about a pair; `retail-hub undo` undoes other acts")


def undo_last(hub: Hub, by: str, reason: str = "", since: datetime | None = None) -> Answer:
    """Takes back the last answer of `by`, a skip too, since that moment (by default of the last twelve hours).

    `NotFoundError` where there is none. Repeating it goes back one more.
    """
    start = since or datetime.now(UTC) - SESSION
    with hub.db.session() as conn:
        last = store.last_of(conn, by, start)
    if last is None:
        raise NotFoundError("there is no answer of yours to undo in this session: name the act, dec_…, of an older one")
    if last.act is not None:
        return undo(hub, last.act, by, reason)

    def work(conn: Connection) -> None:
        if not store.undo_one(conn, last.id, by):
            raise ConflictError("this answer was undone before")
        detail: dict[str, Any] = {"answer": last.answer}
        audit.append(conn, by, "match.undone", format_id("itm", last.item_id), reason, detail)

    hub.db.run(work)
    return last
