"""Zoho and a shop through a whole hub: changes go both ways once, echoes come to rest, nothing is made twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest

from connectors.webhook.simulator import WebhookSimulator
from connectors.zoho.simulator import ZohoSimulator
from hub.flow import golive, notice, poll, subscription
from hub.flow.configure import Wish, connect
from hub.flow.context import Hub
from hub.flow.receive import receive
from hub.sdk import WebhookRequest
from tests.connectors.zoho_shared import ADDRESS, config_of, secrets
from tests.fixtures.hub import at
from tests.fixtures.peers import PeerRig

LI = [
    {"namespace": "phone", "value": "+8613900010001", "verified": "otp"},
    {"namespace": "email", "value": "li.lei@example.com", "verified": "otp"},
    {"namespace": "wechat_unionid", "scope": "tea", "value": "union-1", "verified": "oauth"},
]


@dataclass(repr=False)
class Scene(PeerRig):
    """A hub between a shop and a simulated Zoho account that are connected both ways."""

    zoho: ZohoSimulator = field(default_factory=ZohoSimulator)
    posted: list[tuple[str, bytes]] = field(default_factory=list)
    sold: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    shops: list[WebhookSimulator] = field(default_factory=list)

    def listen(self) -> None:
        """Collects what Zoho sends instead of posting it."""

        def send(topic: str, content: Any, *, message_id: str = "") -> str:
            self.posted.append((self.zoho.sender.url, orjson.dumps(content)))
            return message_id or topic

        self.zoho.send = send  # type: ignore[method-assign]

    def post(self) -> list[int]:
        """Hands the hub what Zoho sent; returns the statuses."""
        posted, self.posted[:] = list(self.posted), []
        return [self.hand_in(url, body) for url, body in posted]

    def hand_in(self, url: str, body: bytes) -> int:
        query = dict(parse_qsl(urlsplit(url).query))
        request = WebhookRequest("POST", {"content-type": "application/json"}, query, body, self.zoho.now())
        return receive(self.hub, "crm", request).status

    def open_shop(self) -> WebhookSimulator:
        """Connects a shop that is written to as well, and that sends an event for all that happens there."""
        shop = WebhookSimulator().start()

        def send(topic: str, content: Any, *, message_id: str = "") -> str:
            self.sold.append((topic, content["data"]))
            return message_id or topic

        shop.send = send  # type: ignore[method-assign]
        self.webhook_peer("web", shop)
        self.shops.append(shop)
        return shop

    def rest(self) -> int:
        """Webhooks, reads, pipeline and deliveries by turns until nothing moves; returns how many targets were taken."""
        taken = 0
        for _ in range(20):
            self.post()
            sold, self.sold[:] = list(self.sold), []
            for topic, data in sold:
                self.send("web", topic, data, received_at=time.time_ns() // 1000)
            self.settle()
            noticed = notice.read_due(self.hub)
            now = self.quiet()
            taken += now
            if not now and not noticed and not self.posted and not self.sold:
                return taken
        raise AssertionError("never at rest")

    def contacts(self) -> list[dict[str, Any]]:
        """What Zoho holds, without what the hub does not care for."""
        return self.zoho.crm.listed()

    def writes(self) -> list[str]:
        """What was done to contacts by calls."""
        return [e.action for e in self.zoho.ledger.entries() if e.action in ("insert", "update", "delete")]


@pytest.fixture
def scene(make_hub: Callable[..., Hub], database_url: str) -> Iterator[Scene]:
    with ZohoSimulator() as zoho:
        made = Scene(make_hub(database_url), zoho=zoho)
        made.connect("shop", {"customer": "in"})
        wish = Wish(
            "crm", "zoho", config=dict(config_of(zoho)), secrets=secrets(), flows={"customer": "both"}, realm="default"
        )
        connect(made.hub, wish, "test")
        assert poll.pull(made.hub, "crm", full=True).coverage == "complete"
        golive.go_live(made.hub, "crm", "test")
        connector: Any = made.hub.connections.connector("crm")
        connector.account.webhook_url = ADDRESS
        connector.subscribe()
        made.listen()
        yield made
        for shop in made.shops:
            shop.stop()


def test_shop_customer_when_new_then_one_contact_and_its_echo_comes_to_rest(scene: Scene) -> None:
    scene.customer("1", at(1), full_name="李雷", given_name="雷", family_name="李", identities=LI, note="绿茶")
    scene.rest()
    (contact,) = scene.contacts()
    assert (contact["First_Name"], contact["Last_Name"], contact["Description"]) == ("雷", "李", "绿茶")
    assert (contact["Mobile"], contact["Phone"], contact["Email"]) == ("+8613900010001", None, "li.lei@example.com")
    assert str(contact["Hub_Id"]).startswith("dlv_")
    assert scene.writes() == ["insert"]
    (golden,) = scene.goldens("customer")
    assert golden["identities"] == sorted(LI, key=lambda each: each["namespace"])
    poll.pull(scene.hub, "crm")
    assert scene.rest() == 0
    assert scene.writes() == ["insert"]
    assert scene.goldens("customer") == [golden]


def test_contact_when_edited_then_golden_follows_and_the_contact_is_left_alone(scene: Scene) -> None:
    scene.customer("1", at(1), full_name="李雷", identities=LI)
    scene.rest()
    (contact,) = scene.contacts()
    scene.zoho.switches.clock_skew = 5.0
    scene.zoho.crm.change(contact["id"], Mobile="139 0001 0002", Description="喜欢红茶", Date_of_Birth="1990-05-01")
    scene.rest()
    (golden,) = scene.goldens("customer")
    assert [each["value"] for each in golden["identities"] if each["namespace"] == "phone"] == ["+8613900010002"]
    assert golden["note"] == "喜欢红茶"
    assert golden["birthday"] == {"year": 1990, "month": 5, "day": 1}
    assert [each["verified"] for each in golden["identities"] if each["namespace"] == "email"] == ["otp"]
    assert scene.writes() == ["insert"]
    assert scene.contacts()[0]["Mobile"] == "139 0001 0002"


def test_contact_when_its_last_name_is_edited_then_the_first_name_stays(scene: Scene) -> None:
    scene.customer("1", at(1), full_name="Anna Müller", given_name="Anna", family_name="Müller", identities=LI)
    scene.rest()
    (contact,) = scene.contacts()
    scene.zoho.switches.clock_skew = 5.0
    scene.zoho.crm.change(contact["id"], Last_Name="Schmidt")
    scene.rest()
    (golden,) = scene.goldens("customer")
    assert golden["full_name"] == "Anna Schmidt"
    assert (scene.contacts()[0]["First_Name"], scene.contacts()[0]["Last_Name"]) == ("Anna", "Schmidt")
    assert scene.writes() == ["insert"]


def test_contact_when_only_in_zoho_then_golden_and_nothing_is_written_back(scene: Scene) -> None:
    scene.zoho.crm.add(Last_Name="欧阳娜娜", Mobile="13900010009", Mailing_Country="中国", Mailing_City="上海市")
    scene.rest()
    (golden,) = scene.goldens("customer")
    assert golden["full_name"] == "欧阳娜娜"
    assert golden["addresses"] == [{"country": "CN", "city": "上海市"}]
    assert scene.writes() == []


def test_phone_when_changed_in_zoho_then_reaches_the_shop_and_its_echo_comes_to_rest(scene: Scene) -> None:
    shop = scene.open_shop()
    number = shop.act_create("customer", {"full_name": "李雷", "identities": LI})
    scene.rest()
    (contact,) = scene.contacts()
    scene.zoho.switches.clock_skew = shop.switches.clock_skew = 5.0
    scene.zoho.crm.change(contact["id"], Mobile="13900010007")
    scene.rest()
    (record,) = shop.act_records()
    phones = [each["value"] for each in record["data"]["identities"] if each["namespace"] == "phone"]
    assert (record["id"], phones) == (number, ["+8613900010007"])
    calls = len(scene.zoho.ledger.entries()), len(shop.ledger.carried_out())
    poll.pull(scene.hub, "crm")
    assert scene.rest() == 0
    assert scene.writes() == ["insert"]
    assert len(shop.ledger.carried_out()) == calls[1]


def test_note_when_changed_in_the_shop_then_reaches_zoho_and_both_come_to_rest(scene: Scene) -> None:
    shop = scene.open_shop()
    number = shop.act_create("customer", {"full_name": "李雷", "identities": LI, "note": "一"})
    scene.rest()
    scene.zoho.switches.clock_skew = shop.switches.clock_skew = 5.0
    shop.act_edit(number, {"note": "二"})
    scene.rest()
    assert scene.contacts()[0]["Description"] == "二"
    scene.zoho.switches.clock_skew = shop.switches.clock_skew = 10.0
    scene.zoho.crm.change(scene.contacts()[0]["id"], Description="三")
    scene.rest()
    assert shop.act_records()[0]["data"]["note"] == "三"
    assert scene.rest() == 0
    assert scene.writes() == ["insert", "update"]


def test_contact_when_deleted_in_zoho_then_seen_and_not_made_again(scene: Scene) -> None:
    scene.zoho.crm.add(Last_Name="李雷")
    scene.rest()
    (contact,) = scene.contacts()
    scene.zoho.switches.clock_skew = 5.0
    scene.zoho.crm.remove(contact["id"])
    scene.rest()
    assert scene.hub.db.all("select lifecycle from golden") == [("deleted",)]
    assert scene.contacts() == []


def test_deletion_when_no_notification_came_then_the_next_pull_tells(scene: Scene) -> None:
    scene.zoho.crm.add(Last_Name="李雷")
    scene.rest()
    scene.zoho.switches.clock_skew = 5.0
    scene.zoho.crm.remove(scene.contacts()[0]["id"])
    scene.posted.clear()
    poll.pull(scene.hub, "crm")
    scene.rest()
    assert scene.hub.db.all("select lifecycle from golden") == [("deleted",)]


def test_answer_when_lost_after_the_contact_was_made_then_found_and_not_made_again(scene: Scene) -> None:
    scene.zoho.switches.set(error_after_commit=1, error_mode="close", path="/crm/v8/Contacts/upsert")
    scene.customer("1", at(1), full_name="李雷", identities=LI)
    scene.rest()
    assert len(scene.contacts()) == 1
    assert scene.writes() == ["insert"]
    assert scene.count("rid is not null and done_seq = dirty_seq") == 1


def test_phones_when_zoho_respells_them_then_it_is_not_fought(scene: Scene) -> None:
    scene.zoho.crm.reformats = True
    scene.customer("1", at(1), full_name="李雷", identities=LI)
    scene.rest()
    assert scene.contacts()[0]["Mobile"] == "139-0001-0001"
    scene.customer("1", at(2), full_name="李雷", identities=LI, note="新")
    scene.rest()
    assert scene.writes() == ["insert", "update"]
    assert scene.goldens("customer")[0]["identities"] == sorted(LI, key=lambda each: each["namespace"])


def test_phone_when_changed_in_the_shop_then_the_colleagues_other_number_stays(scene: Scene) -> None:
    scene.customer("1", at(1), full_name="李雷", identities=LI)
    scene.rest()
    (contact,) = scene.contacts()
    scene.zoho.switches.clock_skew = 5.0
    scene.zoho.crm.change(contact["id"], Phone="021-6279 0000")
    scene.rest()
    moved = [{**LI[0], "value": "+8613900010005"}, *LI[1:]]
    scene.customer("1", at(2), full_name="李雷", identities=moved)
    scene.rest()
    (contact,) = scene.contacts()
    assert (contact["Mobile"], contact["Phone"]) == ("+8613900010005", "021-6279 0000")


def test_existing_contacts_when_first_read_then_linked_and_none_is_made_twice(
    make_hub: Callable[..., Hub], database_url: str
) -> None:
    with ZohoSimulator() as zoho:
        made = Scene(make_hub(database_url), zoho=zoho)
        made.connect("shop", {"customer": "in"})
        for n in range(30):
            email = {"namespace": "email", "value": f"c{n}@example.com", "verified": "otp"}
            made.customer(str(n), at(1), full_name=f"顾客{n:02}", identities=[email], note=f"备注 {n}")
        for n in range(20, 45):
            zoho.crm.add(
                Last_Name=f"顾客{n:02}", Email=f"C{n}@example.com", Modified_Time=f"2026-11-01T10:00:{n}+08:00"
            )
        made.settle()
        wish = Wish("crm", "zoho", config=dict(config_of(zoho)), secrets=secrets(), flows={"customer": "both"})
        connect(made.hub, wish, "test")
        poll.pull(made.hub, "crm", full=True)
        made.settle()
        assert made.writes() == []
        golive.go_live(made.hub, "crm", "test")
        made.rest()
        assert len(made.golden_ids("customer")) == 45
        assert len(made.contacts()) == 45
        assert made.writes().count("insert") == 20
        assert made.writes().count("update") == 10
        assert sorted(row["Description"] for row in made.contacts() if row["Description"]) == sorted(
            f"备注 {n}" for n in range(30)
        )
        assert made.rest() == 0


def test_channel_when_the_hub_looks_after_it_then_made_and_renewed(
    make_hub: Callable[..., Hub], database_url: str
) -> None:
    with ZohoSimulator() as zoho:
        hub = make_hub(database_url)
        object.__setattr__(hub.settings, "public_url", "https://hub.example")
        wish = Wish("crm", "zoho", config=dict(config_of(zoho)), secrets=secrets(), flows={"customer": "both"})
        connect(hub, wish, "test")
        rows = subscription.look_after(hub, "crm")
        assert [(row.topic, row.state, row.address) for row in rows] == [
            ("contacts.changed", "active", ADDRESS), ("contacts.deleted", "active", ADDRESS),
        ]  # fmt: skip
        subscription.look_after(hub, "crm")
        (channel,) = zoho.channels.held.values()
        soon = (datetime.now(UTC) + timedelta(days=2)).isoformat(timespec="seconds")
        zoho.channels.held[channel["channel_id"]] = {**channel, "channel_expiry": soon}
        subscription.look_after(hub, "crm")
        assert [entry.content["method"] for entry in zoho.ledger.entries("watch")] == ["POST", "PUT"]


def test_notification_when_it_names_many_then_one_call_reads_them(scene: Scene) -> None:
    ids = [scene.zoho.crm.add(Last_Name=f"顾客{n}") for n in range(5)]
    scene.posted.clear()
    scene.zoho._tell("update", ids)
    scene.rest()
    assert [sorted(e.content["ids"]) for e in scene.zoho.ledger.entries("read")] == [ids]
    assert len(scene.goldens("customer")) == 5


def test_notification_when_forged_then_refused(scene: Scene) -> None:
    contact = scene.zoho.crm.add(Last_Name="李雷")
    url, body = scene.posted.pop()
    assert scene.hand_in(url.partition("?")[0], body) == 401
    assert scene.hand_in(url, body.replace(b'"token":"', b'"token":"0')) == 401
    assert scene.hand_in(url, body) == 200
    scene.settle()
    assert scene.hub.db.all("select external_id from notice") == [(contact,)]


def test_notice_when_zoho_is_busy_then_read_later(scene: Scene) -> None:
    scene.zoho.crm.add(Last_Name="李雷")
    scene.post()
    scene.settle()
    scene.zoho.switches.set(burst_500=1)
    notice.read_due(scene.hub)
    assert scene.hub.db.all("select failures, due_at > now() from notice") == [(1, True)]
    scene.hub.db.execute("update notice set due_at = now()")
    scene.rest()
    assert scene.hub.db.all("select count(*) from notice") == [(0,)]
    assert len(scene.goldens("customer")) == 1


def test_contact_when_told_of_and_not_read_yet_then_nothing_is_written_over_it(scene: Scene) -> None:
    scene.customer("1", at(1), full_name="李雷", identities=LI, note="绿茶")
    scene.rest()
    (contact,) = scene.contacts()
    scene.zoho.switches.clock_skew = 5.0
    scene.zoho.crm.change(contact["id"], Description="喜欢红茶")
    scene.post()
    scene.customer("1", at(2), full_name="李雷", identities=LI, note="白茶")
    scene.settle()
    scene.deliverer.run_once(0.2)
    assert scene.writes() == ["insert"]
    scene.rest()
    assert [contact["Description"] for contact in scene.contacts()] == ["喜欢红茶"]
    assert [golden["note"] for golden in scene.goldens("customer")] == ["喜欢红茶"]


def test_note_when_emptied_in_zoho_then_it_is_emptied_everywhere(scene: Scene) -> None:
    scene.customer("1", at(1), full_name="李雷", identities=LI, note="绿茶")
    scene.rest()
    (contact,) = scene.contacts()
    scene.zoho.switches.clock_skew = 5.0
    scene.zoho.crm.change(contact["id"], Description="")
    scene.rest()
    assert [golden["note"] for golden in scene.goldens("customer")] == [None]


def test_note_when_a_contact_never_had_one_then_the_shops_note_stays(scene: Scene) -> None:
    scene.zoho.crm.add(Last_Name="李雷", Email="li.lei@example.com", Mobile="13900010001")
    poll.pull(scene.hub, "crm", full=True)
    scene.rest()
    scene.customer("1", at(1), full_name="李雷", identities=LI, note="绿茶")
    scene.rest()
    (contact,) = scene.contacts()
    assert contact["Description"] == "绿茶"
    scene.zoho.switches.clock_skew = 5.0
    scene.zoho.crm.change(contact["id"], Mobile="13900010009")
    scene.rest()
    assert [golden["note"] for golden in scene.goldens("customer")] == ["绿茶"]
