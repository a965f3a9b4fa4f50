"""The quickstart's commands, as they stand in the page, against a hub that was started as it says."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "quickstart.md"
PORT = "8000"
SECTION = re.compile(r"^## (\d)\. ", re.MULTILINE)
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
READY_S = 90
SCRIPT_S = 240

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(READY_S + SCRIPT_S + READY_S),
    pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl"),
]


def _sections() -> dict[str, str]:
    """Number of a section -> its shell blocks, one after the other."""
    parts = SECTION.split(PAGE.read_text(encoding="utf-8"))
    return {number: "\n".join(BLOCK.findall(text)) for number, text in zip(parts[1::2], parts[2::2], strict=True)}


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture
def place(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a terminal beside a running hub; `PORT` is the hub's."""
    folder = Path(sys.executable).parent
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    env |= {"PATH": f"{folder}{os.pathsep}{env['PATH']}", "HUB_DATA_DIR": str(tmp_path / "var"), "PORT": _free_port()}
    start = [line for line in _sections()["1"].splitlines() if line.startswith("retail-hub run")]
    assert len(start) == 1
    command = start[0].replace(PORT, env["PORT"]).split()
    log = tmp_path / "hub.log"
    with log.open("wb") as errors:
        hub = subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        assert hub.stdout is not None
        line = hub.stdout.readline()
        assert line == f"ready http://127.0.0.1:{env['PORT']}\n", log.read_text()
        yield env
    finally:
        hub.send_signal(signal.SIGINT)
        assert hub.wait(READY_S) == 0, log.read_text()
        hub.stdout.close()


def _run(script: str, env: dict[str, str]) -> list[str]:
    """What the blocks print, section by section."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace(PORT, env["PORT"])],
        env=env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=SCRIPT_S,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout.split("#### next\n")


def test_quickstart_when_followed_then_shows_what_it_says(place: dict[str, str]) -> None:
    sections = _sections()
    assert list(sections) == ["1", "2", "3", "4", "5", "6", "7"]
    again = "retail-hub ingest till examples/customers.ndjson --topic customer.updated\n"
    assert sections["3"].endswith(again)
    sections["3"] += again
    script = "\necho '#### next'\n".join([*(sections[number] for number in "234567"), ""])
    connected, ingested, sent, looked, decided, broken, _ = _run(script, place)
    assert connected.count("created") == 2
    assert ingested.splitlines()[-2:] == ["3 accepted, 0 duplicates, 0 refused", "0 accepted, 3 duplicates, 0 refused"]
    assert sent.split("\n")[:3] == ['{"accepted":1,"duplicates":0} 200'] * 2 + ['{"accepted":0,"duplicates":1} 200']
    assert len(re.findall(r"^cus_", looked, re.MULTILINE)) == 3
    assert "shop:7064" in looked
    assert "till:T-1" in looked
    assert '"outstanding"' in looked
    assert '"external_id":"7064"' in looked.replace(": ", ":")
    merged, undone = re.findall(r"(?:^cus_.*\n)+", decided, re.MULTILINE)
    assert (merged.count("\n"), undone.count("\n")) == (2, 3), decided
    assert re.search(r"\bbirthday\b", broken)
