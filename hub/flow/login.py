"""Logging in to the console: throttled, and with sessions that end the moment they are revoked."""

from __future__ import annotations

import ipaddress
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hub.errors import ConfigError, RetryableError
from hub.flow.access import clean_name, digest_of
from hub.flow.context import Hub
from hub.flow.password import hash_password, password_fits
from hub.model.identifier import format_id
from hub.model.permission import Principal
from hub.store import audit, person, session
from hub.store.database import Connection
from hub.store.person import Person
from hub.store.session import OpenSession

SESSION_HOURS = 12
IDLE_S = 2 * 3600
WINDOW_S = 15 * 60
TRIES_PER_NAME = 10
TRIES_PER_ADDRESS = 50

# Looked at when no user has the name, so that the answer takes as long. Made on first use.
_DECOY: list[str] = []


@dataclass(frozen=True, slots=True)
class Visit:
    """A user with an open session. `csrf` is the secret that the forms of this session carry."""

    person: Person
    principal: Principal
    csrf: str
    digest: bytes


def log_in(
    hub: Hub, name: str, password: str, *, address: str, agent: str = "", previous: str | None = None
) -> str | None:
    """Opens a session and returns the value of its cookie; None when name and password do not fit.

    Unknown name, wrong password and barred user are answered alike and take equally long.
    `RetryableError` when there were too many tries for the name or from the address. `previous`:
    the cookie the browser came with; that session ends, so a planted one never becomes a user's.
    """
    name_hash, address_hash = _try_keys(hub, name, address)
    with hub.db.session() as conn:
        session.note_try(conn, name_hash, address_hash)
        by_name, by_address = session.count_tries(conn, name_hash, address_hash, WINDOW_S)
        found = _known(conn, name)
    if by_name > TRIES_PER_NAME or by_address > TRIES_PER_ADDRESS:
        raise RetryableError("too many tries to log in: wait a quarter of an hour", retry_after_s=WINDOW_S)
    fits = password_fits(password, found.password if found else _decoy())
    if found is None or not fits or found.disabled_at is not None:
        _audit_refusal(hub, found)
        return None
    return hub.db.run(lambda conn: _open(conn, found, name_hash, address_hash, agent, previous))


def visit_of(hub: Hub, cookie: str) -> Visit | None:
    """Who holds this cookie; None when the session was revoked, has expired, or the user is barred."""
    digest = digest_of(cookie)
    with hub.db.session() as conn:
        found = session.holder(conn, digest, IDLE_S)
        if found is not None and found[0].is_stale:
            session.touch(conn, digest)
    if found is None:
        return None
    opened, known, granted = found
    return Visit(known, Principal(format_id("usr", known.id), granted), opened.csrf, digest)


def log_out(hub: Hub, cookie: str) -> None:
    """Ends the session of this cookie, wherever it is used. Safe to repeat."""
    with hub.db.session() as conn:
        session.revoke(conn, digest_of(cookie))


def open_sessions(hub: Hub, person_id: UUID | None = None) -> list[OpenSession]:
    """Sessions that are open now, of one user or of everybody, the last used first."""
    with hub.db.session() as conn:
        return session.everything_open(conn, IDLE_S, person_id)


def _open(
    conn: Connection, known: Person, name_hash: bytes, address_hash: bytes, agent: str, previous: str | None
) -> str:
    cookie = secrets.token_urlsafe(32)
    if previous:
        session.revoke(conn, digest_of(previous))
    expires_at = datetime.now(UTC) + timedelta(hours=SESSION_HOURS)
    session.insert(conn, digest_of(cookie), known.id, secrets.token_urlsafe(32), expires_at, agent[:200])
    session.forget_tries(conn, name_hash, address_hash, WINDOW_S)
    audit.append(conn, format_id("usr", known.id), "login")
    return cookie


def _known(conn: Connection, name: str) -> Person | None:
    try:
        return person.by_name(conn, clean_name(name))
    except ConfigError:
        return None


def _audit_refusal(hub: Hub, found: Person | None) -> None:
    # Names that nobody has are not kept: people type passwords into the wrong field.
    subject = format_id("usr", found.id) if found else ""
    hub.db.run(lambda conn: audit.append(conn, "anonymous", "login.refused", subject))


def _try_keys(hub: Hub, name: str, address: str) -> tuple[bytes, bytes]:
    try:
        known = clean_name(name)
    except ConfigError:
        known = ""
    blind = hub.keyring.blind
    return blind(hub.blind_key, "login name", known), blind(hub.blind_key, "login address", _network(address))


def _network(address: str) -> str:
    """Whom an address belongs to: of IPv6 the /64, since one household holds that many addresses."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _decoy() -> str:
    if not _DECOY:
        _DECOY.append(hash_password(secrets.token_urlsafe(15)))
    return _DECOY[0]
