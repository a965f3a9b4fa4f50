"""What plugins add to pages: menu entries, panels, columns. Whatever a plugin does, our page is shown."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar, cast

from babel.messages.pofile import read_po
from flask import current_app, g, request
from jinja2 import ChoiceLoader, Environment, FileSystemLoader
from markupsafe import Markup

from hub.console import language
from hub.console import visit as visits
from hub.model.identifier import format_id
from hub.model.permission import PERMISSIONS
from hub.registry import Package
from hub.sdk.connector import Text
from hub.sdk.console import Column, PageRequest, Panel, Redirect, Rendered, Slot, Subject
from hub.store.database import new_id

LIMIT_S = 0.3
PREFIX = "/console/p"
T = TypeVar("T")
log = logging.getLogger(__name__)
# A view that hangs keeps its thread; when all do, panels are unavailable and pages still come.
_POOL = ThreadPoolExecutor(max_workers=8, thread_name_prefix="panel")


@dataclass(frozen=True, slots=True)
class MenuPart:
    """A plugin's line of the menu."""

    group: str
    title: str
    url: str
    badge: int


@dataclass(frozen=True, slots=True)
class ShownPanel:
    """A panel as the page shows it; `error` is the id of what went wrong, and then `html` is empty."""

    title: str
    html: Markup
    error: str = ""


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """A column of a list: its head, and one value per row."""

    name: str
    title: str
    values: list[Any]


def menu_pages() -> list[MenuPart]:
    """The entries of plugins that the visitor may open, with their badges."""
    found = [
        (package, page)
        for package in visits.hub().registry.packages.values()
        for page in package.pages.values()
        if page.menu and "GET" in page.methods and (not page.permission or visits.may(page.permission))
    ]
    badges = [page.badge and _POOL.submit(page.badge) for _package, page in found]
    return [
        MenuPart(
            _group(package, page.menu),
            _in_language(page.title),
            f"{PREFIX}/{package.name}/{page.path.strip('/')}",
            _number(badge) if badge else 0,
        )
        for (package, page), badge in zip(found, badges, strict=True)
    ]


def panels(slot: Slot, kind: str = "", subject: Subject | None = None) -> list[ShownPanel]:
    """The panels of that place that the visitor may see, each in 300 ms at most."""
    realm = subject.realm if subject else None
    found = [
        (package, part)
        for package in visits.hub().registry.packages.values()
        for part in package.console
        if isinstance(part, Panel) and (part.slot, part.kind) == (slot, kind)
        if not part.permission or visits.may(part.permission, realm)
    ]
    asked = page_request(request.path, subject=subject)
    futures = [_POOL.submit(part.view, asked) for _package, part in found]
    return [_panel(package, part, asked, future) for (package, part), future in zip(found, futures, strict=True)]


def columns(kind: str, masked: Callable[[], Sequence[Mapping[str, Any]]]) -> list[ShownColumn]:
    """The columns that plugins add to the list of `kind`, computed from the masked data of its rows, where there are any."""
    parts = [
        part
        for package in visits.hub().registry.packages.values()
        for part in package.console
        if isinstance(part, Column) and part.kind == kind and (not part.permission or visits.may(part.permission))
    ]
    rows = list(masked()) if parts else []
    futures = [_POOL.submit(_values, part, rows) for part in parts]
    empty: list[Any] = [None] * len(rows)
    return [
        ShownColumn(part.name, _in_language(part.title), _result(future, empty))
        for part, future in zip(parts, futures, strict=True)
    ]


def page_request(path: str, *, subject: Subject | None = None) -> PageRequest:
    """What a view is told of this request."""
    realms = visits.realms()
    return PageRequest(
        path=path,
        language=g.language,
        actor=visits.visit().principal.actor,
        permissions=frozenset(name for name in PERMISSIONS if visits.may(name)),
        realms=None if realms is None else tuple(realms),
        method=request.method,
        args=request.args.to_dict(),
        form={}
        if request.method != "POST"
        else {name: value for name, value in request.form.items() if name != "csrf"},
        subject=subject,
    )


def html_of(package: Package, answer: Rendered | Redirect | str, asked: PageRequest) -> Markup:
    """The HTML of a view's answer: its template, with our macros and its own words."""
    if not isinstance(answer, Rendered):
        return Markup(answer if isinstance(answer, str) else "")  # noqa: S704 -- an installed package's own HTML
    words = partial(_word, package)
    context: dict[str, Any] = {**answer.values, "request": asked, "_": words, "plugin": package.name}
    current_app.update_template_context(context)
    return Markup(_environment(package).get_template(answer.template).render(context))  # noqa: S704


def failed(package: Package, error: BaseException | None) -> str:
    """Notes that a plugin failed, or was too slow, under the id it returns."""
    error_id = format_id("err", new_id())
    log.error("error %s: plugin %s %s", error_id, package.name, type(error).__name__ if error else "took too long")
    return error_id


def _panel(package: Package, part: Panel, asked: PageRequest, future: Future[Any]) -> ShownPanel:
    title = _in_language(part.title)
    try:
        answer = future.result(timeout=LIMIT_S)
        return ShownPanel(title, html_of(package, answer, asked))
    except TimeoutError:
        future.cancel()
        return ShownPanel(title, Markup(), failed(package, None))
    except Exception as error:  # noqa: BLE001 -- third-party code: whatever it raises, the page goes on
        return ShownPanel(title, Markup(), failed(package, error))


def _values(part: Column, rows: list[Mapping[str, Any]]) -> list[Any]:
    read: Callable[[Mapping[str, Any]], Any] = part.value or (lambda data: data.get(part.name))
    return [read(row) for row in rows]


def _number(badge: Future[int]) -> int:
    return int(_result(badge, 0))


def _result(future: Future[T], otherwise: T) -> T:
    try:
        return future.result(timeout=LIMIT_S)
    except Exception as error:  # noqa: BLE001 -- third-party code: a column or a badge is left out
        future.cancel()
        log.warning("a plugin's column or badge failed: %s", type(error).__name__)
        return otherwise


def _in_language(text: Text) -> str:
    return text.zh if language.current() == "zh" else text.en


def _group(package: Package, name: str) -> str:
    return name if name in language.catalogue("zh") else _word(package, name)


def _word(package: Package, message: str, **values: object) -> str:
    """A text of the package in the reader's language; what its catalogue lacks is looked up in ours."""
    found = _catalogue(package.folder, language.current()).get(message) if package.folder else None
    if found is None:
        return language._(message, **values)
    return found % values if values else found


@cache
def _catalogue(folder: Path, code: str) -> dict[str, str]:
    path = folder / "translations" / f"{code}.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file, locale=code) if m.id and m.string}


def _environment(package: Package) -> Environment:
    made: dict[str, Environment] = current_app.extensions.setdefault("retail-hub-templates", {})
    if package.name not in made:
        ours = current_app.jinja_env
        own = FileSystemLoader(package.folder / "templates") if package.folder else None
        # Ours first: no package replaces a template of the console.
        loader = ChoiceLoader([cast("Any", ours.loader), *([own] if own else [])])
        made[package.name] = ours.overlay(loader=loader)
    return made[package.name]
