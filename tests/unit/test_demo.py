"""The demo's parts: a memory that survives, a shop that repeats itself exactly, a comparison that misses nothing."""

from __future__ import annotations

import copy
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demo.crm import DemoCrm
from demo.journal import Journal
from demo.ledger import differences
from demo.shop import DemoShop
from demo.systems import Systems, addresses, open_folder, port_of
from hub.sdk import sign_standard
from hub.sdk.testing import SimAnswer, SimRequest, Simulator

Row = dict[str, Any]


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


class _Receiver(Simulator):
    """Takes webhooks without a look; notes each id with its body."""

    def answer(self, request: SimRequest) -> SimAnswer:
        is_forged = b"forged@example.com" in request.body
        self.ledger.note("got", {"body": request.body}, key=request.headers["x-shopify-event-id"])
        return SimAnswer(401 if is_forged else 200)

    def sign(self, topic: str, message_id: str, body: bytes) -> dict[str, str]:
        return {}

    def got(self) -> dict[str, bytes]:
        return {entry.key: entry.content["body"] for entry in self.ledger.entries("got") if entry.key}


@pytest.fixture
def systems(tmp_path: Path) -> tuple[Path, Systems]:
    folder, systems, _ = open_folder(tmp_path, addresses(tmp_path))
    return folder, systems


def test_shop_when_killed_again_and_again_then_says_the_same_as_one_that_was_not(
    systems: tuple[Path, Systems], tmp_path: Path
) -> None:
    with _Receiver() as receiver:
        whole = _play(systems, receiver, lambda index: False)
        receiver.ledger.clear()
        folder = tmp_path / "other"
        folder.mkdir()
        parts = _play((folder, systems[1]), receiver, lambda index: index % 3 == 0)
    forged = {body for body in whole.values() if b"forged" in body}
    assert len(forged) == 1
    # A forgery is made anew each time; everything else is the same to the last byte and id.
    assert _genuine(parts) == _genuine(whole)
    assert len(_genuine(whole)) == 108


def _genuine(found: dict[str, bytes]) -> dict[str, bytes]:
    return {key: body for key, body in found.items() if b"forged" not in body}


def _play(systems: tuple[Path, Systems], receiver: _Receiver, is_killed_at: Callable[[int], bool]) -> dict[str, bytes]:
    """Plays a day; at some steps the shop vanishes after it, without having noted that the step was done."""
    folder, made = systems
    shop = DemoShop(0, made, folder)
    shop.sender.url = receiver.url
    steps, is_day_over = 0, False
    while not is_day_over:
        shop.play_next()
        steps += 1
        is_day_over = shop.is_day_over
        if is_killed_at(steps) and not is_day_over:
            shop.stop()
            journal = folder / "shop.ndjson"
            lines = journal.read_bytes().splitlines(keepends=True)
            journal.write_bytes(b"".join(lines[:-1]) + lines[-1][:5])
            shop = DemoShop(0, made, folder)
            shop.sender.url = receiver.url
    shop.stop()
    return receiver.got()


def test_shop_when_the_day_is_over_then_goes_on_in_the_present(systems: tuple[Path, Systems]) -> None:
    shop = DemoShop(0, systems[1], systems[0])
    while not shop.is_day_over:
        shop.play_next()
    orders = len(shop.shop.orders)
    for _ in range(60):
        step = shop.play_next()
        assert step.way == "plain"
    assert len(shop.shop.orders) > orders
    again = DemoShop(0, systems[1], systems[0])
    assert again.shop.orders == shop.shop.orders
    assert again.shop.customers == shop.shop.customers
    assert again.upcoming.title == shop.upcoming.title
    for one in (shop, again):
        one.stop()


def test_crm_when_it_comes_back_then_holds_what_it_answered_and_knows_the_keys(systems: tuple[Path, Systems]) -> None:
    folder, made = systems
    crm = DemoCrm(0, made, folder)
    first = crm.answer(_delivery(made, "k1", {"hub_ref": "dlv_1", "full_name": "李雷"}))
    crm.answer(_delivery(made, "k2", {"hub_ref": "dlv_2", "full_name": "韩梅梅"}))
    again = DemoCrm(0, made, folder)
    assert again.book() == crm.book()
    assert again.answer(_delivery(made, "k1", {"hub_ref": "dlv_1", "full_name": "李雷"})).body == first.body
    again.answer(_delivery(made, "k3", {"hub_ref": "dlv_3", "full_name": "Lily"}))
    assert [row["id"] for row in again.book()] == ["cus-1", "cus-2", "cus-3"]
    for one in (crm, again):
        one.stop()


def _delivery(systems: Systems, key: str, data: Row) -> SimRequest:
    body = json.dumps({"type": "customer.updated", "timestamp": "", "data": data}).encode()
    headers = sign_standard([systems.crm_secret], key, int(time.time()), body)
    return SimRequest("POST", "/hooks", {}, {name.lower(): value for name, value in headers.items()}, body)


def _source(connection: str, object_type: str, external_id: str) -> Row:
    return {"connection": connection, "object_type": object_type, "external_id": external_id}


@pytest.fixture
def golden() -> list[Row]:
    customer, order = _source("shop", "customers", "7"), _source("shop", "orders", "8")
    return [
        {"id": "cus_1", "kind": "customer", "data": {"full_name": "李雷", "tags": [], "note": None},
         "sources": [customer, _source("crm", "customers", "c-1")]},
        {"id": "ord_1", "kind": "order", "data": {"customer": {**customer, "id": "cus_1"}, "lines": [{"of": customer}]},
         "sources": [order, _source("crm", "orders", "o-1")]},
    ]  # fmt: skip


@pytest.fixture
def book() -> list[Row]:
    return [
        {"id": "c-1", "kind": "customer", "hub_ref": "dlv_1", "data": {"full_name": "李雷"}},
        {"id": "o-1", "kind": "order", "hub_ref": "dlv_2", "data": {"customer": "c-1", "lines": [{"of": "c-1"}]}},
    ]


def test_ledgers_when_equal_then_no_difference(golden: list[Row], book: list[Row]) -> None:
    assert differences(golden, book, "crm") == []


def _without_record(golden: list[Row], book: list[Row]) -> None:
    golden[0]["sources"].pop()


def _with_one_more(golden: list[Row], book: list[Row]) -> None:
    book.append({"id": "c-2", "kind": "customer", "hub_ref": "dlv_9", "data": {}})


def _sent_twice(golden: list[Row], book: list[Row]) -> None:
    book.append({**copy.deepcopy(book[0]), "id": "c-2"})
    golden[0]["sources"].append(_source("crm", "customers", "c-2"))


def _with_another_name(golden: list[Row], book: list[Row]) -> None:
    book[0]["data"]["full_name"] = "Li Lei"


def _with_another_parent(golden: list[Row], book: list[Row]) -> None:
    book[1]["data"]["lines"][0]["of"] = "c-7"


def _with_a_field_more(golden: list[Row], book: list[Row]) -> None:
    book[1]["data"]["note"] = "?"


def _forgotten(golden: list[Row], book: list[Row]) -> None:
    book.pop()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_without_record, ["customer c-1 is at crm but in no golden record", "cus_1 is not at crm", "ord_1: crm holds another customer", "ord_1: crm holds another lines"]),
        (_with_one_more, ["customer c-2 is at crm but in no golden record"]),
        (_sent_twice, ["dlv_1 is at crm twice", "cus_1 is at crm 2 times"]),
        (_with_another_name, ["cus_1: crm holds another full_name"]),
        (_with_another_parent, ["ord_1: crm holds another lines"]),
        (_with_a_field_more, ["ord_1: crm holds another note"]),
        (_forgotten, ["ord_1: crm does not hold it"]),
    ],
)  # fmt: skip
def test_ledgers_when_one_is_changed_then_the_difference_is_named(
    golden: list[Row], book: list[Row], change: Callable[[list[Row], list[Row]], None], said: list[str]
) -> None:
    change(golden, book)
    assert differences(golden, book, "crm") == said
