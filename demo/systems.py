"""What identifies the simulated systems of one data folder, made once: so that a second start meets the same shop."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from connectors.shopify.simulator import CLOSING_S
from hub.errors import ConfigError

FOLDER = "demo"
HOST = "127.0.0.1"
NAMES = ("shop", "crm")
OPENING_HOUR = 9
_ZONE = dt.timezone(dt.timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Systems:
    """Secrets and time of birth. `opening`: when the shop's day begins, ISO 8601: the last one that is over by now. `born`: the time of making."""

    domain: str
    shop_secret: str
    access_token: str
    crm_secret: str
    refresh_token: str
    notification_secret: str
    opening: str
    born: str
    seed: int = 7


def addresses(data_dir: Path) -> list[str]:
    """`127.0.0.1:port` of the shop and the CRM: where they were the last time, else free ports. Writes nothing."""
    try:
        ports = dict(zip(NAMES, json.loads((data_dir / FOLDER / "ports.json").read_text()), strict=True))
    except (OSError, ValueError, TypeError):
        ports = dict.fromkeys(NAMES, 0)
    held = [_hold(ports[name]) for name in NAMES]
    try:
        return [f"{HOST}:{one.getsockname()[1]}" for one in held]
    finally:
        # Held until all are chosen, so that no port is given twice.
        for one in held:
            one.close()


def open_folder(data_dir: Path, places: Sequence[str]) -> tuple[Path, Systems, bool]:
    """The demo's folder, its systems, and whether they are new; remembers their ports.

    Raises:
        ConfigError: the folder cannot be written, or holds something else.
    """
    folder = data_dir / FOLDER
    path = folder / "systems.json"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        _write(folder / "ports.json", json.dumps([port_of(place) for place in places]))
        if path.exists():
            return folder, Systems(**json.loads(path.read_text())), False
        made = _make()
        _write(path, json.dumps(asdict(made), indent=1))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"the demo cannot use {folder} ({error}): remove it together with the hub's data") from error
    return folder, made, True


def port_of(place: str) -> int:
    """The port of `host:port`."""
    return int(place.rpartition(":")[2])


def _make() -> Systems:
    now = dt.datetime.now(_ZONE)
    return Systems(
        domain=f"demo-{secrets.token_hex(4)}.myshopify.com",
        shop_secret=secrets.token_hex(16),
        access_token=f"shpat_{secrets.token_hex(16)}",
        crm_secret=secrets.token_hex(20),
        refresh_token=f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}",
        notification_secret=secrets.token_hex(20),
        opening=_last_opening(now).isoformat(),
        born=now.isoformat(),
    )


def _last_opening(now: dt.datetime) -> dt.datetime:
    """The last morning whose day is over."""
    today = now.replace(hour=OPENING_HOUR, minute=0, second=0, microsecond=0)
    is_over = today + dt.timedelta(seconds=CLOSING_S + 60) < now
    return today if is_over else today - dt.timedelta(days=1)


def _hold(port: int) -> socket.socket:
    for wanted in (port, 0):
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            held.bind((HOST, wanted))
        except OSError:
            held.close()
            continue
        return held
    raise ConfigError(f"there is no free port on {HOST} for the demo's systems")


def _write(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)
