"""Many threads into the inbox: each gets its own answer, nothing is lost or stored twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hub.errors import RetryableError
from hub.keyring import Keyring
from hub.store import intake as module
from hub.store.database import Database
from hub.store.inbox import AcceptResult, NewEvent
from hub.store.intake import Intake


@pytest.fixture
def intake(database_url: str) -> Iterator[Intake]:
    made = Intake(database_url, Keyring.generate())
    yield made
    made.close()


def together(count: int, work: Callable[[int], None]) -> None:
    start = threading.Barrier(count)

    def run(number: int) -> None:
        start.wait(10)
        work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


@pytest.mark.parametrize("quick_s", [1000.0, 0.0])
def test_accept_when_many_threads_then_each_has_its_own_answer(
    intake: Intake, db: Database, monkeypatch: pytest.MonkeyPatch, quick_s: float
) -> None:
    monkeypatch.setattr(module, "QUICK_S", quick_s)
    results: dict[tuple[int, int], AcceptResult] = {}

    def work(number: int) -> None:
        for turn in range(30):
            rows = [
                NewEvent(1, "t", b"", dedupe=f"own {number} {turn}"),
                NewEvent(1, "t", b"", dedupe=f"common {turn}"),
            ]
            results[number, turn] = intake.accept(rows)

    together(8, work)
    assert db.one("select count(*) from event") == (8 * 30 + 30,)
    assert all(len(result.stored_as) == 2 for result in results.values())
    for turn in range(30):
        mine = [results[number, turn] for number in range(8)]
        assert sum(len(result.ids) for result in mine) == 9
        assert sum(result.duplicates for result in mine) == 7
        assert len({result.stored_as[1] for result in mine}) == 1
        assert len({result.stored_as[0] for result in mine}) == 8


def test_accept_when_one_caller_has_a_bad_row_then_only_that_one_fails(intake: Intake, db: Database) -> None:
    failed: list[int] = []

    def work(number: int) -> None:
        for turn in range(20):
            origin: Any = "pigeon" if number == 0 else "file"
            try:
                intake.accept([NewEvent(1, "t", b"", dedupe=f"{number} {turn}", origin=origin)])
            except Exception:
                failed.append(number)

    together(6, work)
    assert failed == [0] * 20
    assert db.one("select count(*) from event") == (100,)


def test_accept_when_connections_are_cut_then_all_is_stored(intake: Intake, db: Database) -> None:
    def work(number: int) -> None:
        for turn in range(40):
            if number == 0 and turn % 10 == 0:
                db.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where application_name = 'retail-hub-intake' and datname = current_database()"
                )
            try:
                intake.accept([NewEvent(1, "t", b"", dedupe=f"{number} {turn}")])
            except RetryableError:
                # What its sender does.
                intake.accept([NewEvent(1, "t", b"", dedupe=f"{number} {turn}")])

    together(4, work)
    assert db.one("select count(*), count(distinct key_hash) from event") == (160, 160)


def test_accept_when_database_is_away_then_every_caller_is_told(database_url: str) -> None:
    intake = Intake("postgresql://127.0.0.1:1/none", Keyring.generate())
    told: list[int] = []

    def work(number: int) -> None:
        with pytest.raises(RetryableError, match="the database is away"):
            intake.accept([NewEvent(1, "t", b"")])
        told.append(number)

    together(5, work)
    assert sorted(told) == [0, 1, 2, 3, 4]
