"""A mapping that does what the note of a customer tells it to. Installed like any plugin, in a folder of its own.

`raise`, `spin` (never ends), `die` (kills its process), `stand:FILE` (stands still: where FILE exists and is
empty, writes its process id into it and waits until the file is gone).
"""

from __future__ import annotations

from pathlib import Path

PLUGIN = '''
import os
import pathlib
import re
import signal
import time

from hub.sdk import hookimpl


def obey(value):
    word, _, argument = str(value).partition(":")
    if word == "raise":
        raise RuntimeError("told to raise")
    if word == "spin":
        re.match("(a*)*b", "a" * 64)
    if word == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "stand":
        gate = pathlib.Path(argument)
        if gate.exists() and not gate.read_text():
            gate.write_text(str(os.getpid()))
            while gate.exists():
                time.sleep(0.01)
    return value


@hookimpl
def register_transforms():
    """Obeys the note of a customer."""
    return {"obey": obey}
'''
MAPPING = """
kind: customer
from: webhook/customers
root: data
id: id
version: updated_at
at: updated_at
in:
  full_name: full_name
  note: {path: note, to: obey}
  identities: identities
out: canonical
"""
ENTRY_POINTS = "[retail_hub]\nhostile = hostile_plugin\n"
METADATA = "Metadata-Version: 2.1\nName: hostile-plugin\nVersion: 1.0\n"


def install(folder: Path) -> dict[str, str]:
    """Lays a distribution and a mapping folder out; returns the environment that a hub finds them by."""
    site, mappings = folder / "site", folder / "mappings" / "webhook"
    about = site / "hostile_plugin-1.0.dist-info"
    about.mkdir(parents=True)
    mappings.mkdir(parents=True)
    (site / "hostile_plugin.py").write_text(PLUGIN)
    (about / "METADATA").write_text(METADATA)
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
    (mappings / "customers.yaml").write_text(MAPPING)
    return {"PYTHONPATH": str(site), "HUB_MAPPINGS_DIR": str(mappings.parent)}
