"""The simulated notification channels: a week at most, an hour when no end is given, one call for many ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

LONGEST, DEFAULT = timedelta(days=7), timedelta(hours=1)
_TOKEN_LENGTH = 50


@dataclass
class Channels:
    """Channels by number. `now` is the CRM's clock."""

    now: Callable[[], datetime]
    held: dict[str, dict[str, Any]] = field(default_factory=dict)

    def alive(self) -> list[dict[str, Any]]:
        """The channels that have not ended."""
        return [row for row in self.held.values() if datetime.fromisoformat(row["channel_expiry"]) > self.now()]

    def watch(self, wanted: Mapping[str, Any], *, is_new: bool) -> dict[str, Any]:
        """Makes or changes one channel; its result as Zoho words it."""
        number = str(wanted.get("channel_id") or "")
        if not number.isdigit() or len(str(wanted.get("token") or "")) > _TOKEN_LENGTH:
            return _refusal("INVALID_DATA", "channel_id" if not number.isdigit() else "token")
        if not is_new and number not in self.held:
            return _refusal("INVALID_DATA", "channel_id")
        ends = self._end(wanted.get("channel_expiry"))
        if ends is None:
            return _refusal("INVALID_DATA", "channel_expiry")
        row = {**self.held.get(number, {}), **wanted, "channel_id": number}
        self.held[number] = row | {"channel_expiry": ends.isoformat(timespec="seconds")}
        events = [{"channel_expiry": self.held[number]["channel_expiry"], "resource_name": e} for e in row["events"]]
        return {
            "code": "SUCCESS",
            "details": {"events": events},
            "message": "Successfully subscribed for actions-watch of the given module",
            "status": "success",
        }

    def notices(self, module: str, operation: str, ids: list[str], now_ms: int, base: str) -> list[tuple[str, Any]]:
        """(address, notification) for every channel that listens to this."""
        names = {"insert": "create", "update": "edit", "delete": "delete"}
        events = {f"{module}.all", f"{module}.{names[operation]}"}
        return [
            (
                row["notify_url"],
                {
                    "server_time": now_ms,
                    "affected_values": [],
                    "query_params": {},
                    "module": module,
                    "resource_uri": f"{base}/crm/v8/{module}",
                    "ids": ids,
                    "affected_fields": [],
                    "operation": operation,
                    "channel_id": row["channel_id"],
                    "token": row.get("token"),
                },
            )
            for row in self.alive()
            if events & set(row["events"])
        ]

    def _end(self, given: Any) -> datetime | None:
        if not given:
            return self.now() + DEFAULT
        try:
            ends = datetime.fromisoformat(str(given))
        except ValueError:
            return None
        is_right = ends.tzinfo is not None and self.now() < ends <= self.now() + LONGEST
        return ends.astimezone(UTC) if is_right else None


def _refusal(code: str, name: str) -> dict[str, Any]:
    return {"code": code, "details": {"api_name": name}, "message": "invalid data", "status": "error"}
