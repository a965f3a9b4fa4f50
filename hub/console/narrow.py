"""What a list of records is narrowed to by its address: state, store, day, stock that runs out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from flask import abort, g, request

from hub.console import visit
from hub.console.address import SPANS, TODAY, id_of, since_of, wished
from hub.console.visit import hub
from hub.flow import store_day
from hub.model.identifier import format_id
from hub.model.kind import Kind
from hub.store import place as place_store
from hub.store.console_record import Filter
from hub.store.place import Place

LIFECYCLES = ("active", "deleted", "erased")
NONE = "none"
_STATES = ("state", "payment_state", "fulfilment_state")
_MOST_VALUES = 12


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The filter, the words of the address that made it (those that say something), and the store, if there is one."""

    wish: Filter
    words: dict[str, str]
    place: Place | None


def narrowed(kind: Kind | None, name: str, realms: list[str]) -> Narrowed:
    """The filter in the query part of this address, within what the visitor may see; what is no filter is left out.

    `store=loc_…`, `day=today|2026-11-22` (in the store's zone, else the visitor's), `within=24h|7d|30d` (since the hub knows
    of it), `state`, `payment_state`, `fulfilment_state` (one or more values with commas, `none` for no value), `low=1`.
    Another's store is answered 404, as if there were none.
    """
    lifecycle, connection = wished("lifecycle", LIFECYCLES), request.args.get("connection", "")[:60]
    place = read_place(request.args["store"]) if request.args.get("store") else None
    day = _day(place)
    within = wished("within", [span for span in SPANS if span != TODAY])
    states = {field: _values(kind, field) for field in state_fields(kind)}
    is_low = name == "stock_level" and request.args.get("low") == "1"
    wish = Filter(
        name,
        realms,
        lifecycle,
        connection,
        limits=visit.limits(realms),
        place=place,
        floor=since_of(within),
        states=tuple((field, tuple(values)) for field, values in states.items() if values),
        is_low=is_low,
    )
    if day:
        bounds = store_day.day_bounds(day, store_day.zone_of(place, g.zone))
        wish = replace(wish, day=bounds, floor=wish.floor or store_day.floor_of(name, day))
    words = {
        "lifecycle": lifecycle,
        "connection": connection,
        "store": format_id("loc", place.id) if place else "",
        "day": day.isoformat() if day else "",
        "within": within,
        "low": "1" if is_low else "",
        **{field: ",".join(values) for field, values in states.items()},
    }
    return Narrowed(wish, {word: value for word, value in words.items() if value}, place)


def state_fields(kind: Kind | None) -> list[str]:
    """The states that records of a kind have."""
    return [name for name in _STATES if kind and name in kind.by_name and kind.by_name[name].type == "enum"]


def read_place(text: str) -> Place:
    """The location in an address, if the visitor may see it; 404 otherwise, as if there were none."""
    with hub().db.session() as conn:
        place = place_store.load(conn, id_of(text, "loc"))
    if place is None or not may_see(place):
        abort(404)
    return place


def may_see(place: Place) -> bool:
    """Whether the visitor may see what belongs to this location."""
    allowed = visit.realms("record.see")
    if allowed is not None and place.realm not in allowed:
        return False
    own = visit.limits([place.realm]).get(place.realm)
    return own is None or any(key["external_id"] in own for key in place.keys)


def _day(place: Place | None) -> date | None:
    text = request.args.get("day", "")
    if text == TODAY:
        return datetime.now(UTC).astimezone(ZoneInfo(store_day.zone_of(place, g.zone))).date()
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    # The first and the last day of the calendar have no day before or after them.
    return found if 1970 <= found.year < 9999 else None


def _values(kind: Kind | None, name: str) -> list[str]:
    known = {*kind.by_name[name].choices, NONE} if kind else set()
    given = request.args.get(name, "").split(",")[:_MOST_VALUES]
    return [value for value in dict.fromkeys(given) if value in known]
