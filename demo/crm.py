"""The simulated CRM with a memory: whatever it has answered 2xx to, it still holds after a kill."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from connectors.webhook.simulator import SimRecord, WebhookSimulator
from demo.journal import Journal
from demo.systems import Systems
from hub.sdk.testing import SimAnswer, SimRequest


class DemoCrm(WebhookSimulator):
    """Takes signed deliveries and keeps the book of them."""

    def __init__(self, port: int, systems: Systems, folder: Path) -> None:
        super().__init__([systems.crm_secret], port)
        self._journal = Journal(folder / "crm.ndjson")
        self.writes = 0
        for row in self._journal.rows():
            self.restore(SimRecord(**row["record"]))
            self.ledger.recall(row["key"], row["answer"])
            self.writes += 1

    def answer(self, request: SimRequest) -> SimAnswer:
        """As the simulator does, with the effect written down before the answer leaves."""
        answer = super().answer(request)
        if request.method == "POST" and answer.status == 200:
            self._keep(request.headers["webhook-id"], json.loads(answer.body))
        return answer

    def stop(self) -> None:
        """Ends the server, then the memory: what is answered later is answered by nobody."""
        super().stop()
        self._journal.close()

    def book(self) -> list[dict[str, Any]]:
        """What it holds: `{"id", "kind", "hub_ref", "version", "data"}`."""
        return self.act_records()

    def _keep(self, key: str, answer: dict[str, Any]) -> None:
        self._journal.append({"key": key, "answer": answer, "record": asdict(self.records[answer["id"]])})
        self.writes += 1
        # The book is the journal: the entries would only fill memory.
        self.ledger.clear()
