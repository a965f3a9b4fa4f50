"""Signing in and out."""

from __future__ import annotations

from typing import Any

from flask import g, make_response, redirect, render_template, request

from hub.console.language import _
from hub.console.message import say
from hub.console.route import Route, act
from hub.console.shell import page_url
from hub.console.visit import LOGIN_COOKIE, SESSION_COOKIE, drop_cookie, hub, local_path, set_cookie
from hub.errors import RetryableError
from hub.flow import login


def show_login() -> Any:
    """The form; who is signed in already goes on."""
    back = local_path(request.args.get("next"), page_url("show_overview"))
    if g.visit:
        return redirect(back)
    return render_template("console/sign_in.html", back=back, name="", wrong="")


def sign_in() -> Any:
    """Opens a session. A wrong name and a wrong password read alike; the form keeps the name only."""
    back = local_path(request.form.get("next"), page_url("show_overview"))
    name, password = request.form.get("name", ""), request.form.get("password", "")
    wrong = _("Name or password is wrong.")
    status = 401
    cookie = None
    try:
        cookie = login.log_in(
            hub(),
            name,
            password,
            address=request.remote_addr or "",
            agent=request.user_agent.string,
            previous=request.cookies.get(SESSION_COOKIE),
        )
    except RetryableError:
        wrong, status = _("Too many tries. Wait a quarter of an hour, then try again."), 429
    if cookie is None:
        return render_template("console/sign_in.html", back=back, name=name[:80], wrong=wrong), status
    response = make_response(redirect(back, 303))
    set_cookie(response, SESSION_COOKIE, cookie)
    drop_cookie(response, LOGIN_COOKIE)
    return response


def log_out() -> Any:
    """Ends the session everywhere it is used; the browser is told to forget what it kept."""
    login.log_out(hub(), request.cookies.get(SESSION_COOKIE, ""))
    say(_("You are signed out."))
    response = make_response(redirect(page_url("show_login"), 303))
    drop_cookie(response, SESSION_COOKIE)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


ROUTES = (
    Route("/login", show_login, is_public=True),
    Route("/login", sign_in, methods=("POST",), is_public=True),
    act("/logout", log_out),
)
