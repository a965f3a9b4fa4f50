"""Plugins: what each brought, how far behind the feed it is, and which could not be loaded."""

from __future__ import annotations

from typing import Any

from flask import render_template

from hub.console.language import _
from hub.console.pages.setting import PERMISSION
from hub.console.route import Route
from hub.console.visit import hub
from hub.store import gauge


def list_plugins() -> Any:
    """Broken ones first, with what to do; then every loaded one."""
    with hub().db.session() as conn:
        seq = gauge.feed_seq(conn)
        consumers = {name: (seq - position, at, error) for name, position, at, error in gauge.consumers(conn)}
    packages = sorted(hub().registry.packages.values(), key=lambda one: one.name)
    return render_template(
        "console/plugins.html",
        packages=packages,
        broken=[(name, why, _fix(why)) for name, why in hub().registry.broken],
        consumers=consumers,
        others=sorted(consumers.keys() - {one.name for one in packages}),
        seq=seq,
        command="retail-hub check",
    )


def _fix(why: str) -> str:
    """What to do about a plugin that could not be loaded, from the kind of its error."""
    kind = why.partition(":")[0]
    if kind in ("ModuleNotFoundError", "ImportError"):
        return _("Install what it lacks, or a version of it that fits this hub; then restart.")
    if kind in ("ConfigError", "TypeError", "AttributeError", "ValueError"):
        return _("It does not fit this version of the hub: install another version of it; then restart.")
    return _("Tell its author what stands here, or uninstall it; then restart.")


ROUTES = (Route("/system/plugins", list_plugins, PERMISSION),)
