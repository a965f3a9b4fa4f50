"""What each policy prefers, before age counts: pure functions of what the records of one cluster say.

Each takes all candidates for a field or group and gives a worth for each, the largest of the best. Candidates of equal
worth are decided by what was seen to change, the newest change, then the connection's rank.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from hub.model.identity import proof_of
from hub.rules.candidate import Candidate, FieldRule, value_hash
from hub.rules.derive.consent import Rank, rank_acts
from hub.rules.register import loose

Worth = Callable[[Sequence[Candidate], FieldRule], Sequence[Any]]


def owner(found: Sequence[Candidate], rule: FieldRule) -> list[int]:
    """The first of `connections` that says anything; others count only while it has never said a word."""
    return [-place(one.source.connection, rule.connections) for one in found]


def priority(found: Sequence[Candidate], rule: FieldRule) -> list[int]:
    """The first of `connections` that has a value."""
    return owner(found, rule)


def latest(found: Sequence[Candidate], rule: FieldRule) -> list[int]:  # noqa: ARG001
    """The newest own evidence, whichever system saw it."""
    return [0] * len(found)


def verified(found: Sequence[Candidate], rule: FieldRule) -> list[tuple[int, bool]]:
    """The best proven: by one-time code, by signing in, by payment, by staff; then what one of `connections` says; then the rest.

    A proof is what the value carries in `verified`. `connections` are those that check what they keep, all alike: what
    one of them says counts as proven, and so does the same value (but for spelling) at any other.
    """
    listed = [one.source.connection in rule.connections for one in found]
    checked = {_alike(one) for one, is_listed in zip(found, listed, strict=True) if is_listed and not one.is_empty}
    return [
        (proof(one.values.values()), is_listed or (bool(checked) and _alike(one) in checked))
        for one, is_listed in zip(found, listed, strict=True)
    ]


def most_complete(found: Sequence[Candidate], rule: FieldRule) -> list[int]:  # noqa: ARG001
    """The group, object or list with the most parts that are not empty."""
    return [count_parts(one.values) for one in found]


def most_frequent(found: Sequence[Candidate], rule: FieldRule) -> list[int]:  # noqa: ARG001
    """The value that most records say by themselves, but for spelling; what the hub wrote is no vote."""
    alike = [_alike(one) for one in found]
    votes = Counter(alike)
    return [votes[one] for one in alike]


def strictest(found: Sequence[Candidate], rule: FieldRule) -> list[Rank]:  # noqa: ARG001
    """Consent: a refusal stands, whoever tells it, until the person grants later; of refusals the strictest."""
    return rank_acts([one.values for one in found], [one.barred_until for one in found])


WORTH: Final[Mapping[str, Worth]] = {
    each.__name__: each for each in (owner, priority, latest, verified, most_complete, most_frequent, strictest)
}
"""Policy -> what it prefers."""


def place(connection: str, connections: tuple[str, ...]) -> int:
    """Where a connection stands in an order of preference; after all of them when it is not named."""
    return connections.index(connection) if connection in connections else len(connections)


def proof(values: Iterable[Any]) -> int:
    """How well a tuple is proven: as its least proven part, of those that carry a proof at all."""
    return min((proof_of(value) for value in values if isinstance(value, Mapping) and "verified" in value), default=0)


def count_parts(value: Any) -> int:
    """How many values there are in it that are not empty, however deep."""
    if isinstance(value, Mapping):
        return sum(map(count_parts, value.values()))
    if isinstance(value, list):
        return sum(map(count_parts, value))
    return int(value is not None and value != "")


def _alike(one: Candidate) -> str:
    return value_hash(loose(one.values))
