"""Reading Zoho: windows of whole seconds, place marks, deletions, custom fields, resuming."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from connectors.zoho import reading
from connectors.zoho.connector import ZohoConnector
from connectors.zoho.fields import MOST
from connectors.zoho.simulator import ZohoSimulator, layout
from hub.errors import ConfigError, RejectedError
from hub.sdk import Page
from tests.connectors.zoho_shared import connected

EARLY = "2026-11-01T10:00:00+08:00"


@pytest.fixture
def zoho() -> Iterator[ZohoSimulator]:
    with ZohoSimulator() as simulator:
        yield simulator


@pytest.fixture
def connector(zoho: ZohoSimulator) -> Iterator[ZohoConnector]:
    with connected(zoho, page_size=3) as made:
        yield made


def second(number: int) -> str:
    return f"2026-11-20T{10 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}+08:00"


def rows(pages: list[Page], topic: str = "contacts.pull") -> list[dict[str, Any]]:
    return [orjson.loads(event.body) for page in pages for event in page.events if event.topic == topic]


def ids(pages: list[Page], topic: str = "contacts.pull") -> list[str]:
    return [row["id"] for row in rows(pages, topic)]


def read(connector: ZohoConnector, cursor: Any = None) -> list[Page]:
    return list(connector.fetch("contacts", cursor))


def test_pass_when_times_go_on_then_windows_and_no_page_numbers(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    numbers = [zoho.crm.add(Last_Name=str(n), Modified_Time=second(n * 10)) for n in range(10)]
    assert ids(read(connector)) == numbers
    asked = [entry.content["since"] for entry in zoho.ledger.entries("page")]
    assert asked[0] is None
    assert asked[1] == "2026-11-20T02:00:19+00:00"


def test_pass_when_many_share_a_second_then_all_are_read(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    numbers = [zoho.crm.add(Last_Name=str(n), Modified_Time=second(n // 10)) for n in range(35)]
    assert sorted(ids(read(connector))) == numbers


def test_pass_when_more_than_page_numbers_reach_then_all_are_read(zoho: ZohoSimulator) -> None:
    numbers = [zoho.crm.add(Last_Name=str(n), Modified_Time=second(n // 700)) for n in range(2300)]
    with connected(zoho) as connector:
        pages = read(connector)
        assert sorted(ids(pages)) == numbers
        assert not any(page.truncated for page in pages)
        assert sorted(connector.enumerate_ids("contacts")) == numbers


def test_pass_when_place_marks_would_be_followed_for_long_then_windows_go_on(
    zoho: ZohoSimulator, connector: ZohoConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_TURNS", 2)
    numbers = [zoho.crm.add(Last_Name=str(n), Modified_Time=second(n // 3 * 2)) for n in range(30)]
    assert ids(read(connector)) == numbers
    assert len({entry.content["since"] for entry in zoho.ledger.entries("page")}) > 3


def test_pass_when_place_marks_are_refused_again_and_again_then_it_stops(
    zoho: ZohoSimulator, connector: ZohoConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(9):
        zoho.crm.add(Last_Name=str(n), Modified_Time=second(1))
    monkeypatch.setattr("connectors.zoho.simulator.api._mark", lambda _: None)
    with pytest.raises(RejectedError):
        read(connector)


def test_pass_when_a_contact_leaves_its_page_then_none_is_skipped(
    zoho: ZohoSimulator, connector: ZohoConnector
) -> None:
    numbers = [zoho.crm.add(Last_Name=str(n), Modified_Time=second(n)) for n in range(12)]
    listing = connector.fetch("contacts", None)
    pages = [next(listing)]
    zoho.crm.change(numbers[0], Last_Name="changed")
    pages += list(listing)
    assert set(ids(pages)) == set(numbers)
    assert ids(pages).count(numbers[0]) == 2


def test_cursor_when_pass_is_over_then_begins_two_minutes_before_the_newest(
    zoho: ZohoSimulator, connector: ZohoConnector
) -> None:
    zoho.crm.add(Last_Name="a", Modified_Time="2026-11-20T10:00:00+08:00")
    late = zoho.crm.add(Last_Name="b", Modified_Time="2026-11-20T11:00:00+08:00")
    cursor = read(connector)[-1].cursor
    assert cursor["since"] == "2026-11-20T02:58:00+00:00"
    assert ids(read(connector, cursor)) == [late]


def test_cursor_when_nothing_is_new_then_stays(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    zoho.crm.add(Last_Name="a", Modified_Time=EARLY)
    cursor = connector.cursor_since("contacts", 1_795_000_000.0)
    assert cursor["since"] == "2026-11-18T11:06:40+00:00"
    pages = read(connector, cursor)
    assert ids(pages) == []
    assert pages[-1].last
    assert pages[-1].cursor["since"] == cursor["since"]


def test_cursor_when_its_place_mark_is_refused_then_the_window_is_read_again(
    zoho: ZohoSimulator, connector: ZohoConnector
) -> None:
    number = zoho.crm.add(Last_Name="a")
    assert ids(read(connector, {"token": "expired"})) == [number]


def test_module_when_empty_then_one_page_that_is_last(connector: ZohoConnector) -> None:
    pages = read(connector)
    assert [page.last for page in pages] == [False, True]
    assert ids(pages) == []


def test_deletions_when_listed_then_in_the_last_page_once_each_pass(
    zoho: ZohoSimulator, connector: ZohoConnector
) -> None:
    numbers = [zoho.crm.add(Last_Name=str(n)) for n in range(3)]
    cursor = read(connector)[-1].cursor
    zoho.crm.remove(*numbers[:2])
    pages = read(connector, cursor)
    assert sorted(ids(pages, "contacts.deleted")) == numbers[:2]
    assert pages[-1].last
    zoho.switches.clock_skew = 600.0
    zoho.crm.remove(numbers[2])
    cursor = pages[-1].cursor
    pages = read(connector, cursor)
    assert numbers[2] in ids(pages, "contacts.deleted")
    assert ids(read(connector, pages[-1].cursor), "contacts.deleted") == [numbers[2]]


def test_deletions_when_during_the_first_pass_then_seen_by_it(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    numbers = [zoho.crm.add(Last_Name=str(n), Modified_Time=second(n)) for n in range(6)]
    listing = connector.fetch("contacts", None)
    pages = [next(listing)]
    zoho.crm.remove(numbers[0])
    pages += list(listing)
    assert ids(pages, "contacts.deleted") == [numbers[0]]


def test_deletions_when_more_than_zoho_lists_then_truncated(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    cursor = read(connector)[-1].cursor
    zoho.crm.remove(*[zoho.crm.add(Last_Name="x") for _ in range(2001)])
    assert read(connector, cursor)[-1].truncated == reading.DELETED_CUT


def test_fields_when_the_org_has_its_own_then_they_are_read(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    zoho.crm.fields = layout.fields(("Hub_Id", "text", True), ("Favourite_Tea", "text", False))
    zoho.crm.add(Last_Name="李雷", Favourite_Tea="龙井")
    (row,) = rows(read(connector))
    assert row["Favourite_Tea"] == "龙井"
    assert "Full_Name" not in row


def test_fields_when_more_than_fifty_then_the_known_ones_come_first(zoho: ZohoSimulator) -> None:
    zoho.crm.fields = layout.fields(("Hub_Id", "text", True), *((f"Field_{n:02}", "text", False) for n in range(60)))
    zoho.crm.add(Last_Name="李雷")
    with connected(zoho) as connector:
        (row,) = rows(read(connector))
        assert len(row) == MOST + 1
        assert {"Last_Name", "Mobile", "Hub_Id", "Modified_Time", "Other_Zip"} <= row.keys()
        assert any("more fields" in warning for warning in connector.check().warnings)


def test_fields_when_read_again_then_described_once_an_hour(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    read(connector)
    before = zoho.credits
    read(connector)
    assert before - zoho.credits == 2


def test_some_when_asked_for_then_those_that_exist(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    numbers = [zoho.crm.add(Last_Name=str(n)) for n in range(150)]
    zoho.crm.remove(numbers[0])
    pages = list(connector.fetch_some("contacts", numbers))
    assert ids(pages) == numbers[1:]
    assert [len(entry.content["ids"]) for entry in zoho.ledger.entries("read")] == [100, 50]
    assert next(connector.fetch_some("contacts", [numbers[0]])).events == []


def test_stream_when_unknown_then_config_error(connector: ZohoConnector) -> None:
    with pytest.raises(ConfigError, match="contacts"):
        connector.fetch("deals", None)


def test_zone_when_the_org_moves_then_nothing_is_lost(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    first = zoho.crm.add(Last_Name="a")
    cursor = read(connector)[-1].cursor
    zoho.switches.time_zone = "America/New_York"
    second_ = zoho.crm.add(Last_Name="b")
    assert set(ids(read(connector, cursor))) == {first, second_}
