"""Which record's value wins, per field or group: a pure function of evidence, decisions and policy.

`golden(C, f)` = newest live pin; else a person's choice while its contenders are unchanged; else the
best evidence over the cluster's records by (policy key, not weak, since, connection rank, connection,
external id, value hash). No clock in it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hub.model.identity import proof_of
from hub.rules.act import acts_of
from hub.rules.candidate import ByHash, Candidate, Choice, FieldRule, Pin, Source, own_word, value_hash
from hub.rules.contradiction import contradict
from hub.rules.derive.consent import REFUSED_AT, standing_until
from hub.rules.register import MISSING, SEPARATOR, Cell, lists_of, loose_equal
from hub.rules.worth import WORTH, place

__all__ = [
    "Candidate", "Choice", "FieldRule", "Outcome", "Pin", "Source",
    "candidates", "chosen_of", "contenders_of", "contradict", "elements", "resolve", "value_hash",
]  # fmt: skip

Element = tuple[tuple[Any, ...], Any, Source, Cell]
"""(age, value, record, cell): what one record says of an element; the value None where it says that it is gone."""


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
    found = Outcome({}, {}, [])
    if len(sources) == 1 and not pins:
        _take_all(sources[0], rules, choices, found)
        return found
    spoken = set().union(*[source.packed.get("v", ()) for source in sources])
    said = {name.partition(SEPARATOR)[0] for name in spoken}
    for rule in rules:
        # Most of what a kind has nobody of a cluster ever spoke of.
        if said.isdisjoint(rule.fields):
            continue
        if rule.policy == "union":
            _unite(sources, rule, found.data, found.winners)
        else:
            _decide(sources, rule, choices, pins, found)
    for name, pin in pins.items():
        found.data[name] = pin.value
        found.winners[name] = pin.rid
    return found


def _take_all(source: Source, rules: Iterable[FieldRule], choices: Sequence[Choice], found: Outcome) -> None:
    # Nine of ten clusters hold one record: every policy then gives that record's own evidence, read off the
    # cached fold as it is. But for what it said before, which may outlive what it says now.
    values: Mapping[str, Any] = source.packed.get("v", {})
    lists = lists_of(values)
    data = found.data
    for rule in rules:
        if rule.policy == "strictest":
            _decide((source,), rule, choices, {}, found)
            continue
        for name in rule.fields:
            if name in values:
                data[name] = values[name]
            elif name in lists:
                data[name] = lists[name]
    found.winners.update(dict.fromkeys(data.keys() - {REFUSED_AT}, source.rid))


def _decide(
    sources: Sequence[Source], rule: FieldRule, choices: Sequence[Choice], pins: Mapping[str, Pin], found: Outcome
) -> None:
    words = _words(sources, rule)
    if not words:
        return
    ranked = _best_of_each(words)
    chosen = chosen_of(ranked, rule, choices) if choices else None
    best = chosen[0] if chosen else ranked[0]
    for name in rule.fields:
        if name in best.values:
            found.data[name] = best.values[name]
            found.winners[name] = best.source.rid
    if chosen is None and _is_open(rule, ranked, pins):
        found.conflicts.append(rule.name)
    if chosen is None and rule.refused_at:
        until = standing_until(word.key[1] for word in words)
        if until and until != best.values.get("captured_at"):
            found.data[REFUSED_AT] = until


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
    """Whether systems contradict each other about something that no pin has settled, or a plugin's policy cannot tell."""
    fails = rule.prefer is not None and len(ranked) > 1 and rule.prefer(ranked) is None
    if not fails and not contradict(rule, ranked):
        return False
    return any(
        name not in pins and other.values.get(name, MISSING) != ranked[0].values.get(name, MISSING)
        for other in ranked[1:]
        for name in rule.fields
    )


def candidates(sources: Sequence[Source], rule: FieldRule) -> list[Candidate]:
    """Everybody with own evidence for the rule's fields, the winner first; of a record that says several things its best."""
    return _best_of_each(_words(sources, rule))


def _words(sources: Sequence[Source], rule: FieldRule) -> list[Candidate]:
    """All that is said of the rule's fields, each with its key."""
    if rule.policy == "strictest":
        found = [act for source in sources for act in acts_of(source, rule)]
    else:
        found = [word for source in sources if (word := own_word(source, rule)) is not None]
        if len(found) < 2:
            # It wins whatever it is worth, and there is nobody to contradict it.
            return found
        if len(rule.fields) > 1:
            _complete(found, rule)
    for word, worth in zip(found, _worths(found, rule), strict=True):
        yields = not rule.null_wins and word.is_empty
        source = word.source
        word.key = (
            not yields, worth, not word.weak, word.since,
            -source.rank, _reversed(source.connection), _reversed(source.external_id), ByHash(word.values),
        )  # fmt: skip
    return found


def _worths(found: Sequence[Candidate], rule: FieldRule) -> Sequence[Any]:
    if rule.prefer is None:
        return WORTH[rule.policy](found, rule)
    given = rule.prefer(found)
    return given if given is not None else [0] * len(found)


def _complete(words: Sequence[Candidate], rule: FieldRule) -> None:
    """Adds to a tuple of which a record edited a part only what its author saw beside it: what the hub had told of others.

    As those others say it today: the hub's own word is nobody's evidence.
    """
    # A record that the hub never wrote to holds nothing of others.
    written = [word for word in words if word.source.packed.get("e")]
    gaps = [(word, name) for word in written for name in rule.fields if name not in word.values]
    given = [(word, name, _seen_beside(words, word.source.fold.held(name), name)) for word, name in gaps]
    for word, name, value in given:
        if value is not MISSING:
            word.values[name] = value


def _seen_beside(words: Sequence[Candidate], held: Any, name: str) -> Any:
    if held is MISSING or held is None:
        return MISSING
    saying = [word for word in words if name in word.values]
    best = max(
        saying,
        key=lambda word: (loose_equal(word.values[name], held), *_age(word.weak, word.since),
                          *_tie_break(word.source, word.values)),
        default=None,
    )  # fmt: skip
    return best.values[name] if best is not None else MISSING


def _key(word: Candidate) -> tuple[Any, ...]:
    return word.key


def _best_of_each(words: list[Candidate]) -> list[Candidate]:
    ranked = sorted(words, key=_key, reverse=True)
    if len(ranked) < 2:
        return ranked
    best = {word.source.rid: word for word in reversed(ranked)}
    return [word for word in ranked if best[word.source.rid] is word]


def _age(weak: bool, since: int) -> tuple[bool, int]:
    return (not weak, since)


def _tie_break(source: Source, value: Any) -> tuple[Any, ...]:
    return (-source.rank, _reversed(source.connection), _reversed(source.external_id), ByHash(value))


@lru_cache(maxsize=4096)
def _reversed(text: str) -> tuple[int, ...]:
    """Sorts names so that, with the largest key winning, the alphabetically first name wins."""
    return (*(-ord(ch) for ch in text), 1)


def elements(sources: Sequence[Source], rule: FieldRule, name: str) -> dict[str, list[Element]]:
    """Per element key of a list field: what every record says of it, best first.

    Whether it is there the newest word says; whose version of it counts, of those that have it, `rule.elements`.
    """
    found: dict[str, list[Element]] = {}
    for source in sources:
        for key, cell in source.elements(name):
            if cell.own is not MISSING:
                age = (*_age(cell.weak, cell.since), cell.own is not None, *_tie_break(source, cell.own))
                found.setdefault(key, []).append((age, cell.own, source, cell))
    for ranked in found.values():
        ranked.sort(key=lambda entry: entry[0], reverse=True)
        if rule.elements != "latest" and ranked[0][1] is not None:
            ranked.sort(key=lambda entry: (entry[1] is not None, _worth_of_element(entry, rule)), reverse=True)
    return found


def _worth_of_element(entry: Element, rule: FieldRule) -> tuple[int, int]:
    _, value, source, _ = entry
    if rule.elements == "verified":
        proof = proof_of(value) if isinstance(value, Mapping) else 0
        return (proof, source.connection in rule.connections)
    return (-place(source.connection, rule.connections), 0)


def _unite(sources: Sequence[Source], rule: FieldRule, data: dict[str, Any], winners: dict[str, uuid.UUID]) -> None:
    for name in rule.fields:
        found = elements(sources, rule, name)
        if not found:
            continue
        live = {key: ranked[0] for key, ranked in found.items() if ranked[0][1] is not None}
        data[name] = [live[key][1] for key in sorted(live)]
        newest = max(live.values() or (ranked[0] for ranked in found.values()), key=lambda entry: entry[0])
        winners[name] = newest[2].rid
