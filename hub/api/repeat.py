"""`Idempotency-Key`: a write sent twice happens once and is answered twice the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import orjson
from flask import Response, make_response, request

from hub.api.gate import current_hub, holder, raw_body
from hub.api.problem import ApiProblem
from hub.store import idempotency

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
View = TypeVar("View", bound=Callable[..., Any])


def once(view: View) -> View:
    """Makes a write repeatable for callers that send the header; others get it done each time.

    The same key with another request is 422, while the first still runs 409. A failure of ours
    (5xx) is not kept: the caller may try again. Answers are kept sealed, for two days.
    """

    @wraps(view)
    def repeatable(*args: Any, **kwargs: Any) -> Any:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view(*args, **kwargs)
        if not _KEY.fullmatch(key):
            raise ApiProblem(400, "Idempotency-Key has 1 to 255 visible ASCII characters")
        earlier = _claim(key)
        if earlier is not None:
            return _replay(earlier)
        try:
            response = make_response(view(*args, **kwargs))
        except BaseException:
            _release(key)
            raise
        _keep(key, response)
        return response

    return cast("View", repeatable)


def _claim(key: str) -> idempotency.Stored | None:
    body = raw_body(current_hub().settings.body_limit_bytes)
    parts = (request.method, request.full_path, request.mimetype, hashlib.sha256(body).hexdigest())
    request_hash = hashlib.sha256("\n".join(parts).encode()).digest()
    with current_hub().db.session() as conn:
        earlier = idempotency.claim(conn, holder().id, key, request_hash)
    if earlier is not None and earlier.request_hash != request_hash:
        raise ApiProblem(422, "this Idempotency-Key was used for another request: choose a new one")
    return earlier


def _replay(earlier: idempotency.Stored) -> Response:
    if earlier.status is None or earlier.response is None:
        raise ApiProblem(409, "the first request with this key still runs: ask again", {"Retry-After": "2"})
    opened = orjson.loads(current_hub().keyring.open(earlier.response, b"idempotency"))
    response = Response(opened["body"], earlier.status, content_type=opened["type"])
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _keep(key: str, response: Response) -> None:
    if response.status_code >= 500:
        _release(key)
        return
    content = orjson.dumps({"body": response.get_data(as_text=True), "type": response.content_type})
    sealed = current_hub().keyring.seal(content, b"idempotency")
    with current_hub().db.session() as conn:
        idempotency.answer(conn, holder().id, key, response.status_code, sealed)


def _release(key: str) -> None:
    with current_hub().db.session() as conn:
        idempotency.release(conn, holder().id, key)
