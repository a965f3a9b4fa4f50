"""The state of a connection in one word, and what somebody has to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.console.language import _
from hub.console.shell import page_url
from hub.store.console_connection import Figures

# Work that is older than this is late; a healthy hub is done within a second.
LATE_S = 60


@dataclass(frozen=True, slots=True)
class Alert:
    """One cause that needs a person. `rank`: smaller is worse."""

    rank: int
    tone: str
    glyph: str
    text: str
    url: str
    step: str


def lag_s(f: Figures, now: datetime) -> float | None:
    """How old the oldest waiting event is, in seconds; None when nothing waits. An id holds its time."""
    return None if f.oldest_in is None else max(0.0, now.timestamp() - (f.oldest_in.int >> 80) / 1000)


def due_s(f: Figures, now: datetime) -> float | None:
    """How long the oldest delivery has been due, in seconds; None when nothing is."""
    return None if f.oldest_due_at is None else max(0.0, (now - f.oldest_due_at).total_seconds())


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
    if (lag_s(f, now) or 0) > LATE_S or (due_s(f, now) or 0) > LATE_S or f.quarantined:
        return "slow"
    return "off" if f.phase == "off" else "fine"


def is_refused(f: Figures) -> bool:
    """Whether it was the hub that paused it, since the account was refused; a person pauses by name."""
    return not f.paused_by or not f.paused_by.startswith(("usr_", "tok_", "cli"))


def alerts_of(f: Figures, now: datetime) -> list[Alert]:
    """What somebody has to do about one connection, at most one line a cause."""
    if f.disconnected_at:
        return []
    found = []
    page = page_url("show_connection", name=f.name)
    if f.paused_at and is_refused(f):
        text = _("%(name)s refused the hub and is paused: %(why)s", name=f.name, why=f.pause_reason or "?")
        found.append(Alert(0, "bad", "▲", text, page, _("Renew the access, then resume")))
    if f.unknown:
        text = _("%(name)s: outcome of %(n)s deliveries unknown", name=f.name, n=f.unknown)
        found.append(
            Alert(1, "unknown", "?", text, page_url("list_deliveries", tab="unknown"), _("Look whether they arrived"))
        )
    if f.dead:
        text = _("%(name)s: %(n)s deliveries given up", name=f.name, n=f.dead)
        found.append(Alert(2, "bad", "✕", text, page_url("list_deliveries", tab="dead"), _("Retry or discard")))
    if f.quarantined:
        text = _("%(name)s: %(n)s events in quarantine", name=f.name, n=f.quarantined)
        found.append(Alert(3, "bad", "✕", text, page_url("list_quarantine"), _("Fix the cause, then run them again")))
    if f.phase == "review":
        text = _("%(name)s has been read and waits for a person to let it go live", name=f.name)
        found.append(Alert(4, "warn", "◆", text, page, _("Look at the plan")))
    if f.held and f.phase == "live":
        text = _("%(name)s: %(n)s writes are held by a plan", name=f.name, n=f.held)
        found.append(Alert(5, "warn", "‖", text, page, _("Release or discard the plan")))
    if (behind := lag_s(f, now) or 0) > LATE_S and not f.paused_at and not f.halted_in:
        text = _("%(name)s: events wait since %(minutes)s minutes", name=f.name, minutes=int(behind // 60))
        url = page_url("list_events", status="pending")
        found.append(Alert(6, "warn", "◆", text, url, _("Are the workers running?")))
    return found
