"""Which record's value wins, per field or group: a pure function of evidence, decisions and policy.

`golden(C, f)` = newest live pin; else a person's choice while its contenders are unchanged; else the
best evidence over the cluster's records by (policy key, not weak, since, connection rank, connection,
external id, value hash). No clock in it.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from hub.rules.agreement import Said, parted
from hub.rules.register import GAP, MISSING, SEPARATOR, STATE, Cell, Fold, decode, lists_of, loose, loose_equal, trace


@dataclass(slots=True)
class Source:
    """One record of a cluster. `rank`: smaller wins ties. `packed`: its cached fold, opened when it is needed.

    `told`: the fields of which the hub tells its system what others say.
    """

    rid: uuid.UUID
    connection: str
    rank: int
    external_id: str
    packed: Mapping[str, Any]
    object_type: str = ""
    told: Collection[str] = ()
    _fold: Fold | None = None

    @property
    def fold(self) -> Fold:
        """Its fold."""
        if self._fold is None:
            self._fold = decode(self.packed)
        return self._fold

    @property
    def has_own_state(self) -> bool:
        """Whether its system itself said that it exists, or is gone."""
        return STATE in self.packed.get("v", ())

    @property
    def is_written(self) -> bool:
        """Whether the hub ever wrote to it."""
        return any("w" in cell for cell in self.packed.get("e", {}).values())


@dataclass(frozen=True, slots=True)
class FieldRule:
    """How one field, or one group of fields, survives.

    `policy`: owner, priority, latest or union. `connections`: best first (owner, priority).
    `null_wins`: whether a cleared value beats values of others.
    """

    name: str
    policy: str
    fields: tuple[str, ...]
    connections: tuple[str, ...] = ()
    null_wins: bool = True


@dataclass(frozen=True, slots=True)
class Pin:
    """A value a person fixed. `order`: (time, id) of the decision; the newest wins."""

    field: str
    value: Any
    author: str
    order: tuple[Any, ...]
    rid: uuid.UUID


@dataclass(slots=True)
class Candidate:
    """One record's own evidence for a field or group."""

    source: Source
    values: dict[str, Any]
    since: int
    weak: bool
    key: tuple[Any, ...] = ()

    @property
    def yields(self) -> bool:
        """Whether it is empty, and its policy lets any value go before it. Known once it is ranked."""
        return not self.key[0]


@dataclass(frozen=True, slots=True)
class Choice:
    """A person took one record's value of a field or group. It counts while all that contended says what it said.

    `field`: name of the rule. `contenders`: rid -> `value_hash` of what each record said then. `author`: who chose.
    """

    field: str
    rid: uuid.UUID
    contenders: Mapping[str, str]
    author: str = ""


@dataclass(slots=True)
class Outcome:
    """The golden data of a cluster. `winners`: field -> rid (list fields: of the newest element)."""

    data: dict[str, Any]
    winners: dict[str, uuid.UUID]
    conflicts: list[str]


def resolve(
    sources: Sequence[Source], rules: Iterable[FieldRule], pins: Mapping[str, Pin], choices: Sequence[Choice] = ()
) -> Outcome:
    """Golden data of one cluster. Fields without own evidence anywhere are absent. `choices`: oldest first."""
    if len(sources) == 1 and not pins:
        return _alone(sources[0], rules)
    data: dict[str, Any] = {}
    winners: dict[str, uuid.UUID] = {}
    conflicts: list[str] = []
    for rule in rules:
        if rule.policy == "union":
            _unite(sources, rule, data, winners)
        else:
            ranked = candidates(sources, rule)
            chosen = chosen_of(ranked, rule, choices)
            _survive(rule, [chosen[0]] if chosen else ranked, data, winners)
            if chosen is None and _is_open(rule, ranked, pins):
                conflicts.append(rule.name)
    for name, pin in pins.items():
        data[name] = pin.value
        winners[name] = pin.rid
    return Outcome(data, winners, conflicts)


def _alone(source: Source, rules: Iterable[FieldRule]) -> Outcome:
    # Nine of ten clusters hold one record: every policy then gives that record's own evidence, which
    # is read off the cached fold as it is.
    values: Mapping[str, Any] = source.packed.get("v", {})
    lists = lists_of(values)
    data: dict[str, Any] = {}
    for rule in rules:
        for name in rule.fields:
            if name in values:
                data[name] = values[name]
            elif name in lists:
                data[name] = lists[name]
    return Outcome(data, dict.fromkeys(data, source.rid), [])


def _survive(rule: FieldRule, ranked: Sequence[Candidate], data: dict[str, Any], winners: dict[str, uuid.UUID]) -> None:
    for name in rule.fields:
        if ranked and name in ranked[0].values:
            data[name] = ranked[0].values[name]
            winners[name] = ranked[0].source.rid


def chosen_of(
    ranked: Sequence[Candidate], rule: FieldRule, choices: Sequence[Choice]
) -> tuple[Candidate, Choice] | None:
    """The candidate a person chose and the newest choice that still counts; None when none does."""
    fitting = [choice for choice in choices if choice.field == rule.name]
    if not fitting:
        return None
    said = contenders_of(ranked)
    for choice in reversed(fitting):
        if choice.contenders == said:
            found = next((one for one in ranked if one.source.rid == choice.rid), None)
            if found is not None:
                return found, choice
    return None


def contenders_of(ranked: Iterable[Candidate]) -> dict[str, str]:
    """What a choice remembers of its contenders: rid -> hash of what the record says."""
    return {str(one.source.rid): value_hash(one.values) for one in ranked}


def _is_open(rule: FieldRule, ranked: Sequence[Candidate], pins: Mapping[str, Pin]) -> bool:
    """Whether systems contradict each other about something that no pin has settled."""
    if not contradict(rule, ranked):
        return False
    return any(
        name not in pins and other.values.get(name, MISSING) != ranked[0].values.get(name, MISSING)
        for other in ranked[1:]
        for name in rule.fields
    )


def candidates(sources: Sequence[Source], rule: FieldRule) -> list[Candidate]:
    """Everybody with own evidence for the rule's fields, the winner first."""
    found = [c for c in (_candidate(source, rule) for source in sources) if c is not None]
    for candidate in found:
        candidate.key = _key(candidate, rule)
    found.sort(key=lambda c: c.key, reverse=True)
    return found


def _candidate(source: Source, rule: FieldRule) -> Candidate | None:
    cells: dict[str, Cell] = {}
    for name in rule.fields:
        cell = source.fold.cells.get(name)
        if cell is not None and cell.own is not MISSING:
            cells[name] = cell
    if not cells:
        return None
    values = {name: cell.own for name, cell in cells.items()}
    if len(values) < len(rule.fields):
        # Edited in part: the rest of the tuple is what its author saw beside it.
        for name in rule.fields:
            held = source.fold.held(name) if name not in values else MISSING
            if held is not MISSING:
                values[name] = held
    return Candidate(
        source, values, max(cell.since for cell in cells.values()), all(cell.weak for cell in cells.values())
    )


def _key(candidate: Candidate, rule: FieldRule) -> tuple[Any, ...]:
    source = candidate.source
    empty = all(value is None for value in candidate.values.values())
    place = 0
    if rule.policy in ("owner", "priority"):
        place = -_place(source.connection, rule.connections)
    return (
        not (empty and not rule.null_wins),
        place,
        not candidate.weak,
        candidate.since,
        -source.rank,
        _reversed(source.connection),
        _reversed(source.external_id),
        value_hash(candidate.values),
    )


def _place(connection: str, connections: tuple[str, ...]) -> int:
    return connections.index(connection) if connection in connections else len(connections)


def _reversed(text: str) -> tuple[int, ...]:
    """Sorts names so that, with the largest key winning, the alphabetically first name wins."""
    return (*(-ord(ch) for ch in text), 1)


def value_hash(value: Any) -> str:
    """The last tie-break: 8 bytes of the canonical JSON, as hex."""
    packed = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(packed).hexdigest()[:16]


def contradict(rule: FieldRule, ranked: Sequence[Candidate]) -> bool:
    """Whether a person should look at a rule's candidates (best first): see `is_conflict`.

    Where the newest wins, also when the two newest were edited without one having seen the other,
    although they had been in step before: one of the systems was away, or both were quicker than the hub.
    In step are those that the hub had told each other's value, and those that had the same by themselves.
    """
    if len(ranked) < 2:
        return False
    if is_conflict(ranked[0], ranked[1:]):
        return True
    return rule.policy == "latest" and _edited_apart(rule, ranked[0], ranked[1])


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
    steps = [*cell.trail, (cell.since, trace(cell.own))]
    # What is left out of a trail equals nothing, not even what is left out of another one.
    return [Said(source.rid, since, {name: source.rid if value == GAP else loose(value)}) for since, value in steps]


def _bases(rule: FieldRule, candidate: Candidate) -> dict[str, Any]:
    cells = {name: candidate.source.fold.own(name) for name in rule.fields}
    return {name: cell.base for name, cell in cells.items() if cell is not None and cell.base is not MISSING}


def _has_seen(base: Mapping[str, Any], other: Candidate) -> bool:
    return bool(base) and all(loose_equal(value, other.values.get(name)) for name, value in base.items())


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


def elements(sources: Sequence[Source], name: str) -> dict[str, list[tuple[tuple[Any, ...], Any, Source, Cell]]]:
    """Per element key of a list field: the evidence of every record, best first."""
    found: dict[str, list[tuple[tuple[Any, ...], Any, Source, Cell]]] = {}
    prefix = name + SEPARATOR
    for source in sources:
        for key, cell in source.fold.cells.items():
            if key.startswith(prefix) and cell.own is not MISSING:
                order = (
                    not cell.weak,
                    cell.since,
                    cell.own is not None,
                    -source.rank,
                    _reversed(source.connection),
                    _reversed(source.external_id),
                    value_hash(cell.own),
                )
                found.setdefault(key[len(prefix) :], []).append((order, cell.own, source, cell))
    for ranked in found.values():
        ranked.sort(key=lambda entry: entry[0], reverse=True)
    return found


def _unite(sources: Sequence[Source], rule: FieldRule, data: dict[str, Any], winners: dict[str, uuid.UUID]) -> None:
    for name in rule.fields:
        found = elements(sources, name)
        if not found:
            continue
        live = {key: ranked[0] for key, ranked in found.items() if ranked[0][1] is not None}
        data[name] = [live[key][1] for key in sorted(live)]
        newest = max(live.values() or (ranked[0] for ranked in found.values()), key=lambda entry: entry[0])
        winners[name] = newest[2].rid
