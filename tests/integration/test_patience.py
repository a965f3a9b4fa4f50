import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.embedded.postgres import Postgres
from hub.store.database import Database

QUICK = {"fsync": "off", "shared_buffers": "16MB"}
# Tells the process and the niceness of its session, then of another one that was there before.
STEPPED_BACK = """
import os, sys
from hub.store.database import Database
os.nice(7)
db = Database(sys.argv[1], size=1)
pid = db.one("select pg_backend_pid()")[0]
print(os.getpriority(os.PRIO_PROCESS, pid), os.getpriority(os.PRIO_PROCESS, int(sys.argv[2])))
db.close()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="rh-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "run").mkdir()
        started = Postgres(folder, folder / "run", settings=QUICK)
        started.start()
        yield started
        started.stop()


def test_session_when_its_process_steps_back_then_it_alone_does_too(server: Postgres) -> None:
    db = Database(server.url, size=1)
    try:
        with db.session() as connection:
            mine = connection.info.backend_pid
            said = subprocess.run(
                [sys.executable, "-c", STEPPED_BACK, server.url, str(mine)], capture_output=True, text=True, check=True
            )
            assert said.stdout.split() == ["7", str(os.getpriority(os.PRIO_PROCESS, mine))]
            assert os.getpriority(os.PRIO_PROCESS, mine) == os.getpriority(os.PRIO_PROCESS, 0)
    finally:
        db.close()
