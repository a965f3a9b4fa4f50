"""Counting what a page asks of the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest


@contextmanager
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is asked of the database for a page, statement by statement."""
    asked: list[str] = []
    execute = psycopg.Cursor.execute

    def counted(self: psycopg.Cursor, query: object, *rest: object, **more: object) -> psycopg.Cursor:
        # Not of the page: the pool's look whether a connection still stands, and that for changed connections,
        # once in a while for all pages.
        if query and "sum(generation)" not in str(query):
            asked.append(" ".join(str(query).split())[:90])
        return execute(self, query, *rest, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", counted)
        yield asked
