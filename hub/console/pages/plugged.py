"""The pages of plugins, at /console/p/PLUGIN/PATH, and their own styles, scripts and pictures."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, render_template, request, send_from_directory

from hub.console import visit
from hub.console.extension import html_of, page_request
from hub.console.message import say
from hub.console.route import Route
from hub.console.shell import page_url
from hub.console.visit import hub
from hub.registry import Package
from hub.sdk.console import ConsolePage, Redirect, Rendered


def show_plugged(plugin: str, path: str) -> Any:
    """A plugin's page. 404 when the plugin or the page is not there, 403 without the permission it names."""
    package, page = _page(plugin, path)
    asked = page_request(path)
    answer = page.view(asked)
    if isinstance(answer, Redirect):
        if answer.message:
            say(answer.message)
        return redirect(page_url("show_plugged", plugin=plugin, path=answer.path.strip("/")), 303)
    html = html_of(package, answer, asked)
    if isinstance(answer, Rendered):
        return html
    title = page.title.zh if asked.language == "zh" else page.title.en
    return render_template("console/plugged.html", heading=title, html=html)


def show_plugged_file(plugin: str, path: str) -> Any:
    """A file of the package's folder `static`."""
    package = hub().registry.packages.get(plugin)
    if package is None or package.folder is None:
        abort(404)
    return send_from_directory(package.folder / "static", path)


def _page(plugin: str, path: str) -> tuple[Package, ConsolePage]:
    package = hub().registry.packages.get(plugin)
    page = package.pages.get(path.strip("/")) if package else None
    if package is None or page is None:
        abort(404)
    if request.method not in page.methods:
        abort(405)
    if page.permission and not visit.may(page.permission):
        abort(403, page.permission)
    return package, page


ROUTES = (
    Route("/p/<plugin>/static/<path:path>", show_plugged_file),
    Route("/p/<plugin>/<path:path>", show_plugged, methods=("GET", "POST")),
)
