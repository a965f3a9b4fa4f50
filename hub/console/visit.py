"""Who asks: the session behind the cookie, what it may do, and the proof that a form is ours."""

from __future__ import annotations

import hmac
import secrets
import uuid
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import abort, current_app, g, request
from flask.wrappers import Response

from hub.flow.context import Hub
from hub.flow.login import Visit, visit_of
from hub.model.permission import ALL_REALMS, Grant
from hub.store import scope
from hub.store.database import Connection

EXTENSION = "retail-hub-console"
SESSION_COOKIE = "hub_session"
LOGIN_COOKIE = "hub_login"


def hub() -> Hub:
    """The hub that this app shows."""
    found: Hub = current_app.extensions[EXTENSION]
    return found


def visit() -> Visit:
    """The visit of this request; only behind a route that is not public."""
    found: Visit = g.visit
    return found


def load_visit() -> None:
    """Looks up the session of the cookie; `g.visit` is None without a valid one."""
    cookie = request.cookies.get(SESSION_COOKIE)
    g.visit = visit_of(hub(), cookie) if cookie else None


# A grant that is limited to locations reaches records only: all else knows no location.
_BY_LOCATION = frozenset({"overview.see", "record.see", "record.reveal"})


def _grants(permission: str) -> list[Grant]:
    if g.visit is None:
        return []
    held = (grant for grant in g.visit.principal.grants if grant.may(permission))
    return [grant for grant in held if not grant.locations or permission in _BY_LOCATION]


def may(permission: str, realm: str | None = None) -> bool:
    """Whether the visitor has `permission` in that realm, or in any when none is named."""
    return any(realm is None or grant.covers(realm) for grant in _grants(permission))


def realms(permission: str = "record.see") -> list[str] | None:
    """The realms of the visitor for `permission`, sorted; None means all."""
    held = {grant.realm for grant in _grants(permission)}
    return None if ALL_REALMS in held else sorted(held)


def limits(within: Collection[str]) -> dict[str, list[str]]:
    """The realms among `within` where the visitor sees the records of some locations only, and which."""
    found = ((realm, visit().principal.locations("record.see", realm)) for realm in within)
    return {realm: sorted(places) for realm, places in found if places is not None}


def sees(realm: str, data: Mapping[str, Any]) -> bool:
    """Whether the visitor may see a golden record: by its realm, and by its store where that is the limit."""
    allowed = realms("record.see")
    if allowed is not None and realm not in allowed:
        return False
    places = limits([realm]).get(realm)
    return places is None or any((data.get(name) or {}).get("external_id") in places for name in scope.PLACES)


def sees_golden(conn: Connection, golden_id: uuid.UUID, realm: str, data: Mapping[str, Any]) -> bool:
    """Whether the visitor may see this golden record, also by its order's store, or by a purchase there."""
    if sees(realm, data):
        return True
    allowed, within = realms("record.see"), limits([realm])
    return bool(within) and (allowed is None or realm in allowed) and scope.fits(conn, golden_id, within)


def check_form() -> None:
    """Refuses (400) a POST that another site sent or that does not carry the secret of this session."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    is_ours = site in ("same-origin", "none") if site else not origin or urlsplit(origin).netloc == request.host
    if not is_ours:
        abort(400, "cross-site")
    expected = g.visit.csrf if g.visit else request.cookies.get(LOGIN_COOKIE, "")
    given = request.form.get("csrf", "")
    if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
        abort(400, "csrf")


def csrf_token() -> str:
    """The secret that forms of this page carry; before sign-in it lives in a cookie of its own."""
    if g.visit:
        return str(g.visit.csrf)
    if "login_token" not in g:
        g.login_token = request.cookies.get(LOGIN_COOKIE) or secrets.token_urlsafe(24)
    return str(g.login_token)


def keep_login_token(response: Response) -> None:
    """Sends the cookie that the sign-in form is checked against."""
    if "login_token" in g and request.cookies.get(LOGIN_COOKIE) != g.login_token:
        set_cookie(response, LOGIN_COOKIE, g.login_token, max_age=3600)


def set_cookie(response: Response, name: str, value: str, max_age: int | None = None) -> None:
    """A cookie for these pages alone, out of reach of scripts and of other sites."""
    response.set_cookie(
        name, value, max_age=max_age, path="/console", secure=request.is_secure, httponly=True, samesite="Lax"
    )


def drop_cookie(response: Response, name: str) -> None:
    """Removes a cookie of ours."""
    response.delete_cookie(name, path="/console", secure=request.is_secure, httponly=True, samesite="Lax")


def local_path(wish: str | None, otherwise: str) -> str:
    """`wish` when it is a path of the console, so that nobody is sent to another site by a link."""
    parts = urlsplit(wish or "")
    is_plain = "\\" not in parts.path and ".." not in parts.path
    is_ours = not parts.scheme and not parts.netloc and parts.path.startswith("/console/") and is_plain
    return wish if wish and is_ours else otherwise
