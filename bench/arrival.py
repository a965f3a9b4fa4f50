"""What is due arrives: at a simulated peer while the hub works, by one statement between two drains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.types.json import Json

from bench.running import peer
from bench.sender import SECRET
from bench.serving import process
from bench.site import Site
from hub.keyring import Keyring
from hub.store import secret
from hub.store.database import Database

_AT_PEER = """update connection set config = %s, generation = generation + 1
    where connector = 'webhook' and phase = 'live' and flows::text ~ '"(both|out)"' returning id"""
_ARRIVED = """update target set done_seq = dirty_seq, done_at = dirty_at, verify_at = null
    where dirty_seq > done_seq and state = 'due' and plan_id is null"""


@contextmanager
def deliverer(place: Site, name: str, db: Database) -> Iterator[None]:
    """A delivering worker of one database for the time of the block, and one peer for every connection that is written to."""
    with peer() as url:
        config = {"target_url": f"{url}/hooks", "find_url": f"{url}/find"}
        keyring = Keyring.parse(place.settings_of(name).secret_key)
        with db.transaction() as conn:
            for (connection_id,) in conn.execute(_AT_PEER, (Json(config),)).fetchall():
                secret.add(conn, keyring, connection_id, "target_secret", SECRET)
        with process(place, name, ["worker", "deliver"]):
            yield


def arrive(db: Database) -> int:
    """Counts what is due as delivered, so that it does not pile up from drain to drain; returns how much that was."""
    return db.execute(_ARRIVED)
