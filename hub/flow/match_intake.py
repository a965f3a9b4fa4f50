"""Records to judge by: a file of envelopes, and connections for the systems that it names."""

from __future__ import annotations

import base64
import secrets
from collections import Counter
from collections.abc import Iterable

from hub.errors import ConfigError
from hub.flow import configure
from hub.flow.context import Hub
from hub.flow.line import LineError, parse_line
from hub.flow.wish import Wish

CONNECTOR = "webhook"
SHOWN = 10


def systems(lines: Iterable[bytes | None]) -> Counter[str]:
    """The connections that envelopes name, and how many lines name each."""
    found: Counter[str] = Counter()
    for raw in lines:
        try:
            name = parse_line(raw).connection if raw else None
        except LineError:
            continue
        if name:
            found[name] += 1
    return found


def require(hub: Hub, names: Iterable[str], kind: str) -> None:
    """`ConfigError` for systems that are not connected, with what connects them."""
    missing = _missing(hub, names)
    if missing:
        shown = ", ".join(missing[:SHOWN]) + (f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else "")
        raise ConfigError(
            f"the records are of systems that are not connected: {shown}; connect each, as in `retail-hub connect {missing[0]} "
            f"--connector {CONNECTOR} --secret secret=whsec_... --flow {kind}:in`, or all of them with --connect"
        )


def connect(hub: Hub, names: Iterable[str], kind: str, actor: str) -> list[str]:
    """Connects systems that are not connected by the generic connector, to be read from only; returns their names."""
    missing = _missing(hub, names)
    for name in missing:
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        configure.connect(hub, Wish(name, CONNECTOR, secrets={"secret": [secret]}, flows={kind: "in"}), actor)
    return missing


def _missing(hub: Hub, names: Iterable[str]) -> list[str]:
    known = {row.name for row in hub.connections.all()}
    return sorted(set(names) - known)
