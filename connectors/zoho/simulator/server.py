"""A Zoho account on loopback: token endpoint, CRM API v8, notifications of its own."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any

from connectors.zoho.simulator.api import Records, refused
from connectors.zoho.simulator.channels import Channels
from connectors.zoho.simulator.crm import Crm
from connectors.zoho.simulator.tokens import Tokens
from hub.sdk.testing import SimAnswer, SimRequest, Simulator

_API = re.compile(r"/crm/v8(/.*)")
ORG = {
    "company_name": "茶语有限公司",
    "time_zone": "Asia/Shanghai",
    "iso_code": "CNY",
    "country_code": "CN",
    "license_details": {"paid_type": "enterprise", "paid": True},
}


class ZohoSimulator(Simulator):
    """One account with the module Contacts.

    Beside the switches of every simulator: `crm.reformats` (it respells phones), `fail_record(code,
    times)` (the next records written fail with it), `fail_token(error, times)`, `tokens.revoke_all()`,
    `credits` (left today; told once fewer than half of `day_credits` are), `most_calls` at once.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        client_id: str = "1000.SIMULATED",
        client_secret: str = "hush",  # noqa: S107 -- a simulator's
        refresh_token: str = "1000.refresh.simulated",  # noqa: S107
        module: str = "Contacts",
        api_domain: str = "",
    ) -> None:
        super().__init__(port)
        self.switches.time_zone = "Asia/Shanghai"
        self.module = module
        self.day_credits = self.credits = 50_000
        self.most_calls = 10
        self._running = 0
        self._lock = threading.Lock()
        self.crm = Crm(self.local_now, on_change=self._tell)
        self.tokens = Tokens(client_id, client_secret, refresh_token, lambda: api_domain or self.url)
        self.channels = Channels(self.local_now)
        self.records = Records(self.crm, module, self.ledger.note)
        self._missing_scopes: set[str] = set()

    def answer(self, request: SimRequest) -> SimAnswer:
        """Accounts and API on one port."""
        if request.path == "/oauth/v2/token" and request.method == "POST":
            issued = self.tokens.issue(request.body)
            self.ledger.note("refresh", {"error": issued.get("error")})
            return SimAnswer.of(issued)
        found = _API.fullmatch(request.path)
        if found is None:
            return SimAnswer.of({"code": "INVALID_URL_PATTERN", "status": "error"}, 404)
        if not self.tokens.is_good(request.headers.get("authorization", "")):
            return refused("INVALID_TOKEN", 401)
        return self._within_limits(request, found[1])

    def sign(self, topic: str, message_id: str, body: bytes) -> Mapping[str, str]:  # noqa: ARG002
        """Zoho signs nothing."""
        return {"Content-Type": "application/json"}

    def fail_record(self, code: str, times: int = 1) -> None:
        """Lets the next `times` records that are written fail with `code` (`RECORD_LOCKED`, `INTERNAL_ERROR`)."""
        self.records.failures += [code] * times

    act_fail_record = fail_record

    def fail_token(self, error: str, times: int = 1) -> None:
        """Lets the next `times` refreshes be answered with `error`, in HTTP 200."""
        self.tokens.failures += [{"error": error}] * times

    def forbid(self, *scopes: str) -> None:
        """The refresh token lacks these scopes: `org`, `settings`, `notifications`, `coql`, `modules`."""
        self._missing_scopes = set(scopes)

    def act_add(self, **given: Any) -> str:
        """Enters a contact; returns its id."""
        return self.crm.add(**given)

    def act_change(self, contact: str, **changes: Any) -> None:
        """Edits a contact."""
        self.crm.change(contact, **changes)

    def act_remove(self, *, ids: list[str]) -> None:
        """Deletes contacts."""
        self.crm.remove(*ids)

    def act_summary(self) -> dict[str, Any]:
        """What there is, and what the hub did."""
        return {
            "contacts": len(self.crm.contacts),
            "deleted": len(self.crm.deleted),
            **{name: len(self.ledger.entries(name)) for name in ("insert", "update", "delete", "refresh")},
        }

    def _within_limits(self, request: SimRequest, path: str) -> SimAnswer:
        with self._lock:
            self._running += 1
            running = self._running
            self.credits -= 1
        try:
            if running > self.most_calls:
                return refused("TOO_MANY_REQUESTS", 429)
            if self.credits < 0:
                return refused("LIMIT_EXCEEDED", 429)
            answer = self._routed(request, path)
        finally:
            with self._lock:
                self._running -= 1
        if self.credits * 2 < self.day_credits:
            told = {**answer.headers, "X-API-CREDITS-REMAINING": str(self.credits)}
            return SimAnswer(answer.status, answer.body, told)
        return answer

    def _routed(self, request: SimRequest, path: str) -> SimAnswer:
        head = path.split("/")[1]
        scope = {"org": "org", "settings": "settings", "actions": "notifications", "coql": "coql"}.get(head, "modules")
        if scope in self._missing_scopes:
            return refused("OAUTH_SCOPE_MISMATCH", 401)
        if path == "/org":
            return SimAnswer.of({"org": [ORG]})
        if path == "/settings/fields":
            if request.query.get("module") != self.module:
                return refused("INVALID_MODULE", 400, param="module")
            return SimAnswer.of({"fields": self.crm.fields})
        if path == "/coql":
            return self.records.coql(request)
        if path == "/actions/watch":
            return self._watch(request)
        if head == self.module:
            return self.records.answer(request, path[len(head) + 1 :])
        return refused("INVALID_MODULE", 400)

    def _watch(self, request: SimRequest) -> SimAnswer:
        if request.method == "GET":
            number = request.query.get("channel_id")
            rows = [row for row in self.channels.alive() if number in (None, row["channel_id"])]
            return SimAnswer.of({"watch": rows, "info": {"count": len(rows)}}) if rows else SimAnswer(204)
        wanted = (request.json() or {}).get("watch") or []
        results = [self.channels.watch(row, is_new=request.method == "POST") for row in wanted]
        self.ledger.note("watch", {"method": request.method, "channels": [row.get("channel_id") for row in wanted]})
        return SimAnswer.of({"watch": results})

    def _tell(self, operation: str, ids: list[str]) -> None:
        now_ms = int(self.now() * 1000)
        for address, content in self.channels.notices(self.module, operation, ids, now_ms, self.url):
            self.sender.url = address
            self.send(operation, content)
