"""`reload`: changed rules take effect without ending the hub."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import click

from hub.cli.local import open_hub
from hub.cli.output import say
from hub.errors import ConfigError

if TYPE_CHECKING:
    from hub.flow.context import Hub


@click.command()
@click.option("--timeout", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Seconds to wait.")
def reload(timeout: float) -> None:
    """Let changed mappings and policies take effect in the hub that runs on this data folder.

    They are checked first: when a file is wrong, nothing happens. Web and workers then start again
    with the new rules; webhooks that come in these seconds are sent again by their systems.

    \b
    Example:
      retail-hub reload
    """
    from hub.config import load_settings
    from hub.embedded.home import Home
    from hub.flow.release import in_force

    found = Home(load_settings().data_dir).running()
    if found.get("purpose") != "run" or "url" not in found:
        raise ConfigError(
            f"no `retail-hub run` works on {load_settings().data_dir}: start it, which reads the rules; where web, worker and "
            "scheduler run on their own, restart them"
        )
    with open_hub() as hub:
        before = in_force(hub)
        if before == hub.rules.release_id:
            say("these rules are in force already")
            return
        os.kill(found["pid"], signal.SIGUSR1)
        _wait(hub, found["url"], before, timeout)
    say("the rules are in force now")


def _wait(hub: Hub, url: str, before: int | None, timeout: float) -> None:
    from hub.embedded.process import wait_for
    from hub.flow.release import in_force

    # The scheduler puts its release in force when it starts; the old web server has ended by then.
    if not wait_for(lambda: in_force(hub) != before and _is_ready(url), timeout, step_s=0.1):
        raise ConfigError(
            f"the rules are not in force after {timeout:g} s: see the logs in {hub.settings.data_dir / 'log'}"
        )


def _is_ready(url: str) -> bool:
    import requests

    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(f"{url}/readyz", timeout=5).ok
    except requests.RequestException:
        return False
