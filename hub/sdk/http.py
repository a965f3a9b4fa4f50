"""The one way out: an HTTP client that is bounded, guarded, budgeted, and speaks in `hub.errors`.

Its errors name the connection, the method and the host, never a path, a query, a header or a
body: those carry personal data and secrets (a chat webhook's path is its password).
"""

from __future__ import annotations

import http.cookiejar
import logging
import time
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self
from urllib.parse import SplitResult, urlsplit

import orjson
import requests
import urllib3.exceptions

from hub.errors import ConfigError, HubError, RejectedError, RetryableError
from hub.sdk.address import AddressGuard, host_fits, host_patterns
from hub.sdk.answer import TOO_LARGE, Answer, error_of, failure_of, is_json, lost
from hub.sdk.connector import Manifest
from hub.sdk.rate import Budget, Lane, RateBudget, current_lane
from hub.sdk.transport import CallState, GuardedAdapter, current_call

# At debug level urllib3 writes every path and query.
logging.getLogger("urllib3").setLevel(logging.INFO)

_SAFE_TO_REPEAT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_LONGEST_PAUSE_S = 300.0


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, between two bytes, and for the whole call with its answer's body."""

    connect_s: float = 5.0
    read_s: float = 20.0
    total_s: float = 30.0


class HttpClient:
    """Calls one account's hosts. Usable from several threads; connections are kept alive and shared.

    `hosts` are the patterns it may reach (`hub.sdk.address.host_fits`); cookies, redirects, proxies
    and .netrc are off. `ca_file` replaces the public certificate roots (a company's own authority).
    """

    def __init__(
        self,
        connection: str,
        *,
        hosts: Iterable[str],
        allowed_private_hosts: Iterable[str] = (),
        budget: Budget | None = None,
        timeouts: Timeouts | None = None,
        max_bytes: int = 20 * 1024 * 1024,
        pool_size: int = 32,
        ca_file: str | None = None,
    ) -> None:
        self.connection = connection
        self.hosts = tuple(hosts)
        self.budget: Budget = budget or RateBudget()
        self.timeouts = timeouts or Timeouts()
        self.max_bytes = max_bytes
        adapter = GuardedAdapter(AddressGuard(allowed_private_hosts), pool_size=pool_size, ca_file=ca_file)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers["User-Agent"] = "retail-hub"
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    @classmethod
    def for_connection(
        cls,
        manifest: Manifest,
        connection: str,
        config: Mapping[str, Any],
        allowed_private_hosts: Iterable[str] = (),
        budget: Budget | None = None,
        **options: Any,
    ) -> Self:
        """The client a connector gets: its manifest's hosts (templates filled from `config`) and rate.

        `budget`: the account's shared one; without it the rate holds in this process alone.
        """
        hosts = host_patterns(manifest.hosts, config)
        budget = budget or RateBudget.of(manifest.rate)
        return cls(connection, hosts=hosts, budget=budget, allowed_private_hosts=allowed_private_hosts, **options)

    def __repr__(self) -> str:
        return f"<HttpClient {self.connection}>"

    def close(self) -> None:
        """Closes the kept-alive connections."""
        self._session.close()

    def get(self, url: str, **options: Any) -> Answer:
        """`request("GET", …)`."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> Answer:
        """`request("POST", …)`."""
        return self.request("POST", url, **options)

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        body: bytes | None = None,
        expect: Literal["json", "any"] = "json",
        accept: Container[int] = (),
        idempotent: bool | None = None,
        lane: Lane | None = None,
        cost: float = 1.0,
        timeouts: Timeouts | None = None,
    ) -> Answer:
        """One call; returns an answer with a 2xx status or one of `accept`.

        `idempotent`: repeating it does no harm (by default all but POST and PATCH); it decides
        whether a lost answer is a `RetryableError` or an `UnknownOutcomeError`. `expect="json"`
        refuses a 2xx answer that is not JSON (a maintenance page). `lane`: by default that of the
        work the hub does (`hub.sdk.rate.working_in`); `cost`: tokens of the account's rate.

        Raises `ConfigError` (this URL may not be called; nothing was sent), `RetryableError` (not
        carried out, or safe to repeat), `ConnectionPausedError` (401, 403), `RejectedError`
        (another 4xx; `code` is `http_<status>`), `UnknownOutcomeError` (it may have taken effect).
        """
        is_safe = idempotent if idempotent is not None else method in _SAFE_TO_REPEAT
        where = f"{self.connection}: {method}"
        prepared = self._prepare(method, url, params, headers, json, body, where)
        where = f"{where} {self._require_host(prepared, where).hostname}"
        limits = timeouts or self.timeouts
        hold_s = limits.total_s + limits.connect_s
        with self.budget.spend(lane or current_lane(), cost, wait_s=limits.total_s, hold_s=hold_s):
            outcome, state = self._send(prepared, limits)
        # Raised outside the handler, so that no traceback shows the library's text with its path and query.
        if isinstance(outcome, Exception):
            raise failure_of(outcome, state, where, is_safe=is_safe)
        error = error_of(outcome, where, accept, is_safe=is_safe)
        if isinstance(error, RetryableError) and error.retry_after_s:
            self.budget.pause(min(error.retry_after_s, _LONGEST_PAUSE_S))
        if error is None and expect == "json" and outcome.status not in accept and not is_json(outcome):
            error = lost(f"{where} answered {outcome.status} with something that is not JSON", is_safe=is_safe)
        if error is not None:
            raise error
        return outcome

    def _prepare(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        json: Any,
        body: bytes | None,
        where: str,
    ) -> requests.PreparedRequest:
        sent = dict(headers or {})
        if json is not None:
            body = orjson.dumps(json)
            sent.setdefault("Content-Type", "application/json")
        try:
            request = requests.Request(method, url, params=dict(params or {}), headers=sent, data=body)
            return self._session.prepare_request(request)
        except (requests.RequestException, ValueError):
            pass
        raise ConfigError(f"{where}: the URL or a header of the call is malformed; check the connection's settings")

    def _require_host(self, prepared: requests.PreparedRequest, where: str) -> SplitResult:
        parts = urlsplit(str(prepared.url))
        if parts.scheme not in ("http", "https"):
            raise ConfigError(f"{where}: only https URLs are called; check the connection's settings")
        if "@" in parts.netloc:
            raise ConfigError(f"{where}: a URL with credentials in it is refused; use the connection's secrets")
        if not host_fits(parts.hostname or "", parts.port, self.hosts):
            raise ConfigError(f"{where}: the host {parts.hostname} is none that this connector may reach")
        return parts

    def _send(self, prepared: requests.PreparedRequest, limits: Timeouts) -> tuple[Answer | Exception, CallState]:
        state = CallState(time.monotonic() + limits.total_s)
        token = current_call.set(state)
        try:
            with self._session.send(
                prepared, stream=True, allow_redirects=False, timeout=(limits.connect_s, limits.read_s)
            ) as response:
                body = self._read(response, state)
                names = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status_code, names, body), state
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError, HubError) as error:
            return error, state
        finally:
            current_call.reset(token)

    def _read(self, response: requests.Response, state: CallState) -> bytes:
        found = bytearray()
        for chunk in response.iter_content(65_536):
            found += chunk
            if len(found) > self.max_bytes:
                raise RejectedError(f"the answer is larger than {self.max_bytes} bytes", code=TOO_LARGE)
            state.left_s()
        return bytes(found)
