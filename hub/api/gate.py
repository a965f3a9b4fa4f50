"""Who may call a route: a bearer token, then the permission that the route names. No name, no entry."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint
from marshmallow import RAISE
from webargs.flaskparser import FlaskParser
from werkzeug import Request

from hub.api.access_log import note_clear_read
from hub.api.body import BodyError, read_body
from hub.api.problem import ApiProblem
from hub.api.query import check_query
from hub.api.strict_json import StrictJsonError, parse
from hub.flow.access import TokenHolder, holder_of
from hub.flow.context import Hub
from hub.model.permission import PERMISSIONS, Principal

EXTENSION = "retail_hub"
JSON_LIMIT_BYTES = 1024 * 1024
_BEARER = re.compile(r"Bearer +([A-Za-z0-9._~+/=-]{1,200})", re.IGNORECASE)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
View = TypeVar("View", bound=Callable[..., Any])


class StrictParser(FlaskParser):
    """Reads arguments the strict way; a body that is no JSON is 400, wrong or unknown fields are 422."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {"json": RAISE, "query": RAISE}

    def load_json(self, req: Request, schema: Any) -> Any:
        """The JSON body; reads nothing twice."""
        del schema
        return json_body(req)


class ApiBlueprint(Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """Routes that need a token. Each view is wrapped in `permit`, else it answers 403 to everybody."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, description: str, url_prefix: str = "") -> None:
        super().__init__(name, __name__, url_prefix=f"/api/v1{url_prefix}", description=description)
        self.before_request(admit)
        self.after_request(protect)

    def route(self, rule: str, **options: Any) -> Callable[[View], View]:
        """As flask-smorest's, with types."""
        return cast("Callable[[View], View]", super().route(rule, **options))

    def arguments(self, schema: Any, **options: Any) -> Callable[[View], View]:
        """As flask-smorest's, with types."""
        return cast("Callable[[View], View]", super().arguments(schema, **options))

    def response(self, status_code: int, schema: Any = None, **options: Any) -> Callable[[View], View]:
        """As flask-smorest's, with types."""
        return cast("Callable[[View], View]", super().response(status_code, schema, **options))

    def doc(self, **options: Any) -> Callable[[View], View]:
        """As flask-smorest's, with types."""
        return cast("Callable[[View], View]", super().doc(**options))

    def alt_response(self, status_code: int, response: Any = None, **options: Any) -> Callable[[View], View]:
        """As flask-smorest's, with types."""
        return cast("Callable[[View], View]", super().alt_response(status_code, response, **options))


def current_hub() -> Hub:
    """The hub this application serves."""
    return cast("Hub", current_app.extensions[EXTENSION])


def attach(app: Flask, hub: Hub) -> None:
    """Ties an application to its hub."""
    app.extensions[EXTENSION] = hub


def permit(permission: str) -> Callable[[View], View]:
    """Names the permission a view needs. Goes directly below `route`."""
    if permission not in PERMISSIONS:
        raise KeyError(permission)

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if "id" in kwargs:  # the address says {id}, which in Python names a builtin
                kwargs["id_"] = kwargs.pop("id")
            return view(*args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return cast("View", guarded)

    return decorate


def permission_of(app: Flask, endpoint: str | None) -> str | None:
    """What the route asks for; None when it names nothing."""
    return getattr(app.view_functions.get(endpoint or ""), "permission", None)


def admit() -> ResponseReturnValue | None:
    """Before every API request: token, permission, a query without personal data."""
    holder = authenticate()
    permission = permission_of(current_app, request.endpoint)
    if permission is None:
        raise ApiProblem(403, "nobody may do this")
    if not holder.principal.may(permission):
        raise ApiProblem(403, f"the token lacks the permission {permission}", permission=permission)
    g.holder, g.permission = holder, permission
    check_query()
    if permission == "record.see" and holder.principal.may("record.reveal"):
        note_clear_read(current_hub(), holder.principal.actor, request.blueprint or "")
    return None


def authenticate() -> TokenHolder:
    """Whose bearer token the request shows; `ApiProblem` 401 when it shows none that is in force."""
    header = request.headers.get("Authorization", "")
    shown = _BEARER.fullmatch(header.strip())
    holder = holder_of(current_hub(), shown[1]) if shown else None
    if holder is None:
        reason = "the token is unknown, expired or revoked" if shown else "send a token: Authorization: Bearer rht_…"
        challenge = 'Bearer realm="retail-hub", error="invalid_token"' if header else 'Bearer realm="retail-hub"'
        raise ApiProblem(401, reason, {"WWW-Authenticate": challenge})
    return holder


def protect(response: Response) -> Response:
    """After every API request: nothing here is a page, and nothing is kept."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def principal() -> Principal:
    """Who asks."""
    return holder().principal


def holder() -> TokenHolder:
    """The token that asks."""
    return cast("TokenHolder", g.holder)


def allowed_realms() -> frozenset[str] | None:
    """The realms in which this request may act; None: all of them."""
    return principal().realms(g.permission)


def check_realm(realm: str, what: str) -> None:
    """404 when `what` lies in a realm that the token does not cover: it must not even learn that it exists."""
    allowed = allowed_realms()
    if allowed is not None and realm not in allowed:
        raise ApiProblem(404, f"there is no {what}")


def raw_body(limit: int) -> bytes:
    """The body of this request, read once within `limit`."""
    if "body" not in g:
        try:
            g.body = read_body(request.environ, limit)
        except BodyError as error:
            raise ApiProblem(error.status, str(error)) from None
    return cast("bytes", g.body)


def json_body(req: Request) -> Any:
    """The JSON body of this request, parsed strictly."""
    if req.mimetype != "application/json" and not req.mimetype.endswith("+json"):
        raise ApiProblem(415, "send JSON: Content-Type: application/json")
    charset = req.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8"):
        raise ApiProblem(400, "JSON is UTF-8: leave out the charset")
    limit = min(JSON_LIMIT_BYTES, current_hub().settings.body_limit_bytes)
    body = raw_body(limit)
    if len(body) > limit:
        raise ApiProblem(413, f"the body has more than {limit} bytes")
    try:
        return parse(body)
    except StrictJsonError as error:
        raise ApiProblem(400, str(error)) from None
