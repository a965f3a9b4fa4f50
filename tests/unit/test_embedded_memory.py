"""How much memory the embedded Postgres takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.embedded import memory
from hub.embedded.memory import MIB, buffers


def _stores(folder: Path, size: int) -> Path:
    table = folder / "base" / "5" / "16384"
    table.parent.mkdir(parents=True)
    with table.open("wb") as file:
        file.truncate(size)
    return folder


@pytest.mark.parametrize(
    ("stored", "machine", "wanted"),
    [
        (0, 16_000, 64),
        (50, 16_000, 64),
        (100, 16_000, 100),
        (1_000, 16_000, 1_000),
        (1_000, 1_600, 400),
        (1_000, 256, 64),
        (90_000, 128_000, 8_192),
    ],
)
def test_buffers_when_so_much_is_stored_then_as_much_within_what_the_machine_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: int, machine: int, wanted: int
) -> None:
    monkeypatch.setattr(memory, "_machine", lambda: machine * MIB)
    assert buffers(_stores(tmp_path, stored * MIB)) == wanted * MIB


def test_buffers_when_nothing_was_ever_stored_then_the_least(tmp_path: Path) -> None:
    assert buffers(tmp_path) == 64 * MIB


@pytest.mark.parametrize(("limit", "least"), [("max\n", 1_000 * MIB), ("536870912\n", 512 * MIB)])
def test_machine_when_a_container_is_limited_then_that_is_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, least: int
) -> None:
    file = tmp_path / "memory.max"
    file.write_text(limit)
    monkeypatch.setattr(memory, "_CGROUP", file)
    monkeypatch.setattr("os.sysconf", lambda name: 4096 if name == "SC_PAGE_SIZE" else 1_000 * MIB // 4096)
    assert memory._machine() == least
