"""How right the automatic merges are: fifty of them, drawn each ISO week, are judged by people.

The draw is by a hash seeded with the week: repeated, it gives the same merges, and nobody chooses which.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from hub.errors import ConfigError
from hub.flow import match_answer, match_precision, stewardship
from hub.flow.context import Hub
from hub.flow.match_answer import Answered
from hub.flow.match_precision import Sample
from hub.flow.stewardship import Work
from hub.model.identifier import format_id
from hub.store import audit
from hub.store import match_answer as answer_store
from hub.store import match_sample as store
from hub.store import record as record_store
from hub.store.database import Connection
from hub.store.match_item import SAMPLE, Waiting

Rid = uuid.UUID
SIZE: Final = 50
LEAST: Final = match_precision.LEAST
ANSWERS: Final = ("right", "wrong")
SIDES: Final = ("", "a", "b")


def week_of(now: datetime | None = None) -> str:
    """`2026-W47`: the ISO week of a moment, in UTC."""
    year, week, _ = (now or datetime.now(UTC)).astimezone(UTC).isocalendar()
    return f"{year}-W{week:02}"


def draw(hub: Hub, week: str = "", size: int = SIZE) -> list[Sample]:
    """Draws this week's sample of every kind that is matched, or fills up what is missing of it; returns the samples.

    Idempotent: a full sample stays as it is. What nobody judged of earlier weeks lapses. A week without any automatic
    merge has no sample.
    """
    week = week or week_of()
    for realm in _realms(hub):
        for kind, model in hub.rules.matching.items():
            hub.db.run(lambda conn, r=realm, k=kind, auto=model.auto: _draw(conn, r, k, auto, week, size))  # type: ignore[misc]
    return [one for one in samples(hub, limit=len(hub.rules.matching) * 50) if one.week == week]


def _realms(hub: Hub) -> list[str]:
    return sorted({row.realm for row in hub.connections.all()})


def _draw(conn: Connection, realm: str, kind: str, auto: int, week: str, size: int) -> None:
    store.lock(conn, realm, kind)
    if store.is_full(conn, realm, kind, week, size):
        return
    found, population = store.merged(conn, realm, kind, auto, week, size)
    if found:
        store.add(conn, realm, kind, week, [(one, _pattern(one)) for one in found])
        store.note(conn, realm, kind, week, population, auto)


def _pattern(one: store.Merged) -> str:
    return " ".join(f"{name}={level}" for name, level, weight in one.reason.get("parts", ()) if weight)


def judge(hub: Hub, item_id: Rid, by: str, said: str, reason: str = "", split: str = "") -> Answered:
    """Says of a merge that was drawn whether it is `right` or `wrong`; `split` takes one of its two records out again.

    `split`: `a` or `b` (the record that is somebody else), or empty: only judged. Giving it twice does it once.
    Errors: as `match_answer.answer`.
    """
    if said not in ANSWERS or split not in SIDES or (split and said == "right"):
        raise ConfigError("judge a merge right, or wrong; a wrong one may be split at a or at b")
    try:
        if split:
            detail = {"item": format_id("itm", item_id), "answer": said}
            act = stewardship.carry_out(hub, _splitting(hub, item_id, by, reason, split), "split", by, reason, detail)
        else:
            hub.db.run(lambda conn: _judge(conn, hub, item_id, by, said, reason))
            act = None
    except match_answer.RepeatedError as repeated:
        return Answered(item_id, said, repeated.earlier.act, match_answer.golden_now(hub, item_id), is_repeat=True)
    return Answered(item_id, said, act, match_answer.golden_now(hub, item_id))


def _splitting(hub: Hub, item_id: Rid, by: str, reason: str, side: str) -> Work:
    def work(conn: Connection) -> tuple[Rid, set[Rid]]:
        found = _sampled(conn, item_id, by, "wrong")
        rid = found.a if side == "a" else found.b
        row = record_store.load_rids(conn, [rid])[0]
        name = hub.connections.by_id(row.key[0]).name
        act, rids = stewardship.splitting(hub, found.kind, rid, name, row.key[2], by, reason)(conn)
        _keep(conn, hub, found, by, "wrong", reason, act)
        return act, rids

    return work


def _judge(conn: Connection, hub: Hub, item_id: Rid, by: str, said: str, reason: str) -> None:
    found = _sampled(conn, item_id, by, said)
    _keep(conn, hub, found, by, said, reason, None)
    audit.append(conn, by, "match.judged", format_id("itm", item_id), reason, {"answer": said})


def _sampled(conn: Connection, item_id: Rid, by: str, said: str) -> Waiting:
    found = match_answer.locked(conn, item_id, by, said)
    if found.type != SAMPLE:
        raise ConfigError(
            "this pair waits for an answer, not for a judgement: answer same, different, household or skip"
        )
    return found


def _keep(conn: Connection, hub: Hub, found: Waiting, by: str, said: str, reason: str, act: Rid | None) -> None:
    seconds = match_answer.seconds_of(hub, conn, found, by)
    answer_store.add(conn, [match_answer.given(found, said, seconds)], by, reason, act)
    match_answer.close(conn, found, by, said, act)


def samples(hub: Hub, realms: Sequence[str] | None = None, kind: str = "", limit: int = 12) -> list[Sample]:
    """What came of the samples so far, the newest first."""
    with hub.db.session() as conn:
        return match_precision.samples(conn, realms, kind, limit)
