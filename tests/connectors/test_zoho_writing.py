"""Writing to Zoho: a batch with a result for each record, upserts by the hub's field, slots, finding again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.zoho.connector import ZohoConnector
from connectors.zoho.placing import place, whole_groups
from connectors.zoho.simulator import ZohoSimulator
from hub.errors import RejectedError, RetryableError, UnknownOutcomeError
from hub.sdk import Delivery, WriteResult
from hub.sdk.testing import SimAnswer, SimRequest
from tests.connectors.zoho_shared import connected


@pytest.fixture
def zoho() -> Iterator[ZohoSimulator]:
    with ZohoSimulator() as simulator:
        yield simulator


@pytest.fixture
def connector(zoho: ZohoSimulator) -> Iterator[ZohoConnector]:
    with connected(zoho) as made:
        made.check()
        yield made


def delivery(ref: str, external_id: str | None = None, *, delete: bool = False, **data: Any) -> Delivery:
    type_ = "deleted" if delete else "updated"
    return Delivery("customer", "contacts", ref, f"key {ref}", external_id, data, data, f"customer.{type_}", delete)


def calls(zoho: ZohoSimulator) -> int:
    return zoho.day_credits - zoho.credits


def test_batch_when_mixed_then_one_call_for_each_sort_and_results_in_order(
    zoho: ZohoSimulator, connector: ZohoConnector
) -> None:
    old, gone = zoho.crm.add(Last_Name="旧", Modified_Time="2026-11-01T10:00:00+08:00"), zoho.crm.add(Last_Name="删")
    before = calls(zoho)
    results = connector.write([
        delivery("dlv_1", Last_Name="新一"),
        delivery("dlv_2", old, Last_Name="改"),
        delivery("dlv_3", gone, delete=True),
        delivery("dlv_4", Last_Name="新二"),
    ])  # fmt: skip
    assert [result.error for result in results] == [None] * 4
    assert calls(zoho) - before == 4
    assert zoho.crm.contacts[old]["Last_Name"] == "改"
    assert gone not in zoho.crm.contacts
    made = zoho.crm.contacts[str(results[3].external_id)]
    assert (made["Last_Name"], made["Hub_Id"]) == ("新二", "dlv_4")
    assert str(results[0].version).endswith("Z")


def test_batch_when_one_is_refused_then_the_others_are_carried_out(
    zoho: ZohoSimulator, connector: ZohoConnector
) -> None:
    results = connector.write([
        delivery("dlv_1", Last_Name="一"),
        delivery("dlv_2", First_Name="无姓"),
        delivery("dlv_3", Last_Name="三", Email="no address"),
        delivery("dlv_4", Last_Name="四"),
    ])  # fmt: skip
    assert [result.error is None for result in results] == [True, False, False, True]
    assert [getattr(results[n].error, "code", "") for n in (1, 2)] == ["MANDATORY_NOT_FOUND", "INVALID_DATA"]
    assert len(zoho.crm.contacts) == 2


def test_record_when_locked_then_later(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    zoho.fail_record("RECORD_LOCKED")
    (result,) = connector.write([delivery("dlv_1", Last_Name="一")])
    assert isinstance(result.error, RetryableError)
    assert result.error.retry_after_s == 30.0


def test_create_when_repeated_then_found_by_the_hub_field(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    first = connector.write([delivery("dlv_1", Last_Name="一")])[0]
    second = connector.write([delivery("dlv_1", Last_Name="一", Email="a@example.com")])[0]
    assert first.external_id == second.external_id
    assert len(zoho.crm.contacts) == 1


def test_create_when_somebody_has_the_email_then_a_contact_of_its_own(
    zoho: ZohoSimulator, connector: ZohoConnector
) -> None:
    zoho.crm.add(Last_Name="妈妈", Email="family@example.com")
    connector.write([delivery("dlv_1", Last_Name="儿子", Email="family@example.com")])
    assert [row["Last_Name"] for row in zoho.crm.listed()] == ["妈妈", "儿子"]


def test_create_when_email_is_a_duplicate_field_then_that_contact_is_taken(zoho: ZohoSimulator) -> None:
    known = zoho.crm.add(Last_Name="李雷", Email="li@example.com")
    with connected(zoho, duplicate_fields="Email, Mobile") as connector:
        (result,) = connector.write([delivery("dlv_1", Last_Name="李雷", Email="li@example.com")])
    assert result.external_id == known
    assert zoho.crm.contacts[known]["Hub_Id"] == "dlv_1"


def test_create_when_a_unique_value_is_taken_then_rejected_and_names_the_other(
    zoho: ZohoSimulator, connector: ZohoConnector
) -> None:
    zoho.crm.by_name["Email"]["unique"] = {"casesensitive": "false"}
    known = zoho.crm.add(Last_Name="李雷", Email="li@example.com")
    (result,) = connector.write([delivery("dlv_1", Last_Name="李雷", Email="LI@example.com")])
    assert isinstance(result.error, RejectedError)
    assert result.error.code == "DUPLICATE_DATA"
    assert known in str(result.error)


def test_update_when_the_contact_is_gone_then_rejected(connector: ZohoConnector) -> None:
    (result,) = connector.write([delivery("dlv_1", "999", Last_Name="一")])
    assert isinstance(result.error, RejectedError)


def test_update_when_everything_stands_there_then_nothing_is_sent(
    zoho: ZohoSimulator, connector: ZohoConnector
) -> None:
    number = zoho.crm.add(Last_Name="一", Mobile="139 0001 0001", Phone="021-62790000")
    (result,) = connector.write([delivery("dlv_1", number, Mobile="+862162790000", Phone="+8613900010001")])
    assert result == WriteResult(number, result.version)
    assert result.version is not None
    assert zoho.ledger.entries("update") == []


def test_update_when_in_the_second_of_the_last_change_then_stands_after_it(
    zoho: ZohoSimulator, connector: ZohoConnector
) -> None:
    number = zoho.crm.add(Last_Name="一")
    before = connector.read("customer", number)
    (result,) = connector.write([delivery("dlv_1", number, Last_Name="二")])
    assert before is not None
    assert str(result.version) > str(before.version)


def test_delete_when_gone_already_then_done(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    (result,) = connector.write([delivery("dlv_1", "999", delete=True)])
    assert result == WriteResult("999")


def test_answer_when_it_tells_of_fewer_records_then_unknown(
    zoho: ZohoSimulator, connector: ZohoConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoho.records, "_write", lambda *_: SimAnswer.of({"data": []}))
    (result,) = connector.write([delivery("dlv_1", Last_Name="一")])
    assert isinstance(result.error, UnknownOutcomeError)


def test_workflows_when_the_hub_writes_then_are_not_triggered(
    zoho: ZohoSimulator, connector: ZohoConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies: list[Any] = []
    real = zoho.records.answer

    def answer(request: SimRequest, path: str) -> SimAnswer:
        bodies.append(request.json())
        return real(request, path)

    monkeypatch.setattr(zoho.records, "answer", answer)
    number = connector.write([delivery("dlv_1", Last_Name="一")])[0].external_id
    connector.write([delivery("dlv_1", number, Last_Name="二")])
    assert [body["trigger"] for body in bodies if body] == [[], []]


def test_find_when_no_reference_is_given_then_by_keys_if_only_one_has_them(
    zoho: ZohoSimulator, connector: ZohoConnector
) -> None:
    known = zoho.crm.add(Last_Name="O'Neil", Email="o'neil@example.com", Mobile="+8613900010001")
    keys = {"identities": [{"namespace": "email", "value": "o'neil@example.com"}]}
    found = connector.find("customer", "", keys)
    assert found is not None
    assert found.external_id == known
    zoho.crm.add(Last_Name="other", Email="o'neil@example.com")
    assert connector.find("customer", "", keys) is None
    assert connector.find("customer", "dlv_none", keys) is None
    assert connector.find("customer", "dlv' or '", {}) is None


def test_read_when_there_then_in_the_shape_of_a_listing(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    number = zoho.crm.add(Last_Name="李雷", Modified_Time="2026-11-22T08:30:05+08:00")
    found = connector.read("customer", number)
    assert found is not None
    assert found.data is not None
    assert (found.version, found.data["Last_Name"]) == ("2026-11-22T00:30:05.000000Z", "李雷")
    assert connector.read("customer", "999") is None
    assert connector.read("customer", "../org") is None


def test_place_when_a_value_stands_in_the_other_slot_then_it_stays() -> None:
    wanted = {"Mobile": "+8613900010001", "Phone": "+8613900010002"}
    assert place(wanted, {"Mobile": None, "Phone": "139 0001 0001"}) == {"Mobile": "+8613900010002"}


def test_place_when_a_value_is_no_longer_wanted_then_its_slot_is_cleared() -> None:
    wanted = {"Email": "a@example.com", "Secondary_Email": None}
    current = {"Email": "old@example.com", "Secondary_Email": "A@example.com"}
    assert place(wanted, current) == {"Email": None}


def test_place_when_an_address_is_respelt_then_it_stays() -> None:
    parts = ("Country", "State", "City", "Street", "Zip")
    wanted: dict[str, Any] = {f"Mailing_{part}": None for part in parts} | {f"Other_{part}": None for part in parts}
    wanted |= {"Mailing_Country": "China", "Mailing_City": "上海市", "Last_Name": "李雷"}
    assert place(wanted, {"Other_Country": "中国", "Other_City": " 上海市"}) == {"Last_Name": "李雷"}


def test_groups_when_one_slot_changes_then_all_of_them_are_sent_to_be_placed() -> None:
    data = {"Mobile": "1", "Phone": "2", "Email": "a", "Secondary_Email": None, "Last_Name": "x"}
    assert whole_groups({"Phone": "2"}, data) == {"Mobile": "1", "Phone": "2"}
    assert whole_groups({"Last_Name": "x"}, data) == {"Last_Name": "x"}
