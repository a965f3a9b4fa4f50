"""Fills a database with records as if the pipeline had made them, by COPY."""

from __future__ import annotations

import random
from collections.abc import Iterator

import orjson
from ulid import ULID

from bench.load import START_US, customer
from hub import bootstrap
from hub.config import Settings
from hub.flow.context import Hub
from hub.flow.keys import key_rows, keys_in
from hub.model import time
from hub.rules import register
from hub.rules.mapping import MapContext
from hub.rules.observe import Origin, observe
from hub.store.database import new_id

CHUNK = 10_000


def preload(settings: Settings, count: int) -> None:
    """Adds `count` customers of the source connection with their versions, keys and golden records."""
    hub = bootstrap.start(settings)
    try:
        for start in range(0, count, CHUNK):
            _chunk(hub, start, min(CHUNK, count - start))
        with hub.db.session() as conn:
            conn.execute("vacuum analyze")
    finally:
        hub.close()


def _chunk(hub: Hub, start: int, count: int) -> None:
    rows = [_row(hub, start + number) for number in range(count)]
    tables = {
        "record (rid, realm, connection_id, object_type, external_id, kind, cluster, state, fold, release_id)": 0,
        "version (rid, major, minor, read_at, hash, event_id, since, release_id, asserted)": 1,
        "golden (id, realm, kind, data, winners, release_id)": 2,
    }
    with hub.db.transaction(durable=False) as conn, conn.cursor() as cursor:
        for table, place in tables.items():
            with cursor.copy(f"copy {table} from stdin") as copy:
                for row in rows:
                    copy.write_row(row[place])
        with cursor.copy("copy match_key (hash, rid, namespace, strength, guarded) from stdin") as copy:
            for key in _keys(rows):
                copy.write_row(key)


def _keys(rows: list[tuple[tuple[object, ...], ...]]) -> Iterator[tuple[object, ...]]:
    for row in rows:
        yield from row[3]  # type: ignore[misc]


def _row(hub: Hub, number: int) -> tuple[tuple[object, ...], ...]:
    connection = hub.connections.by_name("shop")
    data = customer(random.Random(number), 50_000_000 + number, time.from_micros(START_US))
    mapping = hub.rules.mappings.inbound("webhook", "customers")
    assert mapping is not None
    payload = {"type": "customer.updated", "timestamp": data["updated_at"], "data": data}
    (draft,) = mapping.map(payload, MapContext(connection="shop", topic="customer.updated", received_at_us=START_US))
    rid = ULID().to_uuid()
    origin = Origin(new_id(), connection.id, "shop", "default", START_US)
    seen = observe(draft, origin, hub.registry.kinds["customer"].identities)
    folded = register.encode_first(seen.item())
    major, minor, read_at, digest = seen.order
    golden = register.evidence(folded)
    release = hub.rules.release_id
    keys = tuple(key_rows(hub, "customer", "default", rid, keys_in(hub, "customer", folded)))
    return (
        (rid, "default", connection.id, "customers", draft.external_id, "customer", rid, 1,
         orjson.dumps(folded).decode(), release),
        (rid, major, minor, read_at, bytes.fromhex(digest), origin.event_id, seen.since, release,
         orjson.dumps(seen.asserted).decode()),
        (rid, "default", "customer", orjson.dumps(golden).decode(),
         orjson.dumps(dict.fromkeys(golden, str(rid))).decode(), release),
        keys,
    )  # fmt: skip
