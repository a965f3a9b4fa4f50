"""Starting and ending one child process of ours, and recognising one that an earlier start left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, TypeVar

from hub.errors import ConfigError

T = TypeVar("T")

LEASH = Path(__file__).with_name("leash.py")


def spawn(
    program: Sequence[str | Path],
    *,
    output: IO[bytes] | int | None = None,
    death_signal: int = signal.SIGTERM,
    options: Sequence[str] = (),
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a program that ends when this process does, even by kill -9. Call it from the main thread.

    The kernel counts the death of the *thread* that started it as the parent's.
    """
    return subprocess.Popen(  # noqa: S603
        leashed(program, options=["--signal", str(int(death_signal)), *options]),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        env=env,
        cwd=cwd,
    )


def leashed(program: Sequence[str | Path], *, options: Sequence[str] = ()) -> list[str]:
    """The command line that runs `program` on a leash held by this process."""
    leash = [sys.executable, "-I", "-S", str(LEASH), "--parent", str(os.getpid())]
    return [*leash, *options, "--", *map(str, program)]


def end(process: subprocess.Popen[Any], signals: Sequence[tuple[int, float]]) -> None:
    """Sends each signal in turn and waits so many seconds after it, until the process is gone."""
    for number, patience_s in signals:
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue
    if process.poll() is None:
        process.kill()
        process.wait()


def end_orphan(pid: int, signals: Sequence[tuple[int, float]]) -> bool:
    """Like `end` for a process that is not our child. True when it is gone."""
    for number, patience_s in signals:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        if wait_for(lambda: not is_alive(pid), patience_s):
            return True
    return not is_alive(pid)


def is_alive(pid: int) -> bool:
    """Whether the process exists and is more than an entry that its parent has not read yet."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (OSError, IndexError):
        return not Path("/proc/self").exists()


def is_ours(pid: int, folder: Path, program: str) -> bool:
    """Whether that process is `program` at work in `folder`: both servers make their data folder their own."""
    if not is_alive(pid):
        return False
    shown = command_line(pid)
    if program not in shown:
        return False
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == folder
    except OSError:
        return str(folder) in shown


def command_line(pid: int) -> str:
    """The command line of a process, words separated by blanks; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        if Path("/proc/self").exists():
            return ""
    shown = subprocess.run(["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603
    return shown.stdout.strip()


def wait_for(found: Callable[[], T], seconds: float, *, step_s: float = 0.02) -> T:
    """Asks until the answer is true or the time is over; returns the last answer."""
    deadline = time.monotonic() + seconds
    while not (answer := found()) and time.monotonic() < deadline:
        time.sleep(step_s)
    return answer


def tail(path: Path, lines: int = 8) -> str:
    """The last lines of a log, for an error that has to say why a server did not start."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def package_folder(package: str) -> Path:
    """Where an installed package lies, without importing it (importing these two warns and costs 0.2 s)."""
    from importlib.util import find_spec

    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            f"the package {package.replace('_', '-')} is not installed: run pip install 'retail-hub[embedded]', "
            "or set DATABASE_URL and REDIS_URL to servers of your own"
        )
    return Path(next(iter(spec.submodule_search_locations)))
