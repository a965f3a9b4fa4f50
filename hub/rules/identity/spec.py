"""What a model file says, checked: levels and weights, keys, guards, frequencies, thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.rules.identity import compare_address, compare_latin, compare_name, compare_value

RARITY_LEVELS = ("very_rare", "rare", "usual", "common")
COMPARISONS: Mapping[str, tuple[str, ...]] = {
    "name": compare_name.LEVELS,
    "rarity": RARITY_LEVELS,
    "phone": compare_value.PHONE_LEVELS,
    "email": compare_value.EMAIL_LEVELS,
    "birthday": compare_value.BIRTHDAY_LEVELS,
    "gender": compare_value.GENDER_LEVELS,
    "address": compare_address.LEVELS,
    **compare_latin.COMPARISONS,
}
"""Comparison -> its levels, from what speaks most for one person to what speaks most against."""
IDENTITY = "identity."
"""Before the namespace of an identity that is compared, as in `identity.wechat_unionid`."""
GUARDS: Mapping[str, tuple[str, ...]] = {
    "name": compare_name.LEVELS,
    "birthday": compare_value.BIRTHDAY_LEVELS,
}
"""Guard -> the levels that may keep two records apart."""


def levels_of(comparison: str) -> tuple[str, ...]:
    """The levels of a comparison; () when there is none of that name."""
    if comparison.startswith(IDENTITY) and len(comparison) > len(IDENTITY):
        return compare_value.ID_LEVELS
    return COMPARISONS.get(comparison, ())


@dataclass(frozen=True, slots=True)
class Level:
    """What it weighs that a pair is at one level: thousandths of a bit.

    `m`, `u`: how often pairs of one person, and of two, are at it; None where the weight was set by hand.
    """

    weight: int
    m: float | None = None
    u: float | None = None


@dataclass(frozen=True, slots=True)
class Spec:
    """A model file. `keys`: name -> the atoms it is made of. `guards`: `name`, `birthday` -> levels that keep apart.

    `accounts`: namespaces of which a person has one account. `frequencies`: `family`, `given` -> name -> how many of a
    million bear it; `sign` -> how many of a million signs of given names it is. `rarity`: the least bits of `usual`, `rare`, `very_rare` names. `fitted`: how the weights
    were found, for reading only.
    """

    auto: int
    review: int
    comparisons: Mapping[str, Mapping[str, Level]]
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    guards: Mapping[str, frozenset[str]] = field(default_factory=dict)
    accounts: frozenset[str] = frozenset()
    frequencies: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    rarity: tuple[int, ...] = ()
    fitted: Mapping[str, Any] = field(default_factory=dict)
