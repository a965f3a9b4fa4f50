"""The demo's day: two systems that live, a hub between them, and the books compared at the end."""

from __future__ import annotations

import itertools
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from demo import scene
from demo.client import HubClient, run_command
from demo.connect import NAMES, check_ours, connect
from demo.count import count
from demo.report import Findings, tell, tell_items, tell_where
from demo.rules import FOLDER, POLICY, write_rules
from demo.stage import Stage
from demo.systems import open_folder, port_of
from hub.errors import ConfigError

TRIES = 5
# While somebody looks on, something happens about this often; later ever more seldom.
GO_ON_S, LONGEST_S, SLOWER = 12.0, 300.0, 1.01
SAID = {
    "duplicate": "sent twice, as vendors do: counts once",
    "late": "arrives after what followed it: put in its place",
    "forged": "not signed by the shop: refused",
    "broken": "signed, but nobody can read it: waits in quarantine for a fix",
}
Scene = tuple[str, str, Callable[[Stage], str]]
# After how many steps of the shop each scene is played: name, what happens, how.
SCENES: dict[int, Scene] = {
    14: ("address", "a customer moves, and tells the shop", scene.address),
    28: ("phone", "a customer calls: the new phone is entered in the CRM", scene.phone),
    38: ("respell", "another new phone comes from the shop, and the CRM respells what it is given", scene.respell),
    48: ("offline", "the CRM is cut off; there and in the shop somebody edits the same note", scene.offline),
    53: ("double", "somebody enters a contact in the CRM who may be there already, by the name alone", scene.double),
    58: ("merge", "a steward rules that two customers are one person", scene.merge),
    64: ("notes", "an import empties the notes of 21 customers in the shop", scene.notes),
    68: (
        "policy",
        "somebody changes the policy: of notes only what the shop says counts, even if that is nothing",
        scene.policy,
    ),
}


class _Ended(BaseException):
    """The hub ends, and the demo with it."""


def day(url: str, places: Sequence[str], *, data_dir: Path, speed: float, is_once: bool, password: str = "") -> int:
    """Plays the day against the hub at `url`, and goes on slowly until SIGTERM; returns 0 when all agreed, else 1.

    `places`: `host:port` of shop and CRM. `speed`: seconds of the day per second, 0 as fast as it
    goes. `is_once`: returns after the day. `password`: the administrator's first one, to be shown.
    Safe to repeat, also after a kill: a day is played once per data folder.

    Raises:
        HubError: it cannot be played; the text says why.
    """
    found: Findings | None = None
    with _ended_by_signal(), _opened(data_dir, places) as (stage, is_new):
        check_ours(HubClient(url), stage.systems.domain, is_new=is_new)
        say(f"shop  {stage.shop.url}  is a simulated Shopify shop: customers both ways, orders and payments in")
        say(f"crm   {stage.crm.url}  is a simulated Zoho CRM: contacts both ways")
        found = _whole_day(stage, url, speed)
        tell(found, say)
        tell_items(url, found.items, say)
        if not is_once:
            tell_where(url, password, say)
            _go_on(stage)
    return 0 if found is not None and found.is_agreed else 1


@contextmanager
def _opened(data_dir: Path, places: Sequence[str]) -> Iterator[tuple[Stage, bool]]:
    folder, systems, is_new = open_folder(data_dir, places)
    stage = Stage.of(folder, systems, (port_of(places[0]), port_of(places[1])), say)
    try:
        stage.start()
    except OSError as error:
        raise ConfigError(f"the demo's systems cannot listen on {' and '.join(places)}: {error.strerror}") from error
    try:
        yield stage, is_new
    finally:
        stage.stop()


def _whole_day(stage: Stage, url: str, speed: float) -> Findings:
    """Plays what is left of the day and waits until nothing is pending; counts and compares."""
    is_over = stage.is_day_over
    if not stage.steps:
        # Before anybody is connected: the catalogue, and the people of before.
        stage.play_next()
        stage.act("open")
    stage.join(url)
    if not (stage.folder / FOLDER / POLICY).exists():
        write_rules(stage.folder / FOLDER)
    # Rules that a scene was changing when it was interrupted are as it left them.
    scene.run_reload()
    if "scene meet" in stage.world.kept:
        for name in NAMES:
            connect(stage, name)
    _play_scene(stage, ("meet", "the hub meets both systems: it reads, compares and goes live by itself", scene.meet))
    _play_steps(stage, speed)
    for left in SCENES.values():
        _play_scene(stage, left)
    title = "The day was played already; the books now:" if is_over else "The day is over:"
    for _ in range(TRIES):
        stage.drain()
        # What has no webhook (locations), and whatever a webhook lost.
        for name in NAMES:
            run_command("pull", name, "--json", accept=(0, 1))
        stage.drain()
        found = count(stage, title)
        if found.is_agreed:
            break
    return found


def _play_steps(stage: Stage, speed: float) -> None:
    done: Counter[str] = Counter()
    before_s = stage.upcoming.at_s
    while not stage.is_day_over:
        if speed:
            time.sleep(max(0, stage.upcoming.at_s - before_s) / speed)
        before_s = stage.upcoming.at_s
        step = stage.play_next()
        if step.way in SAID:
            _line(stage, step.title, SAID[step.way])
        else:
            done[step.title] += 1
        if stage.steps in SCENES:
            _tell_done(stage, done)
            _play_scene(stage, SCENES[stage.steps])
    _tell_done(stage, done)


def _play_scene(stage: Stage, found: Scene) -> None:
    name, what, play = found
    with stage.scene(name) as is_due:
        if is_due:
            _line(stage, what)
            say(f"         -> {play(stage)}")


def _tell_done(stage: Stage, done: Counter[str]) -> None:
    if done:
        _line(stage, "the shop: " + ", ".join(f"{title} ({n})" for title, n in done.items()))
    done.clear()


def _line(stage: Stage, what: str, result: str = "") -> None:
    say(f"  {stage.world.now():%H:%M}  {what}{f': {result}' if result else ''}")


def _go_on(stage: Stage) -> NoReturn:
    """Lets both systems live on, slowly."""
    pause, gap_s = threading.Event(), GO_ON_S
    for _ in itertools.count():
        stage.forget_logs()
        pause.wait(gap_s)
        stage.play_next()
        gap_s = min(gap_s * SLOWER, LONGEST_S)
    raise AssertionError("never")


def say(text: str) -> None:
    """One line on standard output, at once."""
    print(text, flush=True)  # noqa: T201


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    def end(_number: int, _frame: Any) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise _Ended

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except _Ended:
        return
    finally:
        signal.signal(signal.SIGTERM, before)
