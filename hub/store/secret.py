"""Secrets of connections: sealed, several active values of one name while a system rotates them."""

from __future__ import annotations

from collections.abc import Sequence

from hub.keyring import Keyring
from hub.store.database import Connection, Database


def active(conn: Connection, keyring: Keyring, connection_id: int) -> dict[str, tuple[str, ...]]:
    """Name -> active values, newest first. `ConfigError` when their key is not on the ring."""
    rows = conn.execute(
        "select name, value from secret where connection_id = %s and active order by name, id desc", (connection_id,)
    )
    found: dict[str, tuple[str, ...]] = {}
    for name, value in rows:
        found[name] = (*found.get(name, ()), keyring.open(value, _place(connection_id, name)).decode())
    return found


def numbers(conn: Connection, connection_id: int) -> list[int]:
    """The row numbers of the active values: others as soon as a secret is replaced, the same when it is sealed anew."""
    rows = conn.execute("select id from secret where connection_id = %s and active order by id", (connection_id,))
    return [number for (number,) in rows]


def names(conn: Connection, connection_id: int) -> list[str]:
    """Names that have at least one active value."""
    rows = conn.execute(
        "select distinct name from secret where connection_id = %s and active order by 1", (connection_id,)
    )
    return [name for (name,) in rows]


def add(conn: Connection, keyring: Keyring, connection_id: int, name: str, value: str) -> None:
    """Makes `value` the newest active one; the older ones keep working until `retire`."""
    sealed = keyring.seal(value.encode(), _place(connection_id, name))
    conn.execute("insert into secret (connection_id, name, value) values (%s, %s, %s)", (connection_id, name, sealed))


def retire(conn: Connection, connection_id: int, name: str, keep: int = 1) -> int:
    """Deletes all but the `keep` newest values; returns how many went."""
    sql = """
        delete from secret where connection_id = %(c)s and name = %(n)s and id not in (
            select id from secret where connection_id = %(c)s and name = %(n)s and active order by id desc limit %(keep)s)
    """
    return conn.execute(sql, {"c": connection_id, "n": name, "keep": keep}).rowcount


def replace(conn: Connection, keyring: Keyring, connection_id: int, name: str, values: Sequence[str]) -> bool:
    """Makes exactly `values` (newest first) active; False when they were already."""
    if active(conn, keyring, connection_id).get(name, ()) == tuple(values):
        return False
    retire(conn, connection_id, name, keep=0)
    for value in reversed(values):
        add(conn, keyring, connection_id, name, value)
    return True


def forget(conn: Connection, connection_id: int) -> None:
    """Deletes every secret of a connection."""
    conn.execute("delete from secret where connection_id = %s", (connection_id,))


def reseal(db: Database, keyring: Keyring) -> int:
    """Seals every secret under the newest key of the ring; returns how many changed. Safe to repeat."""
    changed = 0
    with db.transaction() as conn:
        rows = conn.execute("select id, connection_id, name, value from secret order by id for update").fetchall()
        for secret_id, connection_id, name, value in rows:
            if keyring.is_current(value):
                continue
            place = _place(connection_id, name)
            conn.execute(
                "update secret set value = %s where id = %s",
                (keyring.seal(keyring.open(value, place), place), secret_id),
            )
            changed += 1
    return changed


def reseal_setting(db: Database, keyring: Keyring, key: str) -> bool:
    """The same for a setting that is stored as the hex of a sealed value, bound to its own name."""
    with db.transaction() as conn:
        row = conn.execute("select value from setting where key = %s for update", (key,)).fetchone()
        sealed = bytes.fromhex(row[0]) if row else b""
        if not sealed or keyring.is_current(sealed):
            return False
        fresh = keyring.seal(keyring.open(sealed, key.encode()), key.encode()).hex()
        conn.execute("update setting set value = to_jsonb(%s::text), updated_at = now() where key = %s", (fresh, key))
        return True


def reseal_bodies(db: Database, keyring: Keyring, batch: int = 1000) -> int:
    """Seals the key of every event body under the newest key, in batches by id; returns how many changed."""
    changed, after = 0, None
    while True:
        with db.transaction() as conn:
            rows = conn.execute(
                "select id, key from event_secret where (%(after)s::uuid is null or id > %(after)s) order by id limit %(n)s for update",
                {"after": after, "n": batch},
            ).fetchall()
            fresh = [(event, keyring.seal(keyring.open(key))) for event, key in rows if not keyring.is_current(key)]
            conn.execute(
                "update event_secret s set key = t.key from unnest(%b::uuid[], %b::bytea[]) as t(id, key) where s.id = t.id",
                ([event for event, _ in fresh], [key for _, key in fresh]),
            )
        changed += len(fresh)
        if len(rows) < batch:
            return changed
        after = rows[-1][0]


def _place(connection_id: int, name: str) -> bytes:
    return f"secret:{connection_id}:{name}".encode()
