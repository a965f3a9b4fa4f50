"""From a draft to a stored observation: its order, its time, its content hash. Pure, no clock."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from hub.model.observation import Draft
from hub.rules.register import EXTENSIONS, STATE, Item, Order, flatten

AHEAD_US = 5 * 60 * 1_000_000
"""A source time more than this ahead of receipt is not believed between records."""

PUSHED, READ = 0, 1


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an observation came from. Times are microseconds since the epoch; `read_at` 0 = pushed.

    `full_pass`: the pass over a whole stream that read it, None for what came by itself.
    """

    event_id: uuid.UUID
    connection_id: int
    connection: str
    realm: str
    received_at: int
    read_at: int = 0
    weak: bool = False
    full_pass: uuid.UUID | None = None


@dataclass(slots=True)
class Observation:
    """One line of a record's set, ready to store."""

    draft: Draft
    origin: Origin
    asserted: dict[str, Any]
    packed: bytes
    """`asserted` as JSON, its keys sorted."""
    order: Order
    since: int
    ahead: bool

    @property
    def key(self) -> tuple[int, str, str]:
        """The source key of the record it is about."""
        return (self.origin.connection_id, self.draft.object_type, self.draft.external_id)

    def item(self) -> Item:
        """What the fold sees of it."""
        return Item(self.order, self.asserted, self.since, self.origin.weak)


def observe(draft: Draft, origin: Origin, identities: Mapping[str, tuple[str, ...]]) -> Observation:
    """Places a draft on its record's line."""
    asserted = _asserted(draft, identities)
    packed = orjson.dumps(asserted, option=orjson.OPT_SORT_KEYS)
    content = hashlib.sha256(packed).hexdigest()[:32]
    major = origin.received_at if draft.major is None else draft.major
    order: Order = (major, READ if origin.read_at else PUSHED, origin.read_at, content)
    since = origin.received_at if draft.since is None else draft.since
    ahead = since > origin.received_at + AHEAD_US
    return Observation(draft, origin, asserted, packed, order, origin.received_at if ahead else since, ahead)


def _asserted(draft: Draft, identities: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    if draft.deleted:
        return {STATE: "deleted"}
    asserted = flatten(draft.asserted, identities)
    asserted[STATE] = {"superseded_by": draft.superseded_by} if draft.superseded_by else "live"
    if draft.extensions:
        asserted[EXTENSIONS] = draft.extensions
    return asserted


def differs(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether two packed folds say something different."""
    return any(before.get(part) != after.get(part) for part in ("v", "s", "a", "x", "w", "e"))
