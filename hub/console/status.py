"""Status words: never colour alone, so each is a glyph, a tone and a word."""

from __future__ import annotations

from dataclasses import dataclass

from hub.console.language import N_


@dataclass(frozen=True, slots=True)
class Status:
    """`tone` is a class of the stylesheet: ok, warn, bad, wait, unknown, quiet."""

    glyph: str
    tone: str
    word: str


STATUSES: dict[str, Status] = {
    # events
    "done": Status("✓", "ok", N_("Done")),
    "pending": Status("◔", "wait", N_("Waiting")),
    "parked": Status("⌛", "quiet", N_("Parked")),
    "quarantined": Status("✕", "bad", N_("Quarantined")),
    "duplicate": Status("＝", "quiet", N_("Duplicate")),
    "echo": Status("⇄", "quiet", N_("Echo")),
    # deliveries
    "due": Status("◔", "wait", N_("Due")),
    "retry": Status("◆", "warn", N_("Will retry")),
    "sending": Status("◔", "wait", N_("Being sent")),
    "sent": Status("✓", "ok", N_("Arrived")),
    "held": Status("‖", "warn", N_("Held")),
    "unknown": Status("?", "unknown", N_("Outcome unknown")),
    "dead": Status("✕", "bad", N_("Dead letter")),
    "dropped": Status("○", "quiet", N_("Discarded")),
    "error": Status("✕", "bad", N_("Failed")),
    # connections
    "fine": Status("●", "ok", N_("Fine")),
    "slow": Status("◆", "warn", N_("Slow")),
    "act": Status("▲", "bad", N_("Needs you")),
    "paused": Status("‖", "quiet", N_("Paused")),
    "halted": Status("‖", "warn", N_("Halted")),
    "off": Status("○", "quiet", N_("Not live")),
    "disconnected": Status("○", "quiet", N_("Disconnected")),
    # phases of going live
    "reading": Status("◔", "wait", N_("Reading")),
    "review": Status("◆", "warn", N_("To review")),
    "live": Status("●", "ok", N_("Live")),
    # golden records
    "active": Status("●", "ok", N_("Active")),
    "deleted": Status("○", "quiet", N_("Deleted")),
    "erased": Status("○", "quiet", N_("Erased")),
    # runs
    "running": Status("◔", "wait", N_("Running")),
    "failed": Status("✕", "bad", N_("Failed")),
    "cancelled": Status("○", "quiet", N_("Cancelled")),
}


def status_of(code: str) -> Status:
    """The status of that code; an unlisted code is shown as it is, in a quiet tone."""
    return STATUSES.get(code) or Status("·", "quiet", code)
