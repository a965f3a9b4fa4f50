"""The pool's connections: one whose server hung up is replaced, one that just answered is not asked again."""

import psycopg
import pytest

from hub.store import database
from hub.store.database import Database


@pytest.fixture
def pooled(db: Database) -> Database:
    """A pool with one connection that has just answered."""
    made = Database(db.url, size=1)
    assert made.one("select 1") == (1,)
    return made


def test_session_when_the_server_ended_it_a_moment_ago_then_another_one_answers(pooled: Database, db: Database) -> None:
    row = pooled.one("select pg_backend_pid()")
    assert row
    with db.session() as conn:
        # Waits until it has ended.
        assert conn.execute("select pg_terminate_backend(%s, 10000)", (row[0],)).fetchone() == (True,)
    again = pooled.one("select pg_backend_pid()")
    assert again
    assert again != row
    pooled.close()


def test_session_when_it_has_just_answered_then_it_is_not_asked_whether_it_stands(
    pooled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    execute = psycopg.Cursor.execute

    def counted(self, query, *rest, **more):  # type: ignore[no-untyped-def]
        asked.append(query)
        return execute(self, query, *rest, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", counted)
    pooled.one("select 2")
    assert asked == ["select 2"]
    monkeypatch.setattr(database, "_SURE_S", 0.0)
    pooled.one("select 3")
    assert asked == ["select 2", "", "select 3"]
    pooled.close()
