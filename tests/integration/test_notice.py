"""Notices: what a system only said had changed is read once, later when it cannot be read now, and never lost in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import orjson
import pytest

from hub.embedded.process import wait_for
from hub.errors import ConnectionPausedError, RetryableError
from hub.flow import notice
from hub.flow.context import Hub
from hub.sdk.connector import CheckResult, Connector, Manifest, Page, RawEvent, Reads, Stream, Text
from hub.sdk.plugin import hookimpl
from hub.store import cursor, inbox
from hub.store import notice as store
from hub.store.due import is_due, pending
from tests.fixtures.hub import Rig, at
from worker.step import poll_due

_NO_TEXT = Text("", "")
MAPPING = """
kind: customer
from: teller/people
id: id
version: updated_at
at: updated_at
in:
  full_name: name
"""


class Teller(Connector, Reads):
    """Tells of changes and is asked what they are."""

    manifest: ClassVar[Manifest] = Manifest(
        name="teller", title=_NO_TEXT, help=_NO_TEXT, api_version="1", sdk=">=0.1", hosts=(), config=(),
        streams=(Stream("people", ("customer",), topics=("people.told",), notices=("people.told",), pull=True),),
    )  # fmt: skip
    asked: ClassVar[list[list[str]]] = []
    pages: ClassVar[Callable[[], Iterator[Page]]]
    answer: ClassVar[Callable[[Sequence[str]], list[str]]]

    def check(self) -> CheckResult:
        return CheckResult(True, "fine")

    def fetch(self, stream: str, cursor: Any) -> Iterator[Page]:
        yield from type(self).pages()

    def fetch_some(self, stream: str, ids: Sequence[str]) -> Iterator[Page]:
        type(self).asked.append(sorted(ids))
        found = type(self).answer(ids)
        events = [RawEvent("people", orjson.dumps({"id": i, "updated_at": at(1), "name": f"N {i}"})) for i in found]
        yield Page(events, None, last=True)


class _Module:
    __name__ = "tests.teller"

    def __init__(self, folder: Any) -> None:
        self._folder = folder

    @hookimpl
    def register_connectors(self) -> list[type[Connector]]:
        return [Teller]

    @hookimpl
    def register_mappings(self) -> list[Any]:
        return [self._folder]


@pytest.fixture
def rig(make_hub: Callable[..., Hub], database_url: str, tmp_path: Any) -> Rig:
    folder = tmp_path / "mappings" / "teller"
    folder.mkdir(parents=True)
    (folder / "people.yaml").write_text(MAPPING)
    made = Rig(make_hub(database_url, _Module(folder.parent)))
    number = made.connect("teller", {"customer": "in"})
    made.hub.db.execute(
        "update connection set connector = 'teller', generation = generation + 1 where id = %s", (number,)
    )
    made.hub.connections.reload()
    Teller.asked, Teller.answer = [], staticmethod(_all_of)
    Teller.pages = staticmethod(lambda: iter([Page([], None, last=True)]))
    return made


def _all_of(ids: Sequence[str]) -> list[str]:
    return list(ids)


def tell(rig: Rig, *ids: Any) -> None:
    for number in ids:
        body = orjson.dumps({"id": number})
        rig.sent += 1
        event = inbox.NewEvent(rig.hub.connections.by_name("teller").id, "people.told", body, f"told {rig.sent}")
        with rig.hub.db.transaction() as conn:
            inbox.accept(conn, rig.hub.keyring, [event])
    rig.settle()


def waiting(rig: Rig) -> list[Any]:
    return rig.hub.db.all("select external_id, seq, failures from notice order by external_id")


def test_records_when_told_of_often_then_read_once_in_one_call(rig: Rig) -> None:
    tell(rig, "1", "2", "1", "1")
    assert waiting(rig) == [("1", 1, 0), ("2", 1, 0)]
    assert is_due(rig.hub.db, "poll")
    assert pending(rig.hub.db)["notices"] == 2
    assert notice.read_due(rig.hub) == 2
    rig.settle()
    assert Teller.asked == [["1", "2"]]
    assert sorted(data["full_name"] for data in rig.goldens("customer")) == ["N 1", "N 2"]
    assert (waiting(rig), pending(rig.hub.db)["notices"]) == ([], 0)


def test_record_when_told_of_while_it_is_read_then_read_again(rig: Rig) -> None:
    tell(rig, "1")

    def answer(ids: Sequence[str]) -> list[str]:
        if len(Teller.asked) == 1:
            tell(rig, "1")
        return list(ids)

    Teller.answer = staticmethod(answer)
    notice.read_due(rig.hub)
    assert [row[0] for row in waiting(rig)] == ["1"]
    notice.read_due(rig.hub)
    assert Teller.asked == [["1"], ["1"]]
    assert waiting(rig) == []


def test_record_when_gone_then_nothing_waits(rig: Rig) -> None:
    Teller.answer = staticmethod(lambda _: [])
    tell(rig, "1")
    notice.read_due(rig.hub)
    assert waiting(rig) == []
    assert rig.goldens("customer") == []


def test_reading_when_it_fails_then_later_and_given_up_at_last(rig: Rig) -> None:
    def fails(_: Sequence[str]) -> list[str]:
        raise RetryableError("teller: 503", retry_after_s=30)

    Teller.answer = staticmethod(fails)
    tell(rig, "1")
    for number in range(1, notice.MOST_FAILURES):
        notice.read_due(rig.hub)
        assert waiting(rig) == [("1", 1, number)]
        assert rig.hub.db.all("select due_at > now() + interval '25 s' from notice") == [(True,)]
        rig.hub.db.execute("update notice set due_at = now()")
    notice.read_due(rig.hub)
    assert waiting(rig) == []


def test_reading_when_the_connector_crashes_then_later(rig: Rig) -> None:
    def crashes(_: Sequence[str]) -> list[str]:
        raise ValueError("li.lei@example.com")

    Teller.answer = staticmethod(crashes)
    tell(rig, "1")
    notice.read_due(rig.hub)
    assert waiting(rig) == [("1", 1, 1)]


def test_reading_when_the_account_refuses_then_the_connection_is_paused(rig: Rig) -> None:
    def refuses(_: Sequence[str]) -> list[str]:
        raise ConnectionPausedError("teller: 401")

    Teller.answer = staticmethod(refuses)
    tell(rig, "1")
    notice.read_due(rig.hub)
    assert rig.hub.connections.by_name("teller").paused_at is not None
    assert notice.read_due(rig.hub) == 0
    assert len(Teller.asked) == 1


def test_reader_when_it_died_then_another_takes_over_after_the_lease(rig: Rig) -> None:
    tell(rig, "1")
    connection = rig.hub.connections.by_name("teller").id
    assert store.take(rig.hub.db, connection, "people") == [("1", 1)]
    assert store.take(rig.hub.db, connection, "people") == []
    rig.hub.db.execute("update notice set due_at = now()")
    assert store.take(rig.hub.db, connection, "people") == [("1", 1)]


def test_notice_when_it_names_no_record_then_quarantined(rig: Rig) -> None:
    tell(rig, None, 5)
    assert [cause for cause, _ in rig.quarantined()] == ["bad_notice", "bad_notice"]
    assert waiting(rig) == []


def test_notice_when_the_kind_does_not_flow_in_then_passed_over(rig: Rig) -> None:
    rig.hub.db.execute('update connection set flows = \'{"customer": "out"}\', generation = generation + 1')
    rig.hub.connections.reload()
    tell(rig, "1")
    assert waiting(rig) == []
    assert rig.quarantined() == []


def test_record_when_told_of_during_a_long_full_pass_then_read_meanwhile(rig: Rig) -> None:
    def slow_pages() -> Iterator[Page]:
        yield Page([], "1")
        tell(rig, "7")
        # A page that comes only after the notice was read: whoever reads one after the other never gets it.
        wait_for(lambda: waiting(rig) == [], 60)
        yield Page([], None, last=True)

    Teller.pages = staticmethod(slow_pages)
    connection = rig.hub.connections.by_name("teller").id
    with rig.hub.db.transaction() as conn:
        cursor.ensure(conn, connection, ["people"])
    rig.hub.db.execute("update cursor set next_poll_at = now()")
    assert poll_due(rig.hub) == 1
    rig.settle()
    assert Teller.asked == [["7"]]
    assert [data["full_name"] for data in rig.goldens("customer")] == ["N 7"]
    assert rig.hub.db.all("select coverage from run") == [("complete",)]
