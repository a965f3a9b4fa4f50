"""The whole web application: webhooks below Flask, health, metrics, console, and all of it behind a real server."""

import gzip
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from urllib.parse import quote

import orjson
import pytest

from hub import web
from hub.config import to_env
from hub.embedded.process import wait_for
from hub.flow import access
from hub.flow.configure import Wish, connect
from hub.sdk import sign_standard

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = orjson.dumps({
    "type": "customer.created",
    "timestamp": "2026-11-01T00:00:00Z",
    "data": {"id": "7", "updated_at": "2026-11-01T00:00:00Z", "full_name": "王小明"},
})  # fmt: skip


def signed(body=BODY, id_="msg_1"):
    return sign_standard([SECRET], id_, int(time.time()), body)


@pytest.fixture
def shop(rig):
    """A connection that takes signed webhooks."""
    connect(rig.hub, Wish("网店", "webhook", secrets={"secret": [SECRET]}, flows={"customer": "in"}), "test")
    return rig


@pytest.fixture
def client(shop, apps):
    """A client of the whole application."""
    return apps.of(shop.hub, web.create_app).test_client()


def stored(rig):
    return rig.hub.db.one("select count(*) from event")[0]


def test_webhook_when_signed_then_stored_and_repeated_then_a_duplicate(shop, client):
    for expected in ({"accepted": 1, "duplicates": 0}, {"accepted": 0, "duplicates": 1}):
        response = client.post("/webhooks/网店", data=BODY, headers=signed())
        assert (response.status_code, response.get_json()) == (200, expected)
    shop.settle()
    assert [c["full_name"] for c in shop.goldens("customer")] == ["王小明"]


def test_webhook_when_packed_with_gzip_then_the_signature_is_of_the_content(shop, client):
    packed = gzip.compress(BODY)
    response = client.post("/webhooks/网店", data=packed, headers={**signed(), "Content-Encoding": "gzip"})
    assert response.status_code == 200
    assert stored(shop) == 1


def test_webhook_when_forged_or_unknown_then_one_constant_answer(shop, client):
    answers = []
    forged = {**signed(), "webhook-signature": "v1,AAAA"}
    for path, headers in (
        ("网店", forged),
        ("网店", {}),
        ("nowhere", signed()),
        ("nowhere", {}),
        ("a/b", {}),
        ("%00", {}),
    ):
        response = client.post(f"/webhooks/{path}", data=BODY, headers=headers)
        answers.append((response.status_code, response.data))
    assert set(answers) == {(401, b"Unauthorized")}
    assert stored(shop) == 0


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b'{"type": "customer.created", "data": {"a": NaN}}', b"[" * 5000, b"",
    b'{"type":"customer.created","timestamp":"2026-11-01T00:00:00Z","data":{"id":"7","updated_at":"2026-11-01T00:00:00Z","full_name":"\\u0000\\ud800"}}'])  # fmt: skip
def test_webhook_when_its_content_is_hostile_then_it_is_stored_and_quarantined(shop, client, content):
    assert client.post("/webhooks/网店", data=content, headers=signed(content)).status_code == 200
    shop.settle()
    assert (stored(shop), len(shop.quarantined())) == (1, 1)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, b"x" * (10 * 1024 * 1024 + 1), 413),
        ({"Content-Encoding": "gzip"}, gzip.compress(b"\0" * (11 * 1024 * 1024), mtime=0), 413),
        ({"Content-Encoding": "gzip"}, b"no gzip", 400),
        ({"Content-Encoding": "br"}, b"x", 415),
    ],
)
def test_webhook_when_the_body_cannot_be_taken_then_refused_and_counted(shop, client, headers, body, status):
    response = client.post("/webhooks/网店", data=body, headers={**signed(body), **headers})
    assert response.status_code == status
    assert stored(shop) == 0
    wait_for(lambda: shop.hub.db.one("select coalesce(sum(n), 0) from tally where stage = 'refused'") == (1,), 60)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD"])
def test_webhook_when_the_method_is_odd_then_405(shop, client, method):
    response = client.open("/webhooks/网店", method=method)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, POST")


def test_webhook_when_the_hub_has_a_bug_then_503_and_the_log_has_no_payload(shop, client, monkeypatch, caplog):
    def broken(*_args):
        raise ValueError("王小" + "明")

    monkeypatch.setattr("hub.api.webhook.receive", broken)
    response = client.post("/webhooks/网店", data=BODY, headers=signed())
    assert (response.status_code, response.data) == (503, b"Service Unavailable")
    assert int(response.headers["Retry-After"]) > 0
    assert "ValueError" in caplog.text
    assert "王小明" not in caplog.text


def test_webhook_when_the_query_has_too_many_fields_then_400(shop, client):
    assert client.get("/webhooks/网店?" + "&".join(f"a{n}=1" for n in range(200))).status_code == 400


def test_health_when_all_is_well_then_ok(client):
    assert client.get("/healthz").get_json() == {"status": "ok"}
    response = client.get("/readyz")
    assert (response.status_code, response.get_json()["status"]) == (200, "ok")
    assert response.get_json()["checks"] == {"database": True, "migrations": True, "redis": True}


def test_ready_when_the_schema_is_older_then_503(shop, client):
    shop.hub.db.execute("update alembic_version set version_num = '0000'")
    response = client.get("/readyz")
    assert (response.status_code, response.get_json()["checks"]["migrations"]) == (503, False)


def test_ready_when_the_database_is_away_then_503(client, monkeypatch, shop):
    def away():
        raise OSError

    monkeypatch.setattr(type(shop.hub.db), "session", lambda self: away())
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


def test_ready_when_redis_is_away_then_degraded_but_in_service(client, monkeypatch, shop):
    monkeypatch.setattr(type(shop.hub.queue), "is_up", lambda self: False)
    response = client.get("/readyz")
    assert (response.status_code, response.get_json()["status"]) == (200, "degraded")


def test_metrics_when_scraped_on_the_machine_then_figures_without_personal_data(shop, client):
    client.post("/webhooks/网店", data=BODY, headers=signed())
    shop.settle()
    client.post("/webhooks/网店", data=BODY, headers=signed(id_="msg_2"))
    text = client.get("/metrics").get_data(as_text=True)
    assert 'hub_events_total{connection="网店",stage="done"} 1.0' in text
    assert 'hub_inbox_waiting{connection="网店"} 1.0' in text
    assert "hub_feed_seq 1.0" in text
    assert "王小明" not in text


@pytest.mark.parametrize("headers", [{"X-Forwarded-For": "203.0.113.9"}, {"Forwarded": "for=203.0.113.9"}])
def test_metrics_when_asked_from_elsewhere_then_a_token_is_needed(shop, client, headers):
    assert client.get("/metrics", headers=headers).status_code == 401
    remote = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get("/metrics", environ_base=remote).status_code == 401
    for role, status in (("viewer", 403), ("operator", 200)):
        _, token = access.create_token(shop.hub, role, "x", author="test")
        asked = client.get("/metrics", environ_base=remote, headers={"Authorization": f"Bearer {token}"})
        assert asked.status_code == status


def test_console_when_asked_then_it_is_there_and_the_api_keeps_its_own_errors(client):
    assert client.get("/").headers["Location"].endswith("/console/")
    page = client.get("/console/login")
    assert page.status_code == 200
    assert page.content_type.startswith("text/html")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert client.get("/api/v1/nothing").content_type == "application/problem+json"
    assert client.get("/nothing").content_type == "application/problem+json"


def test_import_when_the_module_is_loaded_then_no_hub_is_made():
    made = subprocess.run(
        [sys.executable, "-c", "import hub.web; print(hub.web._made)"], capture_output=True, text=True, check=True
    )
    assert made.stdout.strip() == "{}"


@pytest.fixture
def served(shop, tmp_path):
    """Host and port of granian, serving the hub of `shop`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {**os.environ, **to_env(shop.hub.settings), "HUB_BODY_LIMIT_BYTES": "200000"}
    log = (tmp_path / "web.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "hub.cli.main", "web", "--port", str(port), "--processes", "1"],
        env=env,
        stderr=log,
        stdout=log,
    )
    try:
        wait_for(lambda: process.poll() is not None or asks(port, "GET", "/readyz")[0] == 200, 60)
        assert process.poll() is None, (tmp_path / "web.log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def asks(port, method, path, body=None, headers=None):
    """Status and body of one request over a socket."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, quote(path, safe="/?=&%"), body, headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    except OSError:
        return 0, b""
    finally:
        connection.close()


def test_server_when_real_then_it_stores_limits_and_answers(served, shop):
    _, token = access.create_token(shop.hub, "admin", "x", author="test")
    bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    assert asks(served, "POST", "/webhooks/网店", BODY, signed()) == (200, b'{"accepted":1,"duplicates":0}')
    chunked = iter([BODY[:10], BODY[10:]])
    assert asks(served, "POST", "/webhooks/网店", chunked, signed(id_="msg_2"))[0] == 200
    assert asks(served, "POST", "/webhooks/网店", BODY, {**signed(), "webhook-id": "x"})[0] == 401
    assert asks(served, "POST", "/webhooks/网店", b"x" * 200_001, signed())[0] == 413
    assert asks(served, "POST", "/api/v1/customers/search", b" " * 200_001, bearer)[0] == 413
    assert endless(served, "/webhooks/网店") == 413
    assert stored(shop) == 2
    shop.settle()
    status, body = asks(served, "POST", "/api/v1/customers/search", '{"q": "王小明"}'.encode(), bearer)
    assert (status, json.loads(body)["items"][0]["data"]["full_name"]) == (200, "王小明")
    assert asks(served, "GET", "/console/login")[0] == 200
    assert asks(served, "GET", "/metrics")[0] == 200


def endless(port, path):
    """The status of a chunked request that would never end: the server must answer before its end."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as link:
        head = f"POST {quote(path)} HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding: chunked\r\n\r\n"
        link.sendall(head.encode())
        link.settimeout(0.05)
        received = b""
        for _ in range(2000):
            try:
                link.sendall(b"2710\r\n" + b"x" * 10_000 + b"\r\n")
                received = link.recv(1000)
            except TimeoutError:
                continue
            except OSError:
                link.settimeout(5)
                received = received or link.recv(1000)
            if received:
                return int(received.split(b" ")[1])
    raise AssertionError("it took 20 MB without a word")
