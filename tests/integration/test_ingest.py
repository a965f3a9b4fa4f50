"""Ingesting files: verbatim bodies, refusals by line, idempotent repeats."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.errors import ConfigError, NotFoundError, RecordError
from hub.flow import ingest as flow
from hub.flow.account import disconnect
from hub.flow.configure import Wish, connect
from hub.flow.content import content_of
from hub.flow.context import Hub
from hub.flow.ingest import Summary, ingest, ingest_batches
from hub.flow.line import read_lines
from hub.store import inbox
from hub.store.inbox import StoredEvent
from tests.fixtures.bare import bare_hub


@pytest.fixture
def hub(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Hub]:
    with bare_hub(database_url, redis_url, tmp_path) as made:
        for name in ("shop", "till"):
            connect(made, Wish(name, "till", secrets={"secret": ["s"]}, flows={"order": "in"}), "test")
        connect(made, Wish("crm", "sink", flows={"customer": "out"}), "test")
        yield made


def events(hub: Hub) -> list[StoredEvent]:
    with hub.db.session() as conn:
        return inbox.read_many(conn, hub.keyring, [i for (i,) in hub.db.all("select id from event")])


def put(hub: Hub, *lines: bytes, name: str | None = "shop", topic: str | None = "orders/create") -> Summary:
    return ingest(hub, name, lines, topic)


def counts(summary: Summary) -> tuple[int, int, int]:
    return summary.accepted, summary.duplicates, summary.refused


def test_ingest_when_plain_then_bodies_are_verbatim_in_bulk_lane(hub: Hub) -> None:
    first, second = '{ "a" : 12.30, "n": 123456789012345678901234567890, "名": "张" }'.encode(), b"[1, 2]"
    assert counts(put(hub, first, second)) == (2, 0, 0)
    found = events(hub)
    assert [event.body for event in found] == [first, second]
    assert {(event.origin, event.lane, event.topic) for event in found} == {("file", 1, "orders/create")}


def test_ingest_when_repeated_then_all_are_duplicates(hub: Hub) -> None:
    lines = [b'{"id": %d}' % n for n in range(3)]
    put(hub, *lines)
    assert counts(put(hub, *lines, lines[0])) == (0, 4, 0)


def test_ingest_when_envelope_then_its_words_count_and_body_is_cut_out_as_written(hub: Hub) -> None:
    body = '{"price": 12.30, "text": "\\u5f20 \\"_body\\" }", "deep": {"_body": [1 , 2]}}'
    line = f'{{"_topic": "note", "_id": "d-1", "_at": "2026-11-01T08:00:00+08:00", "_connection": "till", "_body" :  {body} }}'
    assert counts(put(hub, line.encode())) == (1, 0, 0)
    (event,) = events(hub)
    assert event.body == body.encode()
    assert (event.topic, event.received_at) == ("note", 1_793_491_200_000_000)
    assert hub.db.one("select name from connection where id = %s", (event.connection_id,)) == ("till",)
    assert counts(put(hub, b'{"_id": "d-1", "_body": {}}', name="till")) == (0, 1, 0)
    assert counts(put(hub, b'{"_id": 7, "_at": 1793491200.5, "_body": "<xml>not json</xml>"}')) == (1, 0, 0)
    assert events(hub)[-1].body == b"<xml>not json</xml>"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"id;name;phone", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"_body": {}, "_topic": orders}', "not JSON: _topic cannot be read"),
        (b'{"_connection": "shop", "_connection": "till", "_body": {}}', "_connection cannot be read, or stands twice"),
        (b'{"_body": {"a": }, "_connection": "til', "_connection cannot be read"),
        (b'{"_body": {}, "_colour": 1}', "unknown keys"),
        (b'{"_body": {}, "_topic": 5}', "_topic must be a text"),
        (b'{"_body": {}, "_topic": "a\\u0000"}', "_topic must be a text"),
        (b'{"_body": {}, "_at": "yesterday"}', "_at must be a time"),
        (b'{"_body": {}, "_at": "2026-11-01T08:00:00"}', "_at must be a time"),
        (b'{"_body": {}, "_connection": "nobody"}', "no such connection"),
    ],
)
def test_ingest_when_a_line_is_wrong_then_it_alone_is_refused_with_its_number(hub: Hub, line: bytes, says: str) -> None:
    summary = put(hub, b'{"id": 1}', b"", line, b'{"id": 2}')
    assert counts(summary) == (2, 0, 1)
    assert summary.refusals[0].line == 3
    assert says in summary.refusals[0].reason


BOMB = b"[" * 5000 + b"]" * 5000
UNREADABLE = [
    b"{",
    b'{"a": NaN}',
    b'{"a": "\\ud800"}',
    b'{"a": "\xff"}',
    b'{"a": 1, "a": 2}',
    b'{"n": %s}' % (b"9" * 5000),
    BOMB,
]


def aside(hub: Hub) -> list[tuple[bytes | None, str, str]]:
    """Body, cause and first message of what is in quarantine, in order."""
    rows = hub.db.all(
        "select id, cause, problem #>> '{problems,0,message}' from event_work where state = 1 order by id"
    )
    with hub.db.session() as conn:
        kept = {event.id: event.body for event in inbox.read_many(conn, hub.keyring, [id_ for id_, _, _ in rows])}
    return [(kept[id_], cause, message) for id_, cause, message in rows]


def test_ingest_when_items_cannot_be_read_then_each_is_kept_as_it_came_where_its_topic_is_known(hub: Hub) -> None:
    good = [b'{"id": %d}' % number for number, _ in enumerate(UNREADABLE)]
    summary = put(hub, *(line for pair in zip(good, UNREADABLE, strict=True) for line in pair))
    assert (counts(summary), summary.quarantined) == ((2 * len(good), 0, 0), len(good))
    lines = [2 * number + 2 for number, _ in enumerate(good)]
    assert [one.line for one in summary.set_aside] == lines
    assert [event.body for event in events(hub)][1::2] == UNREADABLE
    found = aside(hub)
    assert [body for body, _, _ in found] == UNREADABLE
    assert [message.rpartition(" (")[2] for _, _, message in found] == [f"line {number})" for number in lines]
    assert counts(put(hub, *UNREADABLE)) == (0, len(good), 0)
    assert counts(put(hub, *UNREADABLE, topic=None)) == (0, len(good), 0)
    for refused in put(hub, *UNREADABLE, name="crm", topic=None).refusals:
        assert refused.reason.startswith("not JSON")
        assert refused.reason.endswith("no topic: give --topic, or _topic in the envelope")


LAST, FIRST = b'{"_topic":"note","_id":"d-%d","_body":%s}', b'{"_id" : "d-%d","_body": %s , "_topic": "note"}'
BODIES = [*UNREADABLE[1:], b"nope", b"", b'{"a": }', b'"half \\ud83d"', b'{"a": [1, "x" 2], "b": "},{"}']


@pytest.mark.parametrize("shape", [LAST, FIRST])
def test_ingest_when_bodies_of_envelopes_cannot_be_read_then_each_alone_is_quarantined_with_line_and_file(
    hub: Hub, shape: bytes
) -> None:
    bad = [shape % (number, body) for number, body in enumerate(BODIES)]
    lines = [b'{"_topic":"note","_body":{"id":1}}', b"", *bad, b'{"_topic":"note","_body":{"id":2}}']
    summary = ingest(hub, "shop", lines, file="notes.ndjson")
    assert (counts(summary), summary.quarantined) == ((len(bad) + 2, 0, 0), len(bad))
    found = aside(hub)
    assert [body for body, _, _ in found] == BODIES
    assert {event.topic for event in events(hub)} == {"note"}
    for number, (_, cause, message) in enumerate(found):
        assert message.endswith(f"(line {number + 3} of notes.ndjson)")
        assert summary.set_aside[number].reason.startswith(cause)
    assert counts(ingest(hub, "shop", lines, file="notes.ndjson")) == (0, len(bad) + 2, 0)
    # Corrected under the same id it is new; from then on the id counts again.
    assert counts(put(hub, *(shape % (number, b'{"a": 1}') for number, _ in enumerate(BODIES)))) == (len(bad), 0, 0)
    assert counts(put(hub, *(shape % (number, b'{"a": 2}') for number, _ in enumerate(BODIES)))) == (0, len(bad), 0)
    assert len(aside(hub)) == len(bad)


TORN = [
    (b'{"_connection":"till","_topic":"note","_id":"d-1","_body":{"id": 1', "bad_json"),
    (b'{"_connection":"till","_topic":"note","_body":{"id": "cut of', "bad_json"),
    (b'{"_connection":"till","_topic":"note","_at":NaN,"_body":{"id": 1}}', "bad_number"),
    (b'{"_connection":"till","_topic":"note","_id":"\xff","_body":{"id": 1}}', "bad_encoding"),
    (b'{"_connection":"till","_topic":"note","_body":{"id":1},"_body":{"id":2}}', "repeated_key"),
    (b'{"_connection":"till","_topic":"note","_body":{"id":1},}', "bad_json"),
    (b'{"_body":{"id": ]},"_connection":"till","_topic":"note"}', ""),
    (b'{"_connection":"till" "_topic":"note","_body":{"id":1}}', ""),
]


def test_ingest_when_envelopes_cannot_be_read_then_each_line_is_kept_whole_where_it_says_it_belongs(hub: Hub) -> None:
    lines = [line for line, _ in TORN]
    kept = [(line, cause) for line, cause in TORN if cause]
    summary = ingest(hub, None, [*lines, b'{"_connection":"till","_topic":"note","_body":{"id":2}}'], file="all.ndjson")
    assert (counts(summary), summary.quarantined) == ((len(kept) + 1, 0, 2), len(kept))
    found = aside(hub)
    assert [(body, cause) for body, cause, _ in found] == kept
    assert found[0][2].endswith("(line 1 of all.ndjson)")
    assert {event.topic for event in events(hub)} == {"note"}
    assert all(refused.reason.startswith("not JSON") for refused in summary.refusals)
    assert counts(ingest(hub, None, lines)) == (0, len(kept), 2)


def test_ingest_when_a_line_in_quarantine_is_run_again_then_it_still_says_where_it_stood(hub: Hub) -> None:
    ingest(hub, "shop", [b"", b'{"_topic":"note","_body":{"n": NaN, "n": 1}}'], file="notes.ndjson")
    (event,) = events(hub)
    with pytest.raises(RecordError) as caught:
        content_of(event)
    assert [problem.message.rpartition(" (")[2] for problem in caught.value.problems] == ["line 2 of notes.ndjson)"] * 2


def test_ingest_when_numbers_are_absurd_then_stored_as_written(hub: Hub) -> None:
    body = b'{"n": ' + b"9" * 4000 + b"}"
    assert counts(put(hub, b'{"_body": %s}' % body)) == (1, 0, 0)
    assert [event.body for event in events(hub)] == [body]


def test_ingest_when_no_topic_then_asked_of_the_connector_or_refused(hub: Hub) -> None:
    assert counts(put(hub, b'{"id": 1}', topic=None)) == (1, 0, 0)
    assert events(hub)[0].topic == "orders/create"
    summary = put(hub, b'{"id": 1}', name="crm", topic=None)
    assert summary.refusals[0].reason == "no topic: give --topic, or _topic in the envelope"
    assert put(hub, b'{"id": 1}', name=None).refusals[0].reason.startswith("no connection")


def test_ingest_when_connection_cannot_take_anything_then_nothing_is_read(hub: Hub) -> None:
    disconnect(hub, "till", "test")
    with pytest.raises(ConfigError, match="till is disconnected"):
        put(hub, b"{}", name="till")
    with pytest.raises(NotFoundError):
        put(hub, b"{}", name="nobody")
    assert put(hub, b'{"_connection": "till", "_body": {}}').refused == 1


def test_ingest_when_many_then_committed_in_batches_with_progress(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "BATCH", 10)
    seen: list[int] = []
    ingest(hub, "shop", (b'{"id": %d}' % n for n in range(25)), "t", progress=lambda s: seen.append(s.accepted))
    assert seen == [10, 20, 25]


def test_ingest_batches_when_asked_per_line_then_each_has_its_answer(hub: Hub) -> None:
    lines = [b'{"a": 1}', b"nope", b'{"a": 1}', b'{"a": 2}']
    (results,) = ingest_batches(hub, "shop", lines, "t", lane=inbox.LIVE)
    assert [(r.line, r.outcome) for r in results] == [
        (1, "accepted"),
        (2, "refused"),
        (3, "duplicate"),
        (4, "accepted"),
    ]
    assert results[2].event_id == results[0].event_id
    assert {event.lane for event in events(hub)} == {0}


def test_read_lines_when_file_has_bom_long_and_unfinished_lines_then_understood() -> None:
    file = io.BytesIO(b'\xef\xbb\xbf{"a":1}\r\n' + b"x" * 50 + b"\n\n" + b"y" * 20 + b"\nlast")
    assert list(read_lines(file, 20)) == [b'{"a":1}', None, b"", b"y" * 20, b"last"]
