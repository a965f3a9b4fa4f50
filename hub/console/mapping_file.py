"""The lines of a mapping file around one place, as a problem names it (`mappings/shop/orders.yaml:12`)."""

from __future__ import annotations

from pathlib import Path

from hub.bootstrap import mapping_folders
from hub.console.visit import hub

AROUND = 5
_LARGEST = 512 * 1024


def excerpt(where: str) -> list[tuple[int, str, bool]]:
    """`(number, text, is_it)` of the lines around a place; empty when no such file is in force."""
    name, _separator, number = where.rpartition(":")
    path = _find(name)
    if path is None or not number.isdecimal():
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    wanted = int(number)
    first, last = max(1, wanted - AROUND), min(len(lines), wanted + AROUND)
    return [(n, lines[n - 1][:200], n == wanted) for n in range(first, last + 1)]


def _find(name: str) -> Path | None:
    """The file in force under that name, and nothing outside the folders of mappings."""
    for folder in [*mapping_folders(hub().settings), *map(Path, hub().registry.mapping_folders)]:
        root = Path(folder).resolve()
        for candidate in (root / name, root / name.partition("mappings/")[2]):
            path = candidate.resolve()
            is_ours = path.is_relative_to(root) and path.suffix in (".yaml", ".yml")
            if is_ours and path.is_file() and path.stat().st_size <= _LARGEST:
                return path
    return None
