"""Setting up step by step: secrets stay sealed, checks are live, and the result is the connection of `connect`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.shopify.simulator import ShopifySimulator
from hub.errors import ConfigError, ConflictError, ConnectionPausedError, NotFoundError
from hub.flow import configure, poll, preview, setup
from hub.flow.configure import Wish
from hub.flow.context import Hub
from hub.flow.setup import Setup
from hub.sdk.connector import CheckResult
from hub.store import secret
from hub.store import setup as store
from hub.store.database import new_id
from tests.fixtures.bare import Till, bare_hub

SECRET = "a very long secret 9876"


@pytest.fixture
def hub(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Hub]:
    with bare_hub(database_url, redis_url, tmp_path) as made:
        yield made


def person(hub: Hub, name: str = "ann") -> uuid.UUID:
    person_id = new_id()
    hub.db.execute("insert into person (id, name, password) values (%s, %s, 'x')", (person_id, name))
    return person_id


def begun(hub: Hub, who: uuid.UUID, **secrets: str) -> Setup:
    made = setup.begin(hub, who, "till", "shop")
    setup.set_credentials(hub, made, {"zone": "UTC"}, secrets or {"secret": SECRET}, "test")
    return setup.load(hub, made.id)


def test_setup_when_all_steps_are_taken_then_a_connection_that_is_off_until_begun(hub: Hub) -> None:
    who = person(hub)
    one = begun(hub, who)
    assert one.reached == "streams"
    assert one.settings["check"]["ok"]
    setup.set_flows(hub, one, {"order": "in", "customer": ""}, 30, "test")
    row = hub.connections.by_name("shop")
    assert (row.phase, row.flows, row.rank, row.config) == ("off", {"order": "in"}, 30, {"zone": "UTC"})
    with hub.db.session() as conn:
        assert secret.active(conn, hub.keyring, row.id) == {"secret": (SECRET,)}
    assert poll.run_due(hub) == 0
    assert configure.begin(hub, "shop", "test")
    assert not configure.begin(hub, "shop", "test")
    assert hub.connections.by_name("shop").phase == "reading"
    setup.finish(hub, setup.load(hub, one.id))
    with pytest.raises(NotFoundError):
        setup.load(hub, one.id)


def test_setup_when_stored_then_no_secret_stands_in_clear(hub: Hub) -> None:
    one = begun(hub, person(hub))
    row = hub.db.one("select settings::text, sealed_secrets from draft where id = %s", (one.id,))
    assert row is not None
    assert SECRET not in row[0]
    assert '"last4": "9876"' in row[0]
    assert SECRET.encode() not in row[1]
    assert SECRET not in repr(one)


def test_setup_when_listed_then_only_ones_own_but_any_admin_may_go_on(hub: Hub) -> None:
    one = begun(hub, person(hub))
    assert setup.mine(hub, person(hub, "bob")) == []
    assert setup.load(hub, one.id).secrets == {"secret": SECRET}


def test_credentials_when_the_system_refuses_then_the_finding_says_so_and_one_may_go_on(hub: Hub) -> None:
    Till.script["check"] = ConnectionPausedError("shop: HTTP 401")
    one = begun(hub, person(hub))
    assert one.settings["check"]["ok"] is False
    assert "401" in one.settings["check"]["message"]
    assert one.reached == "streams"


def test_credentials_when_the_connector_crashes_then_its_text_is_not_shown(hub: Hub) -> None:
    Till.script["check"] = ValueError("quotes a secret")
    found = begun(hub, person(hub)).settings["check"]
    assert found["message"] == "the connector crashed with ValueError"


def test_credentials_when_wrong_by_themselves_then_listed_and_nothing_is_asked(hub: Hub) -> None:
    one = setup.begin(hub, person(hub), "till", "shop")
    with pytest.raises(ConfigError, match=r"zone.*; secret 'secret' is missing"):
        setup.set_credentials(hub, one, {"zone": "Mars"}, {}, "test")


def test_credentials_when_a_secret_is_left_empty_then_the_one_before_stays(hub: Hub) -> None:
    who = person(hub)
    one = begun(hub, who)
    setup.set_credentials(hub, one, {}, {"secret": ""}, "test")
    assert setup.load(hub, one.id).secrets == {"secret": SECRET}


def test_credentials_when_changed_after_it_is_connected_then_the_connection_has_them(hub: Hub) -> None:
    who = person(hub)
    setup.set_flows(hub, begun(hub, who), {"order": "in"}, None, "test")
    one = setup.load(hub, setup.mine(hub, who)[0].id)
    assert one.secrets == {}
    Till.script["check"] = CheckResult(True, "reached again", {"store": "Pudong"})
    setup.set_credentials(hub, one, {"zone": "Asia/Shanghai"}, {"secret": "another secret 1"}, "test")
    row = hub.connections.by_name("shop")
    assert (row.config["zone"], row.phase, row.flows) == ("Asia/Shanghai", "off", {"order": "in"})
    with hub.db.session() as conn:
        assert secret.active(conn, hub.keyring, row.id) == {"secret": ("another secret 1",)}


@pytest.mark.parametrize(("name", "error"), [("new", ConfigError), ("a b", ConfigError), ("taken", ConflictError)])
def test_setup_when_the_name_cannot_be_then_refused_at_once(hub: Hub, name: str, error: type[Exception]) -> None:
    configure.connect(hub, Wish("taken", "till", secrets={"secret": ["s"]}, flows={"order": "in"}), "test")
    with pytest.raises(error):
        setup.begin(hub, person(hub), "till", name)


def test_flows_when_none_is_chosen_then_refused(hub: Hub) -> None:
    with pytest.raises(ConfigError, match="at least one kind"):
        setup.set_flows(hub, begun(hub, person(hub)), {"order": ""}, None, "test")


def test_setups_when_old_then_forgotten(hub: Hub) -> None:
    who = person(hub)
    begun(hub, who)
    hub.db.execute("update draft set updated_at = now() - interval '31 days'")
    assert hub.db.run(store.purge) == 1
    assert setup.mine(hub, who) == []


@pytest.fixture
def full_hub(make_hub: Callable[..., Hub], database_url: str) -> Hub:
    return make_hub(database_url)


def test_secret_when_the_hub_makes_it_then_it_is_handed_over_once(full_hub: Hub) -> None:
    who = person(full_hub)
    one = setup.begin(full_hub, who, "webhook", "till")
    setup.set_credentials(full_hub, one, {}, {}, "test")
    setup.set_flows(full_hub, setup.load(full_hub, one.id), {"order": "in"}, None, "test")
    made = setup.hand_over(full_hub, setup.load(full_hub, one.id))
    assert made["secret"].startswith("whsec_")
    with full_hub.db.session() as conn:
        held = secret.active(conn, full_hub.keyring, full_hub.connections.by_name("till").id)
    assert held["secret"] == (made["secret"],)
    assert setup.hand_over(full_hub, setup.load(full_hub, one.id)) == {}


def test_preview_when_looked_at_then_mapped_and_nothing_is_stored(full_hub: Hub) -> None:
    with ShopifySimulator() as simulator:
        simulator.play(7, customers=6, orders=4)
        config: dict[str, Any] = {"shop": simulator.shop.domain, "base_url": simulator.url}
        secrets = {"secret": ["hush"], "access_token": [simulator.token]}
        wish = Wish("shop", "shopify", config=config, secrets=secrets, flows={"customer": "in"}, is_begun=False)
        configure.connect(full_hub, wish, "test")
        found = preview.preview(full_hub, "shop", "customers", 4)
    assert (found.items, found.kinds, found.problems) == (4, {"customer": 4}, [])
    names = [name for name, _count, _sample in found.filled("customer")]
    assert "full_name" in names
    assert full_hub.db.one("select count(*) from event") == (0,)
    assert full_hub.db.one("select position from cursor where stream = 'customers'") == (None,)
