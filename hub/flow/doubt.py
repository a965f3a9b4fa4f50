"""Several tries under one key: the peer carried out one of them, and its answer does not say which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.rules.register import element_key, loose_equal
from hub.store import attempt
from hub.store.attempt import Attempt
from hub.store.database import Connection


def common(asserted: Mapping[str, Any], tries: Iterable[Attempt]) -> dict[str, Any]:
    """The values that all of them were to write: what the peer surely holds, whichever it carried out."""
    tries = list(tries)
    return {
        name: value
        for name, value in asserted.items()
        if all(name in each.asserted and each.asserted[name] == value for each in tries)
    }


def same_create(conn: Connection, one: Attempt) -> list[Attempt]:
    """All tries of this create since the last that surely took effect, newest first; any other write is its only one."""
    if one.action != "create":
        return [one]
    tries = attempt.last_failed(conn, [one.target_id]).get(one.target_id, [])
    return [each for each in tries if each.idempotency_key == one.idempotency_key] or [one]


def applied(
    tries: Sequence[Attempt], said: Mapping[str, Any] | None, identities: Mapping[str, tuple[str, ...]]
) -> dict[str, Any]:
    """The values of any of these tries that the peer holds, perhaps respelt."""
    if said is None:
        return {}
    return {
        name: value
        for each in reversed(tries)
        for name, value in each.asserted.items()
        if name in said and _same(value, said[name], identities.get(name))
    }


def _same(value: Any, said: Any, identity: tuple[str, ...] | None) -> bool:
    if identity is None:
        return loose_equal(value, said)
    ours = {element_key(each, identity): each for each in value or ()}
    theirs = {element_key(each, identity): each for each in said or ()}
    return ours.keys() == theirs.keys() and all(loose_equal(ours[key], theirs[key]) for key in ours)
