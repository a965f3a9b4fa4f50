"""Asking Zoho's API: a token that all share, one retry with a fresh one, and errors that say what next."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from connectors.zoho.centre import Addresses
from connectors.zoho.fault import CREDITS_WAIT_S, DEAD_TOKEN, code_of, error_of_call
from connectors.zoho.manifest import API_VERSION
from hub.errors import ConnectionPausedError, HubError, RetryableError
from hub.sdk import AccessToken, Account, Answer, Lane, has_repeats, retry_after_s

THROTTLED_WAIT_S = 600.0
"""Zoho allows ten refreshes in ten minutes; asking sooner prolongs it."""
BROKEN_WAIT_S = 60.0
BUSY_WAIT_S = 2.0
SHORTEST_LIFE_S, LONGEST_LIFE_S = 60.0, 3600.0
_REFUSED = (400, 401, 403, 404, 405, 413, 415, 429)
_NOT_MODIFIED, _NO_CONTENT, _UNAUTHORIZED, _TOO_MANY = 304, 204, 401, 429
_LONGEST_PAUSE_S = 300.0
_PASSING = frozenset(("general_error", "server_error", "temporarily_unavailable", "internal_error"))


@dataclass(frozen=True, slots=True)
class Credentials:
    """What issues tokens. Never printed."""

    client_id: str
    client_secret: str
    refresh_token: str

    def __repr__(self) -> str:
        return "<zoho Credentials>"


@dataclass(frozen=True, slots=True)
class Reply:
    """What Zoho answered: `content` is the parsed body, None for 204 and 304 (nothing there, nothing new)."""

    status: int
    content: Any
    headers: Mapping[str, str]

    def rows(self, name: str = "data") -> list[dict[str, Any]]:
        """The objects of the list `name`."""
        held = self.content.get(name) if isinstance(self.content, Mapping) else None
        return [row for row in held or () if isinstance(row, dict)]

    @property
    def info(self) -> Mapping[str, Any]:
        """The paging part; empty when there is none."""
        held = self.content.get("info") if isinstance(self.content, Mapping) else None
        return held if isinstance(held, Mapping) else {}


class Client:
    """One account's API. Usable from several threads.

    `http` is the hub's client, `account` what all processes share. It remembers how many credits
    the last answer left, so that reading stops before writing cannot go on.
    """

    def __init__(
        self,
        connection: str,
        http: Any,
        account: Account,
        addresses: Addresses,
        credentials: Credentials,
        credits_reserve: int = 0,
    ) -> None:
        self.connection = connection
        self._http = http
        self._account = account
        self._addresses = addresses
        self._credentials = credentials
        self._reserve = credits_reserve
        self._lock = threading.Lock()
        self._credits: tuple[int, float] | None = None

    def __repr__(self) -> str:
        return f"<zoho Client {self.connection}>"

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        lane: Lane = "live",
    ) -> Reply:
        """Reads; `path` stands below the API's version. Errors as `ask`."""
        reply = self.ask("GET", path, params=params, headers=headers, lane=lane)
        if has_repeats(reply.content) or has_repeats(reply.info):
            raise RetryableError(
                f"{self.connection}: Zoho's answer holds a key twice: which records it lists is unknown"
            )
        return reply

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        idempotent: bool | None = None,
        lane: Lane = "live",
    ) -> Reply:
        """One call. What concerns single records is left in the content.

        Raises `RetryableError` (throttled, credits used up, Zoho's own trouble), `ConnectionPausedError`
        (token, scope, permission), `ConfigError` (module, data centre), `RejectedError` (this call is
        refused for good), `UnknownOutcomeError` (a write whose answer was lost).
        """
        self._save_credits(lane)
        error: HubError = RetryableError(f"{self.connection}: Zoho did not answer")
        for _ in range(2):
            token = self._account.token(self._refresh)
            answer = self._http.request(
                method,
                f"{self._addresses.api_of(token.facts.get('api', ''))}/crm/{API_VERSION}{path}",
                params=params,
                headers={**(headers or {}), "Authorization": f"Zoho-oauthtoken {token.value}"},
                json=json,
                accept=(*_REFUSED, _NOT_MODIFIED),
                idempotent=idempotent,
                lane=lane,
            )
            self._note_credits(answer)
            content = _parsed(answer)
            found = self._error(answer, content)
            if found is None:
                return Reply(answer.status, content, answer.headers)
            error = found
            if answer.status != _UNAUTHORIZED or code_of(content) not in ("", *DEAD_TOKEN):
                break
            # A refused call did nothing, so the same call may go out again with another token.
            self._account.reject(token)
        raise error

    def _error(self, answer: Answer, content: Any) -> HubError | None:
        if answer.status in (_NO_CONTENT, _NOT_MODIFIED) or answer.status < 300:
            return None
        # A refused batch still tells of each record why.
        if isinstance(content, Mapping) and isinstance(content.get("data"), list):
            return None
        error = error_of_call(content, answer.status, self.connection)
        if answer.status != _TOO_MANY:
            return error
        wait_s = (
            retry_after_s(answer.headers.get("retry-after")) or getattr(error, "retry_after_s", None) or BUSY_WAIT_S
        )
        self._http.budget.pause(min(wait_s, _LONGEST_PAUSE_S))
        return RetryableError(str(error), retry_after_s=wait_s)

    def _refresh(self) -> AccessToken:
        """Asks for a new access token. Errors come with HTTP 200, so the body decides."""
        form = {
            "refresh_token": self._credentials.refresh_token,
            "client_id": self._credentials.client_id,
            "client_secret": self._credentials.client_secret,
            "grant_type": "refresh_token",
        }
        asked_at = time.time()
        answer = self._http.request(
            "POST",
            f"{self._addresses.accounts}/oauth/v2/token",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
            accept=(400,),
            idempotent=True,
        )
        content = _parsed(answer)
        content = content if isinstance(content, Mapping) else {}
        value = content.get("access_token")
        if not isinstance(value, str) or not value:
            raise self._not_issued(content)
        api = self._addresses.api_of(str(content.get("api_domain") or ""))
        return AccessToken(value, asked_at + _life_s(content.get("expires_in")), {"api": api})

    def _not_issued(self, content: Mapping[str, Any]) -> HubError:
        word = str(content.get("error") or "").strip().lower().replace(" ", "_")
        if word == "access_denied" or "too many requests" in str(content.get("error_description") or ""):
            text = f"{self.connection}: Zoho issues no more tokens for a while (too many refreshes)"
            return RetryableError(text, retry_after_s=THROTTLED_WAIT_S)
        if word in _PASSING or not word:
            return RetryableError(f"{self.connection}: Zoho issued no token now", retry_after_s=BROKEN_WAIT_S)
        known = word if word.replace("_", "").isalpha() and len(word) < 40 else "no known reason"
        return ConnectionPausedError(
            f"{self.connection}: Zoho refuses to issue tokens ({known}); check client_id, client_secret, "
            "refresh_token and data_centre"
        )

    def _note_credits(self, answer: Answer) -> None:
        left = answer.headers.get("x-api-credits-remaining", "")
        with self._lock:
            # Zoho tells only once half of the day's credits are used.
            self._credits = (int(left), time.monotonic()) if left.isdigit() else None

    def _save_credits(self, lane: Lane) -> None:
        with self._lock:
            known = self._credits
        if lane != "bulk" or known is None or known[0] >= self._reserve:
            return
        wait_s = CREDITS_WAIT_S - (time.monotonic() - known[1])
        if wait_s > 0:
            text = f"{self.connection}: only {known[0]} API credits are left today; reading waits, writing goes on"
            raise RetryableError(text, retry_after_s=round(wait_s, 1))


def _parsed(answer: Answer) -> Any:
    try:
        return answer.json()
    except RetryableError:
        return None


def _life_s(given: Any) -> float:
    """Seconds that a token lives, as the answer says; an hour when it does not."""
    known = isinstance(given, (int, float)) and not isinstance(given, bool)
    return min(max(float(given), SHORTEST_LIFE_S), LONGEST_LIFE_S) if known else LONGEST_LIFE_S
