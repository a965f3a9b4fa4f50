"""Zoho's token and errors: one refresh for many, errors in HTTP 200, what each code means, credits."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from connectors.zoho.centre import CENTRES, HOSTS, Addresses
from connectors.zoho.connector import ZohoConnector
from connectors.zoho.fault import error_of_call, error_of_record
from connectors.zoho.manifest import MANIFEST
from connectors.zoho.simulator import ZohoSimulator
from hub.errors import ConfigError, ConnectionPausedError, RejectedError, RetryableError
from hub.sdk import HttpClient, LocalAccount
from hub.sdk.address import host_fits, host_patterns
from tests.connectors.zoho_shared import ADDRESS, CLIENT_ID, config_of, connected, secrets


@pytest.fixture
def zoho() -> Iterator[ZohoSimulator]:
    with ZohoSimulator() as simulator:
        yield simulator


@pytest.fixture
def connector(zoho: ZohoSimulator) -> Iterator[ZohoConnector]:
    with connected(zoho) as made:
        yield made


def refreshes(zoho: ZohoSimulator) -> int:
    return len(zoho.ledger.entries("refresh"))


def test_token_when_asked_for_by_many_threads_then_refreshed_once(
    zoho: ZohoSimulator, connector: ZohoConnector
) -> None:
    zoho.most_calls = 20
    threads = [threading.Thread(target=connector.check) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refreshes(zoho) == 1


def test_token_when_revoked_then_refreshed_once_and_the_call_repeated(
    zoho: ZohoSimulator, connector: ZohoConnector
) -> None:
    assert connector.check().ok
    zoho.tokens.revoke_all()
    assert connector.check().ok
    assert refreshes(zoho) == 2


def test_token_when_refused_again_then_the_connection_is_paused(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    assert connector.check().ok
    zoho.tokens.is_good = lambda header: False  # type: ignore[method-assign]
    with pytest.raises(ConnectionPausedError, match="INVALID_TOKEN"):
        connector.check()
    assert refreshes(zoho) == 2


def test_token_when_about_to_expire_then_refreshed_before(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    zoho.tokens.life_s = 120.0
    connector.check()
    before = refreshes(zoho)
    connector.check()
    assert refreshes(zoho) > before


@pytest.mark.parametrize(
    ("error", "expected", "said"),
    [
        ("invalid_client", ConnectionPausedError, "invalid_client"),
        ("invalid_code", ConnectionPausedError, "invalid_code"),
        ("something {odd}", ConnectionPausedError, "no known reason"),
        ("general_error", RetryableError, "no token now"),
        ("Access Denied", RetryableError, "too many refreshes"),
    ],
)
def test_refresh_when_answered_with_an_error_in_200_then_says_what_next(
    zoho: ZohoSimulator, connector: ZohoConnector, error: str, expected: type[Exception], said: str
) -> None:
    zoho.fail_token(error)
    with pytest.raises(expected, match=said):
        connector.check()


def test_refresh_when_throttled_then_waits_ten_minutes(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    zoho.tokens.life_s = 60.0
    for _ in range(5):
        connector.check()
    with pytest.raises(RetryableError) as caught:
        connector.check()
    assert caught.value.retry_after_s == 600.0
    assert refreshes(zoho) == 11


def test_api_domain_when_of_another_data_centre_then_refused(zoho: ZohoSimulator) -> None:
    settings = {"data_centre": "cn", "client_id": CLIENT_ID}
    http = HttpClient.for_connection(MANIFEST, "crm", settings)
    connector = ZohoConnector("crm", settings, secrets(), http, LocalAccount(ADDRESS))
    assert connector._client._addresses.api_of("https://sandbox.zohoapis.com.cn/") == "https://sandbox.zohoapis.com.cn"
    for domain in (
        "https://www.zohoapis.com",
        "https://evil.example",
        "http://www.zohoapis.com.cn",
        "https://www.zohoapis.com.cn@evil",
    ):
        with pytest.raises(ConfigError, match="data_centre"):
            connector._client._addresses.api_of(domain)
    http.close()


def test_data_centres_when_listed_then_all_hosts_are_reached_and_no_others() -> None:
    patterns = host_patterns(MANIFEST.hosts, {"data_centre": "cn"})
    assert set(patterns) == set(HOSTS)
    assert Addresses.of("cn").accounts == "https://accounts.zoho.com.cn"
    assert Addresses.of("ca") == Addresses(
        "https://accounts.zohocloud.ca",
        "https://www.zohoapis.ca",
        ("https://www.zohoapis.ca", "https://sandbox.zohoapis.ca", "https://developer.zohoapis.ca"),
    )
    assert all(host_fits(centre.accounts, 443, patterns) for centre in CENTRES.values())
    assert not host_fits("zohoapis.com.evil.example", 443, patterns)
    with pytest.raises(ConfigError, match="data_centre"):
        Addresses.of("mars")


def test_scope_when_missing_then_paused_without_another_refresh(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    zoho.forbid("modules")
    with pytest.raises(ConnectionPausedError, match="OAUTH_SCOPE_MISMATCH"):
        next(connector.fetch("contacts", None))
    assert refreshes(zoho) == 1


def test_module_when_unknown_then_config_error(zoho: ZohoSimulator) -> None:
    with connected(zoho, module="Kunden") as connector, pytest.raises(ConfigError, match="module"):
        connector.check()


def test_credits_when_few_are_left_then_reading_waits_and_writing_goes_on(zoho: ZohoSimulator) -> None:
    zoho.credits = 400
    with connected(zoho, credits_reserve="500") as connector:
        assert connector.read("customer", "1") is None
        with pytest.raises(RetryableError, match="API credits") as caught:
            list(connector.fetch("contacts", None))
        assert 0 < (caught.value.retry_after_s or 0) <= 900
        assert connector.read("customer", "1") is None


def test_credits_when_used_up_then_later(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    zoho.credits = 0
    with pytest.raises(RetryableError, match="credits") as caught:
        connector.check()
    assert caught.value.retry_after_s == 900.0


def test_calls_when_too_many_at_once_then_later(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    zoho.most_calls = 0
    with pytest.raises(RetryableError, match="TOO_MANY_REQUESTS") as caught:
        connector.check()
    assert caught.value.retry_after_s


def test_error_when_it_names_values_then_only_fields_and_records_are_shown() -> None:
    result = {
        "code": "DUPLICATE_DATA",
        "details": {"api_name": "Email", "json_path": "$.data[0].Email", "id": "111111000000045678"},
        "message": "duplicate data li.lei@example.com",
        "status": "error",
    }
    error = error_of_record(result, "crm: Contacts dlv_1")
    assert isinstance(error, RejectedError)
    assert error.code == "DUPLICATE_DATA"
    assert "record 111111000000045678" in str(error)
    assert "field Email" in str(error)
    assert "li.lei" not in str(error)
    odd = {"code": "INVALID_DATA", "details": {"api_name": "li.lei@example.com <b>"}, "status": "error"}
    assert "li.lei" not in str(error_of_record(odd, "crm"))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("RECORD_LOCKED", RetryableError),
        ("INTERNAL_ERROR", RetryableError),
        ("TOO_MANY_REQUESTS", RetryableError),
        ("MANDATORY_NOT_FOUND", RejectedError),
        ("INVALID_DATA", RejectedError),
        ("NO_PERMISSION", RejectedError),
        ("LIMIT_EXCEEDED", RejectedError),
        ("SOMETHING_NEW", RejectedError),
    ],
)
def test_record_when_refused_then_only_it_is_concerned(code: str, expected: type[Exception]) -> None:
    assert isinstance(error_of_record({"code": code, "status": "error", "details": {}}, "crm"), expected)


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("NO_PERMISSION", 403, ConnectionPausedError),
        ("OAUTH_SCOPE_MISMATCH", 401, ConnectionPausedError),
        ("INVALID_MODULE", 400, ConfigError),
        ("LIMIT_EXCEEDED", 400, RejectedError),
        ("LIMIT_EXCEEDED", 429, RetryableError),
        ("", 403, ConnectionPausedError),
        ("", 404, RejectedError),
    ],
)
def test_call_when_refused_then_says_what_next(code: str, status: int, expected: type[Exception]) -> None:
    assert isinstance(error_of_call({"code": code}, status, "crm"), expected)


def test_check_when_all_is_there_then_names_the_organisation(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    found = connector.check()
    assert found.ok
    assert found.facts["organisation"] == "茶语有限公司"
    assert found.facts["edition"] == "enterprise"
    assert found.warnings == ()


def test_check_when_the_hub_field_is_missing_then_says_how_to_make_it(
    zoho: ZohoSimulator, connector: ZohoConnector
) -> None:
    zoho.crm.fields = [each for each in zoho.crm.fields if each["api_name"] != "Hub_Id"]
    found = connector.check()
    assert not found.ok
    assert "Do not allow duplicate values" in found.message


def test_check_when_the_hub_field_is_not_unique_then_not_ok(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    zoho.crm.by_name["Hub_Id"]["unique"] = {}
    found = connector.check()
    assert not found.ok
    assert "not unique" in found.message


def test_check_when_org_may_not_be_seen_then_a_warning(zoho: ZohoSimulator, connector: ZohoConnector) -> None:
    zoho.forbid("org")
    found = connector.check()
    assert found.ok
    assert "ZohoCRM.org.READ" in found.warnings[0]


def test_connector_when_a_secret_is_missing_then_config_error(zoho: ZohoSimulator) -> None:
    connector = ZohoConnector("crm", config_of(zoho), {"client_secret": ["x"]}, None)
    with pytest.raises(ConfigError, match="refresh_token"):
        connector.check()
