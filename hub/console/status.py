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
    # alerts
    "urgent": Status("▲", "bad", N_("Urgent")),
    "todo": Status("◆", "warn", N_("To do")),
    "note": Status("·", "quiet", N_("Note")),
    "open": Status("◔", "wait", N_("Open")),
    "acknowledged": Status("✓", "wait", N_("Taken on")),
    "snoozed": Status("‖", "quiet", N_("Put aside")),
    "closed": Status("✓", "ok", N_("Closed")),
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
    # users, tokens, settings
    "may_enter": Status("●", "ok", N_("May sign in")),
    "invited": Status("◔", "wait", N_("Password handed out")),
    "barred": Status("○", "quiet", N_("Barred")),
    "in_force": Status("●", "ok", N_("In force")),
    "revoked": Status("○", "quiet", N_("Revoked")),
    "expired": Status("○", "quiet", N_("Expired")),
    "not_kept": Status("○", "quiet", N_("Off")),
    "hidden": Status("•••", "quiet", N_("Set, not shown")),
    # runs
    "queued": Status("◔", "quiet", N_("Waiting for a worker")),
    "running": Status("◔", "wait", N_("Running")),
    "stopping": Status("‖", "wait", N_("Stopping")),
    "incomplete": Status("◆", "warn", N_("Ended, not complete")),
    "failed": Status("✕", "bad", N_("Failed")),
    "cancelled": Status("○", "quiet", N_("Cancelled")),
    # plans
    "plan_held": Status("‖", "warn", N_("Waits for a person")),
    "plan_canary": Status("◔", "warn", N_("Ten let go")),
    "plan_counting": Status("◔", "wait", N_("Being counted")),
    "plan_released": Status("✓", "ok", N_("Released")),
    "plan_discarded": Status("○", "quiet", N_("Discarded")),
    # drift
    "drift_open": Status("◆", "warn", N_("To decide")),
    "drift_accepted": Status("✓", "ok", N_("Accepted")),
    "drift_ignored": Status("○", "quiet", N_("Ignored")),
    "drift_over": Status("✓", "quiet", N_("As before again")),
}


def status_of(code: str) -> Status:
    """The status of that code; an unlisted code is shown as it is, in a quiet tone."""
    return STATUSES.get(code) or Status("·", "quiet", code)
