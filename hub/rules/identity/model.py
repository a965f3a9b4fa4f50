"""The model in force: which records are compared, what a pair weighs, what keeps it apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from math import log2
from pathlib import Path
from typing import Any, NamedTuple

from hub.errors import ConfigError
from hub.model.kind import Kind, MatchKey
from hub.rules.identity import compare_address, compare_latin, compare_name
from hub.rules.identity.compare_value import (
    compare_birthdays,
    compare_emails,
    compare_genders,
    compare_ids,
    compare_phones,
    differ_in_accounts,
)
from hub.rules.identity.keys import keys_of, namespaces_of, plans_of
from hub.rules.identity.model_file import examine_models
from hub.rules.identity.spec import IDENTITY, RARITY_LEVELS, Spec

Features = Mapping[str, Any]
Hot = frozenset[tuple[str, str]]
COLD: Hot = frozenset()
_MILLION = 1_000_000


class Part(NamedTuple):
    """One comparison of a pair: at which level it is, and what that weighs, in thousandths of a bit."""

    name: str
    level: str
    weight: int


class Score(NamedTuple):
    """What a pair weighs: always the sum of its parts. A comparison of which one side says nothing has no part."""

    weight: int
    parts: tuple[Part, ...]


Parts = Mapping[str, Part]


class MatchModel:
    """A model file, ready to compare. Immutable; safe to share."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.auto = spec.auto
        self.review = spec.review
        self.namespaces = namespaces_of(spec.keys)
        self.gives_candidates = frozenset(self.namespaces)
        self._parts: dict[str, Parts] = {
            name: {level: Part(name, level, one.weight) for level, one in levels.items()}
            for name, levels in spec.comparisons.items()
        }
        self._plain = [
            (feature, compare, self._parts[name]) for name, feature, compare in _PLAIN if name in self._parts
        ]
        self._phone = self._parts.get("phone")
        self._ids = {
            name.removeprefix(IDENTITY): parts for name, parts in self._parts.items() if name.startswith(IDENTITY)
        }
        self._rarity = self._parts.get("rarity")
        self._has_latin_names = any(name in self._parts for name in compare_latin.NAME_PARTS)
        self._has_latin_places = any(name in self._parts for name in compare_latin.ADDRESS_PARTS)
        self._name_guard = spec.guards.get("name", frozenset())
        self._birthday_guard = spec.guards.get("birthday", frozenset())
        self._is_guard_weighed = all(
            levels <= self._parts.get(name, {}).keys()
            for name, levels in (("name", self._name_guard), ("birthday", self._birthday_guard))
        )
        self._plans = plans_of(spec.keys)
        self._bits = {name: _table(spec.frequencies.get(name, {})) for name in ("family", "given", "sign")}
        self._rarity_of = lru_cache(maxsize=8192)(self._find_rarity)

    def keys_of(self, features: Features) -> list[MatchKey]:
        """The candidate keys of a record, each once."""
        return keys_of(features, self._plans, self._rarity_of)

    def evidence(self, features: Features) -> list[MatchKey]:
        """The values that count in a score and may be carried by many, under the keys that look-ups store them by."""
        found = [MatchKey("phone", "", number, 0) for number in features.get("phones", ())]
        found += [MatchKey("email", "", address, 0) for address in features.get("emails", ())]
        for place, values in features.get("ids", {}).items():
            namespace, _, scope = place.partition("|")
            if namespace in self._ids:
                found += [MatchKey(namespace, scope, value, 0) for value in values]
        return found

    def score(self, a: Features, b: Features, hot: Hot = COLD) -> Score:
        """What the pair weighs, whichever is named first. `hot`: (namespace, value) that too many carry to mean anything."""
        if hot:
            a, b = _without(a, hot), _without(b, hot)
        parts: list[Part] = []
        for feature, compare, known in self._plain:
            left = a.get(feature)
            if left is not None:
                right = b.get(feature)
                if right is not None:
                    level = compare(left, right)
                    if level in known:
                        parts.append(known[level])
        self._add_phones(a, b, parts)
        if self._rarity is not None and parts and parts[0].name == "name":
            self._add_rarity(a["name"], parts)
        if self._ids:
            self._add_identities(a, b, parts)
        if self._has_latin_names or self._has_latin_places:
            self._add_latin(a, b, parts)
        return Score(sum([part.weight for part in parts]), tuple(parts))

    def apart(self, a: Features, b: Features) -> str:
        """What keeps two records from being one whatever they weigh: `name`, `birthday`, `account`; "" when nothing does."""
        left, right = a.get("name"), b.get("name")
        if left and right and self._name_guard and compare_name.compare(left, right) in self._name_guard:
            return "name"
        left, right = a.get("birthday"), b.get("birthday")
        if left and right and left != right and compare_birthdays(left, right) in self._birthday_guard:
            return "birthday"
        left, right = a.get("ids"), b.get("ids")
        if left and right and differ_in_accounts(left, right, self.spec.accounts):
            return "account"
        return ""

    def weigh(self, a: Features, b: Features, hot: Hot = COLD) -> tuple[Score, str]:
        """`score` and `apart` of a pair, both from one comparison of their names and birthdays."""
        found = self.score(a, b, hot)
        if not self._is_guard_weighed:
            return found, self.apart(a, b)
        for name, level, _ in found.parts:
            if name == "name":
                if level in self._name_guard:
                    return found, name
            elif name == "birthday":
                if level in self._birthday_guard:
                    return found, name
            else:
                break
        left, right = a.get("ids"), b.get("ids")
        return found, "account" if left and right and differ_in_accounts(left, right, self.spec.accounts) else ""

    def relation(self, a: Features, b: Features, hot: Hot = COLD) -> str:
        """`household` for two people who share a number or a home, "" for others and for what may be one person.

        `hot`: as for `score`; a store's number is nobody's home.
        """
        return self.kinship(a, b, hot) if self.apart(a, b) else ""

    @staticmethod
    def kinship(a: Features, b: Features, hot: Hot = COLD) -> str:
        """`relation` of two who are known to be apart."""
        if hot:
            a, b = _without(a, hot), _without(b, hot)
        phones = a.get("phones")
        if phones and not set(phones).isdisjoint(b.get("phones", ())):
            return "household"
        left, right = a.get("addresses"), b.get("addresses")
        return "household" if left and right and compare_address.compare(left, right) == "home" else ""

    def _add_phones(self, a: Features, b: Features, parts: list[Part]) -> None:
        if self._phone is None:
            return
        get, other = a.get, b.get
        level = compare_phones(get("phones", ()), other("phones", ()), get("masked", ()), other("masked", ()))
        if level in self._phone:
            part = self._phone[level]
            # A shared number and a shared home both say one household: it counts once.
            if part.weight > 0 and parts and parts[-1].name == "address" and parts[-1].weight > 0:
                parts.pop()
            parts.append(part)

    def _add_identities(self, a: Features, b: Features, parts: list[Part]) -> None:
        left, right = a.get("ids"), b.get("ids")
        if not left or not right:
            return
        for place, values in left.items():
            known = self._ids.get(place.partition("|")[0])
            if known is not None and place in right:
                level = compare_ids(values, right[place])
                if level in known:
                    parts.append(known[level])

    def _add_latin(self, a: Features, b: Features, parts: list[Part]) -> None:
        left, right = a.get("name"), b.get("name")
        if left and right and self._has_latin_names:
            parts += self._parts_of(compare_latin.compare_names(left, right))
        left, right = a.get("addresses"), b.get("addresses")
        if left and right and self._has_latin_places:
            choices = [self._parts_of(found) for found in compare_latin.compare_places(left, right)]
            parts += max(choices, key=lambda chosen: (sum(part.weight for part in chosen), chosen))

    def _parts_of(self, found: Iterable[tuple[str, str]]) -> list[Part]:
        chosen = (self._parts.get(name, {}).get(level) for name, level in found)
        return [part for part in chosen if part is not None]

    def _add_rarity(self, left: list[str], parts: list[Part]) -> None:
        if parts[0].level == "exact" and self._rarity is not None:
            level = self._rarity_of(left[1], left[2])
            if level in self._rarity:
                parts.append(self._rarity[level])

    def _find_rarity(self, family: str, given: str) -> str:
        """How rare a name is, family and given name taken as independent; a given name not listed as its signs together."""
        bits = self._bits_of("family", family)
        names, signs = self._bits["given"], self._bits["sign"]
        if given in names or len(signs) == 1:
            bits += self._bits_of("given", given)
        else:
            bits += sum(self._bits_of("sign", sign) for sign in given)
        rank = sum(bits >= cut for cut in self.spec.rarity)
        return RARITY_LEVELS[len(RARITY_LEVELS) - 1 - rank]

    def _bits_of(self, table: str, text: str) -> float:
        known = self._bits[table]
        return known.get(text, known[""])


_PLAIN: tuple[tuple[str, str, Callable[[Any, Any], str]], ...] = (
    ("name", "name", compare_name.compare),
    ("birthday", "birthday", compare_birthdays),
    ("email", "emails", compare_emails),
    ("gender", "gender", compare_genders),
    ("address", "addresses", compare_address.compare),
)


def _table(counts: Mapping[str, int]) -> dict[str, float]:
    """Bits by what is listed: -log2 of the share that bears it. What is not (``) is as rare as the rarest that is."""
    found = {text: log2(_MILLION / count) for text, count in counts.items()}
    return {**found, "": max(found.values(), default=0.0)}


def _without(features: Features, hot: Hot) -> Features:
    found = dict(features)
    for member, namespace in (("phones", "phone"), ("emails", "email")):
        if member in found:
            found[member] = [value for value in found[member] if (namespace, value) not in hot]
            if not found[member]:
                del found[member]
    if "ids" in found:
        cold = {
            place: [value for value in values if (place.partition("|")[0], value) not in hot]
            for place, values in found["ids"].items()
        }
        found["ids"] = {place: values for place, values in cold.items() if values}
    return found


def load_models(folders: Iterable[Path], kinds: Mapping[str, Kind]) -> dict[str, MatchModel]:
    """The models of the kinds that have a file `matching/<kind>.yaml`; the first folder that has it wins.

    `ConfigError` lists all faults, one a line.
    """
    found, faults = examine_models(folders, kinds)
    if faults:
        raise ConfigError("\n".join(map(str, faults)))
    return {name: MatchModel(spec) for name, spec in found.items()}
