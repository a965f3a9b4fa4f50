"""The demo's play: the shop lives through its day, the books are compared, and life goes on."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from demo.client import HubClient, run_command
from demo.connect import connect
from demo.count import count
from demo.crm import DemoCrm
from demo.report import Findings, tell, tell_where
from demo.shop import DemoShop
from demo.systems import Systems, open_folder, port_of
from hub.errors import ConfigError

DRAIN_S = 60
TRIES = 5
# While somebody looks on, something happens about this often.
GO_ON_S = 12.0
SAID = {
    "duplicate": "is sent twice, as vendors do",
    "late": "comes after what followed it",
    "forged": "has to be refused",
    "broken": "has to wait in quarantine",
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
    with _ended_by_signal(), _opened(data_dir, places) as (shop, crm, systems, is_new):
        hub = HubClient(url)
        say(f"shop  {shop.url}  is a simulated Shopify shop")
        say(f"crm   {crm.url}  is a simulated CRM that takes signed deliveries")
        connect(hub, shop, crm, systems, is_new=is_new)
        shop.sender.url = f"{url}/webhooks/shop"
        found = _whole_day(hub, shop, crm, speed)
        tell(found, say)
        if not is_once:
            tell_where(url, password, say)
            _go_on(shop)
    return 0 if found is not None and found.is_agreed else 1


@contextmanager
def _opened(data_dir: Path, places: Sequence[str]) -> Iterator[tuple[DemoShop, DemoCrm, Systems, bool]]:
    folder, systems, is_new = open_folder(data_dir, places)
    shop = DemoShop(port_of(places[0]), systems, folder)
    crm = DemoCrm(port_of(places[1]), systems, folder)
    try:
        shop.start()
        crm.start()
    except OSError as error:
        raise ConfigError(f"the demo's systems cannot listen on {' and '.join(places)}: {error.strerror}") from error
    try:
        yield shop, crm, systems, is_new
    finally:
        shop.stop()
        crm.stop()


def _whole_day(hub: HubClient, shop: DemoShop, crm: DemoCrm, speed: float) -> Findings:
    """Plays what is left of the day and waits until nothing is pending; counts and compares."""
    title = "The shop's day was played already; the books now:" if shop.is_day_over else "The shop's day is over:"
    before_s = shop.upcoming.at_s
    if not shop.is_day_over:
        say("the shop opens: customers, orders, payments, parcels and refunds of one day")
    while not shop.is_day_over:
        if speed:
            time.sleep((shop.upcoming.at_s - before_s) / speed)
        before_s = shop.upcoming.at_s
        step = shop.play_next()
        if step.way in SAID:
            say(f"  {step.title}: it {SAID[step.way]}")
    for _ in range(TRIES):
        _drain()
        # What has no webhook (locations), and whatever a webhook lost.
        run_command("pull", "shop", "--json", accept=(0, 1))
        _drain()
        found = count(hub, shop, crm, title)
        if found.is_agreed:
            break
    return found


def _drain() -> None:
    run_command("drain", "--timeout", str(DRAIN_S), "--json", accept=(0, 1))


def _go_on(shop: DemoShop) -> NoReturn:
    """Lets the shop live on, slowly."""
    pause = threading.Event()
    while True:
        shop.forget_log()
        pause.wait(GO_ON_S)
        shop.play_next()


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
