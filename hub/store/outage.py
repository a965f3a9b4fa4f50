"""A database that is away, said in the hub's own errors, for callers that must not know psycopg."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from hub.errors import RetryableError

RETRY_AFTER_S = 5.0
# A full disk and a server that lost its role as primary pass as well, once somebody has seen to them.
_OUTAGES = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    errors.ReadOnlySqlTransaction,
    errors.IdleInTransactionSessionTimeout,
)


@contextmanager
def as_retryable() -> Iterator[None]:
    """Turns the database's outages and time limits into `RetryableError`; other errors pass."""
    try:
        yield
    except _OUTAGES as error:
        raise RetryableError(f"the database is away ({type(error).__name__})", retry_after_s=RETRY_AFTER_S) from error
