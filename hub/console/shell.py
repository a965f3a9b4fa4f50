"""What surrounds every page: menu, language, zone, formats, and the words that templates use."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import g, request, url_for

from hub.console import level, show
from hub.console import visit as visits
from hub.console.extension import panels
from hub.console.format import Formats
from hub.console.known import known
from hub.console.label import field_label, kind_label, word
from hub.console.language import LANGUAGES, N_, _, negotiate, words
from hub.console.menu import menu, shortcuts
from hub.console.menu import page_url as page_url
from hub.console.message import heard
from hub.console.status import status_of
from hub.console.sums import sums_text
from hub.model.identifier import format_id
from hub.model.permission import ROLES
from hub.model.time import zone_names

STATIC = Path(__file__).parent / "static"
DEFAULT_ZONE = "Asia/Shanghai"
VIEW_COOKIE = "hub_view"
THEMES = ("light", "dark")
DENSITIES = ("compact",)
ENVIRONMENTS = {"demo": N_("Demo"), "test": N_("Test")}


_SHOWN = (
    level.comparison_word,
    level.guard_words,
    level.level_word,
    level.pattern_words,
    show.cell,
    show.columns_of,
    show.coverage,
    show.cut,
    show.event_url,
    show.field_of,
    show.filled,
    show.one_line,
    show.permission_title,
    show.plain,
    show.pretty,
    show.sub_field,
    show.total_label,
    show.type_of,
)


def prepare() -> None:
    """Before each page: who reads it, in which language and zone, and what time it is."""
    visits.load_visit()
    person = g.visit.person if g.visit else None
    cookie = _view_cookie()
    accepted = request.accept_languages.best_match(["zh", "en"])
    g.language = person.language if person else negotiate(cookie.get("language"), accepted)
    zone = person.time_zone if person else DEFAULT_ZONE
    g.zone = zone if zone in zone_names() else DEFAULT_ZONE
    g.theme = cookie.get("theme") if cookie.get("theme") in THEMES else None
    g.density = cookie.get("density") if cookie.get("density") in DENSITIES else None
    g.shortcuts = cookie.get("keys") == "on"
    g.fmt = Formats(g.language, g.zone, datetime.now(UTC))


def _view_cookie() -> dict[str, str]:
    """What this screen was set to: `theme=dark&density=compact&keys=on&language=en`."""
    pairs = (part.partition("=") for part in request.cookies.get(VIEW_COOKIE, "").split("&"))
    return {name: value for name, _sign, value in pairs}


def context() -> dict[str, Any]:
    """The names that every template of the console may use."""
    found: dict[str, Any] = {
        "_": words(g.language),
        "language": g.language,
        "languages": LANGUAGES,
        "other_language": "en" if g.language == "zh" else "zh",
        "theme": g.theme,
        "density": g.density,
        "shortcuts": g.shortcuts,
        "fmt": g.fmt,
        "zone": g.zone,
        "offset": g.fmt.offset(g.fmt.now.astimezone(ZoneInfo(g.zone))),
        "environment": _environment(),
        "csrf_token": visits.csrf_token(),
        "flashes": heard(),
        "may": visits.may,
        "here": request.full_path.rstrip("?") if request.method == "GET" else g.get("back", page_url("show_overview")),
        "url": page_url,
        "asset": asset,
        "status_of": status_of,
        "label": field_label,
        "word": word,
        "sums_text": sums_text,
        "meaning_of": known,
        "panels": panels,
        "kind_label": kind_label,
        "kinds": {name: kind_label(kind) for name, kind in visits.hub().registry.kinds.items()},
        "format_id": format_id,
        **{function.__name__: function for function in _SHOWN},
        "roles_by_name": ROLES,
        "region": request.headers.get("X-Region", ""),
        "command": "",
        "api": "",
        "menu": [],
        "user": None,
    }
    if g.visit:
        # Panels are rendered apart from their page: what a page shows once is counted once.
        if "menu" not in g:
            g.menu = [] if found["region"] else menu()
        found |= {"user": g.visit.person, "menu": g.menu, "keys": shortcuts() if g.shortcuts else []}
    return found


@cache
def asset(name: str) -> str:
    """The address of a static file, with the hash of its content so that it may be cached for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return url_for("console.static", filename=name, v=digest)


def _environment() -> str:
    name = ENVIRONMENTS.get(visits.hub().settings.environment)
    return _(name) if name else ""
