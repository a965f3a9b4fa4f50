"""A survivorship policy of a plugin goes the whole way: its file, golden records, what explains them, the console."""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest
from flask import Flask

from hub import bootstrap, console, registry
from hub.api.app import create_app
from hub.config import load_settings
from hub.embedded.postgres import Postgres
from hub.embedded.valkey import Valkey
from hub.flow import access, login
from hub.keyring import Keyring
from hub.model.identifier import format_id
from hub.model.permission import Grant
from hub.sdk import Word, hookimpl
from tests.fixtures.hub import Rig, at
from tests.fixtures.web import Caller

PASSWORD = "a sentence nobody guesses"


def _longest(words: Sequence[Word]) -> list[int]:
    if any(word.values["note"] == "broken" for word in words):
        raise ValueError("no length")
    return [len(word.values["note"] or "") for word in words]


def _plugin() -> types.ModuleType:
    module = types.ModuleType("lengths")
    module.register_survivorship = hookimpl(lambda: {"longest": _longest})  # type: ignore[attr-defined]
    return module


@pytest.fixture(scope="module")
def rig(postgres: Postgres, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    name, folder = "plugin_policy", tmp_path_factory.mktemp("plugin_policy")
    file = Path(folder, "site", "policies", "customer.yaml")
    file.parent.mkdir(parents=True)
    file.write_text("fields: {note: lengths.longest}\n", encoding="utf-8")
    with psycopg.connect(postgres.url_of("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template template strategy file_copy")
    settings = load_settings({
        "DATABASE_URL": postgres.url_of(name), "REDIS_URL": valkey.url, "HUB_SECRET_KEY": Keyring.generate().export(),
        "HUB_DATA_DIR": str(folder), "HUB_MAPPINGS_DIR": str(file.parents[1]),
    })  # fmt: skip
    hub = bootstrap.start(settings, registry=registry.load(modules=[_plugin()]))
    try:
        yield Rig(hub)
    finally:
        hub.close()
        with psycopg.connect(postgres.url_of("postgres"), autocommit=True) as connection:
            connection.execute(f"drop database {name} with (force)")


def _said(rig: Rig, id_: str, crm: str, shop: str) -> None:
    ident = [{"namespace": "wechat_unionid", "value": f"union-{id_}"}]
    for minute, (connection, note) in enumerate((("crm", crm), ("shop", shop))):
        data = {"id": id_, "updated_at": at(minute), "identities": ident, "note": note}
        rig.send(connection, "customer.updated", data)
    rig.settle()


def test_policy_when_a_plugin_brings_it_then_it_decides_is_explained_and_shown(rig: Rig) -> None:
    for name in ("crm", "shop"):
        rig.connect(name, {"customer": "in"})
    _said(rig, "1", "asked for green tea", "tea")
    _said(rig, "2", "broken", "tea")
    _, token = access.create_token(rig.hub, "admin", "the test", author="test", realm="*")
    api = Caller(create_app(rig.hub).test_client(), token)
    by_note = {one["data"]["note"]: one["id"] for one in api.get("/customers")["items"]}
    assert set(by_note) == {"asked for green tea", "tea"}
    explained = api.get(f"/customers/{by_note['asked for green tea']}/explain")["note"]
    assert explained["rule"] == "lengths.longest"
    assert explained["winner"]["connection"] == "crm"
    # Where a newer value loses somebody is asked; where the policy fails, too, and the newest counts.
    rows = rig.hub.db.all("select rid from item where type = 'conflict' and data ->> 'field' = 'note'")
    assert {format_id("cus", rid) for (rid,) in rows} == set(by_note.values())

    access.create_user(rig.hub, "ann", (Grant("admin"),), author="test", password=PASSWORD)
    app = Flask("plugin_policy", static_folder=None)
    console.register(app, rig.hub)
    visitor = app.test_client()
    cookie = login.log_in(rig.hub, "ann", PASSWORD, address="127.0.0.1")
    visitor.set_cookie("hub_session", str(cookie), path="/console")
    assert "由插件 lengths 决定" in visitor.get("/console/policies").text
