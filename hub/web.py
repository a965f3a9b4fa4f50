"""The web application of a process: webhooks, API, health, metrics, console.

Serve `hub.web:app` with any WSGI server. `app` is made when it is first asked for, in the process
that serves: importing this module does nothing, so it may be loaded before workers are forked.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, redirect, request
from werkzeug import Response

from hub import console
from hub.api.app import create_app as create_api
from hub.bootstrap import preload, start
from hub.config import load_settings
from hub.flow.context import Hub
from hub.flow.release import follow

__all__ = ["create_app", "preload"]

_made: dict[str, Flask] = {}


def create_app(hub: Hub) -> Flask:
    """The whole application on a hub that is already wired."""
    app = create_api(hub)
    console.register(app, hub)

    @app.before_request
    def keep_up() -> None:
        # Webhooks are only stored: they need no rules, and nothing about rules may refuse them.
        if request.path.startswith(("/api/", "/console")):
            follow(hub)

    @app.get("/")
    def root() -> Response:
        return redirect("/console/")

    return app


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(name)
    if "app" not in _made:
        _made["app"] = create_app(start(load_settings()))
    return _made["app"]
