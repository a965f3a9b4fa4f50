"""Errors of the API: problem details (RFC 9457) for everything, from a wrong field to a bug of ours."""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from flask import Flask, Response, request
from flask_smorest import Api
from marshmallow import Schema, fields
from werkzeug.exceptions import HTTPException

from hub.errors import (
    ConfigError,
    ConflictError,
    ConnectionPausedError,
    HubError,
    NotFoundError,
    RecordError,
    RejectedError,
    RetryableError,
    UnknownOutcomeError,
)
from hub.store.outage import as_retryable

CONTENT_TYPE = "application/problem+json"
log = logging.getLogger(__name__)

_STATUS: dict[type[HubError], int] = {
    ConfigError: 400,
    NotFoundError: 404,
    ConflictError: 409,
    ConnectionPausedError: 409,
    RecordError: 422,
    RejectedError: 422,
    UnknownOutcomeError: 502,
    RetryableError: 503,
}


class ProblemSchema(Schema):
    """The body of every answer that is not a success (RFC 9457)."""

    type = fields.String(required=True, metadata={"description": "about:blank: the status says it all"})
    title = fields.String(required=True, metadata={"description": "The status in words"})
    status = fields.Integer(required=True, metadata={"description": "The HTTP status again"})
    detail = fields.String(metadata={"description": "What is wrong here, and what to do"})
    errors = fields.List(
        fields.Dict(keys=fields.String(), values=fields.String()),
        metadata={"description": "Each wrong field: `pointer` (JSON Pointer) and `detail`"},
    )
    error_id = fields.String(metadata={"description": "For status 500: find it in the log by this id"})


class ApiProblem(HTTPException):
    """Ends the request with this status. `extra` members join the body."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.code = status
        self.headers = dict(headers or {})
        self.extra = extra


def problem(status: int, detail: str = "", headers: Mapping[str, str] | None = None, **extra: Any) -> Response:
    """A problem response."""
    body: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if detail:
        body["detail"] = detail
    body.update(extra)
    return Response(orjson.dumps(body), status, headers=dict(headers or {}), content_type=CONTENT_TYPE)


class ProblemApi(Api):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest, answering errors as problems."""

    ERROR_SCHEMA = ProblemSchema

    def _register_responses(self) -> None:
        # The document must say that errors are problems; answers stay plain JSON.
        self.DEFAULT_RESPONSE_CONTENT_TYPE = CONTENT_TYPE
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE

    def handle_http_exception(self, error: HTTPException) -> Response:
        """Any HTTP error: ours, Flask's (404, 405), a failed validation, an uncaught exception (500)."""
        if isinstance(error, ApiProblem):
            return problem(error.code or 500, error.description or "", error.headers, **error.extra)
        status = error.code or 500
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return _server_error(error)
        data = getattr(error, "data", None) or {}
        messages = data.get("messages") or data.get("errors")
        if messages:
            return problem(status, "some fields are wrong", errors=list(_flat(messages, "")))
        headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After", "Location")}
        return problem(status, error.description or "", headers)


def register_errors(app: Flask) -> None:
    """Makes the hub's own errors into problems."""
    app.register_error_handler(HubError, _hub_error)


def _hub_error(error: HubError) -> Response:
    status = next((_STATUS[cls] for cls in type(error).__mro__ if cls in _STATUS), 500)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return _server_error(error)
    headers = {}
    if isinstance(error, RetryableError):
        headers["Retry-After"] = str(max(1, round(error.retry_after_s or 5)))
    if isinstance(error, RecordError):
        wrong = [
            {"pointer": "/" + p.path.replace(".", "/"), "detail": f"{p.code}: {p.message}"} for p in error.problems
        ]
        return problem(status, "the record is not valid", headers, errors=wrong)
    return problem(status, str(error), headers)


def _server_error(error: BaseException) -> Response:
    """500, with an id. The log has the place but not the text: that of a database error quotes values."""
    cause = getattr(error, "original_exception", None) or error
    frames = "".join(traceback.format_tb(cause.__traceback__))
    outage = _outage(cause)
    if outage is not None:
        return _hub_error(outage)
    error_id = secrets.token_hex(8)
    rule = request.url_rule.rule if request.url_rule else "-"
    log.error("error %s: %s in %s %s\n%s", error_id, type(cause).__name__, request.method, rule, frames)
    return problem(500, "an error of the hub itself: it is in the log under this id", error_id=error_id)


def _outage(cause: BaseException) -> RetryableError | None:
    """A database that is away, as the hub's own error; None for any other cause."""
    try:
        with as_retryable():
            raise cause  # noqa: TRY301 -- the context manager is the check
    except RetryableError as error:
        return error
    except BaseException:  # noqa: BLE001 -- it is only asked what it is
        return None


def _flat(messages: Any, pointer: str) -> Any:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            step = "" if not pointer and key in ("json", "query") else f"/{key}"
            yield from _flat(inner, pointer + step)
    elif isinstance(messages, (list, tuple)):
        for inner in messages:
            yield from _flat(inner, pointer)
    else:
        yield {"pointer": pointer or "/", "detail": str(messages)}
