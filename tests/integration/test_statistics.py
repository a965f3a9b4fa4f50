"""The planner knows of tables that were filled a moment ago."""

from __future__ import annotations

from hub.store import statistics
from tests.fixtures.hub import Rig
from tests.fixtures.peers import wait_for


def test_refresh_when_a_table_was_filled_then_the_planner_knows_its_size(rig: Rig) -> None:
    db = rig.hub.db
    rig.connect("shop", {"customer": "in"})
    db.execute(
        "insert into record (rid, realm, connection_id, object_type, external_id, kind, cluster)"
        " select g, 'default', c.id, 'customers', g::text, 'customer', g from connection c,"
        " (select gen_random_uuid() as g from generate_series(1, 2000)) made"
    )
    # A session tells of what it did within a second.
    wait_for(lambda: "record" in statistics.refresh(db))
    assert db.one("select reltuples from pg_class where relname = 'record'") == (2000.0,)
    assert "record" not in statistics.refresh(db)
