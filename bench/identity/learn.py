"""Learns a model for the FEBRL sets from sets 1 and 2, whose truth is known: shares of levels among pairs of one person and random pairs."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import log2
from pathlib import Path
from typing import Any

from bench.identity import febrl, judge
from hub.errors import ConfigError
from hub.rules.identity.fit import pool
from hub.rules.identity.model import MatchModel
from hub.rules.identity.spec import Level

Rid = uuid.UUID
LEARN_FROM = (1, 2)
_RANDOM_PAIRS = 300_000
_SEED = 7
_SMOOTH = 0.5
_SEEN = 20
"""A level of fewer pairs keeps its weight."""
Places = Counter[tuple[str, str]]


def learn_febrl(folder: Path, model: MatchModel) -> MatchModel:
    """The model with the weights of sets 1 and 2; both thresholds where a pair is as likely one person as not.

    How likely that is of any two records is taken from set 2, the larger one.
    """
    same: Places = Counter()
    other: Places = Counter()
    odds = 0.0
    pairs = 0
    for number in LEARN_FROM:
        _, features, truth = febrl.population(folder, number, "full")
        true = list(judge.pairs_of_people(truth))
        pairs += len(true)
        odds = (len(truth) * (len(truth) - 1) / 2 - len(true)) / len(true)
        _count(same, true, features, model)
        _count(other, _random_pairs(truth), features, model)
    even = round(1000 * log2(odds))
    fitted = {"from": "FEBRL 1 and 2", "pairs": pairs, "random_pairs": _RANDOM_PAIRS * len(LEARN_FROM)}
    spec = replace(model.spec, comparisons=_weigh(same, other, model), auto=even, review=even, fitted=fitted)
    return MatchModel(spec)


def _count(
    places: Places, pairs: Iterable[tuple[Rid, Rid]], features: Mapping[Rid, dict[str, Any]], model: MatchModel
) -> None:
    for a, b in pairs:
        places.update((part.name, part.level) for part in model.score(features[a], features[b]).parts)


def _random_pairs(truth: Mapping[Rid, str]) -> Iterable[tuple[Rid, Rid]]:
    chosen = random.Random(_SEED)
    rids = sorted(truth)
    for _ in range(_RANDOM_PAIRS):
        a, b = chosen.sample(rids, 2)
        if truth[a] != truth[b]:
            yield a, b


def _weigh(same: Places, other: Places, model: MatchModel) -> dict[str, dict[str, Level]]:
    faults: list[str] = []
    found: dict[str, dict[str, Level]] = {}
    for name, levels in model.spec.comparisons.items():
        if len(levels) == 1:
            # That parts are turned is seen by their being alike, which their own levels count: what it costs stays.
            found[name] = dict(levels)
            continue
        left = sum(same[name, level] for level in levels)
        right = sum(other[name, level] for level in levels)
        shares = {
            level: (
                (same[name, level] + _SMOOTH) / (left + _SMOOTH * len(levels)),
                (other[name, level] + _SMOOTH) / (right + _SMOOTH * len(levels)),
            )
            for level in levels
            if same[name, level] + other[name, level] >= _SEEN
        }
        found[name] = {**levels, **pool(shares, name, faults)}
    if faults:
        raise ConfigError("; ".join(faults))
    return found
