"""The web application of a process: the API with everything that is put onto it. `hub.cli.wsgi:app` for any WSGI server.

The parts are found by entry point (group `retail_hub.web`): `application` makes the Flask app of a
hub, every other one is called with the app and the hub and adds its pages.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from hub import bootstrap
from hub.cli.main import plugged
from hub.cli.serve import GROUP
from hub.config import load_settings

APPLICATION = "application"


def build() -> Any:
    """Wires a hub by the environment and builds its application. Once per process, after the fork."""
    hub = bootstrap.start(load_settings())
    app = plugged(GROUP, APPLICATION)(hub)
    for point in entry_points(group=GROUP):
        if point.name != APPLICATION:
            point.load()(app, hub)
    return app


def __getattr__(name: str) -> Any:
    # Only a server that asks for `app` pays for one.
    if name != "app":
        raise AttributeError(name)
    globals()["app"] = build()
    return globals()["app"]
