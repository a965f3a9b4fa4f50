"""Backups: how to make one, what would be in it, and what the database knows of those that were made."""

from __future__ import annotations

from typing import Any

from flask import render_template

from hub.config import origins
from hub.console.route import Route
from hub.console.visit import hub
from hub.store import backup

# Who set the address of the database; another origin than these is the site's own server.
_EMBEDDED = ("launcher", "default")


def show_backups() -> Any:
    """How this installation is backed up, honestly: the hub makes no backups itself."""
    settings = hub().settings
    return render_template(
        "console/backups.html",
        facts=backup.read(hub().db),
        is_embedded=origins(settings)["database_url"] in _EMBEDDED,
        data_dir=settings.data_dir,
        key_file=settings.secret_key_file,
        key_count=settings.secret_key.count(",") + 1,
    )


ROUTES = (Route("/system/backups", show_backups, "system.see"),)
