"""What a plugin adds to the console: pages, panels beside records, columns of lists.

The view of a page or panel gets a `PageRequest` and returns `request.render("name.html", …)` (a template of the
package's folder `templates`, escaped, with the console's macros and the package's `translations/zh.po`) or HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hub.sdk.connector import Text

Slot = Literal["summary", "panel", "timeline", "tile"]
"""Where a panel stands: at the top of a record's page, below its values, in its timeline, on the overview."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A template of the package and the values for it."""

    template: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where a page goes on after a POST (a path of the same plugin), and what is said there."""

    path: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """The golden record that a panel stands beside. `data` is masked; `id` is the outside id (`cus_01J…`)."""

    kind: str
    id: str
    realm: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What a view is told. `actor`: who asks, by pseudonym. `realms` None: all. `form` is empty unless it is a POST."""

    path: str
    language: str
    actor: str
    permissions: frozenset[str]
    realms: tuple[str, ...] | None = None
    method: str = "GET"
    args: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    subject: Subject | None = None

    def may(self, permission: str) -> bool:
        """Whether the reader holds a permission in some realm."""
        return permission in self.permissions

    def text(self, text: Text) -> str:
        """A text in the reader's language."""
        return text.zh if self.language == "zh" else text.en

    def render(self, template: str, **values: Any) -> Rendered:
        """A page or panel made of a template of the package; it finds `values` and this `request`."""
        return Rendered(template, values)

    def redirect(self, path: str, message: str = "") -> Redirect:
        """The end of a POST."""
        return Redirect(path, message)


View = Callable[[PageRequest], "Rendered | Redirect | str"]


@dataclass(frozen=True, slots=True)
class ConsolePage:
    """A page of the console at `/console/p/PLUGIN/PATH`, in the menu group `menu` (none: reached by links only).

    `badge` counts what waits for a person; it may take 300 ms. With `POST` in `methods` the view gets forms, already
    checked to come from this site.
    """

    path: str
    title: Text
    view: View
    menu: str = ""
    permission: str = ""
    badge: Callable[[], int] | None = None
    methods: tuple[str, ...] = ("GET",)


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of the page of every record of `kind` (empty for slot `tile`: the overview).

    A view that fails or takes longer than 300 ms is shown as unavailable; the page goes on.
    """

    kind: str
    slot: Slot
    title: Text
    view: View
    permission: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column in the list of `kind`: `value` of the masked data of one record, by default its field `name`."""

    kind: str
    name: str
    title: Text
    value: Callable[[Mapping[str, Any]], Any] | None = None
    permission: str = ""
