"""Closes changes that the rules in force have taken up since they opened."""

from __future__ import annotations

import logging
from collections.abc import Callable

from hub.errors import HubError
from hub.flow.context import Hub
from hub.flow.drift_note import digest, subject
from hub.flow.rules import Rules
from hub.model.identifier import format_id
from hub.rules.drift import NEW, is_mapped
from hub.store import audit, drift, item
from hub.store.database import Connection
from hub.store.drift import Drift

_log = logging.getLogger(__name__)


def settle(hub: Hub, earlier: Callable[[Hub, int], Rules], connection_id: int | None = None, stream: str = "") -> int:
    """Closes what the rules of this process map, and those did not that were in force when it opened; how many.

    `earlier`: the rules of a release. Of one stream, or of all. Idempotent. What a person accepted stays so; only
    the release is noted with it.
    """
    waiting = hub.db.run(lambda conn: drift.unmapped(conn, connection_id, stream))
    if not waiting:
        return 0
    beside: dict[tuple[int, str], set[str]] = {}
    for one, _ in waiting:
        if one.what == NEW:
            beside.setdefault((one.connection_id, one.stream), set()).add(one.path)
    before: dict[int, Rules | None] = {}
    closed = 0
    for one, release in waiting:
        paths = beside.get((one.connection_id, one.stream), set())
        if release in (None, hub.rules.release_id) or not _maps(hub, hub.rules, one, paths):
            continue
        if release not in before:
            before[release] = _rules(hub, earlier, release)
        rules = before[release]
        if rules is None or not _maps(hub, rules, one, paths):
            closed += hub.db.run(lambda conn, one=one: _close(conn, hub, one))  # type: ignore[misc]
    return closed


def _rules(hub: Hub, earlier: Callable[[Hub, int], Rules], release: int) -> Rules | None:
    try:
        return earlier(hub, release)
    except HubError as error:
        _log.info("drift is compared with the rules in force alone: %s", error)
        return None


def _maps(hub: Hub, rules: Rules, one: Drift, beside: set[str]) -> bool:
    row = hub.connections.by_id(one.connection_id)
    mapping = rules.mappings.inbound(row.connector, one.stream, row.name)
    if mapping is None:
        return False
    return is_mapped(mapping.spec, (one.what, one.path), one.words, beside, lambda text: digest(hub, text))


def _close(conn: Connection, hub: Hub, one: Drift) -> int:
    release = hub.rules.release_id
    if not drift.mapped(conn, one.id, release):
        return 0
    item.resolve_cause(conn, subject(one), "hub", {"decision": "mapped", "release": release})
    audit.append(conn, "hub", "drift.mapped", format_id("drf", one.id), "", {"release": release})
    return 1
