"""The first screen: is anything lost, is anything stuck, what must I do?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import g, render_template

from hub.console.address import TODAY
from hub.console.alert import may_act, to_do
from hub.console.language import _
from hub.console.picture import Node, flow, strip
from hub.console.route import Route
from hub.console.shell import page_url
from hub.console.state import due_s, lag_s, state_of
from hub.console.status import status_of
from hub.console.visit import hub, realms
from hub.flow import health
from hub.flow.books import books
from hub.store import console_connection as store
from hub.store.console_connection import Figures

SHOWN = 5
"""Alerts on the first screen; the others stand on their own page."""


@dataclass(frozen=True, slots=True)
class Line:
    """One connection on the overview: its figures, its state in one word, and how far it is behind."""

    figures: Figures
    state: str
    behind_s: float | None


def show_overview() -> Any:
    """What is to do, the equation, the flow picture and the same figures as a table, the last day by hour."""
    now = g.fmt.now
    lines = [Line(f, state_of(f, now), lag_s(f, now)) for f in store.figures(hub().db, now, realms("overview.see"))]
    live = [line for line in lines if line.figures.disconnected_at is None]
    limited = realms("overview.see") is not None
    return render_template(
        "console/overview.html",
        to_do=to_do(realms("overview.see")),
        shown=SHOWN,
        may_act=may_act,
        books=books(hub().db, realms("overview.see"), day=now.date()),
        today=TODAY,
        day_began=now.replace(hour=0, minute=0, second=0, microsecond=0),
        lines=lines,
        picture=draw(live) if live else "",
        strips=_strips([line.figures.id for line in live] if limited else None),
        footing=_footing(live),
        command="retail-hub check",
        api="GET /api/v1/metrics/summary",
    )


@dataclass(frozen=True, slots=True)
class Footing:
    """What the hub stands on, in one line. `here`: the roles at work, `?` when nobody knows; `longest_s` None: nothing waits."""

    here: str
    needed: int
    missing: str
    longest_s: float | None
    disk_percent: int
    is_disk_full: bool


def _footing(lines: list[Line]) -> Footing:
    workers, disk = health.footing(hub())
    facts, missing = workers.facts, workers.facts["missing"]
    waits = [s for line in lines for s in (line.behind_s, due_s(line.figures, g.fmt.now)) if s is not None]
    return Footing(
        here="?" if facts["count"] is None else str(facts["needed"] - len(missing)),
        needed=facts["needed"],
        missing=", ".join(missing),
        longest_s=max(waits, default=None),
        disk_percent=round(disk.facts["used_share"] * 100),
        is_disk_full=disk.state != "ok",
    )


def draw(lines: list[Line]) -> Any:
    """The flow picture of up to 12 connections a side; a two-way one stands on both."""
    left = [_node(line, is_in=True) for line in lines if _flows(line, "in")][:12]
    right = [_node(line, is_in=False) for line in lines if _flows(line, "out")][:12]
    waiting = sum(line.figures.waiting for line in lines)
    rate = sum(line.figures.in_per_minute for line in lines)
    middle = Node(
        "Retail Hub", _("waiting %(n)s · %(rate)s/min", n=g.fmt.tile(waiting), rate=g.fmt.tile(round(rate))), "", "", 0
    )
    return flow(left, right, middle, _("What flows between the systems and the hub now"))


def _flows(line: Line, direction: str) -> bool:
    return not line.figures.flows or any(way in (direction, "both") for way in line.figures.flows.values())


def _node(line: Line, *, is_in: bool) -> Node:
    f, mark = line.figures, status_of(line.state)
    if line.state in ("paused", "halted", "off", "disconnected"):
        return Node(f.name, _(mark.word), mark.glyph, mark.tone, 0, is_stopped=True)
    if is_in:
        note = _("in %(n)s/min · behind %(lag)s", n=_rate(f.in_per_minute), lag=g.fmt.duration(line.behind_s or 0))
        return Node(f.name, note, mark.glyph, mark.tone, f.in_per_minute, is_stopped=f.halted_in)
    parts = [_("out %(n)s/min · due %(due)s", n=_rate(f.out_per_minute), due=g.fmt.tile(f.due))]
    if f.unknown:
        parts.append(_("unknown %(n)s", n=f.unknown))
    if f.dead:
        parts.append(_("dead %(n)s", n=f.dead))
    return Node(f.name, " · ".join(parts), mark.glyph, mark.tone, f.out_per_minute, is_stopped=f.halted_out)


def _rate(per_minute: float) -> str:
    return str(g.fmt.tile(round(per_minute))) if per_minute >= 10 or not per_minute else f"{per_minute:.1f}"


def _strips(connection_ids: list[int] | None) -> list[dict[str, Any]]:
    found = store.hours(hub().db, connection_ids)
    series = (
        (_("Done"), "ok", [row[1] for row in found], page_url("list_events", status="done", span="24h")),
        (_("Duplicates"), "", [row[2] for row in found], page_url("list_events", status="duplicate", span="24h")),
        (_("Went to quarantine"), "bad", [row[3] for row in found], page_url("list_quarantine")),
    )
    return [
        {
            "title": title,
            "total": sum(values),
            "url": url,
            "picture": strip(values, tone, _("%(what)s per hour, last 24 hours", what=title)),
            "hours": [(row[0], value) for row, value in zip(found, values, strict=True)],
        }
        for title, tone, values, url in series
    ]


ROUTES = (Route("/", show_overview, "overview.see"),)
