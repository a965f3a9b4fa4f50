"""The simulated Zoho account: its traps are there, and it runs as a process."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from connectors.zoho.simulator import ZohoSimulator
from connectors.zoho.simulator.tokens import THROTTLED
from hub.sdk.testing import wait_until
from tests.connectors.zoho_shared import CLIENT_ID, CLIENT_SECRET, REFRESH

FORM = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "refresh_token": REFRESH, "grant_type": "refresh_token"}


class Caller:
    """Calls a simulator as anybody could."""

    def __init__(self, zoho: ZohoSimulator) -> None:
        self.url = zoho.url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Zoho-oauthtoken {self.refresh()['access_token']}"

    def refresh(self, **more: str) -> dict[str, Any]:
        answer = self.session.post(f"{self.url}/oauth/v2/token", data={**FORM, **more}, timeout=5)
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found

    def ask(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        answer = self.session.request(method, f"{self.url}/crm/v8{path}", timeout=5, **more)
        return answer.status_code, answer.json() if answer.content else None


@pytest.fixture
def zoho() -> Iterator[ZohoSimulator]:
    with ZohoSimulator() as simulator:
        yield simulator


@pytest.fixture
def caller(zoho: ZohoSimulator) -> Iterator[Caller]:
    made = Caller(zoho)
    yield made
    made.session.close()


def test_token_when_refused_then_http_200_with_an_error(zoho: ZohoSimulator, caller: Caller) -> None:
    assert caller.refresh(client_secret="x") == {"error": "invalid_client_secret"}
    assert caller.refresh(client_id="x") == {"error": "invalid_client"}
    assert caller.refresh(refresh_token="x") == {"error": "invalid_code"}
    for _ in range(6):
        caller.refresh()
    assert caller.refresh() == THROTTLED
    assert len(zoho.ledger.entries("refresh")) == 11


def test_tokens_when_more_than_ten_are_alive_then_the_oldest_ends(zoho: ZohoSimulator, caller: Caller) -> None:
    zoho.tokens.is_limited = False
    assert caller.ask("GET", "/org")[0] == 200
    for _ in range(10):
        caller.refresh()
    assert caller.ask("GET", "/org") == (
        401, {"code": "INVALID_TOKEN", "details": {}, "message": "invalid_token", "status": "error"},
    )  # fmt: skip


def test_listing_when_nothing_is_there_then_204_or_304_without_a_body(zoho: ZohoSimulator, caller: Caller) -> None:
    fields = {"fields": "Last_Name"}
    assert caller.ask("GET", "/Contacts", params=fields) == (204, None)
    zoho.crm.add(Last_Name="李雷", Modified_Time="2026-11-20T10:00:00+08:00")
    late = {"If-Modified-Since": "2026-11-20T10:00:00+08:00"}
    assert caller.ask("GET", "/Contacts", params=fields, headers=late) == (304, None)
    assert caller.ask("GET", "/Contacts/deleted", headers=late) == (304, None)
    assert caller.ask("GET", "/Contacts")[1]["code"] == "REQUIRED_PARAM_MISSING"
    many = {"fields": ",".join(f"F{n}" for n in range(51))}
    assert caller.ask("GET", "/Contacts", params=many)[1]["code"] == "LIMIT_EXCEEDED"


def test_pages_when_beyond_2000_rows_then_refused(caller: Caller, zoho: ZohoSimulator) -> None:
    zoho.crm.add(Last_Name="x")
    params = {"fields": "Last_Name", "per_page": "200", "page": "11"}
    assert caller.ask("GET", "/Contacts", params=params)[0] == 400


def test_upsert_when_several_fields_are_checked_then_the_first_that_fits_decides(
    zoho: ZohoSimulator, caller: Caller
) -> None:
    by_mail = zoho.crm.add(Last_Name="a", Email="a@example.com")
    by_ref = zoho.crm.add(Last_Name="b", Hub_Id="dlv_1")
    row = {"Last_Name": "c", "Email": "A@example.com", "Hub_Id": "dlv_1"}
    for checked, expected in ((["Hub_Id", "Email"], by_ref), (["Email", "Nothing"], by_mail)):
        zoho.crm.by_name["Hub_Id"]["unique"] = {}
        _, answer = caller.ask("POST", "/Contacts/upsert", json={"data": [row], "duplicate_check_fields": checked})
        (result,) = answer["data"]
        assert (result["details"]["id"], result["duplicate_field"]) == (expected, checked[0])


def test_upsert_when_mixed_then_each_record_has_its_result_in_one_200(zoho: ZohoSimulator, caller: Caller) -> None:
    rows = [{"Last_Name": "x", "Nothing": "dropped"}, {}, {"Last_Name": "x", "Date_of_Birth": "1.5.1990"}]
    status, answer = caller.ask("POST", "/Contacts/upsert", json={"data": rows})
    assert status == 200
    assert [row["code"] for row in answer["data"]] == ["SUCCESS", "MANDATORY_NOT_FOUND", "INVALID_DATA"]
    assert answer["data"][1]["details"]["json_path"] == "$.data[1].Last_Name"
    assert "Nothing" not in zoho.crm.listed()[0]
    status, answer = caller.ask("POST", "/Contacts/upsert", json={"data": [{}] * 101})
    assert (status, answer["code"]) == (400, "LIMIT_EXCEEDED")


def test_times_when_shown_then_whole_seconds_with_the_orgs_offset(zoho: ZohoSimulator) -> None:
    zoho.crm.add(Last_Name="x")
    assert zoho.crm.listed()[0]["Modified_Time"].endswith("+08:00")
    zoho.switches.time_zone = "Asia/Kolkata"
    zoho.crm.add(Last_Name="y")
    assert zoho.crm.listed()[1]["Modified_Time"].endswith("+05:30")


def test_phones_when_it_reformats_then_another_spelling(zoho: ZohoSimulator) -> None:
    zoho.crm.reformats = True
    zoho.crm.add(Last_Name="x", Mobile="+8613900010001")
    assert zoho.crm.listed()[0]["Mobile"] == "139-0001-0001"


def test_channel_when_longer_than_a_week_then_refused_and_without_end_an_hour(
    zoho: ZohoSimulator, caller: Caller
) -> None:
    channel = {
        "channel_id": "1000000068001",
        "events": ["Contacts.all"],
        "notify_url": "https://hub.example",
        "token": "t",
    }
    late = (datetime.now(UTC) + timedelta(days=8)).isoformat(timespec="seconds")
    _, answer = caller.ask("POST", "/actions/watch", json={"watch": [{**channel, "channel_expiry": late}]})
    assert answer["watch"][0]["code"] == "INVALID_DATA"
    caller.ask("POST", "/actions/watch", json={"watch": [channel]})
    (held,) = caller.ask("GET", "/actions/watch")[1]["watch"]
    left = datetime.fromisoformat(held["channel_expiry"]) - datetime.now(UTC)
    assert timedelta(minutes=55) < left <= timedelta(hours=1)
    zoho.switches.clock_skew = 3700.0
    assert caller.ask("GET", "/actions/watch") == (204, None)


def test_notification_when_contacts_are_deleted_together_then_one_with_all_ids(zoho: ZohoSimulator) -> None:
    with ZohoSimulator() as receiver:
        ids = [zoho.crm.add(Last_Name=str(n)) for n in range(3)]
        zoho.channels.watch(
            {
                "channel_id": "1000000068001",
                "events": ["Contacts.delete"],
                "notify_url": f"{receiver.url}/hook",
                "token": "t",
            },
            is_new=True,
        )
        zoho.crm.change(ids[0], Last_Name="not told")
        zoho.crm.remove(*ids)
        assert wait_until(lambda: bool(zoho.sender.log))
        (sent,) = zoho.sender.log
    assert b'"operation": "delete"' in sent.body
    assert all(number.encode() in sent.body for number in ids)


def test_process_when_started_then_says_where_and_ends_when_told() -> None:
    command = [sys.executable, "-m", "connectors.zoho.simulator", "--contacts", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        word, url = process.stdout.readline().split()
        assert word == "ready"
        with requests.Session() as session:
            session.trust_env = False
            summary = session.post(f"{url}/_sim/act/summary", json={}, timeout=5).json()
            assert summary["contacts"] == 2
            number = session.post(f"{url}/_sim/act/add", json={"Last_Name": "新"}, timeout=5).json()
            session.post(f"{url}/_sim/act/change", json={"contact": number, "Email": "a@example.com"}, timeout=5)
            session.post(f"{url}/_sim/act/remove", json={"ids": [number]}, timeout=5)
            assert session.post(f"{url}/_sim/act/summary", json={}, timeout=5).json()["deleted"] == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
