"""Users of the console and the roles granted to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.model.permission import ALL_REALMS, Grant
from hub.store.database import Connection, new_id

_COLUMNS = "id, name, password, language, time_zone, created_at, disabled_at, must_change"


@dataclass(frozen=True, slots=True)
class Person:
    """One user. `password` is the argon2 hash."""

    id: UUID
    name: str
    password: str
    language: str
    time_zone: str
    created_at: datetime
    disabled_at: datetime | None
    must_change: bool


def insert(conn: Connection, name: str, password: str, *, must_change: bool) -> UUID | None:
    """Adds a user; None when the name is taken."""
    found = conn.execute(
        "insert into person (id, name, password, must_change) values (%s, %s, %s, %s)"
        " on conflict (name) do nothing returning id",
        (new_id(), name, password, must_change),
    ).fetchone()
    return found[0] if found else None


def by_name(conn: Connection, name: str) -> Person | None:
    """The user of that name, disabled or not."""
    found = conn.execute(f"select {_COLUMNS} from person where name = %s", (name,)).fetchone()  # noqa: S608
    return Person(*found) if found else None


def by_id(conn: Connection, person_id: UUID) -> Person | None:
    """The user with that id, disabled or not."""
    found = conn.execute(f"select {_COLUMNS} from person where id = %s", (person_id,)).fetchone()  # noqa: S608
    return Person(*found) if found else None


def everybody(conn: Connection) -> list[Person]:
    """All users by name."""
    return [Person(*row) for row in conn.execute(f"select {_COLUMNS} from person order by name")]  # noqa: S608


def is_empty(conn: Connection) -> bool:
    """Whether there is no user at all (a first start)."""
    return conn.execute("select 1 from person limit 1").fetchone() is None


def set_password(conn: Connection, person_id: UUID, password: str, *, must_change: bool) -> None:
    """Replaces the hash of a user's password."""
    conn.execute("update person set password = %s, must_change = %s where id = %s", (password, must_change, person_id))


def set_disabled(conn: Connection, person_id: UUID, *, disabled: bool) -> None:
    """Bars a user from entering, or lets them in again."""
    conn.execute("update person set disabled_at = case when %s then now() end where id = %s", (disabled, person_id))


def set_profile(conn: Connection, person_id: UUID, *, language: str, time_zone: str) -> None:
    """What a user chose for the console."""
    conn.execute("update person set language = %s, time_zone = %s where id = %s", (language, time_zone, person_id))


def grant(conn: Connection, person_id: UUID, role: str, realm: str, locations: list[str]) -> None:
    """Grants a role in a realm, or changes the locations of that grant."""
    conn.execute(
        "insert into role_grant (person_id, role, realm, locations) values (%s, %s, %s, %s)"
        " on conflict (person_id, role, realm) do update set locations = excluded.locations",
        (person_id, role, realm, locations),
    )


def revoke(conn: Connection, person_id: UUID, role: str, realm: str = ALL_REALMS) -> bool:
    """Takes a grant back; whether there was one."""
    return (
        conn.execute(
            "delete from role_grant where person_id = %s and role = %s and realm = %s", (person_id, role, realm)
        ).rowcount
        > 0
    )


def grants(conn: Connection, person_id: UUID) -> tuple[Grant, ...]:
    """What is granted to a user."""
    found = conn.execute(
        "select role, realm, locations from role_grant where person_id = %s order by role, realm", (person_id,)
    )
    return tuple(Grant(role, realm, tuple(locations)) for role, realm, locations in found)


def all_grants(conn: Connection) -> dict[UUID, tuple[Grant, ...]]:
    """What is granted to each user who has something."""
    found: dict[UUID, list[Grant]] = {}
    rows = conn.execute("select person_id, role, realm, locations from role_grant order by person_id, role, realm")
    for person_id, role, realm, locations in rows:
        found.setdefault(person_id, []).append(Grant(role, realm, tuple(locations)))
    return {person_id: tuple(grants) for person_id, grants in found.items()}


def has_admin(conn: Connection) -> bool:
    """Whether somebody who is not barred is admin of every realm and location; holds the admins' rows until commit."""
    found = conn.execute(
        "select g.person_id from role_grant g join person p on p.id = g.person_id"
        " where g.role = 'admin' and g.realm = %s and g.locations = '{}' and p.disabled_at is null"
        " order by 1 for update",
        (ALL_REALMS,),
    )
    return found.fetchone() is not None


def names(conn: Connection, ids: list[UUID]) -> dict[UUID, str]:
    """The names of these users."""
    return dict(conn.execute("select id, name from person where id = any(%s)", (ids,)).fetchall())
