"""A look at a system before it is read: a few records taken through the mapping, and nothing stored."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from hub.errors import ConfigError, HubError, Problem
from hub.flow.context import Hub
from hub.flow.record import map_event
from hub.model.observation import Draft
from hub.sdk.connector import RawEvent, Reads
from hub.store import inbox
from hub.store.connection import ConnectionRow
from hub.store.database import new_id
from hub.store.event import StoredEvent

LIMIT = 20


@dataclass(slots=True)
class Preview:
    """What a few items of one stream would become. `total`: how many there are, where the system says so."""

    stream: str
    items: int = 0
    total: int | None = None
    took_s: float = 0.0
    is_all: bool = False
    drafts: list[Draft] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def filled(self, kind: str) -> list[tuple[str, int, Any]]:
        """Per canonical field of a kind: how many of its records have it, and one value of it; most filled first."""
        count: Counter[str] = Counter()
        sample: dict[str, Any] = {}
        for draft in self.drafts:
            for name, value in draft.asserted.items() if draft.kind == kind else ():
                if value not in (None, "", [], {}):
                    count[name] += 1
                    sample.setdefault(name, value)
        return [(name, n, sample[name]) for name, n in count.most_common()]

    @property
    def kinds(self) -> dict[str, int]:
        """How many records of each kind they would become."""
        return dict(Counter(draft.kind for draft in self.drafts))


def preview(hub: Hub, name: str, stream: str, limit: int = LIMIT) -> Preview:
    """Reads the first `limit` items of a stream and maps them. Stores nothing; the cursor stays where it is.

    Errors: those of the system as the connector classifies them; `ConfigError` when it cannot be read.
    """
    row = hub.connections.by_name(name)
    connector = hub.connections.connector(name)
    if not isinstance(connector, Reads):
        raise ConfigError(f"{name} cannot be read: it sends what it has")
    found = Preview(stream)
    started = time.monotonic()
    try:
        events = list(islice(_items(connector, stream, found), limit))
    except HubError:
        raise
    except Exception as error:
        raise connector.classify(error) from error
    found.took_s = time.monotonic() - started
    found.items = len(events)
    for raw in events:
        _map(hub, row, raw, found)
    return found


def _items(connector: Reads, stream: str, found: Preview) -> Iterator[RawEvent]:
    for page in connector.fetch(stream, None):
        if page.total is not None:
            found.total = page.total
        yield from page.events
        if page.last:
            found.is_all = True
            return


def _map(hub: Hub, row: ConnectionRow, raw: RawEvent, found: Preview) -> None:
    now = time.time_ns() // 1000
    event = StoredEvent(new_id(), row.id, raw.topic, "pull", inbox.BULK, now, now, None, {}, raw.body)
    mapped = map_event(hub, event)
    found.drafts += [observation.draft for observation in mapped.observations]
    found.problems += mapped.problems
