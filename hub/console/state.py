"""The state of a connection in one word."""

from __future__ import annotations

from datetime import datetime

from hub.store.console_connection import Figures

# Work that is older than this is late; a healthy hub is done within a second.
LATE_S = 60
FRESH_S = 900


def lag_s(f: Figures, now: datetime) -> float | None:
    """How old the oldest waiting event is, in seconds; None when nothing waits. An id holds its time."""
    return None if f.oldest_in is None else max(0.0, now.timestamp() - (f.oldest_in.int >> 80) / 1000)


def due_s(f: Figures, now: datetime) -> float | None:
    """How long the oldest delivery has been due, in seconds; None when nothing is, or all is held until it goes live."""
    return None if f.oldest_due_at is None or f.phase != "live" else max(0.0, (now - f.oldest_due_at).total_seconds())


def state_of(f: Figures, now: datetime) -> str:
    """A code of `hub.console.status`: the worst that is true."""
    if f.disconnected_at:
        return "disconnected"
    if f.paused_at:
        return "act" if is_refused(f) else "paused"
    if f.unknown or f.dead or f.phase == "review":
        return "act"
    if f.halted_in or f.halted_out:
        return "halted"
    if not_answering(f, now) or (lag_s(f, now) or 0) > LATE_S or (due_s(f, now) or 0) > LATE_S or f.quarantined:
        return "slow"
    return "off" if f.phase == "off" else "fine"


def not_answering(f: Figures, now: datetime) -> bool:
    """Whether the last calls to it got no answer; a reading that is tried no more says nothing about now."""
    health = f.health or {}
    if (health.get("delivery") or {}).get("state") == "open" and f.phase == "live":
        return True
    readings = [found for part, found in health.items() if part.startswith("pull:")]
    return any(found.get("away") and now.timestamp() - found.get("at", 0) < FRESH_S for found in readings)


def is_refused(f: Figures) -> bool:
    """Whether it was the hub that paused it, since the account was refused; a person pauses by name."""
    return not f.paused_by or not f.paused_by.startswith(("usr_", "tok_", "cli"))
