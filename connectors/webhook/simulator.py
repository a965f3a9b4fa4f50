"""A simulated system that speaks Standard Webhooks: keeps what it is sent, and sends its own edits.

    python -m connectors.webhook.simulator --port 9100 --secret whsec_… \
        --webhook-url http://127.0.0.1:8000/webhooks/crm

`POST /hooks` takes deliveries, `GET /find?hub_ref=` looks up, `/_sim/act/create|edit|delete|records`
play a person who works in that system.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from hub.errors import WebhookError
from hub.sdk import sign_standard, verify_standard
from hub.sdk.testing import SimAnswer, SimRequest, Simulator, run_simulator, simulator_arguments

SECRET = "whsec_c2ltdWxhdGVkIHNlY3JldCBmb3IgdGhlIGRlbW8h"  # noqa: S105 -- of the demo, worth nothing

_REFORMAT: Mapping[str, Callable[[str], str]] = {
    "upper": str.upper,
    "trim": str.strip,
    "pad": lambda text: f" {text} ",
}
# Where many systems tidy what they are given; other fields would stop being valid.
_TIDIED = frozenset({"full_name", "given_name", "family_name", "nickname", "company_name", "note", "title", "name"})


@dataclass(slots=True)
class SimRecord:
    """One record as the system holds it. `version_us` is microseconds since the epoch, by its own clock."""

    id: str
    kind: str
    hub_ref: str
    data: dict[str, Any]
    version_us: int


class WebhookSimulator(Simulator):
    """One account. `secrets` check deliveries and sign its own events, newest first.

    `reformat` (`upper`, `trim`, `pad`): what it does to names it stores. `echoes`: it sends an event
    for what the hub wrote too, as most systems do. `answers_data`: its answers carry the record.
    `is_gone`: answers 410 to every delivery.
    """

    def __init__(
        self,
        secrets: Sequence[str] = (SECRET,),
        port: int = 0,
        *,
        reformat: str = "",
        echoes: bool = False,
        answers_data: bool = False,
        sender_threads: int = 1,
    ) -> None:
        self.secrets = list(secrets)
        self.reformat = reformat
        self.echoes = echoes
        self.answers_data = answers_data
        self.is_gone = False
        self.records: dict[str, SimRecord] = {}
        self._lock = threading.RLock()
        self._id_by_ref: dict[str, str] = {}
        self._last_version_us = 0
        self._last_id = 0
        super().__init__(port, sender_threads=sender_threads)

    @property
    def target_url(self) -> str:
        """Where deliveries go."""
        return f"{self.url}/hooks"

    @property
    def find_url(self) -> str:
        """Where records are looked up."""
        return f"{self.url}/find"

    def sign(self, topic: str, message_id: str, body: bytes) -> Mapping[str, str]:  # noqa: ARG002
        """Standard Webhooks headers at the system's own time."""
        signed = sign_standard(self.secrets, message_id, int(self.now()), body)
        return {**signed, "Content-Type": "application/json"}

    def answer(self, request: SimRequest) -> SimAnswer:
        """Deliveries and look-ups; everything else is 404."""
        if request.path == "/hooks" and request.method == "HEAD":
            return SimAnswer(204)
        if (request.method, request.path) not in (("POST", "/hooks"), ("GET", "/find")):
            return SimAnswer.of({"error": "not found"}, 404)
        try:
            verify_standard(request.headers, request.body, self.secrets, now_s=self.now())
        except WebhookError:
            return SimAnswer.of({"error": "bad signature"}, 401)
        if request.method == "GET":
            return self._find(request.query.get("hub_ref", ""))
        return self._take(request)

    def act_create(self, kind: str, data: Mapping[str, Any]) -> str:
        """Somebody enters a record; returns its id."""
        with self._lock:
            record = self._store(kind, "", data)
            self._tell(record, "created")
            return record.id

    def act_edit(self, id: str, changes: Mapping[str, Any]) -> str:  # noqa: A002
        """Somebody changes fields of a record; returns its new version."""
        with self._lock:
            record = self.records[id]
            record.data = {**record.data, **changes}
            record.version_us = self._next_version_us()
            self._tell(record, "updated")
            return self._stamp(record)

    def act_delete(self, id: str) -> None:  # noqa: A002
        """Somebody deletes a record."""
        with self._lock:
            record = self.records.pop(id)
            record.version_us = self._next_version_us()
            self._tell(record, "deleted")

    def act_records(self) -> list[dict[str, Any]]:
        """What it holds: `{"id", "kind", "hub_ref", "version", "data"}`."""
        with self._lock:
            return [
                {"id": r.id, "kind": r.kind, "hub_ref": r.hub_ref, "version": self._stamp(r), "data": r.data}
                for r in self.records.values()
            ]

    def restore(self, record: SimRecord) -> None:
        """Holds a record again that an earlier process held; ids and versions go on after it."""
        with self._lock:
            self.records[record.id] = record
            self._id_by_ref[record.hub_ref] = record.id
            self._last_id = max(self._last_id, int(record.id.rpartition("-")[2]))
            self._last_version_us = max(self._last_version_us, record.version_us)

    def act_wait_idle(self, timeout_s: float = 30.0) -> bool:
        """Whether everything it sent was accepted in time."""
        return self.sender.wait_idle(timeout_s)

    def _take(self, request: SimRequest) -> SimAnswer:
        content = request.json()
        if self.is_gone:
            return SimAnswer(410)
        if not isinstance(content, dict) or not isinstance(content.get("data"), dict):
            return SimAnswer.of({"error": "expected type, timestamp and data"}, 400)
        if content.get("type") == "hub.ping":
            return SimAnswer(204)
        answer: dict[str, Any] = self.ledger.once(
            "write", request.headers["webhook-id"], content, lambda: self._carry_out(content)
        )
        return SimAnswer.of(answer)

    def _carry_out(self, content: Mapping[str, Any]) -> dict[str, Any]:
        data = dict(content["data"])
        kind, _, verb = str(content["type"]).partition(".")
        hub_ref, known_id = data.pop("hub_ref", ""), data.pop("id", None)
        with self._lock:
            record = self.records.get(str(known_id)) or self._by_hub_ref(hub_ref)
            if verb == "deleted":
                self.records.pop(record.id if record else "", None)
                return {"id": record.id if record else known_id, "version": self._stamp_of(self._next_version_us())}
            record = self._store(kind, hub_ref, data, record)
            if self.echoes:
                self._tell(record, verb or "updated")
            return self._shown(record)

    def _find(self, hub_ref: str) -> SimAnswer:
        with self._lock:
            record = self._by_hub_ref(hub_ref)
            if record is None:
                return SimAnswer.of({"error": "not found"}, 404)
            return SimAnswer.of({**self._shown(record), "data": self._event_data(record)})

    def _by_hub_ref(self, hub_ref: str) -> SimRecord | None:
        return self.records.get(self._id_by_ref.get(hub_ref, ""))

    def _store(self, kind: str, hub_ref: str, data: Mapping[str, Any], record: SimRecord | None = None) -> SimRecord:
        if record is None:
            self._last_id += 1
            record = SimRecord(f"{kind[:3]}-{self._last_id}", kind, hub_ref, {}, 0)
            self.records[record.id] = record
        tidy = _REFORMAT.get(self.reformat, str)
        tidied = {name: tidy(v) if name in _TIDIED and isinstance(v, str) else v for name, v in data.items()}
        if hub_ref:
            record.hub_ref = hub_ref
            self._id_by_ref[hub_ref] = record.id
        record.data = {**record.data, **tidied}
        record.version_us = self._next_version_us()
        return record

    def _shown(self, record: SimRecord) -> dict[str, Any]:
        shown = {"id": record.id, "version": self._stamp(record)}
        return {**shown, "data": self._event_data(record)} if self.answers_data else shown

    def _event_data(self, record: SimRecord) -> dict[str, Any]:
        return {**record.data, "id": record.id, "updated_at": self._stamp(record)}

    def _tell(self, record: SimRecord, verb: str) -> None:
        data = self._event_data(record)
        self.send(
            f"{record.kind}.{verb}", {"type": f"{record.kind}.{verb}", "timestamp": data["updated_at"], "data": data}
        )

    def _next_version_us(self) -> int:
        """Strictly increasing, so that its own order never ties."""
        self._last_version_us = max(self._last_version_us + 1, int(self.now() * 1_000_000))
        return self._last_version_us

    def _stamp(self, record: SimRecord) -> str:
        return self._stamp_of(record.version_us)

    def _stamp_of(self, version_us: int) -> str:
        """RFC 3339 with the offset of its time zone."""
        moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=version_us)
        return moment.astimezone(ZoneInfo(self.switches.time_zone)).isoformat(timespec="microseconds")


def main(argv: Sequence[str] | None = None) -> None:
    """Runs one as a process."""
    parser = simulator_arguments("A simulated system that speaks Standard Webhooks")
    parser.add_argument("--reformat", default="", choices=("", *_REFORMAT), help="what it does to names it stores")
    parser.add_argument("--echoes", action="store_true", help="send events for what the hub wrote too")
    arguments = parser.parse_args(argv)
    secrets = [arguments.secret or SECRET]
    simulator = WebhookSimulator(secrets, arguments.port, reformat=arguments.reformat, echoes=arguments.echoes)
    simulator.sender.url = arguments.webhook_url
    run_simulator(simulator)


if __name__ == "__main__":
    main()
