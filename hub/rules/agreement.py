"""When several records last said the same of some fields. Pure; for people, never an input of survivorship."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Said:
    """What one record said, or was told by the hub, at a time (microseconds since the epoch)."""

    rid: Any
    at: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Agreed:
    """What all held at the same time, and since when they did."""

    values: dict[str, Any]
    at: int


def last_agreed(said: Iterable[Said], rids: Collection[Any], fields: Collection[str]) -> Agreed | None:
    """The last time at which all of `rids` held equal values of `fields`; None when they never did.

    A record that has not spoken of any of them yet agrees with nobody.
    """
    held: dict[Any, dict[str, Any]] = {}
    found: Agreed | None = None
    did_agree = False
    for one in sorted(said, key=lambda one: one.at):
        news = {name: value for name, value in one.values.items() if name in fields}
        if one.rid not in rids or not news:
            continue
        held.setdefault(one.rid, {}).update(news)
        first, *rest = held.values()
        do_agree = len(held) == len(rids) and all(other == first for other in rest)
        if do_agree and not (did_agree and found is not None and found.values == first):
            found = Agreed(dict(first), one.at)
        did_agree = do_agree
    return found


def parted(one: Iterable[Said], other: Iterable[Said], fields: Collection[str]) -> bool:
    """Whether two records once held equal values of `fields` and each then left them for something else.

    `one`, `other`: all that each record said, with equal values in equal form. Times at which they differ
    less than a moment do not count: what holds at a time is what was said up to it.
    """
    lines: dict[int, dict[int, dict[str, Any]]] = {}
    for side, said in enumerate((one, other)):
        for each in sorted(said, key=lambda each: each.at):
            news = {name: value for name, value in each.values.items() if name in fields}
            lines.setdefault(each.at, {}).setdefault(side, {}).update(news)
    held: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    agreed: dict[str, Any] | None = None
    for at in sorted(lines):
        for side, news in lines[at].items():
            held[side].update(news)
        if held[0] and held[0] == held[1]:
            agreed = dict(held[0])
    return agreed is not None and agreed not in held
