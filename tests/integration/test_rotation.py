"""Changing the key: whatever is stored sealed opens under the new key alone, or is had anew."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.flow import rotation, setup
from hub.flow.configure import Wish, connect
from hub.flow.connection import Connections
from hub.flow.context import Hub
from hub.keyring import Keyring
from hub.sdk.account import AccessToken
from hub.store.database import new_id
from tests.fixtures.bare import bare_hub

SECRET = "a very long secret 9876"


@pytest.fixture
def hub(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Hub]:
    with bare_hub(database_url, redis_url, tmp_path) as made:
        connect(made, Wish("shop", "till", secrets={"secret": [SECRET]}, flows={"order": "in"}), "test")
        yield made


def token_of(hub: Hub, value: str) -> str:
    """The token as a process gets it that has nothing in memory; `value` is what would be issued."""
    account = Connections(hub.db, hub.keyring, hub.registry, hub.settings).connector("shop").account
    return account.token(lambda: AccessToken(value, time.time() + 3600)).value


def half_finished(hub: Hub) -> setup.Setup:
    person_id = new_id()
    hub.db.execute("insert into person (id, name, password) values (%s, 'ann', 'x')", (person_id,))
    made = setup.begin(hub, person_id, "till", "second")
    setup.set_credentials(hub, made, {"zone": "UTC"}, {"secret": SECRET}, "test")
    return made


def keep_answer(hub: Hub, key: str) -> None:
    sealed = hub.keyring.seal(b"{}", b"idempotency")
    hub.db.execute(
        "insert into idempotency (token_id, key, request_hash, status, response) values (%s, %s, '', 200, %s)",
        (new_id(), key, sealed),
    )


def test_rotation_when_a_key_is_put_in_front_then_tokens_setups_and_answers_open_without_the_old_one(hub: Hub) -> None:
    made = half_finished(hub)
    keep_answer(hub, "k1")
    assert token_of(hub, "first") == "first"
    object.__setattr__(hub, "keyring", hub.keyring.rotated())
    changed = rotation.rotate(hub, "test")
    assert {name: changed[name] for name in ("secrets", "access_tokens", "setups", "kept_answers")} == {
        "secrets": 1, "access_tokens": 1, "setups": 1, "kept_answers": 1,
    }  # fmt: skip
    assert set(rotation.rotate(hub, "test").values()) == {0}
    object.__setattr__(hub, "keyring", Keyring.parse(hub.keyring.export().partition(",")[0]))
    assert token_of(hub, "second") == "first"
    assert setup.load(hub, made.id).secrets == {"secret": SECRET}
    (response,) = hub.db.one("select response from idempotency") or (b"",)
    assert hub.keyring.open(response, b"idempotency") == b"{}"


def test_rotation_when_a_key_was_lost_then_what_can_be_had_anew_is_dropped(hub: Hub) -> None:
    keep_answer(hub, "k1")
    hub.db.execute("update idempotency set response = set_byte(response, 0, 77)")
    assert rotation.rotate(hub, "test")["kept_answers"] == 1
    assert hub.db.all("select response from idempotency") == [(None,)]
