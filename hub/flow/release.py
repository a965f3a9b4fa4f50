"""Puts a release in force: what the rules of before decided otherwise is decided again.

A changed policy, or a changed declaration of a kind, marks the records of that kind; T2 computes their
golden records again and the guard holds what would change many of a system's records. Changed
mappings work on new events at once; what they make of stored ones is a replay, which a person starts.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from hub.flow.context import Hub
from hub.store import release as store

log = logging.getLogger(__name__)


def activate(hub: Hub) -> list[str]:
    """Makes the rules loaded here the ones in force; returns the kinds that are decided again.

    Idempotent, and safe to race: one process finds the difference, the others find none.
    """
    kinds = store.activate(hub.db, hub.rules.release_id, lambda before: changed_kinds(before, hub.rules.manifest))
    if kinds:
        log.info("release %s decides again: %s", hub.rules.release_id, ", ".join(kinds))
        hub.queue.wake("pipeline")
    return kinds


def in_force(hub: Hub) -> int | None:
    """The number of the release that is in force; None before the first."""
    return store.in_force(hub.db)


def changed_kinds(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Kinds whose policies or declaration differ between two releases."""
    return sorted(
        kind
        for kind in now["kinds"]
        if any(before.get(part, {}).get(kind) != now[part].get(kind) for part in ("policies", "kinds"))
    )
