"""Which of the values that lost a person should look at. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.rules.agreement import Said, parted
from hub.rules.candidate import Candidate, FieldRule, Source, is_void
from hub.rules.derive.consent import GRANTED, is_copy
from hub.rules.register import GAP, MISSING, loose, loose_equal, trace

_BY_ORDER = ("owner", "priority")
_AS_WRITTEN = ("owner", "priority", "latest")


def contradict(rule: FieldRule, ranked: Sequence[Candidate]) -> bool:
    """Whether a person should look at a rule's candidates (best first): see `is_conflict`.

    Where the newest wins, also when the two newest were edited without one having seen the other,
    although they had been in step before: one of the systems was away, or both were quicker than the hub.
    In step are those that the hub had told each other's value, and those that had the same by themselves.
    Where a policy prefers something else to age, a value of which nothing is lost contradicts nothing.
    """
    if len(ranked) < 2:
        return False
    best = ranked[0]
    others = [other for other in ranked[1:] if not _is_kept(rule, best, other)]
    if is_conflict(best, others):
        return True
    return bool(others) and _is_decided_by_age(rule, best, others[0]) and _edited_apart(rule, best, others[0])


def is_conflict(best: Candidate, losers: Iterable[Candidate]) -> bool:
    """Whether a person should look: an own value lost that is newer, or tied before the last three keys.

    What is empty and yields by its policy is no value that could lose.
    """
    for loser in losers:
        if loser.values == best.values or loser.yields:
            continue
        if loser.since > best.since and not (loser.weak and not best.weak):
            return True
        if loser.key[:5] == best.key[:5]:
            return True
    return False


def _is_kept(rule: FieldRule, best: Candidate, other: Candidate) -> bool:
    """Whether nothing that was said is lost with it, under a policy that prefers something else to age."""
    if rule.policy == "strictest":
        # To keep to a refusal is what was asked for; only a grant that somebody gave is worth a look.
        return other.values.get("status") != GRANTED or best.values.get("status") == GRANTED or is_copy(other.values)
    return rule.policy not in _AS_WRITTEN and covers(best.values, other.values)


def covers(whole: Any, part: Any) -> bool:
    """Whether all that `part` says is in `whole` too, but for spelling."""
    if is_void(part) or loose_equal(whole, part):
        return True
    if isinstance(whole, Mapping) and isinstance(part, Mapping):
        return all(covers(whole.get(name), value) for name, value in part.items())
    return isinstance(whole, list) and isinstance(part, list) and all(any(covers(w, p) for w in whole) for p in part)


def _is_decided_by_age(rule: FieldRule, best: Candidate, other: Candidate) -> bool:
    return rule.policy not in _BY_ORDER and best.key[:2] == other.key[:2]


def _edited_apart(rule: FieldRule, best: Candidate, other: Candidate) -> bool:
    if best.values == other.values:
        return False
    bases = [_bases(rule, one) for one in (best, other)]
    if not any(bases):
        return _parted(rule, best, other)
    return not _has_seen(bases[0], other) and not _has_seen(bases[1], best)


def _parted(rule: FieldRule, best: Candidate, other: Candidate) -> bool:
    """Whether both had the same by themselves, so that there was nothing to tell, and each then changed it.

    Of what the hub tells both systems. One that is never told cannot have seen anything: the newest wins, no more.
    """
    sides = (best.source, other.source)
    names = [
        name for name in rule.fields
        if all(name in side.told and side.fold.own(name) is not None for side in sides)
    ]  # fmt: skip
    lines = [[said for name in names for said in _said(side, name)] for side in sides]
    return parted(lines[0], lines[1], names)


def _said(source: Source, name: str) -> list[Said]:
    cell = source.fold.cells[name]
    steps = [*((since, value) for since, value, _ in cell.trail), (cell.since, trace(cell.own))]
    # What is left out of a trail equals nothing, not even what is left out of another one.
    return [Said(source.rid, since, {name: source.rid if value == GAP else loose(value)}) for since, value in steps]


def _bases(rule: FieldRule, candidate: Candidate) -> dict[str, Any]:
    cells = {name: candidate.source.fold.own(name) for name in rule.fields}
    return {name: cell.base for name, cell in cells.items() if cell is not None and cell.base is not MISSING}


def _has_seen(base: Mapping[str, Any], other: Candidate) -> bool:
    return bool(base) and all(loose_equal(value, other.values.get(name)) for name, value in base.items())
