"""A CRM and a shop over a real hub: what is changed on one side reaches the other, and then it is quiet."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from connectors.shopify.simulator import ShopifySimulator
from hub.flow.context import Hub
from hub.store import inbox, secret
from hub.store.inbox import NewEvent
from tests.connectors.shopify_shared import SECRET, TOKEN
from tests.fixtures.peers import PeerRig

LI = {
    "full_name": "李雷",
    "identities": [
        {"namespace": "email", "value": "li.lei@example.com", "verified": "staff"},
        {"namespace": "phone", "value": "+8613900000001", "verified": "none"},
        {"namespace": "wechat_unionid", "scope": "open1", "value": "o6_bmasdasdsad6_2sgVt7", "verified": "oauth"},
    ],
    "addresses": [
        {"country": "CN", "province": "上海市", "city": "上海市", "district": "静安区", "street": "南京西路 1 号", "adcode": "310106"}
    ],
    "tags": ["crm"],
}  # fmt: skip
QUERIES = ("query", "event")


@dataclass(repr=False)
class TwoWays(PeerRig):
    """A hub between a CRM that only tells (`crm`) and a simulated shop that is read and written."""

    shop: ShopifySimulator = field(default_factory=ShopifySimulator)
    hooks: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    minute: int = 0

    def open(self) -> None:
        self.shop.emit = self.hooks.extend  # type: ignore[method-assign]
        config = {"shop": self.shop.shop.domain, "base_url": self.shop.url}
        self.connect("crm", {"customer": "in"})
        number = self.connect("shop", {"customer": "both"}, config=config)
        with self.hub.db.transaction() as conn:
            conn.execute(
                "update connection set connector = 'shopify', generation = generation + 1 where id = %s", (number,)
            )
            secret.add(conn, self.hub.keyring, number, "secret", SECRET)
            secret.add(conn, self.hub.keyring, number, "access_token", TOKEN)
        self.hub.connections.reload()

    def say(self, id_: str, **fields: Any) -> None:
        """The CRM sends a contact as it is now."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + self.minute)) + "Z"
        self.minute += 1
        self.send("crm", "customer.updated", {"id": id_, "updated_at": moment, **fields})

    def pump(self) -> int:
        """The shop's webhooks reach the hub; returns how many."""
        sent, self.hooks[:] = list(self.hooks), []
        number = self.hub.connections.by_name("shop").id
        now = int(time.time() * 1_000_000)
        rows = [NewEvent(number, t, orjson.dumps(p), f"{t} {uuid.uuid4()}", received_at=now) for t, p in sent]
        with self.hub.db.transaction() as conn:
            inbox.accept(conn, self.hub.keyring, rows)
        return len(rows)

    def calm(self) -> None:
        """Until no side has anything to say any more."""
        for _ in range(20):
            if not self.quiet() and not self.pump():
                return
        raise AssertionError("hub and shop go on and on")

    def told(self) -> list[str]:
        """The mutations that the shop accepted or refused, in order."""
        return [entry.action for entry in self.shop.ledger.entries() if entry.action not in QUERIES]

    def customer_in_shop(self) -> dict[str, Any]:
        (held,) = self.shop.shop.customers.values()
        return held

    def golden(self) -> dict[str, Any]:
        (data,) = self.goldens("customer")
        return data


@pytest.fixture
def two(make_hub: Callable[..., Hub], database_url: str) -> Iterator[TwoWays]:
    with ShopifySimulator() as shop:
        shop.endpoint.mutations.define("retail_hub", "hub_ref")
        rig = TwoWays(make_hub(database_url), shop=shop)
        rig.open()
        yield rig


def linked(two: TwoWays) -> int:
    """One person whom the shop and the CRM know by the e-mail; returns the shop's number."""
    two.shop.emit(
        two.shop.shop.add_customer(
            first_name="雷", last_name="李", email="li.lei@example.com", tags="vip", state="enabled"
        )
    )
    number = int(two.customer_in_shop()["id"])
    two.shop.edit_customer(number, address={
        "address1": "自提点 3 号", "city": "上海市", "province": "上海市", "province_code": "SH", "last_name": "李雷",
    })  # fmt: skip
    two.pump()
    two.say("c1", **LI)
    two.calm()
    assert len(two.goldens("customer")) == 1
    return number


def test_contact_when_new_in_the_crm_then_the_shop_gets_it_once_and_it_is_quiet(two: TwoWays) -> None:
    two.say("c1", **LI)
    two.calm()
    made = two.customer_in_shop()
    assert (made["email"], made["phone"], made["tags"]) == ("li.lei@example.com", "+8613900000001", "crm")
    assert made["default_address"]["address1"] == "静安区 南京西路 1 号"
    assert two.told() == ["customerSet"]
    assert two.attempts() == [("create", "sent")]
    golden = two.golden()
    assert {each["namespace"] for each in golden["identities"]} == {"email", "phone", "wechat_unionid"}
    assert golden["addresses"] == LI["addresses"]
    before = len(two.shop.ledger.entries())
    two.calm()
    assert len(two.shop.ledger.entries()) == before


def test_phone_when_changed_in_the_crm_then_reaches_the_shop_and_what_the_shop_has_survives(two: TwoWays) -> None:
    number = linked(two)
    told = len(two.told())
    two.say("c1", **LI | {"identities": [LI["identities"][0], LI["identities"][1] | {"value": "+8613900000002"}]})  # type: ignore[index]
    two.calm()
    held = two.shop.shop.customers[number]
    assert held["phone"] == "+8613900000002"
    assert held["tags"] == "crm, vip"
    assert [each["address1"] for each in held["addresses"]] == ["自提点 3 号", "静安区 南京西路 1 号"]
    assert held["default_address"]["address1"] == "自提点 3 号"
    assert two.told()[told:] == ["customerSet"]
    assert two.items() == []
    assert sorted(two.golden()["tags"]) == ["crm", "vip"]


def test_address_when_changed_in_the_shop_then_the_old_one_goes_and_does_not_come_back(two: TwoWays) -> None:
    number = linked(two)
    told = two.told()
    two.shop.edit_customer(number, address={"address1": "南京西路 99 号"})
    two.pump()
    two.calm()
    streets = sorted(each["street"] for each in two.golden()["addresses"])
    assert streets == ["南京西路 1 号", "南京西路 99 号"]
    assert [each["address1"] for each in two.shop.shop.customers[number]["addresses"]] == [
        "南京西路 99 号",
        "静安区 南京西路 1 号",
    ]
    assert two.told() == told


def test_address_when_it_came_from_the_hub_and_the_shop_deletes_it_then_it_is_gone_everywhere(two: TwoWays) -> None:
    number = linked(two)
    held = two.shop.shop.customers[number]
    two.hooks += two.shop.shop.change_customer(number, addresses=held["addresses"][:1])
    two.pump()
    two.calm()
    assert [each["street"] for each in two.golden()["addresses"]] == ["自提点 3 号"]


def test_create_when_its_answer_is_lost_then_one_customer(two: TwoWays) -> None:
    two.shop.lose(1)
    two.say("c1", **LI)
    two.calm()
    assert len(two.shop.shop.customers) == 1
    assert two.told() == ["customerSet"]
    assert [outcome for _, outcome in two.attempts()] == ["applied"]


def test_write_when_the_shop_throttles_then_is_done_later(two: TwoWays) -> None:
    two.shop.endpoint.bucket.available, two.shop.endpoint.bucket.restore_rate = 0.0, 100.0
    two.say("c1", **LI)
    two.calm()
    assert len(two.shop.shop.customers) == 1
    assert two.items() == []


def test_email_when_another_customer_of_the_shop_has_it_then_a_person_is_asked(two: TwoWays) -> None:
    two.shop.shop.add_customer(first_name="梅", last_name="韩", email="li.lei@example.com", verified_email=False)
    two.say("c1", **LI)
    two.calm()
    assert two.items() == ["dead_letter"]
    ((_, _, _, _, error),) = two.targets()
    number = two.customer_in_shop()["id"]
    assert f"input.email belongs to another customer of the shop (customer {number})" in error["message"]
    assert "li.lei" not in error["message"]


def test_address_when_added_between_our_reading_and_writing_then_the_shop_gets_it_back(two: TwoWays) -> None:
    number = linked(two)

    def meanwhile(name: str) -> None:
        if name == "CustomerRead":
            two.shop.endpoint.on_page = lambda _: None
            held = two.shop.shop.customers[number]
            extra = dict(held["default_address"], id=77, address1="新家 8 号")
            two.shop.emit(two.shop.shop.change_customer(number, addresses=[*held["addresses"], extra]))

    two.shop.endpoint.on_page = meanwhile
    street = {"country": "CN", "province": "上海市", "city": "上海市", "street": "中山路 2 号"}
    two.say("c1", **LI | {"addresses": [street]})
    two.calm()
    held = [each["address1"] for each in two.shop.shop.customers[number]["addresses"]]
    assert sorted(held) == ["中山路 2 号", "新家 8 号", "自提点 3 号"]
    assert sorted(each["street"] for each in two.golden()["addresses"]) == ["中山路 2 号", "新家 8 号", "自提点 3 号"]


def test_tags_when_webhooks_do_not_say_them_then_they_survive_and_are_not_sent_again(two: TwoWays) -> None:
    two.shop.shop.is_lean = True
    two.say("c1", **LI)
    two.calm()
    number = int(two.customer_in_shop()["id"])
    two.shop.edit_customer(number, note="asks for a bag")
    two.pump()
    two.calm()
    assert two.golden()["tags"] == ["crm"]
    assert two.golden()["note"] == "asks for a bag"
    assert two.told() == ["customerSet"]
