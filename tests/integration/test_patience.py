import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.embedded.postgres import Postgres
from hub.patience import step_back
from hub.store.database import Database
from tests.fixtures.place import short_folder

QUICK = {"fsync": "off", "shared_buffers": "16MB"}
# Tells the niceness of its session, then of another one that was there before; and of the first one's group, where there are groups.
STEPPED_BACK = """
import os, sys
from pathlib import Path
from hub.patience import step_back
from hub.store.database import Database
os.nice(7)
db = Database(sys.argv[1], size=1)
pid = db.one("select pg_backend_pid()")[0]
group = Path(f"/proc/{pid}/autogroup")
told = group.read_text().split()[-1] if group.exists() and group.read_text() else "7"
print(os.getpriority(os.PRIO_PROCESS, pid), os.getpriority(os.PRIO_PROCESS, int(sys.argv[2])), told)
db.close()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with short_folder() as name:
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
            assert said.stdout.split() == ["7", str(os.getpriority(os.PRIO_PROCESS, mine)), "7"]
            assert os.getpriority(os.PRIO_PROCESS, mine) == os.getpriority(os.PRIO_PROCESS, 0)
    finally:
        db.close()


def test_process_when_it_is_more_patient_already_then_it_stays_so() -> None:
    code = "import os; from hub.patience import step_back; os.nice(12); print(step_back(5), os.nice(0))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["True", "12"]


def test_group_when_the_kernel_takes_no_more_wishes_then_it_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_args: object, **_named: object) -> int:
        raise BlockingIOError(errno.EAGAIN, "later")

    monkeypatch.setattr(os, "getsid", lambda pid: pid)
    monkeypatch.setattr(Path, "write_text", busy)
    assert not step_back(os.getpriority(os.PRIO_PROCESS, 0))
