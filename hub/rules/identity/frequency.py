"""How many bear a name: tables of a model, counted from the features of records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

_MILLION = 1_000_000
_LEAST_NAMES = 5_000
"""From fewer names no frequency is told."""
_LEAST = 10
_MOST = {"family": 200, "given": 200, "sign": 100}
_TOGETHER = 4
"""A given name of several signs has a line of its own when it is so many times as frequent as its signs say."""


def count_names(features: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Family names, given names and signs of given names per million; {} of too few Chinese names."""
    family: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for one in features:
        name = one.get("name")
        if name and name[0] == "han":
            family[name[1]] += 1
            given[name[2]] += 1
    total = sum(family.values())
    if total < _LEAST_NAMES:
        return {}
    signs: Counter[str] = Counter()
    for name, count in given.items():
        if len(name) > 1:
            for sign in name:
                signs[sign] += count
    share_of_sign = {sign: count / max(1, sum(signs.values())) for sign, count in signs.items()}
    # Half a factor for each sign says how many given names have two of them.
    factor = (sum(count for name, count in given.items() if len(name) > 1) / total) ** 0.5
    own = {name: count for name, count in given.items() if _is_own(name, count / total, share_of_sign, factor)}
    return {
        "family": _per_million(family, total, "family"),
        "given": _per_million(own, total, "given"),
        "sign": _per_million(signs, sum(signs.values()) / factor if factor else 1, "sign"),
    }


def _is_own(name: str, share: float, signs: Mapping[str, float], factor: float) -> bool:
    expected = 1.0
    for sign in name:
        expected *= signs.get(sign, 0.0) * factor
    return len(name) == 1 or share > _TOGETHER * expected


def _per_million(counts: Mapping[str, int], total: float, table: str) -> dict[str, int]:
    frequent = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[: _MOST[table]]
    return {name: max(1, round(count / total * _MILLION)) for name, count in frequent if count >= _LEAST}
