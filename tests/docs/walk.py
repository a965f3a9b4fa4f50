"""A page that is followed by hand: its shell blocks, run as they stand against a hub that was started as it says."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PORT, PEER_PORT = "8000", "9100"
SECTION = re.compile(r"^## (\d)\. ", re.MULTILINE)
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
READY_S = 90
SCRIPT_S = 240
NEXT = "#### next\n"

MARKS = [
    pytest.mark.slow,
    pytest.mark.timeout(READY_S + SCRIPT_S + READY_S),
    pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl"),
]


def sections_of(page: str) -> dict[str, str]:
    """Number of a section -> its shell blocks, one after the other."""
    parts = SECTION.split((ROOT / "docs" / page).read_text(encoding="utf-8"))
    return {number: "\n".join(BLOCK.findall(text)) for number, text in zip(parts[1::2], parts[2::2], strict=True)}


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


class Walk:
    """A reader's second terminal, in a copy of the folder as far as the page writes to it."""

    def __init__(self, env: dict[str, str], folder: Path) -> None:
        self.env = env
        self.folder = folder

    def follow(self, sections: list[str]) -> list[str]:
        """What the blocks print, section by section, errors and remarks too."""
        script = f"\nprintf '{NEXT[:-1]}\\n'\n".join([*sections, ""])
        script = script.replace(PORT, self.env["PORT"]).replace(PEER_PORT, self.env["PEER_PORT"])
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], env=self.env, cwd=self.folder, check=False, timeout=SCRIPT_S,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout.split(NEXT)


@contextmanager
def walk(page: str, tmp_path: Path) -> Iterator[Walk]:
    """A hub started by the `retail-hub run` of the page's first section, and a terminal beside it."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in ("examples", "connectors"):
        (folder / name).symlink_to(ROOT / name)
    beside = Path(sys.executable).parent
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    env |= {"PATH": f"{beside}{os.pathsep}{env['PATH']}", "HUB_DATA_DIR": str(tmp_path / "var"),
            "PORT": _free_port(), "PEER_PORT": _free_port()}  # fmt: skip
    first = [
        line for line in sections_of(page)["1"].splitlines() if line.startswith("mkdir") or "retail-hub run" in line
    ]
    assert "retail-hub run" in first[-1]
    # The launcher takes the shell's place, so that it gets the signal.
    script = "\n".join(first).replace(PORT, env["PORT"]).replace("retail-hub run", "exec retail-hub run")
    log = tmp_path / "hub.log"
    with log.open("wb") as errors:
        command = ["bash", "-euo", "pipefail", "-c", script]
        hub = subprocess.Popen(command, env=env, cwd=folder, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        assert hub.stdout is not None
        line = hub.stdout.readline()
        assert line == f"ready http://127.0.0.1:{env['PORT']}\n", log.read_text()
        yield Walk(env, folder)
    finally:
        hub.send_signal(signal.SIGINT)
        assert hub.wait(READY_S) == 0, log.read_text()
        assert hub.stdout is not None
        hub.stdout.close()
