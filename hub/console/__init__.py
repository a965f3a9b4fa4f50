"""The pages of the hub, rendered on the server. `register(app, hub)` puts them under /console."""

from hub.console.blueprint import create_blueprint, register

__all__ = ["create_blueprint", "register"]
