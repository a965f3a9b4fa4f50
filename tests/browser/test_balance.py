"""The overview while a load runs through the real pipeline: its books balance whenever somebody looks."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from html import unescape

import pytest

from hub.embedded.postgres import Postgres
from hub.embedded.valkey import Valkey
from hub.flow import access, login
from hub.model.permission import Grant
from tests.browser.client import Visitor
from tests.browser.conftest import _world
from tests.browser.test_pages import rows_behind
from tests.browser.world import PASSWORD, World
from tests.fixtures.hub import Rig, at

EVENTS = 120
TERMS = ("accepted", "done", "waiting", "parked", "quarantined", "duplicates")


@pytest.fixture
def till(postgres: Postgres, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A hub of its own with one connection and one user."""
    with _world(postgres, valkey, tmp_path_factory.mktemp("till"), "console_till") as world:
        Rig(world.hub).connect("till", {"customer": "in", "payment": "in"})
        access.create_user(world.hub, "admin", (Grant("admin"),), author="test", password=PASSWORD)
        world.cookies["admin"] = login.log_in(world.hub, "admin", PASSWORD, address="127.0.0.1") or ""
        yield world


def _send(rig: Rig, number: int) -> None:
    """Of every ten one is a repeat, one lacks its parent and one is nothing that the mapping knows."""
    data = {"id": f"c{number}", "updated_at": at(number), "full_name": f"customer {number}"}
    if number % 10 == 3:
        order = {"connection": "till", "object_type": "orders", "external_id": "nowhere"}
        amount = {"amount": "1.00", "currency": "CNY"}
        payment = {"id": f"y{number}", "updated_at": at(number), "order": order, "amount": amount, "state": "captured"}
        rig.send("till", "payment.updated", payment)
    elif number % 10 == 5:
        rig.send("till", "customer.updated", {"updated_at": at(number), "full_name": 7})
    else:
        rig.send("till", "customer.updated", data, key=f"key {number - number % 10 // 9}")


def _load(world: World) -> None:
    rig = Rig(world.hub)
    for number in range(EVENTS):
        _send(rig, number)
        if number % 4 == 0:
            rig.record(limit=7)
        if number % 12 == 0:
            rig.resolve(limit=9)
    rig.settle()


def _terms(visitor: Visitor) -> dict[str, tuple[int, str]]:
    """Figure and address of every term of the equation, as the page shows them."""
    page = visitor.get("/").text
    equation = page.partition('class="equation"')[2].partition("</section>")[0]
    shown = re.findall(r'<b>(?:<a href="([^"]+)"|<span) title="([\d,]+)"', equation)
    return {
        name: (int(count.replace(",", "")), unescape(url)) for name, (url, count) in zip(TERMS, shown, strict=False)
    }


def test_books_when_looked_at_during_a_load_then_they_balance_and_at_rest_each_figure_has_its_rows(
    till: World,
) -> None:
    visitor, polls, wrong = Visitor(till), 0, []
    load = threading.Thread(target=_load, args=(till,))
    load.start()
    while load.is_alive():
        counts = {name: count for name, (count, _url) in _terms(visitor).items()}
        if counts["accepted"] != sum(counts[name] for name in TERMS[1:5]):
            wrong.append(counts)
        polls += 1
    load.join()
    assert not wrong
    assert polls > 3
    terms = _terms(visitor)
    for name, (count, url) in terms.items():
        assert rows_behind(till, url) == count, name
    assert {name for name in TERMS if not terms[name][0]} == {"waiting"}
