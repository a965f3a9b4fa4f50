"""Passwords of users: kept as argon2id hashes only."""

from __future__ import annotations

from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.errors import ConfigError

MIN_PASSWORD = 10
MAX_PASSWORD = 256

# OWASP's minimum for argon2id: 19 MiB, 2 passes. The gate bounds what a burst of logins may take.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_GATE = BoundedSemaphore(2)


def hash_password(password: str) -> str:
    """The argon2id hash of a new password; `ConfigError` when it is too short or too long."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise ConfigError(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    with _GATE:
        return _HASHER.hash(_encoded(password))


def password_fits(password: str, hashed: str) -> bool:
    """Whether the password belongs to the hash; takes the same time either way."""
    with _GATE:
        try:
            return _HASHER.verify(hashed, _encoded(password[: MAX_PASSWORD + 1]))
        except (VerificationError, InvalidHashError):
            return False


def _encoded(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
