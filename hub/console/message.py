"""Short messages that the next page shows once ("done", "that went wrong"), carried in a sealed cookie."""

from __future__ import annotations

import base64
import binascii

import orjson
from flask import g, redirect, request
from flask.wrappers import Response
from werkzeug.wrappers import Response as AnyResponse

from hub.console.visit import drop_cookie, hub, set_cookie
from hub.errors import HubError

COOKIE = "hub_message"
_PURPOSE = b"console message"


def say(text: str, tone: str = "ok", undo: str = "") -> None:
    """Shows `text` on the page that comes next, with a button that undoes the act `undo` (`dec_…`).

    No personal data: it travels through the browser.
    """
    g.setdefault("said", []).append([tone, text[:400], undo])


def done(url: str, text: str, tone: str = "ok", undo: str = "") -> AnyResponse:
    """The end of every act: says what happened and goes on with a page that can be reloaded."""
    say(text, tone, undo)
    return redirect(url, 303)


def heard() -> list[tuple[str, str, str]]:
    """The messages that came with this request, and those said while it was answered."""
    found: list[tuple[str, str, str]] = []
    cookie = request.cookies.get(COOKIE)
    if cookie:
        g.was_heard = True
        try:
            said = orjson.loads(hub().keyring.open(base64.urlsafe_b64decode(cookie), _PURPOSE))
            found = [(tone, text, undo) for tone, text, undo in said]
        except (HubError, ValueError, binascii.Error):
            found = []
    found += [(tone, text, undo) for tone, text, undo in g.pop("said", [])]
    return found


def keep_messages(response: Response) -> None:
    """Sends what was said and not yet shown; removes what was shown."""
    if g.get("said"):
        sealed = hub().keyring.seal(orjson.dumps(g.said), _PURPOSE)
        set_cookie(response, COOKIE, base64.urlsafe_b64encode(sealed).decode(), max_age=60)
    elif g.get("was_heard"):
        drop_cookie(response, COOKIE)
