"""The first screen: is anything lost, is anything stuck, what must I do?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g, render_template

from hub.console.address import TODAY
from hub.console.alert import may_act, to_do
from hub.console.flow_line import MOST, STOPPED, Line, by_system, line_of
from hub.console.language import _
from hub.console.menu import waiting
from hub.console.pages.connection import title_of
from hub.console.picture import Node, flow, strip
from hub.console.route import Route
from hub.console.shared import shared
from hub.console.shell import page_url
from hub.console.status import status_of
from hub.console.visit import hub, may, realms
from hub.flow import health
from hub.flow.books import books
from hub.store import console_connection as store
from hub.store.about import LIMIT
from hub.store.console_connection import Figures

SHOWN = 5
"""Alerts on the first screen; the others stand on their own page."""


def show_overview() -> Any:
    """What is to do, the equation, the flow picture and the same figures as a table, the last day by hour."""
    now, seen = g.fmt.now, realms("overview.see")
    found = shared("figures", seen, lambda: store.figures(hub().db, now, seen))
    live = [line_of(f, now) for f in found if f.disconnected_at is None]
    lines = _grouped(found) if len(live) > MOST else [line_of(f, now) for f in found]
    return render_template(
        "console/overview.html",
        to_do=to_do(seen),
        shown=SHOWN,
        may_act=may_act,
        matches=waiting().matches if may("record.steward") else 0,
        books=shared("books", seen, lambda: books(hub().db, seen, day=now.date(), most=LIMIT)),
        today=TODAY,
        day_began=now.replace(hour=0, minute=0, second=0, microsecond=0),
        lines=lines,
        picture=draw([line for line in lines if line.state != "disconnected"]) if live else "",
        strips=_strips(shared("hours", seen, lambda: store.hours(hub().db, _ids(seen, found)))),
        footing=_footing(live),
        command="retail-hub check",
        api="GET /api/v1/metrics/summary",
    )


def _grouped(found: list[Figures]) -> list[Line]:
    """Very many connections by system; those that were disconnected count no more."""
    return by_system((title_of(f), line_of(f, g.fmt.now)) for f in found if f.disconnected_at is None)


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
    waits = [s for line in lines for s in (line.behind_s, line.longest_s) if s is not None]
    return Footing(
        here="?" if facts["count"] is None else str(facts["needed"] - len(missing)),
        needed=facts["needed"],
        missing=", ".join(missing),
        longest_s=max(waits, default=None),
        disk_percent=round(disk.facts["used_share"] * 100),
        is_disk_full=disk.state != "ok",
    )


def draw(lines: list[Line]) -> Any:
    """The flow picture of up to 12 lines a side, with the figures of the table; a two-way one stands on both."""
    left = [_node(line, is_in=True) for line in lines if line.has("in")][:MOST]
    right = [_node(line, is_in=False) for line in lines if line.has("out")][:MOST]
    waiting = sum(line.waiting for line in lines)
    rate = round(sum(line.in_per_minute for line in lines), 1)
    middle = Node(
        "Retail Hub", _("waiting %(n)s · %(rate)s/min", n=g.fmt.number(waiting), rate=g.fmt.number(rate)), "", "", 0
    )
    return flow(left, right, middle, _("What flows between the systems and the hub now"))


def _node(line: Line, *, is_in: bool) -> Node:
    mark, number = status_of(line.state), g.fmt.number
    name = f"{line.name} ({len(line.members)})" if line.members else line.name
    if line.state in STOPPED:
        return Node(name, _(mark.word), mark.glyph, mark.tone, 0, is_stopped=True)
    if is_in:
        note = _("in %(n)s/min · behind %(lag)s", n=number(line.in_per_minute), lag=g.fmt.duration(line.behind_s))
        return Node(name, note, mark.glyph, mark.tone, line.in_per_minute, is_stopped=line.is_in_stopped)
    parts = [_("out %(n)s/min · due %(due)s", n=number(line.out_per_minute), due=number(line.due))]
    if line.unknown:
        parts.append(_("unknown %(n)s", n=line.unknown))
    if line.dead:
        parts.append(_("dead %(n)s", n=line.dead))
    return Node(name, " · ".join(parts), mark.glyph, mark.tone, line.out_per_minute, is_stopped=line.is_out_stopped)


def _ids(seen: list[str] | None, found: list[Figures]) -> list[int] | None:
    return None if seen is None else [f.id for f in found if f.disconnected_at is None]


def _strips(found: list[tuple[datetime, int, int, int]]) -> list[dict[str, Any]]:
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
