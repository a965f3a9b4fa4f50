"""How much memory and disk the embedded Postgres takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.embedded import sizing
from hub.embedded.sizing import MIB, buffers, log_between_checkpoints, settings


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
    monkeypatch: pytest.MonkeyPatch, stored: int, machine: int, wanted: int
) -> None:
    monkeypatch.setattr(sizing, "_machine", lambda: machine * MIB)
    assert buffers(stored * MIB) == wanted * MIB


@pytest.mark.parametrize(
    ("stored", "disk", "wanted"),
    [(0, 100_000, 768), (2_000, 100_000, 2_000), (2_000, 8_000, 1_000), (2_000, 2_000, 768), (90_000, 900_000, 6_144)],
)
def test_log_when_so_much_is_stored_then_as_much_within_what_the_disk_has(stored: int, disk: int, wanted: int) -> None:
    assert log_between_checkpoints(stored * MIB, disk * MIB) == wanted * MIB


def test_settings_when_tables_have_grown_then_by_their_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizing, "_machine", lambda: 64_000 * MIB)
    assert settings(tmp_path) == {"shared_buffers": "64MB", "max_wal_size": "768MB"}
    table = tmp_path / "base" / "5" / "16384"
    table.parent.mkdir(parents=True)
    with table.open("wb") as file:
        file.truncate(1_000 * MIB)
    assert settings(tmp_path)["shared_buffers"] == "1000MB"


@pytest.mark.parametrize(("limit", "least"), [("max\n", 1_000 * MIB), ("536870912\n", 512 * MIB)])
def test_machine_when_a_container_is_limited_then_that_is_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, least: int
) -> None:
    file = tmp_path / "memory.max"
    file.write_text(limit)
    monkeypatch.setattr(sizing, "_CGROUP", file)
    monkeypatch.setattr("os.sysconf", lambda name: 4096 if name == "SC_PAGE_SIZE" else 1_000 * MIB // 4096)
    assert sizing._machine() == least
