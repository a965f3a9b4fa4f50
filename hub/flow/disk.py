"""What the site's rule files make, for pages that say whether it is in force: read and compiled again only when they changed."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from hub.errors import ConfigError
from hub.flow.context import Hub
from hub.flow.rules import installed_folders, load_site, site_files

_FRESH_NS = 2_000_000_000
"""A file written so lately may be written again without its time telling."""
_READ = "files of the site"
_MADE = "rules on disk"


def manifest_on_disk(hub: Hub) -> dict[str, Any]:
    """The manifest of the rules that the files on disk make now; `ConfigError` lists what is wrong with them.

    Files that stay as they are, by name, time and size, are neither read nor compiled again.
    """
    files = _files_shown(hub)
    if files == hub.rules.files:
        return hub.rules.manifest
    known = hub.extras.get(_MADE)
    if known is None or known[0] != files:
        try:
            made: dict[str, Any] | ConfigError = load_site(hub.registry, installed_folders(), files).manifest
        except ConfigError as error:
            made = error
        known = hub.extras[_MADE] = (files, made)
    if isinstance(known[1], ConfigError):
        raise ConfigError(str(known[1]))
    found: dict[str, Any] = known[1]
    return found


def _files_shown(hub: Hub) -> dict[str, str]:
    """As `on_disk`, read again only where a file is another one by its time or size."""
    folder = hub.settings.mappings_dir
    if folder is None:
        return dict(hub.rules.files)
    signature = _signature(folder)
    if not signature:
        return site_files(folder)
    known = hub.extras.get(_READ)
    if known is None or known[0] != signature:
        now = time.time_ns()
        files = site_files(folder)
        if any(now - changed < _FRESH_NS for _, changed, *_rest in signature):
            return files
        known = hub.extras[_READ] = (signature, files)
    found: dict[str, str] = known[1]
    return found


def _signature(folder: Path) -> list[tuple[str, int, int, int]]:
    """(path, time of change in ns, bytes, number) of each rule file."""
    found = []
    for place, _folders, names in os.walk(folder):
        for name in names:
            if name.endswith(".yaml"):
                path = os.path.join(place, name)  # noqa: PTH118 -- a Path for each would cost more than all the rest
                try:
                    about = os.stat(path)  # noqa: PTH116
                except OSError:
                    continue
                found.append((path, max(about.st_mtime_ns, about.st_ctime_ns), about.st_size, about.st_ino))
    return sorted(found)
