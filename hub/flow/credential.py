"""The account of a connection as all processes share it: one access token, refreshed by exactly one of them."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

import orjson

from hub.errors import (
    ConfigError,
    ConnectionPausedError,
    HubError,
    RejectedError,
    RetryableError,
    UnknownOutcomeError,
    describe,
)
from hub.keyring import Keyring
from hub.sdk.account import AccessToken
from hub.store import access_token as store
from hub.store.access_token import HeldToken, TokenRow
from hub.store.connection import ConnectionRow
from hub.store.database import Database
from hub.store.outage import as_retryable

# A refresh is one call, which has 30 s of its own and may wait as long for its turn in the rate budget.
REFRESH_S = 75.0
WAIT_S = 40.0
# A token that lasts this long is still good for a call that begins now.
LAST_USE_S = 20.0
REMEMBER_S = 300.0
RETRY_S = 5.0
_LONGEST_RETRY_S = 60.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    generation: int
    token: AccessToken


def basis_of(row: ConnectionRow, secret_numbers: list[int]) -> bytes:
    """What a token is issued for: the settings and the secrets of the connection, as a hash that tells neither."""
    document = orjson.dumps([row.config, secret_numbers], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(document).digest()[:16]


def webhook_url(public_url: str, name: str) -> str:
    """Where the webhooks of a connection arrive; empty without a public address."""
    return f"{public_url.rstrip('/')}/webhooks/{quote(name, safe='')}" if public_url else ""


class SharedAccount:
    """`hub.sdk.account.Account` over the row of `access_token`. Usable from many threads."""

    def __init__(self, db: Database, keyring: Keyring, row: ConnectionRow, basis: bytes, webhook_url: str) -> None:
        self.webhook_url = webhook_url
        self._db = db
        self._keyring = keyring
        self._row = row
        self._basis = basis
        self._known: dict[str, _Known] = {}
        self._turns: dict[str, threading.Lock] = {}

    def __repr__(self) -> str:
        return f"<SharedAccount {self._row.name}>"

    def token(
        self, refresh: Callable[[], AccessToken], *, name: str = "access", renew_before_s: float = 300
    ) -> AccessToken:
        """See `hub.sdk.account.Account.token`."""
        known = self._known.get(name)
        if known is not None and _lasts(known.token, renew_before_s):
            return known.token
        turn = self._turns.setdefault(name, threading.Lock())
        if not turn.acquire(timeout=WAIT_S):
            raise self._busy()
        try:
            with as_retryable():
                return self._agreed(refresh, name, renew_before_s)
        except RetryableError:
            # The database is away, or the system: what is known may still serve.
            known = self._known.get(name)
            if known is None or not _lasts(known.token, LAST_USE_S):
                raise
            return known.token
        finally:
            turn.release()

    def reject(self, token: AccessToken, *, name: str = "access") -> None:
        """See `hub.sdk.account.Account.reject`."""
        known = self._known.get(name)
        if known is None or known.token != token:
            return
        self._known.pop(name, None)
        with as_retryable():
            store.expire(self._db, self._row.id, name, known.generation)

    def _agreed(self, refresh: Callable[[], AccessToken], name: str, renew_before_s: float) -> AccessToken:
        before = self._learn(name, store.peek(self._db, self._row.id, name))
        if before is not None and _lasts(before, renew_before_s):
            return before
        may_wait = before is None or not _lasts(before, LAST_USE_S)
        failure: HubError | None = None
        with store.hold(self._db, self._row.id, name, wait_s=WAIT_S if may_wait else 0, work_s=REFRESH_S) as held:
            if held is None:
                if before is None or may_wait:
                    raise self._busy()
                return before
            token = self._learn(name, held.row)
            if token is None or not _lasts(token, renew_before_s):
                token, failure = self._refreshed(held, refresh, name)
        if token is None:
            raise failure or self._busy()
        return token

    def _refreshed(
        self, held: HeldToken, refresh: Callable[[], AccessToken], name: str
    ) -> tuple[AccessToken | None, HubError | None]:
        try:
            token = refresh()
        except HubError as error:
            failure = _as_account_error(error)
        except Exception as error:  # noqa: BLE001 -- a bug in a connector: its text may quote the answer
            _log.error("%s: renewing the access token crashed with %s", self._row.name, type(error).__name__)
            failure = RetryableError(f"{self._row.name}: renewing the access token crashed with {type(error).__name__}")
        else:
            self._known[name] = _Known(held.row.generation + 1, token)
            held.put(self._sealed(token, name), token.expires_at, self._basis)
            return token, None
        held.fail({**describe(failure), "again_in_s": _again_in_s(failure)}, self._basis)
        return None, failure

    def _learn(self, name: str, row: TokenRow | None) -> AccessToken | None:
        """The stored token, kept in memory; raises the error that is remembered in its place."""
        if row is None or row.basis != self._basis:
            self._known.pop(name, None)
            return None
        token = self._opened(row, name)
        if token is None:
            self._known.pop(name, None)
        else:
            self._known[name] = _Known(row.generation, token)
        if row.error and row.failed_s < row.error["again_in_s"]:
            raise _revived(row.error, row.failed_s)
        return token

    def _opened(self, row: TokenRow, name: str) -> AccessToken | None:
        if row.sealed is None or not row.expires_at:
            return None
        try:
            fields = orjson.loads(self._keyring.open(row.sealed, place(self._row.id, name)))
        except ConfigError:
            # Sealed under a key that is gone: another one is quickly issued.
            return None
        return AccessToken(fields["value"], row.expires_at, fields["facts"])

    def _sealed(self, token: AccessToken, name: str) -> bytes:
        return self._keyring.seal(orjson.dumps({"value": token.value, "facts": token.facts}), place(self._row.id, name))

    def _busy(self) -> RetryableError:
        text = f"{self._row.name}: another process has been renewing the access token for longer than {WAIT_S:.0f} s"
        return RetryableError(text, retry_after_s=RETRY_S)


def place(connection_id: int, name: str) -> bytes:
    """What a stored token is bound to."""
    return f"access_token:{connection_id}:{name}".encode()


def _lasts(token: AccessToken, seconds: float) -> bool:
    return token.expires_at - seconds > time.time()


def _as_account_error(error: HubError) -> HubError:
    """What an error of the call that issues tokens means for the call that needed one: nothing of that was sent."""
    if isinstance(error, UnknownOutcomeError):
        return RetryableError(str(error))
    if isinstance(error, RejectedError):
        return ConnectionPausedError(str(error))
    return error


def _again_in_s(error: HubError) -> float:
    if isinstance(error, RetryableError):
        return min(RETRY_S if error.retry_after_s is None else error.retry_after_s, _LONGEST_RETRY_S)
    return REMEMBER_S


def _revived(error: dict[str, object], failed_s: float) -> HubError:
    text = str(error["message"])
    if error["type"] == "RetryableError":
        return RetryableError(text, retry_after_s=max(float(str(error["again_in_s"])) - failed_s, 0.5))
    return ConfigError(text) if error["type"] == "ConfigError" else ConnectionPausedError(text)
