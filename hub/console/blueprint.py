"""Puts the pages together: routes, the checks before them, the headers after them, and honest error pages."""

from __future__ import annotations

import logging
import traceback
from typing import Any

from flask import Blueprint, Flask, abort, g, redirect, render_template, request
from flask.wrappers import Response
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from hub.console import header, message, shell, visit
from hub.console.language import _
from hub.console.pages import ROUTES
from hub.console.route import Route
from hub.console.show import permission_title
from hub.errors import ConfigError, ConflictError, HubError, NotFoundError
from hub.flow.context import Hub
from hub.model.identifier import format_id
from hub.store.database import new_id

PREFIX = "/console"
# A user with a handed-out password may do nothing before choosing an own one.
_BEFORE_CHANGE = frozenset({"show_profile", "change_password", "log_out", "set_language"})
_BODY_LIMIT = 256 * 1024
log = logging.getLogger(__name__)


def register(app: Flask, hub: Hub) -> None:
    """Serves the console of `hub` from `app` under /console. Once per app."""
    app.extensions[visit.EXTENSION] = hub
    app.register_blueprint(create_blueprint())


def create_blueprint() -> Blueprint:
    """The blueprint with every page. It finds its hub in `app.extensions`; `register` puts it there."""
    blueprint = Blueprint("console", __name__, url_prefix=PREFIX, template_folder="templates", static_folder="static")
    for route in ROUTES:
        blueprint.add_url_rule(
            route.rule, route.endpoint, _guarded(route), methods=[*route.methods], strict_slashes=False
        )
    blueprint.add_url_rule("/<path:rest>", "nowhere", _nowhere)
    blueprint.before_request(_before)
    blueprint.after_request(_after)
    blueprint.context_processor(shell.context)
    blueprint.register_error_handler(HTTPException, _show_http_error)
    blueprint.register_error_handler(HubError, _show_hub_error)
    blueprint.register_error_handler(Exception, _show_bug)
    return blueprint


def _nowhere(rest: str) -> Any:
    """An unknown address below ours, answered by our own page."""
    abort(404, rest[:60])


def _before() -> None:
    request.max_content_length = _BODY_LIMIT
    if request.endpoint != "console.static":
        shell.prepare()


def _after(response: Response) -> Response:
    header.protect(response)
    if request.endpoint != "console.static":
        message.keep_messages(response)
        visit.keep_login_token(response)
        if request.headers.get("X-Region") and request.method == "GET" and response.status_code == 200:
            _answer_region(response)
    return response


def _answer_region(response: Response) -> None:
    """A live region asks again and again: what did not change is answered 304, with the time of the look."""
    response.add_etag()
    response.headers["X-As-Of"] = g.fmt.clock(g.fmt.now)
    response.make_conditional(request)


def _guarded(route: Route) -> Any:
    """The view behind its checks: session, then permission, then the secret of the form."""

    def view(**values: Any) -> Any:
        if not route.is_public and g.visit is None:
            return _to_login()
        if not route.is_public and g.visit.person.must_change and route.endpoint not in _BEFORE_CHANGE:
            return redirect(shell.page_url("show_profile"))
        if route.permission and not visit.may(route.permission):
            abort(403, route.permission)
        if request.method == "POST":
            visit.check_form()
        return route.view(**values)

    return view


def _to_login() -> AnyResponse:
    back = request.full_path.rstrip("?") if request.method == "GET" else shell.page_url("show_overview")
    return redirect(shell.page_url("show_login", next=back))


def _show_http_error(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    if error.code == 403:
        name = str(error.description)
        needed = _("It needs the permission “%(title)s”.", title=permission_title(name))
        grants = _("An admin can grant it to you.")
        return _page(403, _("You may not do this"), f"{needed} {grants}", code=name)
    if error.code == 404:
        return _page(404, _("There is nothing here"), _("The address is wrong, or what it named is gone."))
    if error.code == 400:
        return _page(
            400,
            _("The form could not be accepted"),
            _(
                "It was open for too long, or it came from another site. Go back, load the page again and send it once more."
            ),
        )
    return _page(error.code, _("This does not work"), error.name)


def _show_hub_error(error: HubError) -> Any:
    """An expected refusal: an act says so on the page it came from, a page shows it."""
    if request.method == "POST" and isinstance(error, (ConfigError, ConflictError, NotFoundError)):
        back = visit.local_path(request.form.get("back"), shell.page_url("show_overview"))
        return message.done(back, str(error), "bad")
    if isinstance(error, NotFoundError):
        return _page(404, _("There is nothing here"), _("The address is wrong, or what it named is gone."))
    return _page(409, _("This does not work"), str(error))


def _show_bug(error: Exception) -> Any:
    error_id = format_id("err", new_id())
    # Where it broke, and not its text: that of a database error quotes values.
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("error %s: %s at %s\n%s", error_id, type(error).__name__, request.endpoint, frames)
    text = _(
        "The fault is in the hub, not in what you did, and nothing was changed halfway. Give the id below to whoever runs it."
    )
    return _page(500, _("Something went wrong here"), text, code=error_id)


def _page(status: int, title: str, text: str, code: str = "") -> tuple[str, int]:
    """An error page: inside the shell for those signed in, bare otherwise; never a trace."""
    if "fmt" not in g:
        shell.prepare()
    template = "console/error.html" if g.visit else "console/error_bare.html"
    return render_template(template, title=title, text=text, code=code, status=status), status
