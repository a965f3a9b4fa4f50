"""What the generic webhook connector does beyond the contract of every connector."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.webhook.connector import WebhookConnector, register_connectors
from connectors.webhook.manifest import MANIFEST
from connectors.webhook.simulator import SECRET, WebhookSimulator
from hub.errors import ConfigError, ConnectionPausedError, RejectedError, RetryableError, UnknownOutcomeError
from hub.model.kinds import KINDS
from hub.sdk import Delivery, HttpClient, Ignore, Timeouts, WebhookRequest, sign_standard, verify_standard
from hub.sdk.testing import SimAnswer, SimRequest, Simulator

OTHER = "whsec_b3RoZXIgc2VjcmV0IG9mIHRoaXMgdGVzdCBmaWxl"


@pytest.fixture
def peer() -> Iterator[WebhookSimulator]:
    with WebhookSimulator() as peer:
        yield peer


def connect(config: dict[str, Any], **secrets: list[str]) -> WebhookConnector:
    http = HttpClient.for_connection(MANIFEST, "crm", config, ["127.0.0.0/8"], timeouts=Timeouts(1, 0.5, 1))
    return WebhookConnector("crm", config, secrets or {"secret": [SECRET]}, http)


def delivery(**changes: Any) -> Delivery:
    values: dict[str, Any] = {
        "kind": "customer", "object_type": "customers", "hub_ref": "dlv_1", "idempotency_key": "k1",
        "external_id": None, "data": {"full_name": "李雷"}, "changed": {"full_name": "李雷"},
        "event_type": "customer.created",
    }  # fmt: skip
    return Delivery(**{**values, **changes})


class Recorder(Simulator):
    """Keeps every request as it came and gives the answer it was told."""

    def __init__(self) -> None:
        self.said = SimAnswer.of({"id": 7})
        self.requests: list[SimRequest] = []
        super().__init__()

    def answer(self, request: SimRequest) -> SimAnswer:
        self.requests.append(request)
        return self.said

    def sign(self, topic: str, message_id: str, body: bytes) -> dict[str, str]:
        return {}


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with Recorder() as recorder:
        yield recorder


def test_connector_when_asked_for_then_registered() -> None:
    assert register_connectors() == [WebhookConnector]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_topic_when_any_verb_of_a_kind_then_its_stream(kind: str) -> None:
    for topic in (f"{kind}.created", f"{kind}.rejoiced", kind, KINDS[kind].plural):
        stream = MANIFEST.stream_of_topic(topic)
        assert stream is not None
        assert (stream.name, stream.kinds) == (KINDS[kind].plural, (kind,))
    assert MANIFEST.stream_of_kind(kind) == MANIFEST.stream_of_topic(kind)


@pytest.mark.parametrize("topic", ["", "nothing.updated", "customer_updated", "."])
def test_topic_when_no_kind_then_no_stream(topic: str) -> None:
    assert MANIFEST.stream_of_topic(topic) is None


def test_delivery_when_sent_then_body_and_signature_are_standard(recorder: Recorder) -> None:
    connector = connect({"target_url": recorder.url + "/in?tenant=1"})
    connector.write([delivery()])
    connector.write([delivery(external_id="77", event_type="customer.updated")])
    create, update = recorder.requests
    content = json.loads(create.body)
    assert sorted(content) == ["data", "idempotency_key", "timestamp", "type"]
    assert (content["type"], content["idempotency_key"]) == ("customer.created", "k1")
    assert content["data"] == {"full_name": "李雷", "hub_ref": "dlv_1"}
    assert json.loads(update.body)["data"] == {"full_name": "李雷", "hub_ref": "dlv_1", "id": "77"}
    assert (create.method, create.path, create.query) == ("POST", "/in", {"tenant": "1"})
    assert create.headers["webhook-id"] == "k1"
    assert create.headers["content-type"] == "application/json"
    assert verify_standard(create.headers, create.body, [SECRET], now_s=time.time()) == 1


def test_delivery_when_repeated_then_same_id_and_a_new_timestamp(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector = connect({"target_url": recorder.url})
    connector.write([delivery()])
    later = time.time() + 100
    monkeypatch.setattr("connectors.webhook.connector.time.time", lambda: later)
    connector.write([delivery()])
    first, second = (request.headers for request in recorder.requests)
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) >= 99
    assert first["webhook-signature"] != second["webhook-signature"]


def test_delivery_when_secrets_rotate_then_signed_with_all(recorder: Recorder) -> None:
    connector = connect({"target_url": recorder.url}, secret=["whpk_AAAA", SECRET], target_secret=[OTHER, SECRET])
    connector.write([delivery()])
    request = recorder.requests[0]
    assert len(request.headers["webhook-signature"].split()) == 2
    for secret in (OTHER, SECRET):
        assert verify_standard(request.headers, request.body, [secret], now_s=time.time()) == 1


def test_delivery_when_a_deletion_then_names_the_record_only(recorder: Recorder) -> None:
    connector = connect({"target_url": recorder.url})
    connector.write([delivery(external_id="7", event_type="customer.deleted", delete=True)])
    assert json.loads(recorder.requests[0].body)["data"] == {"hub_ref": "dlv_1", "id": "7"}


@pytest.mark.parametrize(
    ("said", "external_id", "version"),
    [
        (SimAnswer.of({"id": "a", "version": "2026-11-22T08:00:00+08:00"}), "a", "2026-11-22T00:00:00.000000Z"),
        (SimAnswer.of({"id": 7, "version": 1_795_305_600}), "7", "2026-11-22T00:00:00.000000Z"),
        (SimAnswer.of({"id": 7, "version": 1_795_305_600_000}), "7", "2026-11-22T00:00:00.000000Z"),
        (SimAnswer.of({"id": 7, "version": 1_795_305_600_000_001}), "7", "2026-11-22T00:00:00.000001Z"),
        (SimAnswer.of({"id": 7, "version": 1_795_305_600.5}), "7", "2026-11-22T00:00:00.500000Z"),
        (SimAnswer.of({"id": 7, "version": 3}), "7", None),
        (SimAnswer.of({"id": 7, "version": "yesterday"}), "7", None),
        (SimAnswer.of({"id": 7, "version": True}), "7", None),
        (SimAnswer.of({"id": None}), "dlv_1", None),
        (SimAnswer.of([1]), "dlv_1", None),
        (SimAnswer(204), "dlv_1", None),
        (SimAnswer(200, b"ok"), "dlv_1", None),
    ],
)
def test_answer_when_it_succeeds_then_id_and_version_are_taken(
    recorder: Recorder, said: SimAnswer, external_id: str, version: str | None
) -> None:
    recorder.said = said
    result = connect({"target_url": recorder.url}).write([delivery()])[0]
    assert (result.error, result.external_id, result.version) == (None, external_id, version)


def test_answer_when_it_carries_the_record_then_stored_has_the_shape_of_an_event(recorder: Recorder) -> None:
    recorder.said = SimAnswer.of({"id": "a", "version": "2026-11-22T00:00:00Z", "data": {"full_name": "LI LEI"}})
    result = connect({"target_url": recorder.url}).write([delivery()])[0]
    data = {"id": "a", "updated_at": "2026-11-22T00:00:00.000000Z", "full_name": "LI LEI"}
    assert result.stored == {"type": "customer.created", "timestamp": data["updated_at"], "data": data}


@pytest.mark.parametrize(
    ("said", "without_find", "with_find"),
    [
        (SimAnswer(410), ConnectionPausedError, ConnectionPausedError),
        (SimAnswer(401), ConnectionPausedError, ConnectionPausedError),
        (SimAnswer(302, b"", {"Location": "/x"}), RetryableError, RetryableError),
        (SimAnswer(422), RejectedError, RejectedError),
        (SimAnswer(500), RetryableError, UnknownOutcomeError),
        (SimAnswer(503), RetryableError, UnknownOutcomeError),
        (SimAnswer(503, b"", {"Retry-After": "1"}), RetryableError, RetryableError),
        (SimAnswer(200, b"<html>", {"Content-Type": "text/html"}), RetryableError, RetryableError),
    ],
)
def test_answer_when_it_fails_then_class_depends_on_whether_the_peer_can_be_asked(
    recorder: Recorder, said: SimAnswer, without_find: type, with_find: type
) -> None:
    recorder.said = said
    url = recorder.url
    assert type(connect({"target_url": url}).write([delivery()])[0].error) is without_find
    assert type(connect({"target_url": url, "find_url": url}).write([delivery()])[0].error) is with_find


def test_write_when_receive_only_then_config_error() -> None:
    connector = connect({})
    assert isinstance(connector.write([delivery()])[0].error, ConfigError)
    assert connector.check().ok


def test_write_when_only_a_public_key_is_known_then_config_error(recorder: Recorder) -> None:
    connector = connect({"target_url": recorder.url}, secret=["whpk_AAAA"])
    assert isinstance(connector.write([delivery()])[0].error, ConfigError)
    assert recorder.requests == []


def test_find_when_not_set_then_not_implemented() -> None:
    connector = connect({"target_url": "https://crm.example.com"})
    with pytest.raises(NotImplementedError):
        connector.find("customer", "dlv_1", {})
    with pytest.raises(NotImplementedError):
        connector.read("customer", "1")


def test_find_when_the_peer_never_saw_the_ref_of_a_known_record_then_proves_nothing(peer: WebhookSimulator) -> None:
    connector = connect({"target_url": peer.target_url, "find_url": peer.find_url})
    assert connector.find("customer", "dlv_1", {}) is None
    with pytest.raises(NotImplementedError):
        connector.find("customer", "dlv_1", {"external_id": "cus-1"})


def test_find_when_signed_then_only_the_right_secret_is_answered(peer: WebhookSimulator) -> None:
    config = {"target_url": peer.target_url, "find_url": peer.find_url}
    connect(config).write([delivery()])
    assert connect(config).find("customer", "dlv_1", {})
    with pytest.raises(ConnectionPausedError):
        connect(config, secret=[OTHER]).find("customer", "dlv_1", {})


def test_check_when_it_probes_then_the_peer_is_told_nothing(peer: WebhookSimulator) -> None:
    assert connect({"target_url": peer.target_url}).check().ok
    result = connect({"target_url": peer.url + "/nowhere"}).check()
    assert result.ok
    assert "404" in result.warnings[0]
    assert peer.ledger.entries() == []


def test_check_when_the_peer_is_gone_then_not_ok(recorder: Recorder) -> None:
    for status in (410, 502):
        recorder.said = SimAnswer(status)
        assert not connect({"target_url": recorder.url}).check().ok


def test_check_when_it_pings_then_signed_and_typed(recorder: Recorder) -> None:
    assert connect({"target_url": recorder.url, "ping": "post"}).check().ok
    request = recorder.requests[0]
    assert json.loads(request.body)["type"] == "hub.ping"
    assert verify_standard(request.headers, request.body, [SECRET], now_s=time.time()) == 1


def test_event_when_received_then_kept_whole_under_its_id() -> None:
    body = '{"type":"order.paid_in_full","timestamp":"x","data":{"id":"1","备注":"谢谢"}}'.encode()
    headers = sign_standard([SECRET], "msg_9", int(time.time()), body)
    request = WebhookRequest("POST", {**headers, "cookie": "x"}, {}, body, time.time())
    connector = connect({})
    connector.verify(request)
    events = connector.decode(request)
    assert not isinstance(events, Ignore)
    kept = {name: headers[name] for name in ("webhook-id", "webhook-timestamp")}
    assert [(e.topic, e.body, e.dedupe, dict(e.headers)) for e in events] == [  # type: ignore[union-attr]
        ("order.paid_in_full", body, "msg_9", kept)
    ]


def test_event_when_a_ping_then_ignored() -> None:
    request = WebhookRequest("POST", {}, {}, b'{"type":"hub.ping","data":{}}', time.time())
    assert connect({}).decode(request) == Ignore("ping")
