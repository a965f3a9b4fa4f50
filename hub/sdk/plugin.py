"""What a plugin's hooks hand over and are handed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pluggy

from hub.sdk.connector import Text

GROUP = "retail_hub"

hookimpl = pluggy.HookimplMarker(GROUP)
"""Marks a module's function as the implementation of the hook of the same name."""


@dataclass(frozen=True, slots=True)
class Job:
    """Work that a plugin wants done again and again, or daily at a time.

    `run` is called without arguments by one worker at a time, may be interrupted and called again,
    and so must be idempotent. Set `every_s` (seconds), or `daily_at` (`03:30`, in `zone`). When it
    raises, its error is shown and it is run again after a while.
    """

    name: str
    run: Callable[[], None]
    every_s: float | None = None
    daily_at: str = ""
    zone: str = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission that a plugin's pages and calls ask for, and the roles that have it from the start.

    `name` begins with the plugin's name and a dot, as `loyalty.adjust` does.
    """

    name: str
    help: Text
    roles: tuple[str, ...] = ("admin",)


@dataclass(frozen=True, slots=True)
class Change:
    """One committed change of a golden record, as the feed has it.

    `seq` is gapless and in commit order. `before` and `after` hold the changed fields only, in
    canonical form. `id` is the outside id (`cus_01J…`).
    """

    seq: int
    kind: str
    id: str
    realm: str
    type: Literal["created", "updated", "deleted", "restored", "merged", "split", "erased"]
    version: int
    fields: tuple[str, ...]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    at: str


@dataclass(frozen=True, slots=True)
class Word:
    """What one record says of a field, or of all fields that survive together, as a survivorship policy sees it.

    `values`: field -> value in canonical form, those alone that it says something of. `since_us`: since when it says so,
    microseconds since the epoch. `was_seen`: whether the hub saw it change, and does not only read it so. `verified`: how
    well it is proven, 0 not at all.
    """

    connection: str
    external_id: str
    values: Mapping[str, Any]
    since_us: int
    was_seen: bool
    verified: int


@dataclass(frozen=True, slots=True)
class HealthReport:
    """What a plugin says of itself on the health page."""

    ok: bool
    message: str
    facts: Mapping[str, str] = field(default_factory=dict)
