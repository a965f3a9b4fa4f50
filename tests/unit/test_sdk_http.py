"""The HTTP client against real loopback servers."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from hub.errors import (
    ConfigError,
    ConnectionPausedError,
    HubError,
    RejectedError,
    RetryableError,
    UnknownOutcomeError,
)
from hub.sdk import HttpClient, Manifest, RateBudget, Text, Timeouts, retry_after_s
from hub.sdk.testing import SimAnswer, SimRequest, Simulator

LOOPBACK = ["127.0.0.0/8"]
QUICK = Timeouts(connect_s=1.0, read_s=0.4, total_s=0.6)


class Peer(Simulator):
    """Answers what the query asks for, and notes each call with the port it came from."""

    def answer(self, request: SimRequest) -> SimAnswer:
        self.ledger.note(request.method, {"path": request.path, "headers": dict(request.headers)})
        status = int(request.query.get("status", "200"))
        headers = {"Content-Type": "application/json", **json.loads(request.query.get("headers", "{}"))}
        body = request.query.get("body", '{"ok": true}').encode()
        return SimAnswer(status, gzip.compress(body) if "Content-Encoding" in headers else body, headers)

    def sign(self, topic: str, message_id: str, body: bytes) -> dict[str, str]:
        return {}


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture
def client() -> Iterator[HttpClient]:
    client = HttpClient("shop", hosts=["127.0.0.1"], allowed_private_hosts=LOOPBACK, timeouts=QUICK)
    yield client
    client.close()


def error_of(act: Any) -> HubError:
    with pytest.raises(HubError) as caught:
        act()
    return caught.value


def test_answer_when_json_then_parsed(peer: Peer, client: HttpClient) -> None:
    answer = client.post(peer.url, json={"name": "李雷"})
    assert (answer.status, answer.json(), answer.headers["content-type"]) == (200, {"ok": True}, "application/json")
    assert repr(answer) == "<Answer 200, 12 bytes>"


@pytest.mark.parametrize(
    ("status", "for_get", "for_post"),
    [
        (301, RetryableError, RejectedError),
        (400, RejectedError, RejectedError),
        (401, ConnectionPausedError, ConnectionPausedError),
        (403, ConnectionPausedError, ConnectionPausedError),
        (404, RejectedError, RejectedError),
        (408, RetryableError, RetryableError),
        (422, RejectedError, RejectedError),
        (429, RetryableError, RetryableError),
        (500, RetryableError, UnknownOutcomeError),
        (502, RetryableError, UnknownOutcomeError),
        (503, RetryableError, UnknownOutcomeError),
        (504, RetryableError, UnknownOutcomeError),
    ],
)
def test_status_when_an_error_then_class_says_what_next(
    peer: Peer, client: HttpClient, status: int, for_get: type, for_post: type
) -> None:
    params = {"status": str(status)}
    assert type(error_of(lambda: client.get(peer.url, params=params))) is for_get
    assert type(error_of(lambda: client.post(peer.url, params=params))) is for_post
    if for_get is RejectedError:
        error = error_of(lambda: client.get(peer.url, params=params))
        assert isinstance(error, RejectedError)
        assert error.code == f"http_{status}"


def test_post_when_declared_idempotent_then_lost_answers_are_retryable(peer: Peer, client: HttpClient) -> None:
    error = error_of(lambda: client.post(peer.url, params={"status": "500"}, idempotent=True))
    assert isinstance(error, RetryableError)


@pytest.mark.parametrize(
    ("status", "headers", "may_be_done"),
    [(408, {}, False), (425, {}, False), (429, {}, False), (503, {"Retry-After": "0"}, False), (503, {}, True),
     (500, {}, True), (502, {}, True), (504, {}, True)],
)  # fmt: skip
def test_status_when_it_proves_that_nothing_was_done_then_it_says_so(
    peer: Peer, client: HttpClient, status: int, headers: dict[str, str], may_be_done: bool
) -> None:
    params = {"status": str(status), "headers": json.dumps(headers)}
    error = error_of(lambda: client.post(peer.url, params=params, idempotent=True))
    assert isinstance(error, RetryableError)
    assert error.may_be_done == may_be_done


def test_status_when_accepted_then_returned(peer: Peer, client: HttpClient) -> None:
    assert client.get(peer.url, params={"status": "404", "body": "gone"}, accept=(404,)).body == b"gone"


def test_retry_after_when_answered_then_error_carries_it_and_the_budget_pauses(peer: Peer) -> None:
    budget = RateBudget()
    client = HttpClient("shop", hosts=["127.0.0.1"], allowed_private_hosts=LOOPBACK, timeouts=QUICK, budget=budget)
    params = {"status": "429", "headers": '{"Retry-After": "7"}'}
    error = error_of(lambda: client.get(peer.url, params=params))
    assert isinstance(error, RetryableError)
    assert error.retry_after_s == 7.0
    again = error_of(lambda: client.get(peer.url))
    assert isinstance(again, RetryableError)
    assert 6 < (again.retry_after_s or 0) <= 7
    assert len(peer.ledger.entries()) == 1
    client.close()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2", 2.0), ("2.5", 2.5), ("0", 0.0), ("-3", 0.0), ("99999999", 86_400.0), ("", None), (None, None),
        ("soon", None), ("nan", None), ("inf", 86_400.0), ("Thu, 01 Jan 1970 00:01:40 GMT", 90.0),
        ("Wed, 31 Dec 1969 23:00:00 GMT", 0.0), ("Thu, 99 Foo 2026", None),
    ],
)  # fmt: skip
def test_retry_after_when_parsed_then_seconds_or_nothing(text: str | None, seconds: float | None) -> None:
    assert retry_after_s(text, now=10.0) == seconds


def test_web_page_when_json_was_expected_then_not_a_success(peer: Peer, client: HttpClient) -> None:
    peer.switches.set(html=3)
    assert isinstance(error_of(lambda: client.get(peer.url)), RetryableError)
    assert isinstance(error_of(lambda: client.post(peer.url)), UnknownOutcomeError)
    assert b"Maintenance" in client.get(peer.url, expect="any").body


def test_redirect_when_answered_then_not_followed(peer: Peer, client: HttpClient) -> None:
    headers = json.dumps({"Location": f"{peer.url}/elsewhere"})
    error_of(lambda: client.get(peer.url, params={"status": "302", "headers": headers}))
    assert [entry.content["path"] for entry in peer.ledger.entries()] == ["/"]


@pytest.mark.parametrize("fault", [{"hang": 2}, {"close_mid_body": 2}, {"slow_bytes": 5.0}])
def test_answer_when_lost_after_sending_then_unknown_unless_repeatable(
    peer: Peer, client: HttpClient, fault: dict[str, Any]
) -> None:
    peer.switches.set(**fault)
    assert isinstance(error_of(lambda: client.get(peer.url)), RetryableError)
    assert isinstance(error_of(lambda: client.post(peer.url)), UnknownOutcomeError)


def test_deadline_when_peer_dribbles_then_call_ends(peer: Peer, client: HttpClient) -> None:
    peer.switches.set(slow_bytes=20.0)
    start = time.monotonic()
    error_of(lambda: client.get(peer.url, params={"body": '"' + "x" * 500 + '"'}))
    assert time.monotonic() - start < 1.5


def test_deadline_when_headers_dribble_then_call_ends(client: HttpClient) -> None:
    with _raw_server(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: 1\r\n" * 500, pause_s=0.05) as url:
        start = time.monotonic()
        assert isinstance(error_of(lambda: client.get(url)), RetryableError)
        assert time.monotonic() - start < 1.5


def test_connection_when_refused_then_retryable_although_not_idempotent(peer: Peer, client: HttpClient) -> None:
    peer.refuse()
    assert isinstance(error_of(lambda: client.post(peer.url)), RetryableError)


def test_answer_when_too_large_then_refused_while_reading(peer: Peer) -> None:
    client = HttpClient("shop", hosts=["127.0.0.1"], allowed_private_hosts=LOOPBACK, max_bytes=1_000)
    error = error_of(lambda: client.get(peer.url, params={"body": '"' + "x" * 2_000 + '"'}))
    assert isinstance(error, RejectedError)
    bomb = {"body": '"' + "x" * 5_000 + '"', "headers": '{"Content-Encoding": "gzip"}'}
    assert isinstance(error_of(lambda: client.get(peer.url, params=bomb)), RejectedError)
    assert isinstance(error_of(lambda: client.post(peer.url, params=bomb)), UnknownOutcomeError)
    client.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://other.example/x",
        "https://user:password@127.0.0.1/x",
        "ftp://127.0.0.1/x",
        "//127.0.0.1/x",
        "not a url",
        "http://127.0.0.1@other.example/",
        "http://[::1",
    ],
)
def test_url_when_not_allowed_then_config_error_and_nothing_sent(peer: Peer, client: HttpClient, url: str) -> None:
    assert isinstance(error_of(lambda: client.get(url)), ConfigError)


def test_private_address_when_not_listed_then_config_error(peer: Peer) -> None:
    client = HttpClient("shop", hosts=["127.0.0.1", "localhost"])
    for url in (peer.url, peer.url.replace("127.0.0.1", "localhost")):
        assert isinstance(error_of(lambda url=url: client.get(url)), ConfigError)
    assert peer.ledger.entries() == []
    client.close()


def test_header_when_not_http_text_then_config_error_without_it(peer: Peer, client: HttpClient) -> None:
    for value in ("密钥", "line\nbreak"):
        error = error_of(lambda value=value: client.get(peer.url, headers={"X-Token": value}))
        assert isinstance(error, ConfigError)
        assert value not in f"{error!r} {error.__cause__!r} {error.__context__!r}"


def test_errors_and_log_when_a_call_fails_then_hold_no_query_path_or_secret(
    peer: Peer, client: HttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url, headers = f"{peer.url}/hush/path", {"Authorization": "Bearer hush"}
    faults: list[dict[str, Any]] = [
        {"burst_500": 1},
        {"hang": 1},
        {"close_mid_body": 1},
        {"html": 1},
        {"unauthorized": 1},
    ]
    for fault in faults:
        peer.switches.set(**fault)
        error = error_of(lambda: client.post(url, params={"phone": "hush"}, headers=headers, json={"name": "hush"}))
        assert "hush" not in f"{error} {error!r} {error.__cause__!r} {error.__context__!r}"
        assert str(error).startswith("shop: POST 127.0.0.1")
    peer.refuse()
    assert "hush" not in repr(error_of(lambda: client.get(url)))
    assert "hush" not in caplog.text
    assert repr(client) == "<HttpClient shop>"


def test_cookies_when_set_by_peer_then_not_sent_back(peer: Peer, client: HttpClient) -> None:
    client.get(peer.url, params={"headers": '{"Set-Cookie": "a=b; Path=/"}'})
    client.get(peer.url)
    assert "cookie" not in peer.ledger.entries()[-1].content["headers"]


def test_environment_when_it_names_a_proxy_then_ignored(
    peer: Peer, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert client.get(peer.url).status == 200


def test_hosts_when_from_manifest_then_templates_and_rate_apply(peer: Peer) -> None:
    manifest = Manifest(
        "x", Text("", ""), Text("", ""), "1", "1", ("{target_url}",), (), (), rate={"per_second": 1, "burst": 2}
    )
    client = HttpClient.for_connection(manifest, "x", {"target_url": peer.url}, LOOPBACK, timeouts=QUICK)
    client.get(peer.url)
    client.get(peer.url)
    assert isinstance(error_of(lambda: client.get(peer.url)), RetryableError)
    assert isinstance(error_of(lambda: client.get("http://127.0.0.2")), ConfigError)
    client.close()


class _raw_server:  # noqa: N801
    """Sends bytes one by one to whoever connects."""

    def __init__(self, content: bytes, pause_s: float) -> None:
        self.content, self.pause_s = content, pause_s
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def serve(self) -> None:
        sock, _ = self.listener.accept()
        with sock:
            for byte in self.content:
                try:
                    sock.sendall(bytes([byte]))
                except OSError:
                    return
                if self.over.wait(self.pause_s):
                    return

    def __enter__(self) -> str:
        self.thread.start()
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/"

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join(5)
        self.listener.close()
