"""When a number that two people have is one's no more: the other proved it later.

Carriers hand a number that lapsed to somebody else, and systems go on to hold it for the person who had it. What a
record says of a phone or e-mail counts from the time at which it first said just that (the `since` of the cell), as
wherever records are compared; what came with a first reading, and was never seen to change, is older than all that was.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from hub.model.identity import proof_of
from hub.model.key import contact_key
from hub.rules.register import SEPARATOR

_IDENTITY = "identities" + SEPARATOR
PROVEN = 2
"""Strength of the key of a phone or e-mail that was proven."""


class Stamp(NamedTuple):
    """When something was said: `is_seen` (False: it was there when its system was first read), microseconds."""

    is_seen: bool
    since: int


class Claim(NamedTuple):
    """What a record says of a phone or e-mail: whether it was proven there, and when it said so first."""

    is_proof: bool
    stamp: Stamp


def proofs(packed: Mapping[str, Any]) -> dict[str, Stamp]:
    """Element key -> its stamp, of all identities that a packed fold says were proven: another one is another proof."""
    values: Mapping[str, Any] = packed.get("v", {})
    return {
        name: _stamp(packed, name)
        for name, value in values.items()
        if name.startswith(_IDENTITY) and isinstance(value, Mapping) and proof_of(value)
    }


def claims(packed: Mapping[str, Any], namespace: str, number: str) -> Iterator[Claim]:
    """What a packed fold says of a phone or e-mail (in normal form), where it may be somebody's own."""
    prefix = f"{_IDENTITY}{namespace}|"
    for name, value in packed.get("v", {}).items():
        if name.startswith(prefix) and value is not None:
            key = contact_key(value)
            if key is not None and key.value == number:
                yield Claim(key.strength == PROVEN, _stamp(packed, name))


class Passed(NamedTuple):
    """That a number is another person's: since when (microseconds), and whose (a golden id)."""

    at: int
    to: uuid.UUID


def passed(own: Iterable[Claim], others: Iterable[tuple[Stamp, uuid.UUID]]) -> Passed | None:
    """To whom a number passed from a person; None while it did not.

    `own`: what the person's records say of it; `others`: when other people (golden ids) proved it. It passed with the
    earliest of those that are later than the person's latest proof; or, where the person never proved it, than their
    latest word of it. Of somebody who says nothing of it, nothing is known to have passed.
    """
    said = list(own)
    proven = [claim.stamp for claim in said if claim.is_proof]
    last = max(proven or [claim.stamp for claim in said], default=None)
    if last is None:
        return None
    return min((Passed(stamp.since, to) for stamp, to in others if stamp > last), default=None)


def _stamp(packed: Mapping[str, Any], name: str) -> Stamp:
    own = packed.get("x", {}).get(name)
    return Stamp(name not in packed.get("w", ()), own[0] if own else packed.get("s", 0))
