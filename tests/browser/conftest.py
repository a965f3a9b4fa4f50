"""The console as a real server on loopback, over a real database, in front of a real Chromium."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, BrowserType, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from hub import bootstrap, console, registry
from hub.config import load_settings
from hub.embedded.postgres import Postgres
from hub.embedded.valkey import Valkey
from hub.keyring import Keyring
from tests.browser.connecting import make_connections
from tests.browser.drifting import make_drift
from tests.browser.errands import make_errands
from tests.browser.matching import make_matches
from tests.browser.rules import make_rules
from tests.browser.world import World, make_shop, make_users

# A third party's plugin, and one that lacks something.
PLUGINS = (
    EntryPoint("labels", "tests.plugins.labels.plugin", registry.GROUP),
    EntryPoint("unfinished", "tests.plugins.unfinished", registry.GROUP),
)
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def _world(
    postgres: Postgres,
    valkey: Valkey,
    folder: Path,
    name: str,
    points: Sequence[EntryPoint] = (),
    modules: Sequence[object] = (),
) -> Iterator[World]:
    with psycopg.connect(postgres.url_of("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template template strategy file_copy")
    settings = load_settings({
        "DATABASE_URL": postgres.url_of(name), "REDIS_URL": valkey.url, "HUB_SECRET_KEY": Keyring.generate().export(),
        "HUB_DATA_DIR": str(folder), "HUB_ENVIRONMENT": "test", "HUB_PUBLIC_URL": "https://hub.example",
        "HUB_ALLOWED_PRIVATE_HOSTS": "127.0.0.1",
    })  # fmt: skip
    known = registry.load([*entry_points(group=registry.GROUP), *points], modules)
    hub = bootstrap.start(settings, registry=known)
    try:
        yield World(hub)
    finally:
        hub.close()
        with psycopg.connect(postgres.url_of("postgres"), autocommit=True) as connection:
            connection.execute(f"drop database {name} with (force)")


class _Quiet(WSGIRequestHandler):
    """Keeps its access log to itself."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing."""


@contextmanager
def _served(world: World) -> Iterator[str]:
    app = Flask("tests", static_folder=None)
    console.register(app, world.hub)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


@pytest.fixture(scope="session")
def full(postgres: Postgres, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A hub in which everything happened."""
    folder = tmp_path_factory.mktemp("full")
    with _world(postgres, valkey, folder, "console_full", PLUGINS) as world:
        make_users(world)
        make_shop(world)
        make_connections(world)
        make_rules(world)
        make_errands(world)
        make_matches(world)
        make_drift(world)
        yield world


@pytest.fixture(scope="session")
def empty(postgres: Postgres, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A hub on its first day: users, and nothing else."""
    with _world(postgres, valkey, tmp_path_factory.mktemp("empty"), "console_empty") as world:
        make_users(world)
        yield world


@pytest.fixture
def own(postgres: Postgres, valkey: Valkey, tmp_path: Path) -> Iterator[tuple[World, str]]:
    """A hub of one test's own, with users, and where it is served."""
    with _world(postgres, valkey, tmp_path, "console_own") as world:
        make_users(world)
        with _served(world) as url:
            yield world, url


@pytest.fixture(scope="session")
def full_url(full: World) -> Iterator[str]:
    """Where the full hub is served."""
    with _served(full) as url:
        yield url


@pytest.fixture(scope="session")
def empty_url(empty: World) -> Iterator[str]:
    """Where the empty hub is served."""
    with _served(empty) as url:
        yield url


def launch(chromium: BrowserType, *, keeps_pages: bool = False) -> Browser:
    """A Chromium: the machine's, or the one that Playwright brought. `keeps_pages` whole for the way back, as at home."""
    path = os.environ.get("HUB_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    without = ["--disable-back-forward-cache"] if keeps_pages else None
    return chromium.launch(executable_path=path, args=list(QUIET), ignore_default_args=without)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole run."""
    with sync_playwright() as playwright:
        found = launch(playwright.chromium)
        yield found
        found.close()


@pytest.fixture(scope="session")
def visit(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Contexts that are signed in: `visit(world, url, role, language=…, javascript=…)`; reused within the run."""
    made: dict[tuple[Any, ...], BrowserContext] = {}

    def context(world: World, url: str, role: str, *, language: str = "zh", javascript: bool = True) -> BrowserContext:
        key = (url, role, language, javascript)
        if key not in made:
            made[key] = browser.new_context(
                java_script_enabled=javascript, locale={"zh": "zh-CN", "en": "en-GB"}[language]
            )
            name = role if language == "zh" else f"{role}-en"
            if role:
                cookie = {"name": "hub_session", "value": world.cookies[name], "url": f"{url}/console/"}
                made[key].add_cookies([cookie])
        return made[key]

    yield context
    for one in made.values():
        one.close()
