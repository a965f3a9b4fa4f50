"""Shop and CRM, both written and both answering back, with a whole hub between them: they agree and come to rest."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest

from demo import cast
from demo.crm import CLIENT_ID, DemoCrm
from demo.ledger import compare, facts_of_crm, facts_of_shop
from demo.shop import DemoShop
from demo.systems import Systems, addresses, open_folder
from demo.world import World
from hub.flow import account, golive, notice, poll, stewardship
from hub.flow.configure import Wish, connect
from hub.flow.context import Hub
from hub.flow.receive import receive
from hub.model.identifier import format_id
from hub.sdk import WebhookRequest
from tests.fixtures.peers import PeerRig

ROUNDS = 20
CRM_ADDRESS = "https://hub.example/webhooks/crm"


@dataclass(repr=False)
class TwoWays(PeerRig):
    """The hub between a shop and a CRM of one world. What they send waits in `hooks` until it is handed in."""

    shop: DemoShop = field(init=False)
    crm: DemoCrm = field(init=False)
    world: World = field(init=False)
    hooks: list[tuple[str, dict[str, str], dict[str, str], bytes]] = field(default_factory=list)

    def open(self, systems: Systems, folder: Path) -> None:
        """Both systems with their people of before; nobody is connected yet."""
        self.world = World(folder, dt.datetime.fromisoformat(systems.opening))
        self.shop, self.crm = DemoShop(0, systems, self.world), DemoCrm(0, systems, self.world)
        self.shop.start()
        self.crm.start()
        self.shop.send = self._from_shop  # type: ignore[method-assign]
        self.crm.send = self._from_crm  # type: ignore[method-assign]

    def meet(self, systems: Systems) -> None:
        """Connects both, reads them, goes live."""
        domain = systems.domain
        shop_secrets = {"secret": [systems.shop_secret], "access_token": [systems.access_token]}
        self._connect(Wish("shop", "shopify", config={"shop": domain, "base_url": self.shop.url}, secrets=shop_secrets))
        crm_secrets = {
            "client_secret": [systems.crm_secret], "refresh_token": [systems.refresh_token],
            "webhook_secret": [systems.notification_secret],
        }  # fmt: skip
        config = {"data_centre": "cn", "base_url": self.crm.url, "client_id": CLIENT_ID}
        self._connect(Wish("crm", "zoho", config=config, secrets=crm_secrets))
        connector: Any = self.hub.connections.connector("crm")
        connector.account.webhook_url = CRM_ADDRESS
        connector.subscribe()
        self.hooks.clear()
        self.rest()

    def _connect(self, wish: Wish) -> None:
        connect(self.hub, Wish(**{**_fields(wish), "flows": {"customer": "both"}}), "test")
        assert poll.pull(self.hub, wish.name, full=True).coverage == "complete"
        self.settle()
        golive.go_live(self.hub, wish.name, "test")

    def _from_shop(self, topic: str, content: Any, *, message_id: str = "") -> str:
        body, key = orjson.dumps(content), message_id or uuid.uuid4().hex
        headers = self.shop.headers(topic, key, body, self.shop.secret)
        self.hooks.append(("shop", {name.lower(): text for name, text in headers.items()}, {}, body))
        return key

    def _from_crm(self, topic: str, content: Any, *, message_id: str = "") -> str:
        query = dict(parse_qsl(urlsplit(self.crm._place).query))
        self.hooks.append(("crm", {"content-type": "application/json"}, query, orjson.dumps(content)))
        return message_id or topic

    def hand_in(self) -> int:
        """The hub receives what was sent; returns how many webhooks."""
        hooks, self.hooks[:] = list(self.hooks), []
        for name, headers, query, body in hooks:
            assert receive(self.hub, name, WebhookRequest("POST", headers, query, body, time.time())).status == 200
        return len(hooks)

    def rest(self) -> int:
        """Webhooks, reads, pipeline and deliveries by turns until nothing moves; returns in how many rounds there were writes."""
        rounds = 0
        for _ in range(ROUNDS):
            before = self.writes
            came = self.hand_in()
            self.settle()
            noticed = notice.read_due(self.hub)
            taken = self.quiet()
            rounds += self.writes > before
            if not (came or noticed or taken or self.hooks):
                return rounds
        raise AssertionError("never at rest")

    @property
    def writes(self) -> int:
        """What the hub has written to both."""
        return self.shop.writes + self.crm.writes

    def act(self, name: str) -> None:
        """An act of the demo's cast."""
        with self.world.happening({"act": name}):
            cast.ACTS[name](self.shop, self.crm, 7)

    def golden_of(self, name: str, external_id: int | str) -> uuid.UUID:
        """The golden record of a source."""
        row = self.hub.db.one(
            "select r.cluster from record r join connection c on c.id = r.connection_id"
            " where c.name = %s and r.external_id = %s",
            (name, str(external_id)),
        )
        assert row is not None
        return uuid.UUID(str(row[0]))

    def people(self) -> list[dict[str, Any]]:
        """Active golden customers in the form that the API gives them."""
        rows = self.hub.db.all(
            "select g.id, g.data, jsonb_agg(jsonb_build_object('connection', c.name, 'object_type', r.object_type,"
            " 'external_id', r.external_id)) from golden g join record r on r.cluster = g.id and r.state = 1"
            " join connection c on c.id = r.connection_id where g.kind = 'customer' and g.lifecycle = 'active' group by 1, 2"
        )
        return [{"id": format_id("cus", id_), "data": data, "sources": sources} for id_, data, sources in rows]

    def assert_agreed(self, *, copies: int = 0) -> None:
        """Both ledgers equal golden; `copies`: of so many people a system holds two records, on purpose."""
        people = self.people()
        for name, facts, system in (("shop", facts_of_shop, self.shop), ("crm", facts_of_crm, self.crm)):
            found = compare(name, people, {key: facts(held) for key, held in system.people().items()})
            several = [text for text in found.problems if text.endswith(f"is at {name} 2 times")]
            assert found.differing == 0, found.problems
            assert sorted(set(found.problems) - set(several)) == []
            assert len(several) == copies


def _fields(wish: Wish) -> dict[str, Any]:
    return {name: getattr(wish, name) for name in ("name", "connector", "config", "secrets")}


@pytest.fixture
def two(make_hub: Callable[..., Hub], database_url: str, tmp_path: Path) -> Iterator[TwoWays]:
    folder, systems, _ = open_folder(tmp_path / "demo", addresses(tmp_path))
    made = TwoWays(make_hub(database_url))
    made.open(systems, folder)
    made.act("open")
    made.meet(systems)
    yield made
    made.shop.stop()
    made.crm.stop()
    made.world.close()


def test_people_when_both_systems_meet_then_linked_or_created_and_nobody_is_twice(two: TwoWays) -> None:
    everybody = cast.SHARED + cast.SHOP_ONLY + cast.CRM_ONLY
    assert len(two.people()) == len(two.shop.people()) == len(two.crm.people()) == everybody
    two.assert_agreed()
    assert two.rest() == 0


def test_phone_when_changed_in_the_crm_then_the_shop_has_it_and_the_echo_dies(two: TwoWays) -> None:
    before = two.shop.writes, two.crm.writes
    two.act("call")
    assert two.rest() <= 2
    held = two.shop.shop.customers[cast.shop_id(two.shop, cast.CALLER)]
    assert held["phone"] == "+8613816000001"
    assert (two.shop.writes, two.crm.writes) == (before[0] + 1, before[1])
    for name in ("shop", "crm"):
        poll.pull(two.hub, name)
    assert two.rest() == 0
    two.assert_agreed()


def test_phone_when_the_crm_respells_it_then_nobody_fights(two: TwoWays) -> None:
    before = two.writes
    two.act("format")
    assert two.rest() <= 2
    held = two.crm.people()[cast.crm_id(two.crm, cast.FORMATTED)]
    assert held["Mobile"] == "138-1600-0002"
    assert two.writes == before + 1
    poll.pull(two.hub, "crm", full=True)
    assert two.rest() == 0
    two.assert_agreed()


def test_note_when_both_edited_it_while_the_crm_was_cut_off_then_policy_decides_and_an_item_says_so(
    two: TwoWays,
) -> None:
    rules = two.hub.rules.field_rules("customer")
    leads = {"policy": "priority", "connections": ("crm", "shop"), "null_wins": False}
    rules[:] = [replace(rule, **leads) if rule.name == "note" else rule for rule in rules]  # type: ignore[arg-type]
    account.halt(two.hub, "crm", "test", inward=True, outward=True)
    two.act("note in crm")
    two.act("note in shop")
    two.hand_in()
    two.settle()
    account.lift(two.hub, "crm", "test", inward=True, outward=False)
    two.rest()
    account.lift(two.hub, "crm", "test", inward=False, outward=True)
    assert two.rest() <= 2
    shop = two.shop.shop.customers[cast.shop_id(two.shop, cast.DISPUTED)]
    # The shop spoke last, but of notes the CRM's word counts first.
    assert shop["note"] == cast.CRM_NOTE
    assert two.crm.people()[cast.crm_id(two.crm, cast.DISPUTED)]["Description"] == cast.CRM_NOTE
    assert "conflict" in two.items()
    two.assert_agreed()


def test_customers_when_merged_and_taken_back_then_the_hubs_copies_follow_and_return(two: TwoWays) -> None:
    ids = [two.golden_of("shop", cast.shop_id(two.shop, place)) for place in cast.TWINS]
    before = _without_times(two)
    act = stewardship.merge(two.hub, "customer", ids, "steward", "registered twice")
    two.rest()
    assert len(two.people()) == cast.SHARED + cast.SHOP_ONLY + cast.CRM_ONLY - 1
    two.assert_agreed(copies=1)
    stewardship.undo(two.hub, act, "steward", "father and son")
    two.rest()
    assert [two.golden_of("shop", cast.shop_id(two.shop, place)) for place in cast.TWINS] == ids
    assert _without_times(two) == before
    two.assert_agreed()


def test_customers_when_merged_and_then_split_then_the_hubs_copies_go_with_their_own(two: TwoWays) -> None:
    first, second = (cast.shop_id(two.shop, place) for place in cast.TWINS)
    before = _without_times(two)
    stewardship.merge(two.hub, "customer", [two.golden_of("shop", n) for n in (first, second)], "steward", "twice")
    two.rest()
    merged = two.golden_of("shop", first)
    stewardship.split(two.hub, "customer", merged, "shop", str(second), "steward", "father and son")
    two.rest()
    assert two.golden_of("shop", first) != two.golden_of("shop", second)
    assert _without_times(two) == before
    two.assert_agreed()


def test_customer_when_split_from_a_contact_then_what_the_shop_refuses_is_told_to_a_person(two: TwoWays) -> None:
    place = 5
    number, contact = cast.shop_id(two.shop, place), cast.crm_id(two.crm, place)
    stewardship.split(
        two.hub, "customer", two.golden_of("shop", number), "crm", contact, "steward", "a family's address"
    )
    two.rest()
    assert two.golden_of("crm", contact) != two.golden_of("shop", number)
    # The CRM has a contact of each; a shop has one customer of an e-mail, so the second is refused and somebody is told.
    assert len(two.crm.people()) == cast.SHARED + cast.SHOP_ONLY + cast.CRM_ONLY + 1
    assert two.items() == ["dead_letter"]
    (problem,) = [error["message"] for _, state, _, _, error in two.targets() if state == "dead"]
    assert "email belongs to another customer of the shop" in problem
    assert two.rest() == 0


@pytest.mark.parametrize("loser", ["shop", "crm"])
def test_create_when_the_answer_is_lost_after_the_commit_then_one_record(two: TwoWays, loser: str) -> None:
    before = {name: len(_people(two, name)) for name in ("shop", "crm")}
    if loser == "shop":
        two.shop.lose(1)
        with two.world.happening({"act": "enter"}):
            two.crm.crm.add(Last_Name="欧阳娜娜", Email="nana@example.com", Mobile="13900019999")
    else:
        two.crm.switches.set(error_after_commit=1, error_mode="close", path="/crm/v8/Contacts/upsert")
        with two.world.happening({"act": "sign up"}):
            fields = {"first_name": "娜娜", "last_name": "欧阳", "email": "nana@example.com", "phone": "+8613900019999"}
            two.shop.emit(two.shop.shop.add_customer(**fields))
    two.rest()
    assert {name: len(_people(two, name)) for name in before} == {name: n + 1 for name, n in before.items()}
    assert two.rest() == 0
    two.assert_agreed()


def _people(two: TwoWays, name: str) -> dict[str, dict[str, Any]]:
    return two.shop.people() if name == "shop" else two.crm.people()


def _without_times(two: TwoWays) -> dict[str, Any]:
    """What both hold, as facts: an undo gives content back, not the times of change."""
    shop = {key: facts_of_shop(held) for key, held in two.shop.people().items()}
    return {**shop, **{key: facts_of_crm(held) for key, held in two.crm.people().items()}}
