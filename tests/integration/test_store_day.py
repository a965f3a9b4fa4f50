"""A store's day: what counts, in which zone, for whom; over the API and on the command line."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from hub.flow import store_day
from hub.model.identifier import format_id
from hub.model.time import format_time
from hub.store import near, place, scope
from hub.store.console_record import Filter, list_golden
from tests.fixtures.command import runner

NOW = datetime.now(UTC)
FIRST = {"connection": "shop", "object_type": "locations", "external_id": "s1"}
SECOND = {**FIRST, "external_id": "s2"}


def ago(**span):
    return format_time(NOW - timedelta(**span))


def money(amount, currency="CNY"):
    return {"amount": amount, "currency": currency}


def order_key(id_):
    return {"connection": "shop", "object_type": "orders", "external_id": id_}


@pytest.fixture
def shop(rig):
    """Two stores; the first sold in two currencies, gave something back, and has something waiting."""
    kinds = ("location", "customer", "order", "payment", "refund", "fulfilment", "stock_level")
    rig.connect("shop", dict.fromkeys(kinds, "in"))

    def send(kind, id_, **data):
        rig.send("shop", f"{kind}.updated", {"id": id_, "updated_at": ago(minutes=1), **data})

    send("location", "s1", code="SH01", name="浦东店", location_kind="store", time_zone="Pacific/Kiritimati")
    send("location", "s2", code="SH02", name="静安店", location_kind="store")
    send("customer", "c1", full_name="王小明")
    buyer = {"connection": "shop", "object_type": "customers", "external_id": "c1"}
    common = {"store": FIRST, "placed_at": format_time(NOW), "currency": "CNY", "totals": {"total": money("244.00")}}
    send("order", "today", number="#1", state="open", customer=buyer, **common)
    send("order", "foreign", number="#2", state="open", **{**common, "totals": {"total": money("1200", "JPY")}})
    send("order", "cancelled", number="#3", state="cancelled", **common)
    send("order", "before", number="#4", state="open", **{**common, "placed_at": ago(days=2)})
    send("order", "other", number="#5", state="open", **{**common, "store": SECOND})
    send(
        "payment", "y1", order=order_key("today"), state="captured", amount=money("244.00"), captured_at=ago(minutes=1)
    )
    send(
        "refund", "r1", order=order_key("today"), state="succeeded", amount=money("12.30"), settled_at=format_time(NOW)
    )
    send("refund", "r2", order=order_key("other"), state="succeeded", amount=money("1.00"), settled_at=format_time(NOW))
    send("refund", "r3", order=order_key("today"), state="failed", amount=money("5.00"), settled_at=format_time(NOW))
    send("fulfilment", "f1", order=order_key("today"), state="ready_for_pickup", shipped_at=ago(hours=1))
    send(
        "fulfilment", "f2", order=order_key("other"), state="ready_for_pickup", location=FIRST, shipped_at=ago(hours=9)
    )
    send("fulfilment", "f3", order=order_key("today"), state="ready_for_pickup", location=SECOND)
    send("stock_level", "k1", sku="TEA-500", location=FIRST, on_hand="7", reserved="3", safety="5")
    send("stock_level", "k2", sku="TEA-250", location=FIRST, on_hand="7", reserved="2", safety="5")
    send("stock_level", "k3", sku="CUP", location=SECOND, on_hand="0", safety="5")
    rig.settle()
    return rig


def day_of(rig, code="SH01", limits=None):
    with rig.hub.db.session() as conn:
        found = store_day.find(conn, rig.hub, code)
        return store_day.read(conn, found, "UTC", NOW, limits or {})


def test_day_when_a_store_has_sold_then_its_own_orders_of_its_own_day_are_counted(shop):
    day = day_of(shop)
    assert day.zone == "Pacific/Kiritimati"
    assert (day.orders.count, day.by_state) == (3, {"open": 2, "cancelled": 1})
    assert store_day.money(day.sold) == [money("244.00"), money("1200", "JPY")]
    assert (day.refunds.count, store_day.money(day.refunds)) == (1, [money("12.30")])
    assert day.unpaid.count == 2, "the foreign one and the one before; the cancelled one is nobody's debt"


def test_day_when_things_wait_then_they_stand_where_they_are_picked_up_the_oldest_first(shop):
    day = day_of(shop)
    assert [(one.number, one.at) for one in day.pickups] == [("#5", ago(hours=9)), ("#1", ago(hours=1))]
    assert day.pickup == 2
    assert [one.data["sku"] for one in day.lows] == ["TEA-500"]
    other = day_of(shop, "SH02")
    assert (other.orders.count, other.pickup, other.low, other.zone) == (1, 1, 1, "UTC")


def test_day_when_the_store_is_large_then_the_same_figures_are_found_otherwise(shop, monkeypatch):
    small = day_of(shop)
    monkeypatch.setattr(near, "MOST_ORDERS", 0)
    large = day_of(shop)
    assert (small.place.is_small, large.place.is_small) == (True, False)
    assert replace(large, place=small.place) == small


def test_day_when_no_stock_is_known_then_low_stock_is_not_zero(rig):
    rig.connect("shop", {"location": "in"})
    rig.send("shop", "location.updated", {"id": "s1", "updated_at": ago(minutes=1), "code": "SH01", "name": "浦东店"})
    rig.settle()
    day = day_of(rig)
    assert (day.low, day.orders.count, day.orders.amounts) == (None, 0, {})


@pytest.mark.parametrize(
    ("zone", "hours"), [("Pacific/Kiritimati", -14), ("America/Los_Angeles", 8), ("Asia/Shanghai", -8)]
)
def test_bounds_when_in_a_zone_then_its_midnights(zone, hours):
    day = datetime(2026, 11, 22, tzinfo=UTC)
    start = day + timedelta(hours=hours)
    assert store_day.day_bounds(day.date(), zone) == (format_time(start), format_time(start + timedelta(days=1)))


def test_list_when_limited_to_a_store_then_what_belongs_to_it_and_nothing_else(shop):
    limits = {"default": ["s1"]}
    expected = {
        "order": 4, "refund": 2, "payment": 1, "fulfilment": 3, "stock_level": 2, "customer": 1, "location": 1,
    }  # fmt: skip
    for kind, seen in expected.items():
        rows = list_golden(shop.hub.db, Filter(kind, ["default"], limits=limits), 50)
        assert len(rows) == seen, kind
        with shop.hub.db.session() as conn:
            fitting = {id_ for id_ in shop.golden_ids(kind) if scope.fits(conn, id_, limits)}
        assert fitting == {row.id for row in rows}, kind
        assert list_golden(shop.hub.db, Filter(kind, ["default"], limits={"default": ["nowhere"]}), 50) == []


@pytest.mark.parametrize("most", [0, near.MOST])
def test_list_when_of_a_place_nobody_told_of_then_the_same_from_either_end(shop, monkeypatch, most):
    monkeypatch.setattr(near, "MOST", most)
    ghost = {**FIRST, "external_id": "ghost"}
    shop.send("shop", "order.updated", {"id": "g1", "updated_at": ago(minutes=1), "store": ghost, "number": "#9"})
    shop.send("shop", "refund.updated", {"id": "g2", "updated_at": ago(minutes=1), "order": order_key("g1")})
    shop.settle()
    for name, count in {"s1": 2, "s2": 1, "ghost": 1}.items():
        assert len(list_golden(shop.hub.db, Filter("refund", ["default"], limits={"default": [name]}), 50)) == count
    wish = Filter("refund", ["default"], limits={"default": ["s1"]}, before=None)
    newest = list_golden(shop.hub.db, wish, 1)
    older = list_golden(shop.hub.db, replace(wish, before=newest[0].id), 50)
    assert len(older) == 1
    assert [row.id for row in list_golden(shop.hub.db, replace(wish, after=older[0].id), 50)] == [newest[0].id]
    # Of a reader who is limited in one realm only, the others are shown whole.
    assert len(list_golden(shop.hub.db, Filter("refund", ["default"], limits={"other": ["s1"]}), 50)) == 4


def test_list_when_of_a_place_then_as_long_as_the_figure(shop):
    day = day_of(shop)
    floor = store_day.floor_of("order", day.day)
    wish = Filter(
        "order", ["default"], "active", place=day.place, day=store_day.day_bounds(day.day, day.zone), floor=floor
    )
    assert len(list_golden(shop.hub.db, wish, 50)) == day.orders.count


def test_today_when_asked_over_http_then_the_same_and_only_for_locations_of_the_realm(shop, admin):
    with shop.hub.db.session() as conn:
        id_ = format_id("loc", store_day.find(conn, shop.hub, "s1").id)
    found = admin.get(f"/locations/{id_}/today")
    assert found == orjson.loads(orjson.dumps(store_day.day_json(day_of(shop))))
    assert found["pickup_waiting"]["oldest"][0]["order_number"] == "#5"
    assert admin.get(f"/locations/{id_}/today?time_zone=Mars/Olympus", 422)["errors"][0]["pointer"] == "/time_zone"
    admin.get("/locations/loc_01J8Z3K9M4Q7R2T5V6W8X9Y0Z1/today", 404)


def test_find_when_a_code_fits_two_or_none_then_says_so(shop):
    shop.send("shop", "location.updated", {"id": "s9", "updated_at": ago(minutes=1), "code": "SH01", "name": "新店"})
    shop.settle()
    with shop.hub.db.session() as conn:
        with pytest.raises(Exception, match="several locations"):
            store_day.find(conn, shop.hub, "SH01")
        with pytest.raises(Exception, match="no location 'XX'"):
            store_day.find(conn, shop.hub, "XX")
        assert [one.code for one in place.seen(conn, ["default"], {"default": ["s2"]})] == ["SH02"]


def test_command_when_given_a_code_then_the_figures_as_lines_and_as_json(shop, monkeypatch):
    command = runner(shop.hub.settings, monkeypatch)
    text = command("store-today", "SH01").stdout
    assert re.search(r"sold +2 \(244\.00 CNY \+ 1200 JPY\)", text)
    assert text.index("#5") < text.index("TEA-500")
    found = orjson.loads(command("store-today", "s1", "--json").stdout)
    assert found["low_stock"]["count"] == 1
    assert "no IANA time zone" in command("store-today", "SH01", "--time-zone", "Mars/Olympus", code=2).output
