"""What must be there in the end, from what was accepted alone. Pure: it knows nothing of how the hub works."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from tests.chaos.load import Message

Goldens = dict[frozenset[str], dict[str, Any]]
"""Source keys -> golden record; its `at`: peer -> the ids it has there."""


@dataclass
class Expected:
    """One person or order: its records at the systems that told of it, and the values said last."""

    sources: set[str]
    values: dict[str, Any]
    at: int = 0


def expect(messages: Iterable[Message]) -> dict[str, Expected]:
    """`customer 4`, `order 4` -> what the last edit by its own time says, whatever the order of arrival."""
    found: dict[str, Expected] = {}
    for message in messages:
        kind, number = message.type.partition(".")[0], message.data["id"][1:]
        one = found.setdefault(f"{kind} {number}", Expected(set(), {}))
        one.sources.add(f"{message.connection}:{kind}s:{message.data['id']}")
        if message.at > one.at:
            one.at = message.at
            one.values = {name: message.data[name] for name in ("full_name", "note", "totals") if name in message.data}
    return found


def goldens_of(state: Mapping[str, dict[str, Any]], sources: Collection[str], peers: Iterable[str]) -> Goldens:
    """The golden records that the connections `sources` told of."""
    found: Goldens = {}
    for keys, golden in state.items():
        names = keys.split()
        own = frozenset(key for key in names if key.partition(":")[0] in sources)
        if own:
            at = {peer: [key.rpartition(":")[2] for key in names if key.startswith(f"{peer}:")] for peer in peers}
            found[own] = {**golden, "at": at}
    return found


def customer_of(order: dict[str, Any], goldens: Goldens, peer: str) -> dict[str, str]:
    """The customer of an order, named by the id that the peer gave to that customer."""
    if "customer" not in order["data"]:
        return {}
    key = "{connection}:{object_type}:{external_id}".format(**order["data"]["customer"])
    (customer,) = [golden for sources, golden in goldens.items() if key in sources]
    return {"customer": customer["at"][peer][0]}


def plain(value: Any) -> Any:
    """A value to compare by: identities and tags in one order."""
    return (
        sorted(orjson.dumps(each, option=orjson.OPT_SORT_KEYS) for each in value) if isinstance(value, list) else value
    )
