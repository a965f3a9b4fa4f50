"""Every kind, those of a plugin too, goes the whole way by nothing but its declaration: sent, mapped, stored, shown."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from flask import Flask
from werkzeug.test import Client

from hub import bootstrap, console, registry
from hub.api.app import create_app
from hub.config import load_settings
from hub.embedded.postgres import Postgres
from hub.embedded.valkey import Valkey
from hub.flow import access, login
from hub.keyring import Keyring
from hub.model.derivation import Derivation, Derived
from hub.model.example import example_of
from hub.model.kind import Field, Kind, Text
from hub.model.kinds import KINDS
from hub.model.kinds.parts import ref
from hub.model.permission import Grant
from hub.sdk import hookimpl
from tests.fixtures.hub import Rig, at
from tests.fixtures.web import Caller

PASSWORD = "a sentence nobody guesses"
VISIT = Kind(
    name="shop_visit",
    plural="shop_visits",
    prefix="svt",
    title=Text("到店", "Visit"),
    help=Text("顾客到店一次", "Somebody came by"),
    fields=(
        ref("customer", "customer", Text("顾客", "Customer"), required=True),
        Field("minutes", "integer", Text("停留时间", "How long"), unit="min", example=12),
        Field("is_long", "boolean", Text("久留", "Longer than ten minutes"), derived=True),
    ),
    parent="customer",
)


def _of_visit(visit: Any, _: Any) -> Derived:
    return Derived({"is_long": visit.get("minutes", 0) > 10})


def _of_customer(_: Any, children: Any) -> Derived:
    visits = children.get("shop_visit", ())
    return Derived({"long": sum(1 for visit in visits if visit.get("is_long"))} if visits else {})


def _visits() -> types.ModuleType:
    """A plugin of its own kind, with a field derived from it, and one of the customer derived from that."""
    module = types.ModuleType("visits")
    module.register_kinds = hookimpl(lambda: [VISIT])  # type: ignore[attr-defined]
    derivations = [
        Derivation("shop_visit", _of_visit, ("is_long",)),
        Derivation("customer", _of_customer, ("long",), {"shop_visit": "customer"}),
    ]
    module.register_derivations = hookimpl(lambda: derivations)  # type: ignore[attr-defined]
    return module


EVERY = {**KINDS, VISIT.name: VISIT}


@dataclass
class World:
    """A hub that every kind was sent to once, and who asks it."""

    rig: Rig
    api: Caller
    visitor: Client

    def record(self, kind: Kind) -> dict[str, Any]:
        (found,) = self.api.get(f"/{kind.plural}")["items"]
        return dict(found)


@pytest.fixture(scope="module")
def world(postgres: Postgres, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    name, folder = "every_kind", tmp_path_factory.mktemp("every_kind")
    with psycopg.connect(postgres.url_of("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template template strategy file_copy")
    settings = load_settings({
        "DATABASE_URL": postgres.url_of(name), "REDIS_URL": valkey.url, "HUB_SECRET_KEY": Keyring.generate().export(),
        "HUB_DATA_DIR": str(folder),
    })  # fmt: skip
    hub = bootstrap.start(settings, registry=registry.load(modules=[_visits()]))
    try:
        yield _filled(Rig(hub))
    finally:
        hub.close()
        with psycopg.connect(postgres.url_of("postgres"), autocommit=True) as connection:
            connection.execute(f"drop database {name} with (force)")


def _filled(rig: Rig) -> World:
    rig.connect("shop", dict.fromkeys(EVERY, "in"))
    for kind in reversed(EVERY.values()):  # children before their parents: they wait
        rig.send("shop", f"{kind.name}.updated", {"id": "7064", "updated_at": at(1), **example_of(kind), "unheard": 1})
    rig.settle()
    _, token = access.create_token(rig.hub, "admin", "the test", author="test", realm="*")
    access.create_user(rig.hub, "ann", (Grant("admin"),), author="test", password=PASSWORD)
    cookie = login.log_in(rig.hub, "ann", PASSWORD, address="127.0.0.1")
    app = Flask("every_kind", static_folder=None)
    console.register(app, rig.hub)
    visitor = app.test_client()
    visitor.set_cookie("hub_session", str(cookie), path="/console")
    return World(rig, Caller(create_app(rig.hub).test_client(), token), visitor)


def _plain(value: Any) -> Any:
    """Without the ids that the API adds to references."""
    if isinstance(value, dict):
        is_key = {"connection", "object_type", "external_id"} <= value.keys()
        return {name: _plain(part) for name, part in value.items() if not (is_key and name == "id")}
    return [_plain(part) for part in value] if isinstance(value, list) else value


def test_inbox_when_every_kind_was_sent_then_nothing_is_left(world: World) -> None:
    assert world.rig.quarantined() == []
    assert world.rig.hub.db.one("select count(*) from record where parked or state = 0") == (0,)
    assert world.rig.hub.db.one("select count(*) from golden") == (len(EVERY),)


@pytest.mark.parametrize("kind", EVERY.values(), ids=EVERY)
def test_kind_when_read_by_the_api_then_exactly_what_was_sent(world: World, kind: Kind) -> None:
    found = world.record(kind)
    assert (found["kind"], found["lifecycle"], found["id"].partition("_")[0]) == (kind.name, "active", kind.prefix)
    data = _plain(found["data"])
    assert {name: value for name, value in data.items() if name in example_of(kind)} == example_of(kind)
    assert data.keys() - example_of(kind).keys() <= {*kind.derived, "visits"}
    assert found["extensions"] == {"shop": {"unheard": 1}}
    explained = world.api.get(f"/{kind.plural}/{found['id']}/explain")
    assert explained.keys() >= example_of(kind).keys()
    assert {explained[name]["winner"]["connection"] for name in example_of(kind)} == {"shop"}


@pytest.mark.parametrize("kind", EVERY.values(), ids=EVERY)
def test_kind_when_looked_at_in_the_console_then_list_and_page_show_it(world: World, kind: Kind) -> None:
    id_ = world.record(kind)["id"]
    assert id_ in world.visitor.get(f"/console/records/{kind.plural}").text
    page = world.visitor.get(f"/console/records/{kind.plural}/{id_}")
    assert page.status_code == 200
    shown_apart = {"lines", "totals"} if kind.name == "order" else set()
    given = [field.name for field in kind.fields if not field.derived and field.name not in shown_apart]
    assert [name for name in given if f"<code>{name}</code>" not in page.text] == []


@pytest.mark.parametrize(("kind", "total"), [("programme", "10"), ("stock_level", "-1")])
def test_balance_when_a_page_shows_it_then_beside_what_is_stated(world: World, kind: str, total: str) -> None:
    id_ = world.record(KINDS[kind])["id"]
    page = world.visitor.get(f"/console/records/{KINDS[kind].plural}/{id_}").text
    assert "明细合计" in page
    assert f"<dd>{total}</dd>" in page
    found = world.api.get(f"/{KINDS[kind].plural}/{id_}/balance")
    assert (found["entries"], found["total"]) == (1, total)


def test_references_when_all_came_then_lead_to_the_records(world: World) -> None:
    order = world.record(KINDS["order"])["data"]
    assert order["customer"]["id"] == world.record(KINDS["customer"])["id"]
    assert order["store"]["id"] == world.record(KINDS["location"])["id"]


def test_derived_fields_when_a_plugin_gives_them_then_stand_under_its_name(world: World) -> None:
    assert world.record(VISIT)["data"]["is_long"] is True
    customer = world.record(KINDS["customer"])
    assert customer["data"]["visits"] == {"long": 1}
    assert world.api.get(f"/customers/{customer['id']}/explain")["visits"]["rule"] == "derived"


def test_derived_fields_when_a_grandchild_changes_then_follow(world: World) -> None:
    world.rig.send("shop", "shop_visit.updated", {"id": "2", "updated_at": at(2), "customer": "7064", "minutes": 30})
    world.rig.settle()
    assert world.record(KINDS["customer"])["data"]["visits"] == {"long": 2}
    world.rig.send("shop", "shop_visit.deleted", {"id": "2", "updated_at": at(3)})
    world.rig.settle()
    assert world.record(KINDS["customer"])["data"]["visits"] == {"long": 1}


def test_documents_when_asked_for_then_the_plugin_s_kind_is_among_them(world: World) -> None:
    paths = world.api.client.get("/api/v1/openapi.json").get_json()
    assert "/shop_visits" in str(paths)
