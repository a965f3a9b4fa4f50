"""What somebody wishes a connection to be, and what is wrong with such a wish."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from hub.flow.context import Hub
from hub.sdk.connector import Connector, Manifest, Reads, ReceivesWebhooks, Writes

DIRECTIONS = ("in", "out", "both")
# Settings of every connection, in seconds: how often a stream is read, and how often it is read whole.
COMMON = {"poll_s": (5, 86_400), "full_pass_s": (600, 90 * 86_400)}
# A setting of every connection: the same name at several of one connector means one remote account,
# whose rate budget they share.
ACCOUNT = "rate_account"
_NAME = re.compile(r"[^\s/:?#]{1,60}")
_RESERVED = frozenset({"new"})


@dataclass(frozen=True, slots=True)
class Wish:
    """How a connection should be. What is None stays as it is (or takes its default when new).

    `config` and `flows` are whole when `is_whole`, else laid over what there is. `secrets`: name ->
    all active values, newest first; names left out keep theirs. A new one begins to be read at once,
    unless `is_begun` is False: then it stays `off` until `begin`.
    """

    name: str
    connector: str | None = None
    realm: str | None = None
    config: Mapping[str, Any] | None = None
    secrets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    flows: Mapping[str, str] | None = None
    rank: int | None = None
    mode: Literal["live", "shadow"] | None = None
    is_whole: bool = False
    is_begun: bool = True


def offered(hub: Hub, kind: type[Connector]) -> dict[str, tuple[str, ...]]:
    """Kind -> the directions that a connector can carry it in (`in`, `out`, `both`), in the manifest's order."""
    found = {}
    for name, able in _able(kind).items():
        if name in hub.registry.kinds and able:
            found[name] = tuple(d for d in DIRECTIONS if ({"in", "out"} if d == "both" else {d}) <= able)
    return found


def name_problems(name: str, *, is_new: bool) -> list[str]:
    """What is wrong with a name, if anything."""
    if is_new and name in _RESERVED:
        return [f"the name {name!r} stands for something else in addresses: choose another one"]
    return [] if _NAME.fullmatch(name) else ["a name has 1 to 60 characters, no spaces and none of / : ? #"]


def config_problems(manifest: Manifest, config: Mapping[str, Any]) -> list[str]:
    """What is wrong with plain settings, one sentence each."""
    plain = {declared.name: declared for declared in manifest.config if not declared.secret}
    problems = [
        f"unknown setting {name!r}; {manifest.name} knows: {', '.join(plain) or 'none'}"
        for name in config
        if name not in plain and name not in COMMON and name != ACCOUNT
    ]
    for name, (least, most) in COMMON.items():
        seconds = config.get(name, least)
        if name not in plain and not (str(seconds).isdecimal() and least <= int(seconds) <= most):
            problems.append(f"setting {name!r} must be a whole number of seconds from {least} to {most}")
    if not _NAME.fullmatch(str(config.get(ACCOUNT, "-"))):
        problems.append(f"setting {ACCOUNT!r} is a name of 1 to 60 characters, no spaces and none of / : ? #")
    for name, declared in plain.items():
        value = config.get(name)
        if value is None:
            if declared.required:
                problems.append(f"setting {name!r} is missing, for example {declared.example or '…'}")
        elif declared.choices and value not in declared.choices:
            problems.append(f"setting {name!r} must be one of {', '.join(declared.choices)}")
        elif declared.pattern and not re.fullmatch(declared.pattern, str(value)):
            problems.append(f"setting {name!r} must look like {declared.example or declared.pattern}")
    return problems


def secret_problems(manifest: Manifest, given: Mapping[str, Sequence[str]], present: set[str]) -> list[str]:
    """Secrets that are unknown or missing; `present` are those there is a value for."""
    secrets = {declared.name: declared for declared in manifest.config if declared.secret}
    problems = [
        f"unknown secret {name!r}; {manifest.name} knows: {', '.join(secrets) or 'none'}"
        for name in given
        if name not in secrets
    ]
    problems += [
        f"secret {name!r} is missing" for name, declared in secrets.items() if declared.required and name not in present
    ]
    return problems


def flow_problems(hub: Hub, kind: type[Connector], flows: Mapping[str, str]) -> list[str]:
    """Flows that the connector, or the hub, cannot carry."""
    able = _able(kind)
    problems = []
    for name, direction in flows.items():
        if name not in hub.registry.kinds:
            problems.append(f"unknown kind {name!r}; there are: {', '.join(sorted(hub.registry.kinds))}")
        elif direction not in DIRECTIONS:
            problems.append(f"flow {name}:{direction}: a direction is one of {', '.join(DIRECTIONS)}")
        elif name not in able:
            problems.append(f"{kind.manifest.name} has no stream of kind {name!r}; it has: {', '.join(sorted(able))}")
        else:
            needs = {"in", "out"} if direction == "both" else {direction}
            if needs - able[name]:
                problems.append(
                    f"flow {name}:{direction}: {kind.manifest.name} offers {name} only {' and '.join(sorted(able[name])) or 'not at all'}"
                )
    return problems


def _able(kind: type[Connector]) -> dict[str, set[str]]:
    """Kind -> directions that its streams declare and the connector has the capability for."""
    may_read, may_write = issubclass(kind, Reads | ReceivesWebhooks), issubclass(kind, Writes)
    capable = {d for d, may in (("in", may_read), ("out", may_write)) if may}
    able: dict[str, set[str]] = {}
    for stream in kind.manifest.streams:
        for name in stream.kinds:
            able.setdefault(name, set()).update(capable.intersection(stream.directions))
    return able
