"""Asking Shopify's GraphQL Admin API: the answer's data, or one of the hub's errors.

Shopify answers most failures with HTTP 200 and an `errors` list; the code in there decides.
Source: shopify.dev "API status and error codes", "API limits" (calculated query cost).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.errors import ConfigError, ConnectionPausedError, HubError, RejectedError, RetryableError
from hub.sdk.answer import lost
from hub.sdk.item import has_repeats

MAX_ATTEMPTS = 4
LONGEST_WAIT_S = 10.0
SERVER_ERROR_WAIT_S = 0.5
_ACCOUNT_CODES = {
    "ACCESS_DENIED": "the app may not read this",
    "FORBIDDEN": "the app may not read this",
    "SHOP_INACTIVE": "the shop is not active",
}
_STATUS_ERRORS: Mapping[str, tuple[type[HubError], str]] = {
    "http_402": (ConnectionPausedError, "the shop is frozen for unpaid bills (402)"),
    "http_404": (ConfigError, "not found (404): check `shop` and `api_version`"),
    "http_423": (ConnectionPausedError, "the shop is locked (423)"),
    "http_430": (ConnectionPausedError, "Shopify's security rejected the app (430)"),
}


class TooCostlyError(ConfigError):
    """One query costs more than Shopify allows at once: ask for less."""


class NoDefinitionError(ConfigError):
    """A customer was looked up by a metafield that the shop does not define (yet)."""


class Client:
    """One shop's GraphQL endpoint. Holds no state of its own: usable from several threads.

    `http` is the hub's client (`hub.sdk.http.HttpClient`); its budget is paused while Shopify's
    bucket of cost points fills again, so that all threads of this account wait together.
    """

    def __init__(self, connection: str, http: Any, url: str, token: str) -> None:
        self.connection = connection
        self._http = http
        self._url = url
        self._token = token

    def __repr__(self) -> str:
        return f"<shopify Client {self.connection}>"

    def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """The `data` of the answer; only reads, so it may be repeated.

        Raises `RetryableError` (throttled for longer than is worth waiting, or Shopify's own
        trouble), `ConnectionPausedError` (token, scope, plan, shop closed), `TooCostlyError`,
        `ConfigError` (the query does not fit the API version).
        """
        return self._talk(query, variables or {}, is_safe=True)

    def change(self, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """The same for mutations: repeated only when Shopify throttled it, which means that it did nothing.

        Raises `UnknownOutcomeError` too: the answer got lost, or tells of Shopify's own trouble.
        `userErrors` are in the data.
        """
        return self._talk(query, variables, is_safe=False)

    def _talk(self, query: str, variables: Mapping[str, Any], *, is_safe: bool) -> Mapping[str, Any]:
        error: HubError = RetryableError(f"{self.connection}: Shopify did not answer")
        for _ in range(MAX_ATTEMPTS):
            answer = self._post(query, variables, is_safe=is_safe)
            found = self._error_of(answer, is_safe=is_safe)
            if found is None:
                return answer.get("data") or {}
            error = found
            wait_s = getattr(error, "retry_after_s", None)
            if wait_s is None:
                break
            self._http.budget.pause(wait_s)
            if wait_s > LONGEST_WAIT_S:
                break
        raise error

    def _post(self, query: str, variables: Mapping[str, Any], *, is_safe: bool) -> Mapping[str, Any]:
        try:
            answer = self._http.post(
                self._url,
                headers={"X-Shopify-Access-Token": self._token, "Accept": "application/json"},
                json={"query": query, "variables": dict(variables)},
                idempotent=is_safe,
            )
        except RejectedError as error:
            raise self._refused(error) from None
        try:
            found = answer.json()
        except RetryableError:
            found = None
        if not isinstance(found, dict):
            raise lost(
                f"{self.connection}: Shopify answered {answer.status} with something that is not JSON", is_safe=is_safe
            )
        if has_repeats(found) or has_repeats(found.get("data")):
            raise lost(
                f"{self.connection}: Shopify's answer holds a key twice: what it says is unknown", is_safe=is_safe
            )
        return found

    def _refused(self, error: RejectedError) -> HubError:
        kind, reason = _STATUS_ERRORS.get(error.code, (None, ""))
        if kind is None:
            return error
        return kind(f"{self.connection}: {reason}")

    def _error_of(self, answer: Mapping[str, Any], *, is_safe: bool) -> HubError | None:
        """What `answer` reports, by its first error; None when there is none.

        Shopify's own message is left out: it may repeat what was asked for. What an admin needs to
        know (the scope that is missing) is in `extensions.requiredAccess`.
        """
        errors = answer.get("errors")
        if not errors:
            return None
        first = errors[0] if isinstance(errors, list) and isinstance(errors[0], dict) else {}
        extensions = first.get("extensions") or {}
        code = str(extensions.get("code") or "")
        if code == "THROTTLED":
            return self._throttled(answer)
        if code in ("INTERNAL_SERVER_ERROR", "TIMEOUT"):
            text = f"{self.connection}: Shopify had an error ({code})"
            return lost(text, is_safe=is_safe, retry_after=SERVER_ERROR_WAIT_S)
        if code in _ACCOUNT_CODES:
            needed = str(extensions.get("requiredAccess") or "see the app's scopes")
            return ConnectionPausedError(f"{self.connection}: {_ACCOUNT_CODES[code]} ({code}); needed: {needed}")
        if code == "MAX_COST_EXCEEDED":
            return TooCostlyError(f"{self.connection}: a query costs more than Shopify allows ({code})")
        if code == "NOT_FOUND" and "metafield definition" in str(first.get("message") or "").lower():
            return NoDefinitionError(f"{self.connection}: the metafield with the hub's id is not defined in the shop")
        where = ".".join(str(part) for part in first.get("path") or ())
        return ConfigError(
            f"{self.connection}: Shopify does not understand the query ({code or 'no code'}{f' at {where}' if where else ''}); "
            "check that `api_version` is one it still serves"
        )

    def _throttled(self, answer: Mapping[str, Any]) -> HubError:
        cost = (answer.get("extensions") or {}).get("cost") or {}
        status = cost.get("throttleStatus") or {}
        requested = float(cost.get("requestedQueryCost") or 0)
        available = float(status.get("currentlyAvailable") or 0)
        most = float(status.get("maximumAvailable") or 0)
        if most and requested > most:
            return TooCostlyError(
                f"{self.connection}: a query costs {requested:g} points, the shop's bucket holds {most:g}"
            )
        rate = float(status.get("restoreRate") or 50)
        wait_s = max((requested - available) / rate, 1 / rate)
        return RetryableError(f"{self.connection}: throttled by Shopify for {wait_s:.2f} s", retry_after_s=wait_s)
