"""Items raised many at once count up and reopen as single ones do."""

from __future__ import annotations

from hub.store import item
from hub.store.database import Database, new_id
from hub.store.item import Raised


def test_items_when_raised_together_then_are_as_if_raised_one_by_one(db: Database) -> None:
    rid = new_id()
    raised = [Raised("conflict", f"conflict:{name}", "default", "customer", rid, {"field": name}) for name in "ab"]
    db.run(lambda conn: item.raise_items(conn, []))
    db.run(lambda conn: item.raise_items(conn, raised))
    db.run(lambda conn: item.close_others(conn, [rid], ["conflict"], ["conflict:b"]))
    assert db.all("select cause_key, state from item order by 1") == [
        ("conflict:a", "resolved"),
        ("conflict:b", "open"),
    ]
    db.run(lambda conn: item.raise_items(conn, raised[:1]))
    db.run(lambda conn: item.raise_item(conn, "conflict", "conflict:b", kind="customer", rid=rid, data={"field": "b"}))
    rows = db.all("select cause_key, state, count, severity, realm, rid, data, resolved_by from item order by 1")
    assert rows == [(f"conflict:{n}", "open", 2, 1, "default", rid, {"field": n}, None) for n in "ab"]
