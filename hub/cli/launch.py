"""The launcher of a whole hub: servers, then the schema, then web and workers, all ended by one Ctrl-C."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from hub.cli.output import say
from hub.cli.prepare import FIRST_PASSWORD
from hub.config import GIVEN, Settings, given, to_env
from hub.embedded.process import leashed, tail
from hub.embedded.servers import Servers
from hub.embedded.supervise import Child, end_all
from hub.errors import ConfigError, HubError

COMMAND = [sys.executable, "-m", "hub.cli.main"]
READY_S = 60.0
STEP_S = 0.2
# Web and workers; a demo comes after them.
HUB_CHILDREN = 2
INTERRUPTED = 130


class _Ended(BaseException):
    """Somebody asked the hub to end."""


@dataclass(slots=True)
class _Wish:
    """What somebody asked for by a signal. SIGUSR1: web and workers start again and read the rules anew."""

    is_restart: bool = False


@dataclass(frozen=True, slots=True)
class Play:
    """The demo that runs beside the hub: its arguments (of the hidden command `day`), and whether the hub ends with it.

    `rules`: gives the folder of its mappings and policies, where no other is set; called with the locked data folder.
    """

    arguments: Sequence[str]
    is_once: bool = False
    rules: Callable[[Path], Path] | None = None


def launch(settings: Settings, *, app: str | None = None, play: Play | None = None) -> int:
    """Runs until Ctrl-C or SIGTERM (or the end of the play), then ends every process it started.

    Returns the exit status: 0, or that of a play that ends the hub.

    Raises:
        ConfigError: it cannot start; the text says why.
    """
    if settings.database_url and not settings.redis_url:
        raise ConfigError("DATABASE_URL is set but REDIS_URL is not: set both, or neither")
    children: list[Child] = []
    wish = _Wish()
    with _ended_by_signal(wish):
        try:
            with Servers(settings, purpose="run") as servers:
                try:
                    return _run(servers, children, wish, app, play)
                finally:
                    _ignore_signals()
                    # The demo's systems last: what is on its way to them still arrives.
                    end_all(children[:HUB_CHILDREN])
                    end_all(children[HUB_CHILDREN:])
        except _Ended:
            return INTERRUPTED if play is not None and play.is_once else 0


def _run(servers: Servers, children: list[Child], wish: _Wish, app: str | None, play: Play | None) -> int:
    settings = servers.settings
    settings = replace(settings, port=settings.port or _free_port(settings.host))
    url = f"http://{_shown_host(settings.host)}:{settings.port}"
    if play is not None:
        settings = _for_play(settings, play, url)
    env = {**os.environ, **to_env(settings), GIVEN: given(os.environ), "PYTHONUNBUFFERED": "1"}
    # Our own database, under the lock of its folder: nobody else is there.
    password = _prepare(env, is_alone=servers.postgres is not None)
    logs = settings.data_dir / "log"
    web = Child("web", [*COMMAND, "web", *(["--app", app] if app else [])], env, logs / "web.log")
    crew = [*COMMAND, "worker", "all", "--processes", str(settings.workers), "--with-scheduler"]
    children += [web, Child("workers", crew, env, logs / "workers.log")]
    for child in children:
        child.start()
    _wait_ready(settings, web)
    hosts = ",".join(settings.allowed_private_hosts)
    rules = str(settings.mappings_dir.absolute()) if settings.mappings_dir else ""
    servers.publish(
        url=url,
        environment=settings.environment,
        allowed_private_hosts=hosts,
        mappings_dir=rules,
        public_url=settings.public_url,
    )
    say(f"console {url}/")
    if password:
        say(f"first password of admin: {password}")
    click.echo(f"ready {url}")
    sys.stdout.flush()
    if play is None:
        return _watch(servers, children, wish)
    children.append(_demo(url, play, {**env, FIRST_PASSWORD: password or ""}))
    children[-1].start()
    return _watch(servers, children, wish, last=children[-1] if play.is_once else None)


def _for_play(settings: Settings, play: Play, url: str) -> Settings:
    """What a demo needs that nobody has set: where its systems send notifications, and its rules."""
    if not settings.public_url:
        settings = replace(settings, public_url=url)
    if settings.mappings_dir is None and play.rules is not None:
        settings = replace(settings, mappings_dir=play.rules(settings.data_dir))
    return settings


def _demo(url: str, play: Play, env: dict[str, str]) -> Child:
    once = ["--once"] if play.is_once else []
    return Child("demo", [*COMMAND, "day", url, *play.arguments, *once], env, None, restarts=False)


def _prepare(env: dict[str, str], *, is_alone: bool) -> str | None:
    """Migrates and makes the first administrator; returns its password at the first start."""
    command = leashed([*COMMAND, "prepare", *(["--alone"] if is_alone else [])])
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise ConfigError(f"the hub cannot start: {done.stderr.strip().removeprefix('error: ')}")
    found: str | None = json.loads(done.stdout)["admin_password"]
    return found


def _wait_ready(settings: Settings, web: Child) -> None:
    deadline = time.monotonic() + READY_S
    answer = ""
    while time.monotonic() < deadline and web.status() is None:
        status, answer = _ask(settings)
        if status == http.HTTPStatus.OK:
            return
        time.sleep(STEP_S / 4)
    shown = tail(web.log) if web.log else ""
    raise ConfigError(
        f"the web server does not get ready: {answer[:500] or 'no answer'}; the end of {web.log}:\n{shown}"
    )


def _ask(settings: Settings) -> tuple[int, str]:
    connection = http.client.HTTPConnection(_shown_host(settings.host).strip("[]"), settings.port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        return response.status, response.read(2000).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()


def _watch(servers: Servers, children: Sequence[Child], wish: _Wish, *, last: Child | None = None) -> int:
    """Keeps everything running until a signal; or until `last` ends, whose exit status it returns."""
    while True:
        time.sleep(STEP_S)
        if wish.is_restart:
            wish.is_restart = False
            end_all(children[:HUB_CHILDREN])
            for child in children[:HUB_CHILDREN]:
                child.start()
        if last is not None and (status := last.status()) is not None:
            return status
        for child in children:
            if note := child.check():
                say(note)
        try:
            for name in servers.restart_dead():
                say(f"{name} had ended and was started again")
        except HubError as error:
            say(str(error))
            time.sleep(STEP_S * 5)


@contextmanager
def _ended_by_signal(wish: _Wish) -> Iterator[None]:
    def restart(_number: int, _frame: FrameType | None) -> None:
        wish.is_restart = True

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        # Once: a second Ctrl-C must not interrupt the orderly end.
        _ignore_signals()
        raise _Ended

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGUSR1] = signal.signal(signal.SIGUSR1, restart)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _free_port(host: str) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as trial:
            trial.bind((host, 0))
            return int(trial.getsockname()[1])
    except OSError as error:
        raise ConfigError(f"cannot listen on HUB_HOST {host}: {error.strerror}") from error


def _shown_host(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104
        return "127.0.0.1" if host == "0.0.0.0" else "[::1]"  # noqa: S104
    return f"[{host}]" if ":" in host else host
