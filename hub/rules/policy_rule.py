"""One rule of a policy file: how a field or group survives, its words, and which fields it can be for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, get_args

from hub.model.kind import Field
from hub.rules.derive.consent import STRICTEST
from hub.rules.mapping.beside import did_you_mean
from hub.rules.mapping.document import Entry, Report

Policy = Literal["latest", "owner", "priority", "verified", "most_complete", "most_frequent", "strictest", "union"]
Null = Literal["wins", "yields"]
Elements = Literal["latest", "verified", "owner", "priority"]
POLICIES: Final[tuple[str, ...]] = get_args(Policy)
ELEMENTS: Final[tuple[str, ...]] = get_args(Elements)
NULL_WINS: Final = frozenset({"latest", "owner"})
"""Policies under which a cleared value wins unless a file says that it yields; under the others it yields."""
NEVER_EMPTY: Final = frozenset({"most_complete", "strictest"})
"""Policies under which an empty value cannot win."""
RULE_WORDS: Final = ("policy", "connections", "null", "elements", "fields")
DEFAULT_POLICY: Final = "latest"
_ORDERED = ("owner", "priority")
_NAMED = (*_ORDERED, "verified")
_WHOLE = ("object", "list", "map")


@dataclass(frozen=True, slots=True)
class Rule:
    """How one field or group survives. `policy`: one of `POLICIES`, or a plugin's. `connections`: best first. `null`: None is the policy's own way.

    `elements`: whose version of an element counts, of a list that is united.
    """

    policy: str = DEFAULT_POLICY
    connections: tuple[str, ...] = ()
    null: Null | None = None
    group: str = ""
    elements: Elements = "latest"


def read_rule(entry: Entry, name: str, report: Report, group: str = "", policies: Sequence[str] = POLICIES) -> Rule:
    """The rule that stands in `entry`; what is wrong with it goes to `report`, and the rest of it counts.

    `policies`: the names of all there are.
    """
    if isinstance(entry.value, list):
        what = f"is the name of a policy, or an object of {', '.join(RULE_WORDS)}; fields that survive together stand under `groups`"
        report.add(entry.line, name, what)
        return Rule(group=group)
    given: dict[str, Entry] = (
        {"null" if word is None else word: one for word, one in entry.value.items()}
        if entry.is_object
        else {"policy": entry}
    )
    for word in given.keys() - set(RULE_WORDS):
        meant = did_you_mean(str(word), RULE_WORDS)
        report.add(given[word].line, name, f"does not know {word}{meant}; known are: {', '.join(RULE_WORDS)}")
    if not group and "fields" in given:
        report.add(given["fields"].line, name, "`fields` says what a group is made of; groups stand under `groups`")
    policy = _word(given, "policy", policies, DEFAULT_POLICY, name, report)
    null = _word(given, "null", get_args(Null), None, name, report)
    rule = Rule(
        str(policy),
        _connections(given, name, report),
        cast("Null | None", null),
        group,
        cast("Elements", _word(given, "elements", ELEMENTS, "latest", name, report)),
    )
    _check_words(rule, given, entry.line, name, report)
    return rule


def _word(
    given: Mapping[str, Entry], word: str, known: Sequence[str], otherwise: str | None, name: str, report: Report
) -> str | None:
    if word not in given:
        return otherwise
    said = given[word].plain
    if said in known:
        return str(said)
    text = (
        f"{word} {said!r} is none of: {', '.join(known)}"
        if len(known) > 2
        else f"{word} is `{known[0]}` or `{known[1]}`"
    )
    report.add(given[word].line, name, text + did_you_mean(str(said), known))
    return otherwise


def _connections(given: Mapping[str, Entry], name: str, report: Report) -> tuple[str, ...]:
    found: Any = given["connections"].plain if "connections" in given else None
    if not found and found != "":
        return ()
    if not isinstance(found, list) or not all(isinstance(one, str) and one for one in found):
        report.add(given["connections"].line, name, "connections is a list of names, the best first")
        return ()
    twice = sorted({one for one in found if found.count(one) > 1})
    if twice:
        report.add(given["connections"].line, name, f"connections names {', '.join(twice)} twice")
    return tuple(found)


def _check_words(rule: Rule, given: Mapping[str, Entry], line: int, name: str, report: Report) -> None:
    """Notes words that a policy lacks, and those that would do nothing beside it."""
    by = rule.elements if rule.policy == "union" else rule.policy
    if by in _ORDERED and not rule.connections:
        report.add(line, name, f"{by} needs connections, the best first")
    if by not in _NAMED and rule.connections:
        text = f"connections says nothing to {by}, it is for {', '.join(_NAMED)}"
        report.add(given["connections"].line, name, f"{text}; leave it out")
    if rule.policy != "union" and rule.elements != "latest":
        text = "elements says whose version counts of an element of a united list; leave it out"
        report.add(given["elements"].line, name, text)
    if rule.null == "wins" and rule.policy in NEVER_EMPTY:
        report.add(given["null"].line, name, f"an empty value never wins under {rule.policy}; leave null out")


def misfit(rule: Rule, fields: Collection[Field]) -> str:
    """Why a rule cannot be for these fields, which survive together; "" when it can."""
    if rule.policy == "union" or any(field.is_union for field in fields):
        return _misfit_of_union(rule, fields)
    if rule.policy == "most_complete" and len(fields) == 1 and not any(field.type in _WHOLE for field in fields):
        return "most_complete counts parts, and this is one value: `latest` says the same"
    if rule.policy == "verified" and not rule.connections and not any(map(_carries_proof, fields)):
        return "carries no proof (`verified`); name the connections that check what they keep, as `connections`"
    if rule.policy == "strictest" and not any(map(is_consent, fields)):
        return "strictest ranks states of consent: it is for `status` and what survives with it, of a kind that has one"
    return ""


def _misfit_of_union(rule: Rule, fields: Collection[Field]) -> str:
    if rule.policy != "union" or not all(field.is_union for field in fields):
        hint = (
            f"; for whose version of an element counts say `elements: {rule.policy}`" if rule.policy in ELEMENTS else ""
        )
        return f"`union` is for lists whose elements have an identity, and those only survive so{hint}"
    if rule.elements == "verified" and not rule.connections and not any(map(_carries_proof, fields)):
        return "elements carry no proof (`verified`); name the connections that check what they keep, as `connections`"
    return ""


def _carries_proof(field: Field) -> bool:
    return any(part.name == "verified" for part in field.fields)


def is_consent(field: Field) -> bool:
    """Whether a field says whether somebody agreed."""
    return field.name == "status" and bool(field.choices) and set(field.choices) <= set(STRICTEST)
