"""What each tab of a connection's page shows, beside the figures that all of them have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g, request

from hub.console import golden
from hub.console.language import N_, _
from hub.console.picture import bar, share
from hub.console.state import due_s, lag_s, state_of
from hub.console.visit import hub
from hub.flow import budget as budget_flow
from hub.flow import configure, golive, subscription, wish
from hub.flow.connection import ConnectionRow
from hub.sdk.connector import Connector, Manifest, ReceivesWebhooks, Stream
from hub.store import console_account as account
from hub.store import console_connection as store
from hub.store import console_delivery
from hub.store.console_connection import Figures

HISTORY = 50
LANES = {
    "interactive": N_("what a person waits for"),
    "live": N_("changes as they happen"),
    "bulk": N_("first readings and repairs"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """The connection that a page is about."""

    figures: Figures
    row: ConnectionRow
    manifest: Manifest | None

    @property
    def kind(self) -> type[Connector] | None:
        """Its connector; None when it is not installed any more."""
        return hub().registry.connectors.get(self.row.connector)

    @property
    def read_streams(self) -> list[Stream]:
        """The streams that are polled, in the manifest's order."""
        if self.kind is None or self.manifest is None:
            return []
        names = configure.read_streams(self.kind, self.row.flows)
        return [stream for stream in self.manifest.streams if stream.name in names]


def overview(shown: Shown) -> dict[str, Any]:
    """Streams in short, what failed, what runs, what waits for a person."""
    f = shown.figures
    if f.phase == "off":
        return {"streams": stream_lines(shown), "runs": [], "plans": [], "failures": []}
    return {
        "streams": stream_lines(shown),
        "runs": store.runs_of(hub().db, f.id, 5),
        "plans": store.plans_of(hub().db, f.id),
        "failures": store.failures_of(hub().db, f.id, g.fmt.now),
    }


def streams(shown: Shown) -> dict[str, Any]:
    """Every stream: how far it is read, how complete, when again."""
    return {"streams": stream_lines(shown), "runs": store.runs_of(hub().db, shown.figures.id, 20)}


@dataclass(frozen=True, slots=True)
class StreamLine:
    """One stream as it flows here. `cursor` None: it is not read, or was never yet."""

    stream: str
    help: str
    kinds: list[tuple[str, str]]
    is_read: bool
    is_written: bool
    topics: tuple[str, ...]
    cursor: store.StreamRow | None

    @property
    def lag_s(self) -> float | None:
        """How long ago its last page was read, in seconds."""
        at: datetime | None = self.cursor.last_page_at if self.cursor else None
        return max(0.0, (g.fmt.now - at).total_seconds()) if at else None


def stream_lines(shown: Shown) -> list[StreamLine]:
    """The streams of the connection's flows, and those that were read before they were taken away."""
    cursors = {row.stream: row for row in store.streams_of(hub().db, shown.figures.id)}
    found = []
    read = {stream.name for stream in shown.read_streams}
    written = {s.name for s in golive.written_streams(hub(), shown.row)} if shown.kind else set()
    for stream in shown.manifest.streams if shown.manifest else ():
        kinds = [(kind, shown.row.flows[kind]) for kind in stream.kinds if kind in shown.row.flows]
        if not kinds and stream.name not in cursors:
            continue
        found.append(
            StreamLine(
                stream.name,
                getattr(stream.help, g.language),
                kinds,
                stream.name in read,
                stream.name in written,
                stream.topics,
                cursors.pop(stream.name, None),
            )
        )
    found += [StreamLine(name, "", [], False, False, (), row) for name, row in cursors.items()]
    return found


def deliveries(shown: Shown) -> dict[str, Any]:
    """What is due there and what arrived last."""
    name, realms = shown.figures.name, [shown.figures.realm]
    return {
        "counts": console_delivery.tab_counts(hub().db, realms, name),
        "cap": console_delivery.CAP,
        "rows": console_delivery.list_deliveries(hub().db, console_delivery.Filter("sent", name, realms), 15),
        "failures": store.failures_of(hub().db, shown.figures.id, g.fmt.now),
        "title_of": lambda row: golden.title_of(hub().registry.kinds.get(row.kind), row.data or {}),
        "record_url": golden.record_url,
        "command": f"retail-hub deliveries --connection {name}",
        "api": f"GET /api/v1/deliveries?connection={name}",
    }


def rates(shown: Shown) -> dict[str, Any]:
    """What of the account's budget is used, by lane, and whether calls get through."""
    budget = budget_flow.state(hub(), shown.row.name) if shown.kind else None
    found: dict[str, Any] = {"budget": budget, "lanes": [(lane, _(text)) for lane, text in LANES.items()]}
    if budget is not None and budget.is_limited:
        used: dict[str, float] = {str(lane): n for lane, n in budget.used.items()}
        parts = [(lane, used.get(lane, 0.0)) for lane in LANES]
        most = max(budget.per_second * 60, sum(n for _lane, n in parts), 1)
        found["budget_bar"] = bar(parts, most, _("Calls of the last minute, by urgency"))
    return found


def subscriptions(shown: Shown) -> dict[str, Any]:
    """What the system says that it sends us, where to, and what came of it."""
    name = shown.row.name
    return {
        "receives": shown.kind is not None and issubclass(shown.kind, ReceivesWebhooks),
        "sub": subscription.overview(hub(), name),
        "topics": [topic for stream in (shown.manifest.streams if shown.manifest else ()) for topic in stream.topics],
        "command": f"retail-hub subscriptions {name}",
        "api": f"GET /api/v1/connections/{name}/subscriptions",
    }


def fields(shown: Shown) -> dict[str, Any]:
    """Which values of golden records it gives."""
    kinds = [kind for kind in shown.row.flows if shown.row.reads(kind) and kind in hub().registry.kinds]
    found: dict[str, list[account.Win]] = {}
    for win in account.wins(hub().db, shown.figures.id, shown.row.realm, kinds):
        found.setdefault(win.kind, []).append(win)
    return {"wins": found, "reads": kinds, "share": share}


def settings(shown: Shown) -> dict[str, Any]:
    """What may be changed."""
    kind = shown.kind
    held = account.secrets_of(hub().db, shown.figures.id)
    return {
        "row": shown.row,
        "secrets": {one.name: one for one in held},
        "known": {one.name: {"last4": "", "at": one.set_at} for one in held},
        "policy_of": policy_of,
        "offered": wish.offered(hub(), kind) if kind else {},
        "wrong": "",
        "typed": {},
        "command": "retail-hub export",
        "api": f"PATCH /api/v1/connections/{shown.row.name}",
    }


def history(shown: Shown) -> dict[str, Any]:
    """What people and the hub did to it."""
    before = request.args.get("before", "")
    rows = account.history(hub().db, shown.row.name, int(before[:18]) if before.isdecimal() else None, HISTORY + 1)
    return {"rows": rows[:HISTORY], "older": rows[HISTORY - 1].seq if len(rows) > HISTORY else 0}


def policy_of(kind: str) -> str:
    """Whose value wins of a kind, in words, and the file that says so."""
    policies = hub().rules.policies.get(kind)
    if policies is None:
        return ""
    special = {rule.group or name: rule for name, rule in policies.fields.items() if rule.connections}
    parts = [golden.meaning_of(policies.default.policy)]
    parts += [f"{name}: {rule.policy} {' > '.join(rule.connections)}" for name, rule in special.items()]
    return "; ".join(parts) + f" (policies/{kind}.yaml)"


def sentence_of(f: Figures) -> str:
    """How it is, in one sentence, where nothing needs a person."""
    now = g.fmt.now
    if f.phase == "off":
        return _("It is connected and takes notifications in. Reading has not begun.")
    if f.phase == "reading":
        return _("It is being read for the first time. Nothing is sent to it before that is complete.")
    state = state_of(f, now)
    if state == "halted":
        return _("Somebody halted it: reading %(a)s, writing %(b)s.", a=_way(f.halted_in), b=_way(f.halted_out))
    if state == "slow":
        late = max(lag_s(f, now) or 0, due_s(f, now) or 0)
        return _("It is behind: the oldest waits since %(late)s.", late=g.fmt.duration(late))
    if f.mode == "shadow":
        return _("It runs in shadow: what would be sent is noted, nothing is sent.")
    return _(
        "All is well: %(n)s events in the last minutes, %(m)s writes arrived, nothing waits longer than a minute.",
        n=g.fmt.number(f.done),
        m=g.fmt.number(f.sent),
    )


def _way(is_halted: bool) -> str:
    return _("stands still") if is_halted else _("goes on")
