"""The console without a browser: one visitor with a session, and forms that carry its secret."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from hub import console
from tests.browser.world import World

# One application per hub: making one takes longer than asking it for a page.
_APPS: dict[int, Flask] = {}


def _app_of(world: World) -> Flask:
    if id(world.hub) not in _APPS:
        app = _APPS[id(world.hub)] = Flask("tests", static_folder=None)
        console.register(app, world.hub)
    return _APPS[id(world.hub)]


class Visitor:
    """Asks the console's app as the user of one role; `role` "" is nobody."""

    def __init__(self, world: World, role: str = "admin") -> None:
        self.client = _app_of(world).test_client()
        if role:
            self.client.set_cookie("hub_session", world.cookies[role], path="/console")

    def get(self, path: str, **more: Any) -> TestResponse:
        """A page of the console."""
        return self.client.get(f"/console{path}", **more)

    def csrf(self, path: str = "/profile") -> str:
        """The secret in the forms of a page."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.get(path).text)
        assert found
        return found[1]

    def post(self, path: str, **fields: str) -> TestResponse:
        """Sends a form of the console."""
        return self.client.post(f"/console{path}", data={"csrf": self.csrf(), **fields})
