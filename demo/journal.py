"""Lines that survive the process: what a simulated system must still know after a restart."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Journal:
    """Append-only JSON lines. Usable from several threads; a row is in the file when `append` returns.

    The file is as durable as the kernel: it survives kill -9 of every process, not a power cut.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._file = path.open("a+b")
        path.chmod(0o600)

    def rows(self) -> list[dict[str, Any]]:
        """Every row so far. What a killed process left of its last line is cut off."""
        with self._lock:
            self._file.seek(0)
            found, end = [], 0
            for line in self._file:
                if not line.endswith(b"\n"):
                    break
                found.append(json.loads(line))
                end += len(line)
            self._file.truncate(end)
            return found

    def append(self, row: Mapping[str, Any]) -> None:
        """Adds one row. OSError when the file cannot be written, or is closed."""
        line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
        with self._lock:
            if self._file.closed:
                raise OSError("the journal is closed")
            self._file.write(line)
            self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._file.close()
