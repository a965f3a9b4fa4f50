"""Learning a matching model from stored records. Nothing is put in force: the result is a file to look at."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from hub.errors import ConfigError
from hub.flow.context import Hub
from hub.rules.identity import fit
from hub.rules.identity.model import MatchModel
from hub.store import match_whole as store

Rid = uuid.UUID
MOST_RECORDS = 200_000
"""Of more than these an even sample is learnt from: what is compared of all is held in memory."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A level that weighs something else than in force, in thousandths of a bit. None: it weighed nothing."""

    comparison: str
    level: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Learnt:
    """A model as learnt. `stored`: records there are; `used`: those that were looked at; `pairs`: candidates among them."""

    model: MatchModel
    text: str
    stored: int
    used: int
    pairs: int
    moved: list[Moved]


def learn(
    hub: Hub, kind: str, realm: str, most: int = MOST_RECORDS, step: Callable[[int], None] | None = None
) -> Learnt:
    """A model with the keys and guards of the one in force, and weights, thresholds and frequencies learnt. Changes nothing.

    Errors: `ConfigError` for a kind without a model, for too few records, or where what was learnt makes no sense.
    """
    before = hub.rules.matching.get(kind)
    if before is None:
        raise ConfigError(f"no model matches {kind}; there are models of: {', '.join(sorted(hub.rules.matching))}")
    features: dict[Rid, dict[str, Any]] = {}
    seen = 0
    with hub.db.transaction() as conn:
        store.steady(conn)
        stored = store.count(conn, realm, kind)
        every = max(1, -(-stored // most))
        for rows in store.pages(conn, realm, kind):
            for rid, _, _, _, text in rows:
                found = orjson.loads(text) if text else {}
                if found:
                    seen += 1
                    if seen % every == 0:
                        features[rid] = found
            if step is not None:
                step(len(rows))
    model = fit.fit(features, before)
    pairs = int(model.spec.fitted.get("pairs", 0))
    return Learnt(model, fit.dump(model), stored, len(features), pairs, differences(before, model))


def differences(before: MatchModel, after: MatchModel) -> list[Moved]:
    """The levels that weigh something else, the greatest change first."""
    old, new = before.spec.comparisons, after.spec.comparisons
    found = []
    for name in dict.fromkeys([*old, *new]):
        for level in dict.fromkeys([*old.get(name, {}), *new.get(name, {})]):
            was, now = old.get(name, {}).get(level), new.get(name, {}).get(level)
            one = Moved(name, level, was.weight if was else None, now.weight if now else None)
            if one.before != one.after:
                found.append(one)
    return sorted(found, key=lambda one: (-abs((one.after or 0) - (one.before or 0)), one.comparison, one.level))
