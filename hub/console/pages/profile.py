"""What a user sets for themselves: language, zone, look of this screen, password."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import g, make_response, redirect, render_template, request

from hub.console.language import _, negotiate
from hub.console.message import done
from hub.console.route import Route, act
from hub.console.shell import DENSITIES, THEMES, VIEW_COOKIE, page_url
from hub.console.visit import hub, local_path, set_cookie, visit
from hub.errors import ConfigError
from hub.flow import access
from hub.flow.password import MAX_PASSWORD, MIN_PASSWORD, password_fits
from hub.model.time import zone_names
from hub.store import person

_YEAR_S = 365 * 86_400
# Offered by name; any other IANA zone may be typed in.
ZONES = (
    "Asia/Shanghai",
    "Asia/Hong_Kong",
    "Asia/Taipei",
    "Asia/Tokyo",
    "Asia/Singapore",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "UTC",
)


def show_profile(wrong: str = "") -> Any:
    """The profile; also where a handed-out password has to be changed."""
    return render_template("console/profile.html", wrong=wrong, zones=ZONES, grants=visit().principal.grants)


def save_profile() -> Any:
    """Language and zone belong to the user, theme and density to this screen."""
    zone = request.form.get("time_zone", "")
    if zone not in zone_names():
        raise ConfigError(f"{zone[:60]!r} is not a time zone: use an IANA name such as Asia/Shanghai")
    language = negotiate(request.form.get("language"))
    with hub().db.session() as conn:
        person.set_profile(conn, visit().person.id, language=language, time_zone=zone)
    g.language = language
    response = make_response(done(page_url("show_profile"), _("Saved.")))
    _set_view(response, language)
    return response


def _set_view(response: Any, language: str) -> None:
    pairs = {"language": language}
    if request.form.get("theme") in THEMES:
        pairs["theme"] = request.form["theme"]
    if request.form.get("density") in DENSITIES:
        pairs["density"] = request.form["density"]
    if request.form.get("keys") == "on":
        pairs["keys"] = "on"
    set_cookie(response, VIEW_COOKIE, "&".join(f"{name}={value}" for name, value in pairs.items()), max_age=_YEAR_S)


def set_language() -> Any:
    """The other language, for this screen and, when somebody is signed in, for their profile."""
    language = negotiate(request.form.get("language"))
    back = local_path(request.form.get("back"), page_url("show_overview"))
    if g.visit:
        with hub().db.session() as conn:
            person.set_profile(conn, visit().person.id, language=language, time_zone=visit().person.time_zone)
    # Pages that answer only to POST (a revealed value) cannot be gone back to.
    back = back if not urlsplit(back).path.endswith("/reveal") else page_url("show_overview")
    response = make_response(redirect(back, 303))
    kept = [
        part for part in request.cookies.get(VIEW_COOKIE, "").split("&") if part and not part.startswith("language=")
    ]
    set_cookie(response, VIEW_COOKIE, "&".join([*kept, f"language={language}"]), max_age=_YEAR_S)
    return response


def change_password() -> Any:
    """A new password; every other session of this user ends."""
    me = visit()
    new = request.form.get("new", "")
    wrong = ""
    if not password_fits(request.form.get("old", ""), me.person.password):
        wrong = _("The present password is wrong.")
    elif new != request.form.get("again", ""):
        wrong = _("The two new passwords differ.")
    elif not MIN_PASSWORD <= len(new) <= MAX_PASSWORD:
        wrong = _("A password has %(low)s to %(high)s characters.", low=MIN_PASSWORD, high=MAX_PASSWORD)
    elif new == request.form.get("old", ""):
        wrong = _("The new password is the present one.")
    if wrong:
        return show_profile(wrong), 400
    access.set_password(hub(), me.person.name, new, author=me.principal.actor, keep=me.digest)
    return done(page_url("show_overview"), _("Your password is changed. Sessions elsewhere have ended."))


ROUTES = (
    Route("/profile", show_profile),
    act("/profile", save_profile),
    act("/profile/password", change_password),
    Route("/language", set_language, methods=("POST",), is_public=True),
)
