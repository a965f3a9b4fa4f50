"""Webhooks: stored before they are acknowledged, refused alike, counted, never lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from hub.errors import RetryableError
from hub.flow.account import disconnect, halt, pause
from hub.flow.configure import Wish, connect
from hub.flow.context import Hub
from hub.flow.receive import REFUSED, receive, refuse
from hub.flow.reception import reception_of
from hub.sdk.connector import Response, WebhookRequest
from hub.store import inbox, secret
from tests.fixtures.bare import bare_hub, sign


@pytest.fixture
def hub(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Hub]:
    with bare_hub(database_url, redis_url, tmp_path) as made:
        connect(made, Wish("shop", "till", secrets={"secret": ["s3cret"]}, flows={"order": "in"}), "test")
        yield made


def request(body: bytes, signature: str | None = None, topic: str = "orders/create") -> WebhookRequest:
    headers = {"x-sign": sign(body) if signature is None else signature, "x-topic": topic}
    return WebhookRequest("POST", headers, {}, body, time.time())


def send(hub: Hub, body: bytes, **more: str) -> Response:
    return receive(hub, "shop", request(body, **more))


def count(hub: Hub, table: str) -> int:
    row = hub.db.one(f"select count(*) from {table}")
    assert row is not None
    return int(row[0])


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def tallied(hub: Hub) -> dict[tuple[int, str], int]:
    rows = hub.db.all("select connection_id, stage, sum(n)::integer from tally group by 1, 2")
    return {(connection, stage): n for connection, stage, n in rows}


def test_receive_when_signed_then_stored_acknowledged_and_pipeline_woken(hub: Hub, redis_url: str) -> None:
    body = b'{"id": 1}'
    assert send(hub, body) == Response(200, b"1+0")
    with hub.db.session() as conn:
        (event,) = inbox.read_many(conn, hub.keyring, [e for (e,) in hub.db.all("select id from event")])
    assert (event.body, event.topic, event.origin, event.lane) == (body, "orders/create", "webhook", 0)
    assert hub.db.one("select key_no from event") == (1,)
    with Redis.from_url(redis_url) as client:
        until(lambda: bool(client.exists("hub:woken:pipeline")))


def test_receive_when_sent_again_then_acknowledged_as_duplicate(hub: Hub) -> None:
    send(hub, b"one\ntwo")
    assert send(hub, b"two\nthree") == Response(200, b"1+1")
    assert count(hub, "event") == 3


def test_receive_when_second_secret_is_active_then_key_number_is_kept(hub: Hub) -> None:
    row = hub.connections.by_name("shop")
    connect(hub, Wish("shop", secrets={"secret": ["newer", "s3cret"]}), "test")
    assert send(hub, b"old key").status == 200
    assert send(hub, b"new key", signature=sign(b"new key", "newer")).status == 200
    assert hub.db.all("select key_no from event order by id") == [(2,), (1,)]
    with hub.db.session() as conn:
        secret.retire(conn, row.id, "secret")
    connect(hub, Wish("shop", rank=7), "test")
    assert send(hub, b"old key again") == REFUSED


@pytest.mark.parametrize("name", ["shop", "nobody", "sink", "gone"])
def test_receive_when_unknown_or_forged_then_same_answer_and_counted(hub: Hub, name: str) -> None:
    connect(hub, Wish("sink", "sink", flows={"customer": "out"}), "test")
    connect(hub, Wish("gone", "till", secrets={"secret": ["s3cret"]}), "test")
    disconnect(hub, "gone", "test")
    body = b'{"forged": true}'
    good = sign(body) if name == "gone" else "0" * 64
    for _ in range(30):
        assert receive(hub, name, request(body, good)) == REFUSED
    reception_of(hub).book()
    known = hub.connections.find(name)
    # The background thread may hold a part of the counts at this moment, and writes it down as well.
    until(lambda: tallied(hub) == {(known.id if known else 0, "refused"): 30})
    assert count(hub, "event") == 0
    assert count(hub, "tally") <= 3
    audited = hub.db.all("select object, (detail ->> 'status')::integer from audit where act = 'webhook.refused'")
    assert audited == [(known.name if known else "unknown", 401)]


@pytest.mark.parametrize("body", [b"", b"\0\xff\xfe", b"{" * 5000, b'{"a": NaN, "b": "\\ud800"}'])
def test_receive_when_verified_body_is_odd_then_stored_and_acknowledged(hub: Hub, body: bytes) -> None:
    assert send(hub, body).status == 200
    assert count(hub, "event_work") == 1


def test_receive_when_decoder_crashes_then_bytes_are_kept(hub: Hub) -> None:
    assert send(hub, b"crash").status == 200
    assert hub.db.all("select topic from event") == [("",)]


def test_receive_when_ignored_or_replied_then_nothing_is_stored(hub: Hub) -> None:
    assert send(hub, b"ping") == Response(200, b"0+0")
    assert send(hub, b"echo") == Response(200, b"echoed")
    reception_of(hub).book()
    assert count(hub, "event") == 0
    assert list(tallied(hub).values()) == [1]


def test_receive_when_halted_or_paused_then_still_accepts(hub: Hub) -> None:
    halt(hub, "shop", "test")
    pause(hub, "shop", "test", "because")
    assert send(hub, b"one").status == 200
    assert count(hub, "event_work") == 1


def test_receive_when_topic_says_account_is_lost_then_stored_and_paused(hub: Hub) -> None:
    assert send(hub, b"bye", topic="gone").status == 200
    row = hub.connections.by_name("shop")
    assert row.pause_reason == "the system sent gone"
    assert count(hub, "event") == 1
    assert hub.db.all("select type, state from item") == [("connection_paused", "open")]


def test_receive_when_database_cut_the_connection_then_stores_all_the_same(hub: Hub) -> None:
    send(hub, b"one")
    hub.db.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'retail-hub-intake'"
    )
    assert send(hub, b"two") == Response(200, b"1+0")
    assert count(hub, "event") == 2


def test_receive_when_database_is_away_then_retryable_and_nothing_is_claimed(hub: Hub) -> None:
    send(hub, b"one")
    reception_of(hub)._intake._url = "postgresql://127.0.0.1:1/none"
    hub.db.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'retail-hub-intake'"
    )
    with pytest.raises(RetryableError) as caught:
        send(hub, b"two")
    assert caught.value.retry_after_s == 5
    assert send(hub, b"forged", signature="x") == REFUSED


def test_receive_when_secret_does_not_open_then_retryable(hub: Hub) -> None:
    hub.db.execute("update secret set value = '\\x07'")
    with pytest.raises(RetryableError, match="shop is not set up"):
        send(hub, b"one")


def test_refuse_when_body_was_too_large_then_streams_are_read_soon_once(hub: Hub) -> None:
    hub.db.execute("update cursor set next_poll_at = now() + interval '1 day'")
    for _ in range(2):
        refuse(hub, "shop", 413)
        reception_of(hub).book()
        until(lambda: sum(tallied(hub).values()) > 0)
    until(lambda: hub.db.one("select bool_and(next_poll_at <= now()) from cursor") == (True,))
    hub.db.execute("update cursor set next_poll_at = now() + interval '1 day'")
    refuse(hub, "shop", 413)
    reception_of(hub).book()
    assert hub.db.one("select bool_or(next_poll_at <= now()) from cursor") == (False,)
