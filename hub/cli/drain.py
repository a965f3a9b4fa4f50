"""`drain`."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from hub.cli.local import addressed
from hub.cli.output import json_option, progress, say, show_json

if TYPE_CHECKING:
    from hub.store.database import Database

STEP_S = 0.1


@click.command()
@click.option("--timeout", "timeout_s", type=click.FloatRange(min=0), default=60.0, show_default=True, help="Seconds.")
@json_option
def drain(timeout_s: float, as_json: bool) -> None:
    """Wait until nothing is pending: events, marks, deliveries.

    Ends with exit code 1 and what is left when the time is over. Quarantined events, held plans, dead
    letters and what paused connections hold back wait for a person; drain does not wait for those.

    \b
    Example:
      retail-hub drain --timeout 30
    """
    from hub.store.database import Database
    from hub.store.due import held

    with addressed() as settings:
        db = Database(settings.database_url, size=2)
        try:
            left = _wait(db, timeout_s)
            waiting = held(db)
        finally:
            db.close()
    if as_json:
        show_json({"pending": left, "held": waiting})
    for name, count in waiting.items():
        say(f"{count} deliveries wait: {name} is paused or halted")
    if any(left.values()):
        say(f"error: still pending after {timeout_s:g} s: " + ", ".join(f"{n} {what}" for what, n in left.items() if n))
        sys.exit(1)


def _wait(db: Database, timeout_s: float) -> dict[str, int]:
    from hub.store.due import pending

    deadline = time.monotonic() + timeout_s
    with progress("pending") as line:
        while any((left := pending(db)).values()) and time.monotonic() < deadline:
            line.done = sum(left.values())
            line.step(0)
            time.sleep(STEP_S)
    return left
