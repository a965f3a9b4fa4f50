"""The look-up keys of records: what a search, and whoever looks for the same thing, finds them by."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any

from hub.flow.context import Hub
from hub.keyring import framed
from hub.model.key import keys_of
from hub.model.kind import MatchKey
from hub.rules import register
from hub.rules.identity.features import features_of
from hub.store.match_key import KeyRow

_place_of = attrgetter("namespace", "scope", "value")


def is_linking(keys: Iterable[MatchKey]) -> bool:
    """Whether any of these look-up keys may link records."""
    return any(key.strength >= 1 for key in keys)


def compared(hub: Hub, kind: str, packed: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the scored tier compares of a packed fold; None where the kind has no model."""
    return features_of(register.evidence(packed)) if kind in hub.rules.matching else None


def candidate_keys(hub: Hub, kind: str, features: Mapping[str, Any] | None) -> list[MatchKey]:
    """The keys by which the scored tier finds whom to compare a record with."""
    model = hub.rules.matching.get(kind)
    return model.keys_of(features) if model is not None and features else []


def keys_in(hub: Hub, kind: str, packed: Mapping[str, Any]) -> list[MatchKey]:
    """The look-up keys of a packed fold, in one order. A deleted record keeps its keys: its evidence stays."""
    return sorted(keys_of(hub.registry.kinds[kind], register.evidence(packed)), key=_place_of)


def key_rows(hub: Hub, kind: str, realm: str, rid: uuid.UUID, keys: Iterable[MatchKey]) -> list[KeyRow]:
    """A record's look-up keys as they are stored, each once: of equal ones the strongest."""
    strongest: dict[tuple[str, str, str], MatchKey] = {}
    for key in keys:
        place = (key.namespace, key.scope, key.value)
        if place not in strongest or strongest[place].strength < key.strength:
            strongest[place] = key
    blind, secret = hub.keyring.blind_last, hub.blind_key
    return [
        KeyRow(blind(secret, _place(realm, kind, namespace, scope), value), rid, namespace, key.strength, key.guarded)
        for (namespace, scope, value), key in strongest.items()
    ]


def digest_of(hub: Hub, realm: str, kind: str, key: MatchKey) -> bytes:
    """Under what a key is stored."""
    return hub.keyring.blind_last(hub.blind_key, _place(realm, kind, key.namespace, key.scope), key.value)


@lru_cache(maxsize=4096)
def _place(realm: str, kind: str, namespace: str, scope: str) -> bytes:
    return framed(realm, kind, namespace, scope)
