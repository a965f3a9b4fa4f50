"""The settings in force in this process, each with where it comes from; secrets are hidden."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from flask import render_template

from hub.config import describe, origins, unknown_variables
from hub.console.language import N_
from hub.console.route import Route
from hub.console.visit import hub

PERMISSION = "system.see"
ORIGINS = {
    "environment": N_("environment"),
    "file": N_("file"),
    "launcher": N_("filled in by “run”"),
    "default": N_("default"),
}
# The reader's words for each setting; `tests` checks that none is missing.
TITLES = {
    "database_url": N_("The Postgres database; unset, an embedded server in the data folder"),
    "redis_url": N_("The Redis or Valkey that wakes workers up; it may lose its data"),
    "data_dir": N_("Folder of the embedded servers, the key and the logs"),
    "secret_key": N_("Keys for encryption at rest, newest first"),
    "secret_key_file": N_("A file that holds these keys"),
    "mappings_dir": N_("Folder of your own mappings, policies and look-ups; they win over the built-in ones"),
    "allowed_private_hosts": N_("Hosts that connectors may reach although they are private or loopback"),
    "environment": N_("Which installation this is; shown at the top of every page unless it is production"),
    "host": N_("Address the web server listens on"),
    "port": N_("Port of the web server; 0 takes a free one"),
    "public_url": N_("How other systems reach the hub, for webhook subscriptions and links"),
    "workers": N_("Pipeline workers that “run” starts"),
    "pool_size": N_("Database connections of a process"),
    "body_limit_bytes": N_("Largest request body, after decompression"),
    "batch_timeout_s": N_("A worker that stays longer in one batch is ended; the batch is done again, item by item"),
    "linger_s": N_("How long a worker with nothing to do waits before it ends"),
    "log_level": N_("Least level logged"),
    "drift_null_run": N_("After so many records in a row in which a field turned to null its writes wait for a person"),
    "away_after_s": N_("Seconds without an answer after which an alert says that a system does not answer"),
    "worker_nice": N_("How far workers step back when the processor is short"),
    "match_claim_s": N_("Seconds for which a pair given to a steward is given to nobody else"),
    "slow_after_s": N_("Seconds a delivery may be due before an alert says that its system is slow"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One setting as it is shown."""

    variable: str
    title: str
    value: str
    default: str
    origin: str
    is_secret: bool


def show_settings() -> Any:
    """What is in force, by variable, with its origin; slips of names in the environment beside it."""
    settings = hub().settings
    sources = origins(settings)
    lines = [
        Line(
            row["variable"],
            TITLES.get(row["name"], row["help"]),
            row["value"],
            row["default"],
            ORIGINS[sources[row["name"]]],
            row["value"] == "(hidden)",
        )
        for row in describe(settings)
    ]
    return render_template(
        "console/settings.html", lines=lines, slips=unknown_variables(os.environ), command="retail-hub check"
    )


ROUTES = (Route("/system/settings", show_settings, PERMISSION),)
