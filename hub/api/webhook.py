"""Webhooks: the one route that other systems hammer, so it runs below Flask, straight on WSGI.

Nothing happens here but reading the bytes: signature, dedupe and storing are `hub.flow.receive`.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from hub.api.body import BodyError, read_body
from hub.errors import RetryableError, WebhookError
from hub.flow.context import Hub
from hub.flow.receive import receive, refuse
from hub.sdk.connector import Response, WebhookRequest

PREFIX = "/webhooks/"
RETRY_AFTER_S = 5
_TEXT = {"Content-Type": "text/plain; charset=utf-8"}
_PHRASES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
log = logging.getLogger(__name__)

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Webhooks:
    """WSGI middleware: answers `/webhooks/{connection}` itself and hands everything else on."""

    def __init__(self, hub: Hub, inner: WsgiApp) -> None:
        self._hub = hub
        self._inner = inner

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """One request. Whatever stops us, the caller is told to send again: nothing was stored."""
        path = environ.get("PATH_INFO", "")
        if not path.startswith(PREFIX):
            return self._inner(environ, start_response)
        response = self._answer(environ, path[len(PREFIX) :])
        headers = [(name, value) for name, value in response.headers.items()]
        headers.append(("Content-Length", str(len(response.body))))
        start_response(_PHRASES.get(response.status) or f"{response.status} Unknown", headers)
        return [response.body]

    def _answer(self, environ: dict[str, Any], name: str) -> Response:
        try:
            return self._received(environ, name.encode("latin-1").decode("utf-8", "replace"))
        except WebhookError as error:
            return _plain(error.status)
        except RetryableError as error:
            return _plain(503, {"Retry-After": str(max(1, round(error.retry_after_s or RETRY_AFTER_S)))})
        except Exception as error:  # noqa: BLE001 -- a database outage or a bug: either way the sender keeps the event
            # The error's text may quote the payload.
            frames = "".join(traceback.format_tb(error.__traceback__))
            log.error("webhook failed: %s\n%s", type(error).__name__, frames)  # noqa: TRY400
            return _plain(503, {"Retry-After": str(RETRY_AFTER_S)})

    def _received(self, environ: dict[str, Any], name: str) -> Response:
        method = environ["REQUEST_METHOD"]
        if method not in ("POST", "GET"):
            return _plain(405, {"Allow": "GET, POST"})
        try:
            body = read_body(environ, self._hub.settings.body_limit_bytes) if method == "POST" else b""
        except BodyError as error:
            refuse(self._hub, name, error.status)
            return _plain(error.status)
        try:
            query = _query(environ.get("QUERY_STRING", ""))
        except ValueError:
            return _plain(400)
        request = WebhookRequest(
            method=method,
            headers=_headers(environ),
            query=query,
            body=body,
            received_at=time.time(),
        )
        return receive(self._hub, name, request)


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    found = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    for key, name in (("CONTENT_TYPE", "content-type"), ("CONTENT_LENGTH", "content-length")):
        if environ.get(key):
            found[name] = environ[key]
    return found


def _query(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=100)) if text else {}


def _plain(status: int, headers: dict[str, str] | None = None) -> Response:
    """A constant answer: it tells nobody which check failed."""
    return Response(status, HTTPStatus(status).phrase.encode(), {**_TEXT, **(headers or {})})
