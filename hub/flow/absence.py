"""Deletions that nobody told us of: what a complete listing no longer contains.

They enter through the inbox like everything else, as events of the hub's own topic, so that replay
and explanation know them. An empty listing, a cut one or one that failed half-way proves nothing.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

import orjson

from hub.flow.context import Hub
from hub.sdk.connector import Reads, Stream
from hub.store import absence as store
from hub.store import inbox
from hub.store.connection import ConnectionRow
from hub.store.inbox import NewEvent

TOPIC = "hub.absence"
RECORDS_PER_EVENT = 500
LOOK_EVERY = 1000


def find_absent(
    hub: Hub, row: ConnectionRow, reads: Reads, stream: Stream, full_pass: uuid.UUID, keep_going: Callable[[], None]
) -> int:
    """Lists every id of `stream` and stores what is gone as absence events; returns how many records.

    `keep_going` is called now and then and raises to stop. `NotImplementedError`: the stream cannot be listed now.
    """
    started_at = time.time_ns() // 1000
    ids: set[str] = set()
    for external_id in reads.enumerate_ids(stream.name):
        ids.add(str(external_id))
        if len(ids) % LOOK_EVERY == 0:
            keep_going()
    if not ids:
        return 0
    kind = stream.kinds[0]
    with hub.db.session() as conn:
        gone = store.absent(conn, row.id, stream.name, kind, list(ids), started_at)
    records = [
        {"kind": kind, "object_type": stream.name, "external_id": external_id, "major": major}
        for external_id, major in gone
    ]
    events = [
        NewEvent(
            row.id,
            TOPIC,
            orjson.dumps({"stream": stream.name, "records": records[start : start + RECORDS_PER_EVENT]}),
            dedupe=f"absence:{full_pass}:{stream.name}:{start}",
            origin="pull",
            lane=inbox.BULK,
            read_at=started_at,
            full_pass=full_pass,
        )
        for start in range(0, len(records), RECORDS_PER_EVENT)
    ]
    if events:
        hub.db.run(lambda conn: inbox.accept(conn, hub.keyring, events))
    return len(records)
