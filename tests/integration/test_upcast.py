"""A database that the release before wrote, under a declaration that has renamed fields since.

`tests/data/releases/0002_order_buyer.json` was written by the hub at schema 0002 with an order whose
`customer` was called `buyer`, `buyer_note` was `remark`, and a line's `quantity` was `qty`: two systems,
an order paid and half shipped, one merged by a person, one with a pinned note.
"""

from __future__ import annotations

import base64
import types
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from alembic import command
from sqlalchemy import NullPool, create_engine

from hub import bootstrap, registry
from hub.api.app import create_app
from hub.config import load_settings
from hub.embedded.postgres import Postgres
from hub.flow import access, release, state, stewardship, timeline
from hub.model.identifier import format_id, parse_id
from hub.model.kinds import KINDS
from hub.sdk import hookimpl
from hub.store import (
    attempt,
    claimed,
    conflict,
    console_delivery,
    console_event,
    console_mapping,
    console_record,
    decision,
    dossier,
    drift,
    item,
    replay,
    schema,
)
from hub.store.database import Database, new_id
from tests.fixtures.hub import Rig, at
from tests.fixtures.web import Caller

WRITTEN = Path(__file__).parents[1] / "data" / "releases" / "0002_order_buyer.json"
KEY = "0:" + base64.b64encode(bytes(32)).decode()  # the key that sealed what lies in the file


def _line(line: dict[str, Any]) -> dict[str, Any]:
    return {("quantity" if name == "qty" else name): value for name, value in line.items()}


ORDER = replace(
    KINDS["order"],
    renamed={"buyer": "customer", "remark": "buyer_note"},
    upcast={"lines": lambda lines: [_line(line) for line in lines]},
)


def _today() -> types.ModuleType:
    module = types.ModuleType("today")
    module.register_kinds = hookimpl(lambda: [ORDER])  # type: ignore[attr-defined]
    return module


@pytest.fixture(scope="module")
def written(postgres: Postgres) -> Iterator[str]:
    """The name of a database that was made by the release before, and brought to today's schema."""
    name = "written_before"
    with psycopg.connect(postgres.url_of("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name}")
        try:
            _upgrade(postgres.url_of(name), "0002")
            _load(postgres.url_of(name))
            schema.migrate(postgres.url_of(name))
            yield name
        finally:
            connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def written_url(postgres: Postgres, written: str) -> Iterator[str]:
    with psycopg.connect(postgres.url_of("postgres"), autocommit=True) as connection:
        connection.execute(f"create database written_copy template {written} strategy file_copy")
        yield postgres.url_of("written_copy")
        connection.execute("drop database written_copy with (force)")


def _upgrade(url: str, revision: str) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)
    with engine.connect() as connection:
        config = schema._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    engine.dispose()


def _load(url: str) -> None:
    tables: dict[str, Any] = orjson.loads(WRITTEN.read_bytes())
    assert tables.pop("written by")["schema"] == "0002"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("delete from feed")
        for table, rows in tables.items():
            connection.execute(
                f"insert into {table} overriding system value"
                f" select * from json_populate_recordset(null::public.{table}, %s::json)",
                (orjson.dumps(rows).decode(),),
            )
        for table in ("release", "connection"):
            connection.execute(f"select setval(pg_get_serial_sequence('{table}', 'id'), (select max(id) from {table}))")


@pytest.fixture
def rig(written_url: str, redis_url: str, tmp_path: Path) -> Iterator[Rig]:
    settings = load_settings({
        "DATABASE_URL": written_url, "REDIS_URL": redis_url, "HUB_SECRET_KEY": KEY, "HUB_DATA_DIR": str(tmp_path),
    })  # fmt: skip
    hub = bootstrap.start(settings, registry=registry.load(modules=[_today()]), from_disk=True)
    yield Rig(hub)
    hub.close()


def by_number(rig: Rig) -> dict[str, dict[str, Any]]:
    return {data["number"]: data for data in rig.goldens("order")}


def test_database_of_the_release_before_when_read_then_all_is_in_today_s_form(rig: Rig) -> None:
    caller = Caller(
        create_app(rig.hub).test_client(), access.create_token(rig.hub, "admin", "test", author="test", realm="*")[1]
    )
    before = {row["data"]["number"]: row for row in caller.get("/orders")["items"]}
    assert set(before) == {"#o1", "#t9"}  # nothing was computed again yet
    assert before["#o1"]["data"]["lines"][0]["quantity"] == "2"
    assert before["#o1"]["data"]["customer"]["id"] == caller.get("/customers")["items"][0]["id"]
    assert "order" in release.activate(rig.hub)
    rig.settle()
    stored = by_number(rig)
    assert stored["#o1"]["buyer_note"] == "fixed by a person"
    assert stored["#o1"]["fulfilment_state"] == "partially_fulfilled"  # 1 of 2, which took the lines' quantity
    assert stored["#t9"]["customer"]["external_id"] == "c1"
    assert not {"buyer", "remark"} & {name for data in stored.values() for name in data}
    assert {row["data"]["number"]: row["id"] for row in caller.get("/orders")["items"]} == {
        number: row["id"] for number, row in before.items()
    }
    id_ = before["#o1"]["id"]
    explained = caller.get(f"/orders/{id_}/explain")
    assert (explained["buyer_note"]["rule"], explained["buyer_note"]["losers"][0]["value"]) == ("pin", "newer note")
    assert explained["customer"]["winner"]["connection"] == "shop"
    history = caller.get(f"/orders/{id_}/history")["items"]
    with rig.hub.db.session() as conn:
        shown = dossier.load(conn, parse_id(id_)[1])
        assert shown is not None
        concerns = dossier.concerns(conn, shown)
    assert {"buyer_note"} == {ruling.field for ruling in concerns.rulings}
    assert "buyer" not in {name for change in concerns.history for name in change.fields}
    named = {name for change in history for part in ("before", "after") for name in change[part] or {}}
    assert {"customer", "buyer_note"} <= named
    assert not {"buyer", "remark"} & (named | {name for change in history for name in change["fields"]})
    assert history[-1]["after"]["lines"][0]["quantity"] == "2"


def test_records_of_both_forms_when_an_old_version_is_folded_again_then_they_fit_together(rig: Rig) -> None:
    release.activate(rig.hub)
    rig.settle()
    # Newer than the first version and older than the last one: the whole line is folded again.
    rig.send("shop", "order.updated", {"id": "o2", "updated_at": at(2), "buyer_note": "an earlier note"})
    rig.send(
        "till", "order.updated", {"id": "t9", "updated_at": at(9), "buyer_note": "the newest note", "staff_note": "x"}
    )
    rig.settle()
    assert by_number(rig)["#t9"]["buyer_note"] == "the newest note"
    (act,) = rig.hub.db.all("select group_id from decision where type = 'must'")
    stewardship.undo(rig.hub, act[0], "ann")
    rig.settle()
    assert {number: data["buyer_note"] for number, data in by_number(rig).items()} == {
        "#o1": "fixed by a person", "#o2": "note of o2", "#t9": "the newest note",
    }  # fmt: skip


def test_children_when_they_come_after_the_rename_then_still_find_their_parent(rig: Rig) -> None:
    release.activate(rig.hub)
    rig.settle()
    amount = {"amount": "4.00", "currency": "CNY"}
    rig.send(
        "shop",
        "payment.created",
        {"id": "p2", "updated_at": at(9), "order": "o1", "state": "captured", "amount": amount},
    )
    rig.send(
        "shop", "fulfilment.updated", {"id": "f1", "updated_at": at(9), "lines": [{"line_id": "1", "quantity": "2"}]}
    )
    rig.settle()
    found = by_number(rig)["#o1"]
    assert (found["payment_state"], found["fulfilment_state"]) == ("overpaid", "fulfilled")


OLD, NEW = {"buyer", "remark", "qty"}, {"customer", "buyer_note", "quantity"}
SENT = {
    "number": "#o1",
    "remark": "note of o1",
    "buyer": {"connection": "shop", "object_type": "customers", "external_id": "c1"},
    "lines": [{"line_id": "1", "title": "Tea", "qty": "2"}],
}


def names_in(value: Any) -> set[str]:
    """Every name that a value has anywhere, and every text that stands alone in a list."""
    if isinstance(value, dict):
        return set(value) | {name for inner in value.values() for name in names_in(inner)}
    if isinstance(value, list | tuple):
        return {one for one in value if isinstance(one, str)} | {name for one in value for name in names_in(one)}
    return set()


def add_delivery(db: Database, order: uuid.UUID) -> uuid.UUID:
    """What the release before left of telling the till of an order: a target, attempts, open items, a freeze."""
    target, sent = new_id(), orjson.dumps(SENT).decode()
    db.execute(
        "insert into target (id, realm, connection_id, object_type, kind, owner_rid, done_seq, wanted)"
        " values (%s, 'default', 2, 'orders', 'order', %s, 1, %s)",
        (target, order, sent),
    )
    for outcome in ("sent", "unknown", "failed"):
        db.execute(
            "insert into attempt (id, target_id, connection_id, action, idempotency_key, asserted, outcome)"
            " values (%s, %s, 2, 'update', 'k', %s, %s)",
            (new_id(), target, sent, outcome),
        )
    db.execute(
        "insert into item (id, realm, type, cause_key, kind, rid, data) values (%s, 'default', 'conflict', 'x', 'order', %s, %s)",
        (new_id(), order, '{"field": "remark"}'),
    )
    db.execute(
        "insert into decision (id, realm, kind, type, a, field, value, author, group_id)"
        " values (%s, 'default', 'order', 'freeze', %s, 'remark', %s, 'hub', %s)",
        (new_id(), order, '{"connection": 2}', new_id()),
    )
    db.execute(
        "insert into drift (id, connection_id, stream, what, path, first_event, episode)"
        " values (%s, 1, 'order', 'null', 'remark', %s, %s)",
        (new_id(), uuid.UUID(int=0), new_id()),
    )
    return target


def test_stored_rows_when_read_anywhere_then_in_today_s_form_and_as_they_were_underneath(rig: Rig) -> None:
    db = rig.hub.db
    order, customer = (
        db.one("select cluster from record where external_id = %s", (external_id,))[0]  # type: ignore[index]
        for external_id in ("o1", "c1")
    )
    target = add_delivery(db, order)
    (event,) = db.one("select event_id from version where rid = %s", (order,)) or ()
    with db.session() as conn:
        lines, _ = timeline.timeline(conn, rig.hub, ORDER, order, is_clear=True)
        shown: dict[str, Any] = {
            "what was sent": [one.asserted for one in attempt.of_target(conn, target)],
            "what is unaccounted for": [one.asserted for one in attempt.unaccounted(conn, [target])[target]],
            "what failed": [one.asserted for one in attempt.last_failed(conn, [target])[target]],
            "what went to and fro": attempt.recently_written(conn, [target], 3600, 1)[target],
            "what is due": (claimed.load(conn, [target])[target].data, claimed.load(conn, [target])[target].frozen),
            "timeline": [line.data for line in lines],
            "rulings": [(one.field, one.value) for one in decision.about(conn, [order])],
            "feed": [row for row in replay.changes_after(conn, 0) if row["kind"] == "order"],
            "items": [one.data["field"] for one in item.list_items(conn)],
            "disagreements": [(one.data["field"], one.golden) for one in conflict.items(conn, conflict.Filter(), 9)],
            "what records said": [one.values for one in conflict.said(conn, [order], ["buyer_note"])],
            "fields that turned null": [one.path for one in drift.nulled(conn, ["order"])],
        }  # fmt: skip
        assert {"remark"} & names_in(db.all("select asserted from version where rid = %s", (order,)))
        (nulled,) = drift.nulled(conn, ["order"])
        assert drift.touched(conn, nulled, [order]) == {order: False}
        assert drift.field_of(conn, nulled.episode) == "buyer_note"
    detail = console_delivery.delivery_detail(db, target)
    assert detail is not None
    shown |= {
        "delivery": (detail.data, detail.wanted),
        "deliveries": [row.data for row in console_delivery.list_deliveries(db, console_delivery.Filter("sent"), 9)],
        "what an event said": [one.asserted for one in console_event.touched_by(db, event)],
        "what an event changed": [(one.fields, one.after) for one in console_event.changes_of(db, event, [order])],
        "who belongs to a customer": [(one.field, one.data) for one in console_record.children_of(db, customer)],
        "who is referred to": [one.data for one in console_record.linked(db, [("shop", "orders", "o1")])],
        "whose values stand": [(one.field, one.value) for one in console_mapping.wins(db, "order", ["default"])],
        "state": [one["data"] for one in state.state(rig.hub).values() if one["kind"] == "order"],
    }
    assert {what: names & OLD for what, value in shown.items() if (names := names_in(value)) & OLD} == {}
    assert [what for what, value in shown.items() if not names_in(value) & NEW and value != ["buyer_note"]] == []
    app = Caller(
        create_app(rig.hub).test_client(), access.create_token(rig.hub, "admin", "t", author="t", realm="*")[1]
    )
    answer = app.get(f"/deliveries/{format_id('dlv', target)}")
    assert not names_in(answer) & OLD
    assert names_in(answer["attempts"]) & NEW


def test_links_when_a_release_is_put_in_force_then_found_under_today_s_name(rig: Rig) -> None:
    release.activate(rig.hub)
    links = {name for (name,) in rig.hub.db.all("select distinct field from reference")}
    assert links == {"order", "customer"}
    rig.settle()
    customer = next(iter(rig.hub.db.all("select cluster from record where external_id = 'c1'")))[0]
    with rig.hub.db.session() as conn:
        shown = dossier.load(conn, customer)
        assert shown is not None
        assert sum(one.count for one in dossier.concerns(conn, shown).purchases) == 2


def test_pin_of_the_release_before_when_unpinned_by_today_s_name_then_lifted(rig: Rig) -> None:
    release.activate(rig.hub)
    rig.settle()
    order = rig.hub.db.one("select cluster from record where external_id = 'o1'")
    assert order is not None
    stewardship.unpin(rig.hub, "order", order[0], "buyer_note", "ann", "")
    rig.settle()
    assert by_number(rig)["#o1"]["buyer_note"] == "newer note"
