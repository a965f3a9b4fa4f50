"""Sealing anew what stands sealed beside the secrets themselves: tokens, half-finished setups, kept answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hub.errors import ConfigError
from hub.keyring import Keyring
from hub.store.database import Connection, Database

BATCH = 500


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column of sealed values that can be had anew: `place` gives what a value is bound to, from the row's `keys`."""

    table: str
    column: str
    keys: tuple[str, ...]
    place: Callable[..., bytes]


def reseal(db: Database, keyring: Keyring, sealed: Sealed) -> int:
    """Seals its values under the newest key; returns how many changed. Safe to repeat.

    A value whose key left the ring is dropped, since nobody can open it. One that is being replaced
    just now is passed over: its successor is sealed under the newest key.
    """
    changed = 0
    while True:
        count = db.run(lambda conn: _batch(conn, keyring, sealed))
        changed += count
        if count < BATCH:
            return changed


def _batch(conn: Connection, keyring: Keyring, sealed: Sealed) -> int:
    names = ", ".join(sealed.keys)
    # The first byte of a sealed value is the number of its key.
    rows = conn.execute(
        f"select {sealed.column}, {names} from {sealed.table} where {sealed.column} is not null"  # noqa: S608 -- constants of the code
        f" and get_byte({sealed.column}, 0) <> %s limit %s for update skip locked",
        (keyring.number, BATCH),
    ).fetchall()
    match = " and ".join(f"{name} = %s" for name in sealed.keys)
    for value, *key in rows:
        fresh = _fresh(keyring, value, sealed.place(*key))
        conn.execute(f"update {sealed.table} set {sealed.column} = %s where {match}", (fresh, *key))  # noqa: S608
    return len(rows)


def _fresh(keyring: Keyring, value: Any, place: bytes) -> bytes | None:
    try:
        return keyring.seal(keyring.open(value, place), place)
    except ConfigError:
        return None
