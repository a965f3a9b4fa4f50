"""How the demo talks to the hub: by its HTTP API and its command line, as anybody else would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import requests

from hub.embedded.process import leashed
from hub.errors import ConflictError, HubError, NotFoundError

TIMEOUT_S = 30
PAGE = 200
_ERRORS = {404: NotFoundError, 409: ConflictError}


class HubClient:
    """The API with a token of its own. Errors of the API are `HubError` with what it says."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/api/v1"
        self._session = requests.Session()
        self._session.trust_env = False
        # An open connection would keep a web server that is to end waiting for it.
        self._session.headers["Connection"] = "close"
        made = run_command("token", "create", "--role", "admin", "--name", "demo", "--expires", "1h", "--json")
        self._session.headers["Authorization"] = f"Bearer {made['token']}"

    def call(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """One call; the answer's JSON. `NotFoundError` for 404."""
        try:
            answer = self._session.request(method, self._url + path, json=body, params=query, timeout=TIMEOUT_S)
        except requests.RequestException as error:
            raise HubError(f"the hub does not answer {method} {path} ({type(error).__name__})") from None
        if answer.ok:
            return answer.json() if answer.content else None
        said = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
        kind = _ERRORS.get(answer.status_code, HubError)
        raise kind(
            f"the hub answers {answer.status_code} to {method} {path}: {said.get('detail') or said.get('title')}"
        )

    def connection(self, name: str) -> dict[str, Any] | None:
        """A connection; None when there is none of that name."""
        try:
            found: dict[str, Any] = self.call("GET", f"/connections/{name}")
        except NotFoundError:
            return None
        return found

    def golden(self, plural: str) -> Iterator[dict[str, Any]]:
        """Every golden record of a kind."""
        return self.listed(f"/{plural}")

    def listed(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """Everything that a listing has, page by page."""
        cursor = ""
        while cursor is not None:
            page = self.call("GET", path, limit=str(PAGE), cursor=cursor, **query)
            yield from page["items"]
            cursor = page["next_cursor"]

    def merge(self, id_: str, other: str, reason: str) -> str:
        """Rules that two customers are one, unless that is ruled already; returns the decision's id."""
        try:
            made = self.call("POST", f"/customers/{id_}/merge", {"with": other, "reason": reason})
            return str(made["decision"])
        except ConflictError:
            history = self.call("GET", f"/customers/{id_}/history")["items"]
            return next(str(entry["cause_id"]) for entry in history if str(entry["cause_id"]).startswith("dec_"))

    def undo(self, decision: str, reason: str) -> None:
        """Takes a decision back, unless it was taken back already."""
        with suppress(ConflictError):
            self.call("POST", f"/decisions/{decision}/undo", {"reason": reason})

    def figures(self) -> dict[str, Any]:
        """The books: `events` in sum, `connections` each."""
        found: dict[str, Any] = self.call("GET", "/metrics/summary")
        return found


def run_command(*args: str, accept: tuple[int, ...] = (0,)) -> Any:
    """Runs `retail-hub …` and returns the JSON it prints; ends with this process.

    Raises:
        HubError: it ended with another status than `accept`; the text is what it said.
    """
    command = leashed([sys.executable, "-m", "hub.cli.main", *args])
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode not in accept:
        raise HubError(f"retail-hub {args[0]}: {done.stderr.strip().removeprefix('error: ')}")
    return json.loads(done.stdout or "null")
