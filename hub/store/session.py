"""Sessions of the console, and the tries to log in that they begin with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.model.permission import Grant
from hub.store.database import Connection
from hub.store.person import Person

# A session seen within the last minute is not written again: reading pages must not cost writes.
_TOUCH = "update session set seen_at = now() where hash = %s and seen_at < now() - interval '1 minute'"


@dataclass(frozen=True, slots=True)
class Session:
    """One open session; `csrf` is the secret that its forms carry. `is_stale`: its last use was not noted yet."""

    person_id: UUID
    csrf: str
    seen_at: datetime
    is_stale: bool = False


def insert(conn: Connection, digest: bytes, person_id: UUID, csrf: str, expires_at: datetime, agent: str) -> None:
    """Opens a session. `digest` is the hash of the cookie's value: the value itself is kept nowhere."""
    conn.execute(
        "insert into session (hash, person_id, csrf, expires_at, agent) values (%s, %s, %s, %s, %s)",
        (digest, person_id, csrf, expires_at, agent),
    )


_HOLDER = """
    select s.person_id, s.csrf, s.seen_at, s.seen_at < now() - interval '1 minute',
        p.id, p.name, p.password, p.language, p.time_zone, p.created_at, p.disabled_at, p.must_change,
        (select coalesce(json_agg(json_build_array(role, realm, locations) order by role, realm), '[]')
         from role_grant where person_id = p.id)
    from session s join person p on p.id = s.person_id
    where s.hash = %s and s.revoked_at is null and p.disabled_at is null
      and s.expires_at > now() and s.seen_at > now() - make_interval(secs => %s)
"""


def holder(conn: Connection, digest: bytes, idle_s: int) -> tuple[Session, Person, tuple[Grant, ...]] | None:
    """Whose session it is and what is granted to them, in one statement: it precedes every page.

    None when it was revoked, has expired, was not used for `idle_s` seconds, or its user is barred.
    """
    found = conn.execute(_HOLDER, (digest, idle_s)).fetchone()
    if found is None:
        return None
    granted = tuple(Grant(role, realm, tuple(locations)) for role, realm, locations in found[12])
    return Session(*found[:4]), Person(*found[4:12]), granted


def touch(conn: Connection, digest: bytes) -> None:
    """Notes that it is in use; writes at most once a minute."""
    conn.execute(_TOUCH, (digest,))


def revoke(conn: Connection, digest: bytes) -> None:
    """Ends one session now."""
    conn.execute("update session set revoked_at = now() where hash = %s and revoked_at is null", (digest,))


def revoke_of(conn: Connection, person_id: UUID, *, but: bytes | None = None) -> int:
    """Ends all sessions of a user, except the one with hash `but`; returns how many."""
    return conn.execute(
        "update session set revoked_at = now() where person_id = %s and revoked_at is null"
        " and (%s::bytea is null or hash <> %s)",
        (person_id, but, but),
    ).rowcount


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One open session of a user; `agent` is what the browser called itself."""

    person_id: UUID
    created_at: datetime
    seen_at: datetime
    agent: str
    hash: bytes


def everything_open(conn: Connection, idle_s: int, person_id: UUID | None = None) -> list[OpenSession]:
    """Sessions that are open now, of one user or of all, the last used first."""
    found = conn.execute(
        "select person_id, created_at, seen_at, coalesce(agent, ''), hash from session where revoked_at is null"
        " and expires_at > now() and seen_at > now() - make_interval(secs => %(idle)s)"
        " and (%(person)s::uuid is null or person_id = %(person)s) order by seen_at desc",
        {"idle": idle_s, "person": person_id},
    )
    return [OpenSession(*row) for row in found]


def purge(conn: Connection, days: int = 30) -> int:
    """Removes sessions that ended more than `days` ago; returns how many."""
    return conn.execute(
        "delete from session where least(expires_at, revoked_at) < now() - make_interval(days => %s)", (days,)
    ).rowcount


def note_try(conn: Connection, name_hash: bytes, address_hash: bytes) -> None:
    """Notes a try to log in, before the password is looked at: parallel tries see each other."""
    conn.execute("insert into login_attempt (name_hash, address_hash) values (%s, %s)", (name_hash, address_hash))


def count_tries(conn: Connection, name_hash: bytes, address_hash: bytes, window_s: int) -> tuple[int, int]:
    """Tries within the window that did not succeed: for the name, and from the address."""
    found = conn.execute(
        "select count(*) filter (where name_hash = %s), count(*) filter (where address_hash = %s) from login_attempt"
        " where at > clock_timestamp() - make_interval(secs => %s) and (name_hash = %s or address_hash = %s)",
        (name_hash, address_hash, window_s, name_hash, address_hash),
    ).fetchone()
    return (found[0], found[1]) if found else (0, 0)


def forget_tries(conn: Connection, name_hash: bytes, address_hash: bytes, window_s: int) -> None:
    """After a success: the tries of this name from this address, and everything older than the window."""
    conn.execute(
        "delete from login_attempt where (name_hash = %s and address_hash = %s)"
        " or at < clock_timestamp() - make_interval(secs => %s)",
        (name_hash, address_hash, window_s),
    )
