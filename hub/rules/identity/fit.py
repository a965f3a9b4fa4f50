"""Learns how much levels weigh from records whose truth nobody knows: expectation and maximisation (EM).

Of the pairs that have a candidate key in common some are one person and some are not. Comparisons are taken as independent within either
class; shares of levels (`m` among one person's pairs, `u` among the others) and the share of one person's pairs are then found by
turns, beginning with what the model in force thinks. Source: Fellegi and Sunter 1969; Winkler 1988.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import log2
from typing import Any

from hub.errors import ConfigError
from hub.rules.identity import batch
from hub.rules.identity.frequency import count_names
from hub.rules.identity.model import MatchModel
from hub.rules.identity.model_file import write_model
from hub.rules.identity.spec import IDENTITY, Level, Spec, levels_of

Rid = uuid.UUID
Features = Mapping[str, Any]
Pattern = tuple[bool, tuple[tuple[str, str], ...]]
"""Whether a guard keeps the pair apart, so that it is no question; comparisons and their levels, sorted."""
Shares = dict[tuple[str, str], float]

NAME_ATOMS = frozenset(("name_sound", "rare_name", "family_sound", "last_sound", "initial", "names", "name_heads"))
KEPT = ("rarity", "address")
"""Comparisons that keep their weights: both count only where another one is at certain levels."""
MOST_PAIRS = 300_000
LEAST_PAIRS = 500
ROUNDS = 200
_STILL = 1e-5
_MOST_BITS = 40.0
_NO = 2**-_MOST_BITS
_SEEN = 30
"""A level of fewer pairs keeps its weight."""
_SMOOTH = 0.5
_NONSENSE = 3_000
"""By so much a level that speaks for one person may not outweigh a higher one, in thousandths of a bit."""
_HEAVIEST = 20_000
AUTO_ODDS = 49
"""At the upper threshold one pair of 50 is wrong, as far as the model knows."""
FOUND_BY: Mapping[str, tuple[str, ...]] = {
    "phone": ("same", "masked", "transposed", "one_digit"),
    "email": ("same", "same_name"),
    "birthday": ("exact",),
    "address": ("home",),
}
"""The levels that keys find pairs by, beside those of names; and `same` of identities."""
_MARGIN = 100


@dataclass(frozen=True, slots=True)
class Estimate:
    """What was found: shares of levels in either class, the share of one person's pairs, how many rounds it took."""

    m: Shares
    u: Shares
    share: float
    rounds: int


def fit(features: Mapping[Rid, Features], model: MatchModel, most_pairs: int = MOST_PAIRS) -> MatchModel:
    """A model with the keys and guards of `model`, and weights, thresholds and frequencies learnt from `features`.

    Deterministic: the same records give the same model. `ConfigError` says why what was learnt makes no sense.
    """
    counts, seen = count_patterns(features, model, most_pairs)
    if seen < LEAST_PAIRS:
        raise ConfigError(f"{seen} pairs have a key in common; at least {LEAST_PAIRS} are needed to learn from")
    found = estimate(counts, model)
    comparisons = _weigh(found, counts, model.spec)
    even = round(1000 * log2((1 - found.share) / found.share))
    auto = even + round(1000 * log2(AUTO_ODDS))
    raised = _raise(comparisons, auto)
    spec = replace(
        model.spec,
        comparisons=comparisons,
        auto=auto + raised,
        review=even + raised,
        frequencies=count_names(features.values()) or model.spec.frequencies,
        fitted={"records": len(features), "pairs": seen, "share": round(found.share, 4), "rounds": found.rounds},
    )
    return MatchModel(spec)


def dump(model: MatchModel) -> str:
    """The text of the model's file."""
    return write_model(model.spec)


def count_patterns(
    features: Mapping[Rid, Features], model: MatchModel, most_pairs: int = MOST_PAIRS
) -> tuple[Counter[Pattern], int]:
    """How often candidates are at which levels; of more than `most_pairs` an even sample. Also the number of pairs taken."""
    pairs = batch.candidates(features, _without_names_alone(model))
    step = max(1, -(-len(pairs) // most_pairs))
    taken = pairs[::step]
    hot = batch.hot_values(features, model)
    counts: Counter[Pattern] = Counter()
    for a, b in taken:
        left, right = features[a], features[b]
        places = sorted(
            (part.name, part.level) for part in model.score(left, right, hot).parts if part.name not in KEPT
        )
        counts[bool(model.apart(left, right)), tuple(places)] += 1
    return counts, len(taken)


def _without_names_alone(model: MatchModel) -> MatchModel:
    """Without keys of nothing but names: among pairs that they find names always agree, which says nothing of names."""
    keys = {name: atoms for name, atoms in model.spec.keys.items() if not set(atoms) <= NAME_ATOMS}
    return MatchModel(replace(model.spec, keys=keys))


def estimate(counts: Mapping[Pattern, int], model: MatchModel) -> Estimate:
    """Finds shares and classes by turns, beginning with the weights in force."""
    total = sum(counts.values())
    beliefs = {pattern: _first_belief(pattern, model) for pattern in counts}
    share, rounds = 0.0, 0
    m: Shares = {}
    u: Shares = {}
    for rounds in range(1, ROUNDS + 1):
        m, u = _shares(counts, beliefs), _shares(counts, {pattern: 1 - belief for pattern, belief in beliefs.items()})
        now = sum(count * beliefs[pattern] for pattern, count in counts.items()) / total
        now = min(max(now, 1 / total), 1 - 1 / total)
        if abs(now - share) < _STILL and rounds > 2:
            share = now
            break
        share = now
        bits = {place: log2(m[place] / u[place]) for place in m}
        even = log2((1 - share) / share)
        beliefs = {
            pattern: _NO if pattern[0] else _belief(sum(bits[place] for place in pattern[1]) - even)
            for pattern in counts
        }
    return Estimate(m, u, share, rounds)


def _first_belief(pattern: Pattern, model: MatchModel) -> float:
    if pattern[0]:
        return _NO
    levels = model.spec.comparisons
    weight = sum(levels[name][level].weight for name, level in pattern[1] if level in levels.get(name, {}))
    return _belief((weight - (model.auto + model.review) / 2) / 1000)


def _belief(bits: float) -> float:
    return 1 / (1 + 2 ** max(-_MOST_BITS, min(_MOST_BITS, -bits)))


def _shares(counts: Mapping[Pattern, int], beliefs: Mapping[Pattern, float]) -> Shares:
    """Of the pairs in which a comparison says something, how many are at each level; smoothed, so that none is 0."""
    places: dict[str, dict[str, float]] = {}
    for pattern, count in counts.items():
        weight = count * beliefs[pattern]
        for name, level in pattern[1]:
            levels = places.setdefault(name, {})
            levels[level] = levels.get(level, 0.0) + weight
    return {
        (name, level): (weight + _SMOOTH) / (sum(levels.values()) + _SMOOTH * len(levels))
        for name, levels in places.items()
        for level, weight in levels.items()
    }


def _weigh(found: Estimate, counts: Mapping[Pattern, int], spec: Spec) -> dict[str, dict[str, Level]]:
    pairs: Counter[tuple[str, str]] = Counter()
    for pattern, count in counts.items():
        for place in pattern[1]:
            pairs[place] += count
    faults: list[str] = []
    comparisons: dict[str, dict[str, Level]] = {}
    for name, levels in spec.comparisons.items():
        if name in KEPT:
            comparisons[name] = dict(levels)
            continue
        learnt = {
            level: (found.m[name, level], found.u[name, level]) for level in levels if pairs[name, level] >= _SEEN
        }
        weights = pool(learnt, name, faults)
        comparisons[name] = {level: weights.get(level, old) for level, old in levels.items()}
    if faults:
        raise ConfigError("what was learnt makes no sense, so it is not written: " + "; ".join(faults))
    return comparisons


def _raise(comparisons: dict[str, dict[str, Level]], auto: int) -> int:
    """Moves weight to what pairs are found by, until a name alone stays below the upper threshold; returns how much.

    Every pair learnt from has such a level, so it says nothing among them: both thresholds rise by as much, and these
    pairs stay where they were. Pairs found by their name alone do not have it.
    """
    best = sum(
        max((one.weight for one in comparisons.get(name, {}).values()), default=0) for name in ("name", "rarity")
    )
    raised = max(0, best + _MARGIN - auto) if "name" in comparisons else 0
    for name, levels in comparisons.items():
        chosen = FOUND_BY.get(name, ("same",) if name.startswith(IDENTITY) else ())
        comparisons[name] = {
            level: replace(one, weight=one.weight + raised) if level in chosen else one for level, one in levels.items()
        }
    return raised


def pool(learnt: Mapping[str, tuple[float, float]], name: str, faults: list[str]) -> dict[str, Level]:
    """Weights of the levels of one comparison, never rising from a level to a lower one.

    Neighbours in the wrong order count as one level; `faults` says where they are too far apart for that.
    """
    groups: list[tuple[list[str], float, float]] = []
    for level in (level for level in levels_of(name) if level in learnt):
        m, u = learnt[level]
        groups.append(([level], m, u))
        while len(groups) > 1 and _bits(groups[-1]) > _bits(groups[-2]):
            lower, higher = groups.pop(), groups.pop()
            if _bits(lower) > max(0, _bits(higher) + _NONSENSE):
                text = (
                    f"{name}: {lower[0][0]} would weigh {_bits(lower)}, more than {higher[0][-1]} with {_bits(higher)}"
                )
                faults.append(text)
            groups.append((higher[0] + lower[0], higher[1] + lower[1], higher[2] + lower[2]))
    return {
        level: Level(_bits(group), round(learnt[level][0], 5), round(learnt[level][1], 7))
        for group in groups
        for level in group[0]
    }


def _bits(group: tuple[Iterable[str], float, float]) -> int:
    return max(-_HEAVIEST, min(_HEAVIEST, round(1000 * log2(group[1] / group[2]))))
