"""One worker process of a benchmark: drains at each line that it reads, ends with them. `python -m bench.worker full|bare`."""

from __future__ import annotations

import gc
import sys
import uuid

import orjson

from hub import bootstrap
from hub.config import load_settings
from hub.flow import record, resolve
from hub.flow.context import Hub
from hub.rules.mapping import MapContext
from hub.store import inbox
from hub.store.database import Connection
from worker.wiring import GC_EVERY


def full(hub: Hub) -> None:
    """The real path: T1 and T2 until nothing waits."""
    worker = uuid.uuid4()
    while (done := record.run_batch(hub, worker)) + resolve.run_batch(hub, wait=not done):
        pass


def bare(hub: Hub) -> None:
    """The bound: claim, decrypt, map, one upsert, one commit a batch. No versions, folds, keys, golden records, feed."""
    hub.db.execute(
        "create table if not exists bare (connection_id integer, external_id text, data jsonb, major bigint,"
        " primary key (connection_id, external_id))"
    )
    while hub.db.run(lambda conn: _bare_batch(conn, hub), durable=False):
        pass


def _bare_batch(conn: Connection, hub: Hub) -> int:
    claimed = inbox.claim(conn, record.BATCH)
    if not claimed:
        return 0
    rows: dict[tuple[int, str], dict[str, object]] = {}
    for event in inbox.read_many(conn, hub.keyring, claimed):
        connection = hub.connections.by_id(event.connection_id)
        stream = hub.registry.connector(connection.connector).manifest.stream_of_topic(event.topic)
        mapping = hub.rules.mappings.inbound(connection.connector, stream.name) if stream else None
        assert mapping is not None
        assert event.body is not None
        context = MapContext(connection=connection.name, topic=event.topic, received_at_us=event.received_at)
        for draft in mapping.map(orjson.loads(event.body), context):
            key = (connection.id, f"{draft.object_type}/{draft.external_id}")
            rows[key] = {"c": key[0], "e": key[1], "d": draft.asserted, "m": draft.major}
    conn.execute(
        "insert into bare select c, e, d, m from jsonb_to_recordset(%s::jsonb) as t(c integer, e text, d jsonb, m bigint)"
        " on conflict (connection_id, external_id) do update set data = excluded.data, major = excluded.major"
        " where bare.major < excluded.major",
        (orjson.dumps(list(rows.values())).decode(),),
    )
    inbox.finish(conn, claimed)
    return len(claimed)


def main() -> None:
    """Says that it is ready, then drains at each line that comes, and says when nothing is left."""
    hub = bootstrap.start(load_settings(), pool_size=3)
    try:
        hub.db.one("select 1")
        # As `worker.wiring` does; the bound is given the same.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_EVERY)
        print("ready", flush=True)
        for _ in iter(sys.stdin.readline, ""):  # the benchmark writes to all at once, and closes it at the end
            {"full": full, "bare": bare}[sys.argv[1]](hub)
            print("done", flush=True)
    finally:
        hub.close()


if __name__ == "__main__":
    main()
