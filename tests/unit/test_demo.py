"""The demo's parts: a memory that survives, systems that repeat themselves exactly, a comparison that misses nothing."""

from __future__ import annotations

import copy
import datetime as dt
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demo import cast
from demo.crm import DemoCrm
from demo.journal import Journal
from demo.ledger import compare, facts_of_crm, facts_of_golden, facts_of_shop
from demo.rules import POLICY, folder, write_rules
from demo.shop import DemoShop
from demo.stage import Stage
from demo.systems import Systems, addresses, open_folder, port_of
from demo.world import World
from hub.sdk.testing import SimAnswer, SimRequest, Simulator

Row = dict[str, Any]
GRAPHQL = "/admin/api/2026-07/graphql.json"


def test_journal_when_its_last_line_was_torn_then_goes_on_after_the_whole_ones(tmp_path: Path) -> None:
    path = tmp_path / "journal.ndjson"
    journal = Journal(path)
    journal.append({"n": 1, "name": "李雷"})
    journal.close()
    with path.open("ab") as file:
        file.write(b'{"n": 2, "na')
    again = Journal(path)
    assert again.rows() == [{"n": 1, "name": "李雷"}]
    again.append({"n": 3})
    assert again.rows() == [{"n": 1, "name": "李雷"}, {"n": 3}]
    again.close()


def test_addresses_when_asked_again_then_the_same_ports_unless_taken(tmp_path: Path) -> None:
    places = addresses(tmp_path)
    assert len({port_of(place) for place in places}) == 2
    assert list(tmp_path.iterdir()) == []
    folder, systems, is_new = open_folder(tmp_path, places)
    assert is_new
    assert addresses(tmp_path) == places
    assert open_folder(tmp_path, places) == (folder, systems, False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port_of(places[0])))
        taken.listen()
        moved = addresses(tmp_path)
    assert moved[0] != places[0]
    assert moved[1] == places[1]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_rules_when_the_hub_is_new_then_written_and_when_it_is_not_then_left_alone(tmp_path: Path) -> None:
    place = folder(tmp_path / "new")
    assert (place / POLICY).exists()
    assert not write_rules(place)
    assert write_rules(place, shop_owns_notes=True)
    assert "note: {policy: owner, connections: [shop, crm]}" in (place / POLICY).read_text(encoding="utf-8")
    (tmp_path / "old" / "log").mkdir(parents=True)
    (tmp_path / "old" / "log" / "web.log").touch()
    assert not folder(tmp_path / "old").exists()


class _Hub(Simulator):
    """Takes whatever it is sent; notes each body by its id, or by itself where it has none."""

    def answer(self, request: SimRequest) -> SimAnswer:
        is_forged = b"forged@example.com" in request.body
        key = request.headers.get("x-shopify-event-id") or request.body.decode()
        self.ledger.note("got", {"body": request.body}, key=key)
        return SimAnswer(401 if is_forged else 200)

    def sign(self, topic: str, message_id: str, body: bytes) -> dict[str, str]:
        return {}

    def got(self) -> dict[str, bytes]:
        return {entry.key: entry.content["body"] for entry in self.ledger.entries("got") if entry.key}


@pytest.fixture
def made(tmp_path: Path) -> Systems:
    _, systems, _ = open_folder(tmp_path, addresses(tmp_path))
    return systems


@pytest.fixture
def hub() -> Iterator[_Hub]:
    with _Hub() as found:
        yield found


def _stage(path: Path, systems: Systems, hub: _Hub) -> Stage:
    """A stage as `join` leaves it, without a hub's API."""
    path.mkdir(exist_ok=True)
    stage = Stage.of(path, systems, (0, 0), print)
    stage.shop.sender.url = f"{hub.url}/webhooks/shop"
    stage.crm.hub_url = hub.url
    stage.world.send_again()
    stage.settle()
    return stage


def _watch(stage: Stage) -> None:
    """The hub subscribes to the CRM's changes."""
    ends = (dt.datetime.now(dt.UTC) + dt.timedelta(days=5)).isoformat()
    row = {
        "channel_id": "1068",
        "events": ["Contacts.all"],
        "token": "t",
        "notify_url": "http://hub.example/webhooks/crm?key=k",
    }
    _crm_call(stage, "POST", "/actions/watch", {"watch": [{**row, "channel_expiry": ends}]})


def _crm_call(stage: Stage, method: str, path: str, body: Row) -> Row:
    form = {"client_id": "1000.DEMO", "client_secret": stage.systems.crm_secret, "grant_type": "refresh_token"}
    text = "&".join(f"{k}={v}" for k, v in {**form, "refresh_token": stage.systems.refresh_token}.items())
    token = stage.crm.answer(SimRequest("POST", "/oauth/v2/token", {}, {}, text.encode())).body
    headers = {"authorization": f"Zoho-oauthtoken {json.loads(token)['access_token']}"}
    found: Row = json.loads(
        stage.crm.answer(SimRequest(method, f"/crm/v8{path}", {}, headers, json.dumps(body).encode())).body
    )
    return found


def _shop_call(stage: Stage, number: int, note: str) -> None:
    query = (
        "mutation set($input: CustomerSetInput!, $identifier: CustomerSetIdentifiers) { customerSet(input: $input,"
        " identifier: $identifier) { customer { id } userErrors { message } } }"
    )
    variables = {"input": {"note": note}, "identifier": {"id": f"gid://shopify/Customer/{number}"}}
    headers = {"x-shopify-access-token": stage.systems.access_token}
    body = json.dumps({"query": query, "variables": variables}).encode()
    answer = json.loads(stage.shop.answer(SimRequest("POST", GRAPHQL, {}, headers, body)).body)
    assert answer["data"]["customerSet"]["userErrors"] == [], answer


def _live(stage: Stage, step: int) -> None:
    """One piece of the day: the shop's next step, and between some of them the hub and the CRM's people write."""
    if step == 1:
        stage.act("open")
        _watch(stage)
    if step % 5 == 2:
        _shop_call(stage, min(stage.shop.shop.customers), f"note {step}")
        first = min(stage.crm.people())
        _crm_call(stage, "PUT", "/Contacts", {"data": [{"id": first, "Description": f"note {step}"}], "trigger": []})
    for name, at in (
        ("move", 10),
        ("call", 20),
        ("format", 30),
        ("note in crm", 40),
        ("note in shop", 41),
        ("empty", 50),
    ):
        if step == at:
            stage.act(name)
    stage.play_next()


def _state(stage: Stage) -> Row:
    shop = stage.shop.shop
    return copy.deepcopy({
        "customers": shop.customers, "orders": shop.orders, "transactions": shop.transactions,
        "contacts": stage.crm.crm.contacts, "channels": stage.crm.channels.held, "now": stage.world.now(),
    })  # fmt: skip


def test_systems_when_killed_again_and_again_then_hold_and_say_the_same(
    made: Systems, hub: _Hub, tmp_path: Path
) -> None:
    stage = _stage(tmp_path / "whole", made, hub)
    step = 0
    while not stage.is_day_over:
        _live(stage, step)
        step += 1
        if step % 4 == 0:
            before, upcoming, said = _state(stage), stage.upcoming.title, _genuine(hub)
            stage.stop()
            # The last word, that all was accepted, was lost.
            journal = tmp_path / "whole" / "world.ndjson"
            lines = journal.read_bytes().splitlines(keepends=True)
            if lines[-1].startswith(b'{"settled"'):
                journal.write_bytes(b"".join(lines[:-1]) + lines[-1][:5])
            stage = _stage(tmp_path / "whole", made, hub)
            assert _state(stage) == before | {"now": stage.world.now()}
            assert stage.upcoming.title == upcoming
            # It says again what it said: the same bodies under the same ids, and nothing else.
            assert _genuine(hub) == said
    assert step > 70
    stage.stop()


def _genuine(hub: _Hub) -> dict[str, bytes]:
    """A forgery is made anew each time; everything else is the same to the last byte and id."""
    return {key: body for key, body in hub.got().items() if b"forged" not in body}


def test_systems_when_the_day_is_over_then_go_on_in_the_present(made: Systems, hub: _Hub, tmp_path: Path) -> None:
    stage = _stage(tmp_path / "on", made, hub)
    stage.act("open")
    while not stage.is_day_over:
        stage.play_next()
    orders = len(stage.shop.shop.orders)
    for _ in range(60):
        assert stage.play_next().way == "plain"
    assert len(stage.shop.shop.orders) > orders
    assert any(held["Modified_Time"] > stage.world.opening.isoformat() for held in stage.crm.people().values())
    again = _stage(tmp_path / "on", made, hub)
    assert _state(again) | {"now": 0} == _state(stage) | {"now": 0}
    for one in (stage, again):
        one.stop()


def test_world_when_two_things_happen_then_each_has_a_second_of_its_own_that_is_remembered(tmp_path: Path) -> None:
    world = World(tmp_path, dt.datetime(2026, 11, 1, 9, tzinfo=dt.UTC))
    times: list[dt.datetime] = []
    for at in (None, world.opening, world.opening + dt.timedelta(hours=1), None):
        with world.happening({"n": len(times)}, at):
            times.append(world.now())
    assert [(time - world.opening).seconds for time in times] == [1, 2, 3600, 3601]
    world.keep(act="dec_1")
    again = World(tmp_path, world.opening)
    rows: list[Row] = []
    again.replay(lambda row: rows.append({**row, "now": again.now()}))
    assert [row["now"] for row in rows] == times
    assert again.kept == {"act": "dec_1"}
    for one in (world, again):
        one.close()


def test_cast_when_opened_then_some_are_in_both_and_phones_are_spelt_otherwise(made: Systems, tmp_path: Path) -> None:
    world = World(tmp_path, dt.datetime.fromisoformat(made.opening))
    stage = Stage(made, tmp_path, world, DemoShop(0, made, world), DemoCrm(0, made, world), print)
    with world.happening({"act": "open"}):
        cast.ACTS["open"](stage.shop, stage.crm, made.seed)
    mails = {held["email"] for held in stage.shop.people().values()}
    contacts = list(stage.crm.people().values())
    assert sum(held["Email"] in mails for held in contacts) == cast.SHARED
    assert len(contacts) == cast.SHARED + cast.CRM_ONLY
    assert all(" " in held["Mobile"] for held in contacts if held["Mobile"])
    stage.stop()


def _source(connection: str, external_id: str) -> Row:
    return {"connection": connection, "object_type": "customers", "external_id": external_id}


@pytest.fixture
def golden() -> list[Row]:
    identities = [
        {"namespace": "phone", "value": "+8613900000001"}, {"namespace": "phone", "value": "+8613900000002"},
        {"namespace": "email", "value": "li@example.com"},
    ]  # fmt: skip
    home = {
        "country": "CN",
        "province": "上海市",
        "city": "上海市",
        "district": "静安区",
        "street": "南京西路 1 号",
        "postcode": "200040",
    }
    data = {"full_name": "李雷", "identities": identities, "addresses": [home], "tags": ["vip"], "note": "茶"}
    return [{"id": "cus_1", "data": data, "sources": [_source("shop", "7"), _source("crm", "11")]}]


@pytest.fixture
def customer() -> Row:
    home = {
        "province": "上海市",
        "city": "上海市",
        "address1": "静安区 南京西路 1 号",
        "address2": None,
        "zip": "200040",
    }
    names = {"first_name": "雷", "last_name": "李"}
    return {
        **names,
        "phone": "+8613900000001",
        "email": "Li@example.com",
        "addresses": [home],
        "tags": "VIP",
        "note": "茶",
    }


@pytest.fixture
def contact() -> Row:
    home = {
        "Mailing_State": "上海市",
        "Mailing_City": "上海市",
        "Mailing_Street": "静安区 南京西路 1 号",
        "Mailing_Zip": "200040",
    }
    numbers = {"Mobile": "139-0000-0002", "Phone": "139 0000 0001", "Email": "li@example.com", "Secondary_Email": None}
    return {"First_Name": None, "Last_Name": "李雷", **numbers, **home, "Description": "茶"}


def test_ledgers_when_equal_then_no_difference(golden: list[Row], customer: Row, contact: Row) -> None:
    for name, key, facts in (("shop", "7", facts_of_shop(customer)), ("crm", "11", facts_of_crm(contact))):
        found = compare(name, golden, {key: facts})
        assert (found.problems, found.equal, found.differing, found.linked) == ([], 6, 0, 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"last_name": "王"}, "name"),
        ({"phone": "+8613900000009"}, "phones"),
        ({"phone": None}, "phones"),
        ({"email": None}, "emails"),
        ({"addresses": []}, "addresses"),
        ({"tags": "vip, 老客"}, "tags"),
        ({"note": ""}, "note"),
    ],
)
def test_ledgers_when_one_field_differs_then_it_is_named(
    golden: list[Row], customer: Row, change: Row, said: str
) -> None:
    found = compare("shop", golden, {"7": facts_of_shop({**customer, **change})})
    assert found.problems == [f"cus_1: shop holds another {said}"]
    assert (found.equal, found.differing) == (5, 1)


def test_ledgers_when_somebody_is_missing_twice_or_unknown_then_it_is_said(golden: list[Row], customer: Row) -> None:
    facts = facts_of_shop(customer)
    assert compare("shop", golden, {}).problems == ["cus_1 is not at shop"]
    assert compare("shop", golden, {"7": facts, "8": facts}).problems == ["8 is at shop but in no golden record"]
    golden[0]["sources"].append(_source("shop", "8"))
    assert compare("shop", golden, {"7": facts, "8": facts}).problems == ["cus_1 is at shop 2 times"]


def test_facts_when_a_field_is_missing_then_nothing_is_held() -> None:
    nothing: Callable[[Row], Any] = lambda facts: {name for name, held in facts.items() if held}  # noqa: E731
    assert not any(nothing(facts({})) for facts in (facts_of_golden, facts_of_shop, facts_of_crm))
