"""Users, roles and tokens: who may do what. Every change is in the audit trail, by pseudonym."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from hub.errors import ConfigError, ConflictError, NotFoundError
from hub.flow.context import Hub
from hub.flow.password import hash_password
from hub.model.identifier import format_id, parse_id
from hub.model.permission import ALL_REALMS, ROLES, Grant, Principal
from hub.store import audit, person, session, token
from hub.store.database import Connection
from hub.store.person import Person
from hub.store.token import Token

TOKEN_PREFIX = "rht_"  # noqa: S105 -- the public beginning of every token, so that scanners find leaked ones
FIRST_USER = "admin"
MAX_NAME = 80
SYSTEM = "hub"


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """A program that showed a valid token."""

    id: UUID
    principal: Principal


def digest_of(secret: str) -> bytes:
    """The stored form of a random secret. SHA-256 is enough: 256 random bits cannot be guessed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def clean_name(name: str) -> str:
    """A user's name as it is stored and compared: NFKC, lower case, no spaces around."""
    cleaned = unicodedata.normalize("NFKC", name).strip().lower()
    if not cleaned or len(cleaned) > MAX_NAME or not cleaned.isprintable():
        raise ConfigError(f"a user name has 1 to {MAX_NAME} visible characters")
    return cleaned


def ensure_admin(hub: Hub) -> str | None:
    """On a hub without any user: makes `admin` and returns the random password; None ever after.

    Safe to race: of several starts at once one makes the user.
    """
    password = secrets.token_urlsafe(15)

    def work(conn: Connection) -> bool:
        if not person.is_empty(conn):
            return False
        person_id = person.insert(conn, FIRST_USER, hash_password(password), must_change=True)
        if person_id is None:
            return False
        person.grant(conn, person_id, "admin", ALL_REALMS, [])
        audit.append(conn, SYSTEM, "user.created", format_id("usr", person_id), detail={"role": "admin"})
        return True

    return password if hub.db.run(work) else None


def create_user(
    hub: Hub, name: str, grants: tuple[Grant, ...], *, author: str, password: str | None = None
) -> tuple[UUID, str]:
    """Adds a user with these grants; returns id and password (random when none is given).

    A random password must be changed at the first login. `ConflictError` when the name is taken.
    """
    known = clean_name(name)
    for each in grants:
        _check_grant(each)
    chosen = password or secrets.token_urlsafe(15)
    hashed = hash_password(chosen)

    def work(conn: Connection) -> UUID:
        person_id = person.insert(conn, known, hashed, must_change=password is None)
        if person_id is None:
            raise ConflictError(f"there is a user {known!r} already: choose another name")
        for each in grants:
            person.grant(conn, person_id, each.role, each.realm, list(each.locations))
        roles = [f"{g.role}@{g.realm}" for g in grants]
        audit.append(conn, author, "user.created", format_id("usr", person_id), detail={"grants": roles})
        return person_id

    return hub.db.run(work), chosen


def set_password(hub: Hub, name: str, password: str | None, *, author: str, keep: bytes | None = None) -> str:
    """Sets a password (None: a random one that must be changed); returns it. All sessions but `keep` end."""
    chosen = password or secrets.token_urlsafe(15)
    hashed = hash_password(chosen)

    def work(conn: Connection) -> None:
        found = _person(conn, name)
        person.set_password(conn, found.id, hashed, must_change=password is None)
        session.revoke_of(conn, found.id, but=keep)
        audit.append(conn, author, "user.password", format_id("usr", found.id))

    hub.db.run(work)
    return chosen


def set_disabled(hub: Hub, name: str, *, disabled: bool, author: str) -> None:
    """Bars a user (open sessions end at once), or lets them in again."""

    def work(conn: Connection) -> None:
        found = _person(conn, name)
        person.set_disabled(conn, found.id, disabled=disabled)
        if disabled:
            if any(_is_chief(given) for given in person.grants(conn, found.id)):
                _keep_an_admin(conn, found.name)
            session.revoke_of(conn, found.id)
        audit.append(conn, author, "user.disabled" if disabled else "user.enabled", format_id("usr", found.id))

    hub.db.run(work)


def grant(hub: Hub, name: str, given: Grant, *, author: str) -> None:
    """Grants a role; again with other locations changes them. Counts from the next request on."""
    _check_grant(given)

    def work(conn: Connection) -> None:
        found = _person(conn, name)
        person.grant(conn, found.id, given.role, given.realm, list(given.locations))
        if given.locations and _is_chief(Grant(given.role, given.realm)):
            _keep_an_admin(conn, found.name)
        detail = {"role": given.role, "realm": given.realm, "locations": list(given.locations)}
        audit.append(conn, author, "user.granted", format_id("usr", found.id), detail=detail)

    hub.db.run(work)


def revoke(hub: Hub, name: str, role: str, realm: str = ALL_REALMS, *, author: str) -> None:
    """Takes a role back; `NotFoundError` when the user does not have it in that realm."""

    def work(conn: Connection) -> None:
        found = _person(conn, name)
        if not person.revoke(conn, found.id, role, realm):
            raise NotFoundError(f"user {found.name!r} has no role {role!r} in realm {realm!r}")
        if _is_chief(Grant(role, realm)):
            _keep_an_admin(conn, found.name)
        audit.append(conn, author, "user.revoked", format_id("usr", found.id), detail={"role": role, "realm": realm})

    hub.db.run(work)


def list_users(hub: Hub) -> list[tuple[Person, tuple[Grant, ...]]]:
    """All users with what is granted to them."""
    with hub.db.transaction() as conn:
        granted = person.all_grants(conn)
        return [(found, granted.get(found.id, ())) for found in person.everybody(conn)]


def end_sessions(hub: Hub, name: str, *, author: str, keep: bytes | None = None) -> int:
    """Ends every open session of a user, wherever it is, except the one with hash `keep`; returns how many."""

    def work(conn: Connection) -> int:
        found = _person(conn, name)
        count = session.revoke_of(conn, found.id, but=keep)
        audit.append(conn, author, "user.sessions", format_id("usr", found.id), detail={"ended": count})
        return count

    return hub.db.run(work)


def create_token(
    hub: Hub, role: str, name: str, *, author: str, realm: str = ALL_REALMS, expires_at: datetime | None = None
) -> tuple[str, str]:
    """Makes a token; returns its id (`tok_…`) and its text, which is shown this once and kept nowhere."""
    _check_grant(Grant(role, realm))
    if not name.strip() or len(name) > MAX_NAME:
        raise ConfigError(f"a token needs a name of 1 to {MAX_NAME} characters: what it is used for")
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise ConfigError("the token would have expired already: choose a later time")
    text = TOKEN_PREFIX + secrets.token_urlsafe(32)

    def work(conn: Connection) -> UUID:
        token_id = token.insert(conn, digest_of(text), name.strip(), role, realm, expires_at, author)
        audit.append(conn, author, "token.created", format_id("tok", token_id), detail={"role": role, "realm": realm})
        return token_id

    return format_id("tok", hub.db.run(work)), text


def list_tokens(hub: Hub) -> list[Token]:
    """All tokens, newest first."""
    with hub.db.session() as conn:
        return token.everything(conn)


def revoke_token(hub: Hub, token_id: str, *, author: str) -> None:
    """Ends a token at once; `NotFoundError` when no valid token has that id."""
    prefix, found = parse_id(token_id)

    def work(conn: Connection) -> None:
        if prefix != "tok" or not token.revoke(conn, found):
            raise NotFoundError(f"no valid token {token_id}: see `retail-hub token list`")
        audit.append(conn, author, "token.revoked", token_id)

    hub.db.run(work)


def holder_of(hub: Hub, text: str) -> TokenHolder | None:
    """Who shows this token; None when it is unknown, revoked or expired. One query, at most one write a minute."""
    if not text.startswith(TOKEN_PREFIX):
        return None
    with hub.db.session() as conn:
        found = token.live(conn, digest_of(text))
        if found is None:
            return None
        known, is_stale = found
        if is_stale:
            token.touch(conn, known.id)
    return TokenHolder(known.id, Principal(format_id("tok", known.id), (Grant(known.role, known.realm),)))


def _person(conn: Connection, name: str) -> Person:
    found = person.by_name(conn, clean_name(name))
    if found is None:
        raise NotFoundError(f"there is no user {name!r}: see `retail-hub user list`")
    return found


def _is_chief(given: Grant) -> bool:
    return given.role == "admin" and given.realm == ALL_REALMS and not given.locations


def _keep_an_admin(conn: Connection, name: str) -> None:
    """Call after the change: of two admins who bar each other at once one is refused (the check locks their rows)."""
    if not person.has_admin(conn):
        raise ConflictError(f"{name!r} is the last user who may keep users everywhere: make another admin first")


def _check_grant(given: Grant) -> None:
    if given.role not in ROLES:
        raise ConfigError(f"there is no role {given.role!r}; roles: {', '.join(ROLES)}")
    if not given.realm or len(given.realm) > MAX_NAME:
        raise ConfigError("a realm is a name, or * for all of them")
