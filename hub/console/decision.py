"""Who decided what about one thing, and why: its rows of the audit trail, with names instead of pseudonyms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.console.language import N_, _
from hub.console.visit import hub
from hub.console.who import names_of
from hub.flow import audit
from hub.store.audit import Filter

# What was done, in words; an act that is not here is shown by its code.
ACTS = {
    "alert.acknowledged": N_("taken on"),
    "alert.assigned": N_("assigned"),
    "alert.snoozed": N_("put aside"),
    "alert.closed": N_("closed"),
    "delivery.looked": N_("looked again"),
    "delivery.arrived": N_("it had arrived"),
    "delivery.retried": N_("sent again"),
    "delivery.discarded": N_("discarded"),
    "event.replayed": N_("run again"),
    "event.rerun": N_("run again after quarantine"),
    "event.discarded": N_("discarded"),
    "payload.seen": N_("payload shown in clear"),
    "payload.read": N_("payload read in clear"),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """One act: when, by whom (a user's name, `cli`, or a token's pseudonym), what, and the reason given."""

    at: datetime
    who: str
    what: str
    reason: str


def decisions_on(object_id: str, limit: int = 30) -> list[Decision]:
    """What was done about the thing of that id (`dlv_…`), newest first."""
    rows = audit.trail(hub(), Filter(object=object_id), limit)
    names = names_of(row.actor for row in rows)
    return [Decision(row.at, names.get(row.actor, row.actor), _act(row.act), row.reason) for row in rows]


def _act(code: str) -> str:
    return _(ACTS[code]) if code in ACTS else code
