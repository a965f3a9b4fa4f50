"""Questions for stewards, in T2: pairs of golden records that may be one, and components that were too large."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from hub.flow.cluster import Relinked
from hub.flow.context import Hub
from hub.store import item, match_open, match_stake
from hub.store.database import Connection
from hub.store.match_open import Question

Rid = uuid.UUID
CUT = "match_cut"


def refresh(conn: Connection, hub: Hub, linking: Relinked) -> None:
    """Opens and closes what people are asked about the clusters that were linked anew. Idempotent.

    Called when the records stand in their new clusters.
    """
    if linking.clusters:
        found = match_open.questions(conn, linking.doubtful) if linking.doubtful else []
        now = {q.cause: q for q in found if _is_open(hub, q)}
        before = {f"match:{one.left}:{one.right}": one for one in match_open.asked(conn, linking.clusters)}
        fresh = [
            (q, data)
            for q in now.values()
            if (data := _data(q)) != (before[q.cause].data if q.cause in before else None)
        ]
        stakes = match_stake.stakes(conn, [(q.left, q.right) for q, _ in fresh]) if fresh else {}
        match_open.ask(conn, [(q, data, stakes[q.left, q.right]) for q, data in fresh])
        gone = [one.id for cause, one in before.items() if cause not in now]
        if gone:
            match_open.withdraw(conn, gone)
    _tell_of_cuts(conn, linking)


def _is_open(hub: Hub, question: Question) -> bool:
    model = hub.rules.matching.get(question.kind)
    if model is None or question.weight < model.review:
        return False
    # What contradicts itself is asked only where the rest would be enough: a person may know better.
    return question.weight >= model.auto or not question.reason.get("apart")


def _data(question: Question) -> dict[str, Any]:
    parts: Iterable[tuple[str, str, int]] = question.reason.get("parts", ())
    return {
        "a": str(question.a),
        "b": str(question.b),
        "weight": question.weight,
        "apart": question.reason.get("apart") or "",
        "pattern": " ".join(f"{name}={level}" for name, level, weight in parts if weight),
        "relation": "",
    }


def _tell_of_cuts(conn: Connection, linking: Relinked) -> None:
    """One item for each component that was too large, closed when it is no more."""
    cuts = {min(each.cut.rids): each for each in linking.cuts}
    for rid, each in cuts.items():
        data = {"records": len(each.cut.rids), "threshold": each.cut.threshold}
        item.raise_item(conn, CUT, f"{CUT}:{rid}", realm=each.realm, kind=each.kind, rid=rid, data=data)
    for rid in match_open.cut(conn, linking.homes) - cuts.keys():
        item.resolve_cause(conn, f"{CUT}:{rid}", "hub")
