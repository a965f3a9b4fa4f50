"""What hangs on an open pair: orders, points and consents of both sides, at first and after they change."""

from decimal import Decimal

import pytest

from hub.flow import match_case, match_queue, sweep
from hub.store import match_stake
from hub.store.match_stake import PER_CONSENT, PER_ORDER, Stake
from tests.fixtures.hub import at
from tests.fixtures.match import item_of, pair, prepare, rid_of


def refer(id_):
    return {"connection": "shop", "object_type": "customers", "external_id": id_}


@pytest.fixture
def one(rig):
    """An open pair whose left side bought twice in one shop and once in another, has points and a consent."""
    prepare(rig)
    for number, store in ((1, "S1"), (2, "S2"), (3, "S1")):
        body = {
            "id": f"o{number}", "updated_at": at(number), "placed_at": at(number), "customer": refer("s7"),
            "store": {"connection": "shop", "object_type": "locations", "external_id": store},
        }  # fmt: skip
        rig.send("shop", "order.updated", body)
    for number, points in ((1, "120.5"), (2, "-20")):
        entry = {
            "id": f"p{number}",
            "updated_at": at(number),
            "customer": refer("s7"),
            "type": "earn",
            "points": points,
        }
        rig.send("shop", "loyalty_entry.updated", entry)
    consent = {"channel": "sms", "purpose": "marketing", "status": "withdrawn", "captured_at": at(1)}
    rig.send("shop", "consent.updated", {"id": "c1", "updated_at": at(1), "customer": refer("s7"), **consent})
    rig.settle()
    return rig, pair(rig, 7, is_counted=True)


def test_stake_when_a_pair_opens_then_orders_points_and_consents_count(one):
    rig, item = one
    left = rid_of(rig, "shop", "s7")
    with rig.hub.db.session() as conn:
        found = match_stake.of_goldens(conn, [left])[left]
    assert found == Stake(3, Decimal("100.5"), 1)
    assert match_queue.find(rig.hub, item).stake == found.total == 3 * PER_ORDER + PER_CONSENT + 100


def test_stake_when_more_is_bought_then_the_sweep_counts_it(one):
    rig, item = one
    before = match_queue.find(rig.hub, item).stake
    rig.send("shop", "order.updated", {"id": "o9", "updated_at": at(9), "customer": refer("s7")})
    rig.settle()
    sweep.tidy(rig.hub)
    assert match_queue.find(rig.hub, item).stake == before + PER_ORDER


def test_stakes_when_nothing_is_known_of_a_side_then_nothing(one):
    rig, item = one
    found = match_queue.find(rig.hub, item)
    with rig.hub.db.session() as conn:
        assert match_stake.stakes(conn, [(found.right, found.right)]) == {(found.right, found.right): 0}
        assert match_stake.stakes(conn, []) == {}


def test_case_when_one_side_bought_then_behaviour_and_consents_are_told(one):
    rig, item = one
    found = match_case.open_case(rig.hub, item, "usr_x")
    sides = {side.sources[0].connection: side for side in (found.left, found.right)}
    seen = sides["shop"].behaviour
    assert (seen.orders, seen.stores, seen.first, seen.last) == (3, ("S1", "S2"), at(1), at(3))
    assert sides["crm"].behaviour.orders == 0
    [consent] = found.forecast.consents
    assert (consent.channel, consent.purpose, consent.then) == ("sms", "marketing", "withdrawn")
    assert {consent.left, consent.right} == {"withdrawn", None}


def test_case_when_a_third_one_is_near_then_it_is_named(one):
    rig, item = one
    numbers = [{"namespace": "phone", "value": "+8613800000007"}]
    rig.send(
        "crm", "customer.updated", {"id": "third", "updated_at": at(3), "full_name": "王小鸣", "identities": numbers}
    )
    rig.settle()
    other = rid_of(rig, "crm", "third")
    assert item_of(rig, other) != item
    found = match_case.open_case(rig.hub, item, "usr_x")
    assert other in {near.id for near in found.near}
    assert {near.to for near in found.near} <= {found.left.id, found.right.id}
