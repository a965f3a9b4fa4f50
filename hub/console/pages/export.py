"""The CSV files of the lists: same filters, same rights, same mask as the page they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from flask import Response, abort, request

from hub.console import golden, pair, visit
from hub.console.address import SPANS, since_of, wished
from hub.console.export import BATCH, FIRST, download
from hub.console.label import field_label, kind_label
from hub.console.language import _
from hub.console.level import guard_words, pattern_words
from hub.console.narrow import narrowed
from hub.console.pages import delivery, match, trail
from hub.console.pages.record import COLUMNS, cell_value, plain_columns, seen_realms
from hub.console.route import Route
from hub.console.show import plain
from hub.console.visit import hub
from hub.flow import audit, match_queue
from hub.flow.match_queue import Waiting
from hub.model.identifier import format_id
from hub.model.kind import Kind
from hub.store import console_delivery, console_event, console_record
from hub.store.audit import AuditRow
from hub.store.console_delivery import DeliveryRow
from hub.store.console_event import EventRow
from hub.store.console_record import GoldenRow

T = TypeVar("T")


def export_events() -> Response:
    """Events, without their bodies."""
    status, connection = wished("status", console_event.STATUSES), request.args.get("connection", "")[:60]
    span = wished("span", SPANS)
    wish = console_event.Filter(status, connection, since_of(span), visit.realms("flow.see"))

    def rows_after(last: EventRow | None, most: int) -> list[EventRow]:
        return console_event.list_events(hub().db, replace(wish, before=last.id) if last else wish, most)

    heads = [_("Event"), _("Received"), _("Connection"), _("Topic"), _("Status"), _("External id"), _("Size")]
    rows = (
        [format_id("evt", row.id), row.received_at, row.connection, row.topic, row.status, row.external_id, row.size]
        for row in _all(rows_after)
    )
    return download("events", heads, rows, status=status, connection=connection, span=span)


def export_deliveries() -> Response:
    """Deliveries of one tab."""
    tab = wished("tab", console_delivery.TABS) or "waiting"
    connection = request.args.get("connection", "")[:60]
    wish = console_delivery.Filter(tab, connection, visit.realms("flow.see"), None, None)

    def rows_after(last: DeliveryRow | None, most: int) -> list[DeliveryRow]:
        return console_delivery.list_deliveries(hub().db, replace(wish, before=last.id) if last else wish, most)

    heads = [
        _("Delivery"),
        _("Status"),
        _("What"),
        _("To"),
        _("External id"),
        _("Since"),
        _("Failures"),
        _("Last error"),
    ]
    rows = (
        [format_id("dlv", row.target_id), row.state, row.kind, row.connection, row.external_id,
         row.ended_at if tab == "sent" else row.dirty_at, row.failures, delivery.message_of(row.error)]
        for row in _all(rows_after)
    )  # fmt: skip
    return download("deliveries", heads, rows, tab=tab, connection=connection)


def export_records(kind: str) -> Response:
    """Golden records of one kind: the columns of the list."""
    declared = golden.kind_of_plural(kind)
    if declared is None:
        abort(404)
    found = narrowed(declared, declared.name, seen_realms())

    def rows_after(last: GoldenRow | None, most: int) -> list[GoldenRow]:
        wish = replace(found.wish, before=last.id) if last else found.wish
        return console_record.list_golden(hub().db, wish, most)

    columns = COLUMNS.get(declared.name) or plain_columns(declared)
    heads = [kind_label(declared), *(field_label(name, declared.by_name.get(name)) for name in columns)]
    rows = (_record(declared, row, columns) for row in _all(rows_after))
    return download(kind, [*heads, _("State"), _("Sources"), _("Updated")], rows, **found.words)


def _record(kind: Kind, row: GoldenRow, columns: tuple[str, ...]) -> list[Any]:
    values = [plain(cell_value(kind, name, row.data.get(name)), kind.by_name.get(name)) for name in columns]
    return [format_id(kind.prefix, row.id), *values, row.lifecycle, ", ".join(row.sources), row.updated_at]


def export_audit() -> Response:
    """The trail, as filtered on its page."""
    wish = replace(trail.wished_rows(audit.acts(hub())), before=None, after=None)

    def rows_after(last: AuditRow | None, most: int) -> list[AuditRow]:
        return audit.trail(hub(), replace(wish, before=last.seq) if last else wish, most)

    heads = [_("Row"), _("When"), _("Who"), _("Act"), _("On what"), _("Reason"), _("Detail")]
    rows = (
        [row.seq, row.at, row.actor, row.act, row.object, row.reason, plain(row.detail)] for row in _all(rows_after)
    )
    return download(
        "audit", heads, rows, actor=wish.actor, act=wish.act, object=wish.object, span=wished("span", SPANS)
    )


def export_matches() -> Response:
    """Pairs that may be one, in the order of the page."""
    wish = replace(match.queue_wish(), state=wished("state", match.STATES) or "open")

    def rows_after(last: Waiting | None, most: int) -> list[Waiting]:
        return match_queue.queue(hub(), replace(wish, after=last.id) if last else wish, most)

    heads = [_("Pair"), "A", "B", _("Weight"), _("At stake"), _("What is alike"), _("Kept apart by"), _("Since")]
    rows = (
        [format_id("itm", row.id), *pair.titles(row), row.weight / 1000, row.stake, pattern_words(row.pattern),
         guard_words(row.apart), row.first_at]
        for row in _all(rows_after)
    )  # fmt: skip
    return download("matches", heads, rows, state=wish.state, **match.words_of(wish))


def _all(rows_after: Callable[[T | None, int], list[T]]) -> Iterator[T]:
    """Every row, page by page, each going on from the last row of the one before; a few first, so that the file begins."""
    last, most = None, FIRST
    while page := rows_after(last, most):
        yield from page
        if len(page) < most:
            return
        last, most = page[-1], BATCH


ROUTES = (
    Route("/events.csv", export_events, "flow.see"),
    Route("/deliveries.csv", export_deliveries, "flow.see"),
    Route("/records/<kind>.csv", export_records, "record.see"),
    Route("/matches.csv", export_matches, "record.steward"),
    Route("/system/audit.csv", export_audit, "audit.see"),
)
