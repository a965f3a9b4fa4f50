"""My store today: what a store manager looks at on the way to the counter. Each figure leads to its rows."""

from __future__ import annotations

from typing import Any

from flask import g, redirect, render_template

from hub.console import visit
from hub.console.narrow import read_place
from hub.console.route import Route
from hub.console.shell import page_url
from hub.console.visit import hub
from hub.flow import store_day
from hub.flow.store_day import StoreDay
from hub.model.identifier import format_id
from hub.store import place as place_store
from hub.store import view

MOST = 200


def choose_store() -> Any:
    """The stores that the visitor may see; a single one leads straight to its day."""
    allowed = visit.realms("record.see")
    with hub().db.session() as conn:
        realms = view.realms(conn, None if allowed is None else frozenset(allowed))
        limits = visit.limits(realms)
        places = place_store.seen(conn, realms, limits, MOST)
    if len(places) == 1:
        return redirect(page_url("show_store", location_id=format_id("loc", places[0].id)))
    own = sorted({name for names in limits.values() for name in names})
    return render_template(
        "console/stores.html",
        places=places,
        own=own,
        most=MOST,
        command="retail-hub records location",
        api="GET /api/v1/locations",
    )


def show_store(location_id: str) -> Any:
    """The day of one store."""
    place = read_place(location_id)
    with hub().db.session() as conn:
        day = store_day.read(conn, place, g.zone, g.fmt.now, visit.limits([place.realm]))
    return render_template(
        "console/store.html",
        place=place,
        name=place.name or place.code or format_id("loc", place.id)[:14] + "…",
        location_id=location_id,
        day=day,
        lists=_lists(day),
        money=store_day.money,
        is_quiet=not any((day.orders.count, day.refunds.count, day.unpaid.count, day.pickup, day.low)),
        command=f"retail-hub store-today {format_id('loc', place.id)}",
        api=f"GET /api/v1/locations/{format_id('loc', place.id)}/today",
    )


def _lists(day: StoreDay) -> dict[str, str]:
    """The list behind each figure; its filters are those that the figure was counted with."""

    def of(kind: str, **words: str) -> str:
        store = format_id("loc", day.place.id)
        return page_url("list_records", kind=kind, lifecycle="active", store=store, **words)

    date = day.day.isoformat()
    states = {state: of("orders", day=date, state=state) for state in day.by_state}
    return {
        **{f"state_{state}": url for state, url in states.items()},
        "orders": of("orders", day=date),
        "sold": of("orders", day=date, state=",".join(store_day.KEPT)),
        "refunds": of("refunds", day=date, state=",".join(store_day.GIVEN_BACK)),
        "unpaid": of(
            "orders",
            within=store_day.WITHIN,
            state=",".join(store_day.KEPT),
            payment_state=",".join(store_day.UNPAID),
        ),
        "pickup": of("fulfilments", within=store_day.WITHIN, state="ready_for_pickup"),
        "low": of("stock_levels", low="1"),
    }


ROUTES = (
    Route("/store", choose_store, "record.see"),
    Route("/store/<location_id>", show_store, "record.see"),
)
