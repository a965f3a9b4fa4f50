"""A database that the release before wrote, under a declaration that has renamed fields since.

`tests/data/releases/0002_order_buyer.json` was written by the hub at schema 0002 with an order whose
`customer` was called `buyer`, `buyer_note` was `remark`, and a line's `quantity` was `qty`: two systems,
an order paid and half shipped, one merged by a person, one with a pinned note.
"""

from __future__ import annotations

import base64
import types
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
from hub.flow import access, release, stewardship
from hub.model.identifier import parse_id
from hub.model.kinds import KINDS
from hub.sdk import hookimpl
from hub.store import dossier, schema
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
