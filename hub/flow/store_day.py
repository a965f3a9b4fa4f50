"""What a store looks at in the morning and at the counter: today's orders and refunds, what waits, what runs out."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from hub.errors import ConfigError, NotFoundError
from hub.flow.context import Hub
from hub.model.identifier import format_id, parse_id
from hub.model.money import EXPONENTS, format_amount
from hub.model.time import format_time, zone_names
from hub.store import place as place_store
from hub.store import store_day as store
from hub.store import view
from hub.store.console_record import Filter
from hub.store.database import Connection
from hub.store.place import Place
from hub.store.scope import Limits
from hub.store.store_day import Part, Waiting

WITHIN: Final = "30d"
"""What waits is looked for among what came within this span: older things wait for another reason."""
SPAN: Final = timedelta(days=30)
SHOWN: Final = 10
# A day's order is known from that day on, its refund or delivery long after the order; clocks may differ by a day.
_LATE_DAYS: Final = {"order": 1}
_LATE_DAYS_ELSE: Final = 60
KEPT: Final = ("open", "completed", "none")
"""States of an order that is not cancelled; `none`: its system says nothing of it."""
UNPAID: Final = ("unpaid", "pending", "authorized", "partially_paid")
GIVEN_BACK: Final = ("pending", "succeeded", "none")


@dataclass(frozen=True, slots=True)
class StoreDay:
    """A store's day in its own zone; all of it is about records that are not deleted.

    `orders`: placed today, `by_state` of them, `sold`: those not cancelled. `refunds`: given back or asked for today.
    `unpaid` (what is outstanding of them), `pickup`: orders and deliveries that wait, of those that came within `WITHIN`; `pickups`: the oldest.
    `low`: stock below its safety stock, None where no stock is known; `lows`: the first of it.
    """

    place: Place
    zone: str
    day: date
    orders: Part
    by_state: dict[str, int]
    sold: Part
    refunds: Part
    unpaid: Part
    pickup: int
    pickups: list[Waiting]
    low: int | None
    lows: list[Waiting]


def zone_of(place: Place | None, otherwise: str) -> str:
    """The time zone in which a store's days begin: its own, else the reader's."""
    return place.zone if place and place.zone in zone_names() else otherwise


def day_bounds(day: date, zone: str) -> tuple[str, str]:
    """The first moment of a day in a zone, and that of the next day, as canonical text."""
    tz = ZoneInfo(zone)
    start, end = (datetime.combine(day + timedelta(days=n), time(), tz).astimezone(UTC) for n in (0, 1))
    return format_time(start), format_time(end)


def floor_of(kind: str, day: date) -> uuid.UUID:
    """The smallest id that a record of this kind can have if it tells of something on that day or later."""
    start = datetime.combine(day, time(), UTC) - timedelta(days=_LATE_DAYS.get(kind, _LATE_DAYS_ELSE))
    return id_at(start)


def id_at(at: datetime) -> uuid.UUID:
    """The smallest id minted at this time or later."""
    return uuid.UUID(int=max(0, int(at.timestamp() * 1000)) << 80)


def read(conn: Connection, place: Place, zone: str, now: datetime, limits: Limits) -> StoreDay:
    """The figures of one store: five statements, four of a small store. `zone` counts where the store names none; `limits`: the reader's."""
    zone = zone_of(place, zone)
    day = now.astimezone(ZoneInfo(zone)).date()
    base = Filter("", [place.realm], "active", place=place, limits={realm: list(at) for realm, at in limits.items()})
    parts = replace(base, is_near=place.is_small)
    recent = id_at(now - SPAN)
    dated = replace(base, day=day_bounds(day, zone))
    orders = replace(dated, kind="order", floor=floor_of("order", day))
    # What happened today was told of today: the refunds of sixty days may be very many, those of few orders are not.
    told = None if place.is_small else datetime.combine(day - timedelta(days=1), time(), UTC)
    refunds = replace(
        parts, day=dated.day, kind="refund", floor=floor_of("refund", day), states=(("state", GIVEN_BACK),), told=told
    )
    unpaid = replace(base, kind="order", floor=recent, states=(("state", KEPT), ("payment_state", UNPAID)))
    pickup = replace(parts, kind="fulfilment", floor=recent, states=(("state", ("ready_for_pickup",)),))
    by_state = store.sums(conn, orders)
    if place.is_small:
        given_back, waiting, pickups = store.parts(conn, refunds, pickup, SHOWN)
    else:
        given_back = store.sums(conn, refunds)
        waiting, pickups = store.oldest(conn, pickup, SHOWN)
    stocked, low, lows = store.stock(conn, replace(base, kind="stock_level"), SHOWN)
    return StoreDay(
        place,
        zone,
        day,
        orders=add_up(by_state.values()),
        by_state=dict(
            sorted(((state, part.count) for state, part in by_state.items()), key=lambda one: (-one[1], one[0]))
        ),
        sold=add_up(part for state, part in by_state.items() if state in KEPT),
        refunds=add_up(given_back.values()),
        unpaid=add_up(store.sums(conn, unpaid, is_owed=True).values()),
        pickup=waiting,
        pickups=pickups,
        low=low if stocked else None,
        lows=lows,
    )


def add_up(parts: Iterable[Part]) -> Part:
    """Several parts as one, each currency by itself."""
    count = 0
    amounts: dict[str, Decimal] = {}
    for part in parts:
        count += part.count
        for currency, amount in part.amounts.items():
            amounts[currency] = amounts.get(currency, Decimal(0)) + amount
    return Part(count, dict(sorted(amounts.items())))


def money(part: Part) -> list[dict[str, str]]:
    """The sums of a part as money in canonical form, one a currency."""
    return [
        {"amount": format_amount(format(amount, "f"), EXPONENTS.get(currency, 2)), "currency": currency}
        for currency, amount in part.amounts.items()
    ]


def find(conn: Connection, hub: Hub, text: str) -> Place:
    """The one location that a text names: an id, a code, or its id at a system."""
    try:
        prefix, rid = parse_id(text)
    except ConfigError:
        pass
    else:
        found = place_store.load(conn, rid) if prefix == hub.registry.kinds["location"].prefix else None
        if found:
            return found
    places = place_store.named(conn, text, view.realms(conn, None))
    if not places:
        raise NotFoundError(f"there is no location {text!r}: give its code, its id at a system, or loc_…")
    if len(places) > 1:
        ids = ", ".join(format_id("loc", place.id) for place in places)
        raise ConfigError(f"several locations are called {text!r}; give one of {ids}")
    return places[0]


def day_json(day: StoreDay) -> dict[str, Any]:
    """A store's day as programs read it."""
    return {
        "location": format_id("loc", day.place.id),
        "code": day.place.code,
        "name": day.place.name,
        "day": day.day.isoformat(),
        "time_zone": day.zone,
        "orders": {"count": day.orders.count, "by_state": day.by_state},
        "sold": {"count": day.sold.count, "total": money(day.sold)},
        "refunds": {"count": day.refunds.count, "total": money(day.refunds)},
        "unpaid": {"count": day.unpaid.count, "total": money(day.unpaid), "within": WITHIN},
        "pickup_waiting": {
            "count": day.pickup,
            "within": WITHIN,
            "oldest": [
                {"fulfilment": format_id("ful", one.id), "order_number": one.number, "since": one.at}
                for one in day.pickups
            ],
        },
        "low_stock": None if day.low is None else {"count": day.low, "first": [_level(one) for one in day.lows]},
    }


def _level(one: Waiting) -> dict[str, Any]:
    fields = ("sku", "on_hand", "reserved", "safety", "as_of")
    return {"stock_level": format_id("stl", one.id), **{name: one.data.get(name) for name in fields}}
