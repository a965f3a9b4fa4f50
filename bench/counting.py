"""How many statements each page of the console asks of the database, counted in a hub of this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from flask import Flask
from flask.testing import FlaskClient

from bench.pages import Address
from hub import bootstrap, console
from hub.config import Settings
from hub.console.visit import SESSION_COOKIE

# Not of the page: the pool's look whether a connection still stands, and that for changed connections, once a second.
_NOT_OF_THE_PAGE = "sum(generation)"


def statements(settings: Settings, cookie: str, found: list[Address]) -> dict[str, int]:
    """Statements of each address at its second load; files and searches are left out."""
    hub = bootstrap.start(settings)
    try:
        app = Flask("bench", static_folder=None)
        console.register(app, hub)
        client = app.test_client()
        client.set_cookie(SESSION_COOKIE, cookie, path="/console")
        plain = [address for address in found if not address.is_file and not address.typed]
        return {address.name: _count(client, address.path) for address in plain}
    finally:
        hub.close()


def _count(client: FlaskClient, path: str) -> int:
    client.get(path)
    with _counted() as seen:
        client.get(path)
    return len(seen)


@contextmanager
def _counted() -> Iterator[list[str]]:
    seen: list[str] = []
    execute = psycopg.Cursor.execute

    def counted(self: psycopg.Cursor[Any], query: Any, *rest: Any, **more: Any) -> psycopg.Cursor[Any]:
        if query and _NOT_OF_THE_PAGE not in str(query):
            seen.append(str(query))
        return execute(self, query, *rest, **more)

    psycopg.Cursor.execute = counted  # type: ignore[method-assign, assignment]
    try:
        yield seen
    finally:
        psycopg.Cursor.execute = execute  # type: ignore[method-assign]
