"""What a page is to the console: an address, a view, and who may ask for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

View = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Route:
    """`permission` is checked before the view runs; empty means everybody who is signed in.

    `is_public`: also without a session (only the sign-in page). The view's name is the endpoint.
    """

    rule: str
    view: View
    permission: str = ""
    methods: tuple[str, ...] = ("GET",)
    is_public: bool = False

    @property
    def endpoint(self) -> str:
        """The name that `url(...)` takes."""
        return self.view.__name__


def act(rule: str, view: View, permission: str = "") -> Route:
    """A route that changes something: POST only."""
    return Route(rule, view, permission, ("POST",))
