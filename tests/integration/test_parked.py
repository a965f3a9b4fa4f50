"""Records that wait for a parent: fetched from its system, or released."""

from __future__ import annotations

import pytest

from hub.errors import ConflictError, NotFoundError
from hub.flow import parked
from hub.store import parked as store
from hub.store.database import new_id
from tests.fixtures.hub import Rig, at
from tests.fixtures.peers import PeerRig


def _payment(rig: Rig, connection: str, order: str, minute: int = 1) -> None:
    parent = {"connection": connection, "object_type": "orders", "external_id": order}
    rig.send(connection, "payment.updated", {"id": "y1", "updated_at": at(minute), "order": parent, "state": "captured",
                                             "amount": {"amount": f"{minute}.00", "currency": "CNY"}})  # fmt: skip
    rig.settle()


@pytest.fixture
def shop(rig: Rig) -> Rig:
    rig.connect("shop", {"order": "in", "payment": "in"})
    _payment(rig, "shop", "nowhere")
    return rig


def test_parked_when_listed_then_what_it_waits_for(shop: Rig) -> None:
    (row,) = store.list_parked(shop.hub.db, None, None, None, 10)
    assert (row.kind, row.parent_kind, row.parent_id, row.parent_connection) == ("payment", "order", "nowhere", "shop")
    assert row.overdue_at is not None
    assert row.parked_at is not None
    assert (row.overdue_at - row.parked_at).total_seconds() == 3600
    assert store.list_parked(shop.hub.db, ["elsewhere"], None, None, 10) == []


def test_release_when_the_parent_will_not_come_then_no_event_parks_it_again(shop: Rig) -> None:
    (row,) = store.list_parked(shop.hub.db, None, None, None, 10)
    parked.release(shop.hub, row.id, "ann", "paid by mistake")
    _payment(shop, "shop", "nowhere", 5)
    assert store.list_parked(shop.hub.db, None, None, None, 10) == []
    with pytest.raises(ConflictError, match="does not wait"):
        parked.release(shop.hub, row.id, "ann")
    with pytest.raises(NotFoundError):
        parked.release(shop.hub, new_id(), "ann")


def test_fetch_when_the_system_cannot_be_read_one_by_one_then_refused(shop: Rig) -> None:
    (row,) = store.list_parked(shop.hub.db, None, None, None, 10)
    with pytest.raises(ConflictError, match="pull the stream orders"):
        parked.fetch_parent(shop.hub, row.id, "ann")


def _waits_for(peers: PeerRig, external_id: str) -> None:
    """A record of the shop that waits for one at the crm, as a reference across systems makes it."""
    with peers.hub.db.transaction() as conn:
        conn.execute(
            "insert into record (rid, realm, connection_id, object_type, external_id, kind, cluster, state, parked, parked_at)"
            " select v.rid, 'default', c.id, 'customers', v.external_id, 'customer', v.rid, v.state, v.parked, now()"
            " from (values (%(child)s::uuid, 'shop', 'child', 1, true), (%(parent)s, 'crm', %(id)s, 0, false))"
            " v(rid, name, external_id, state, parked) join connection c on c.name = v.name",
            {"child": (child := new_id()), "parent": (parent := new_id()), "id": external_id},
        )
        conn.execute("insert into reference (child, field, parent) values (%s, 'x', %s)", (child, parent))


def test_fetch_when_the_system_has_it_then_it_comes_in_like_any_other_event(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    crm.keep("p7", {"full_name": "Li Lei"})
    _waits_for(peers, "p7")
    (row,) = store.list_parked(peers.hub.db, None, None, None, 10)
    parked.fetch_parent(peers.hub, row.id, "ann")
    peers.settle()
    assert store.list_parked(peers.hub.db, None, None, None, 10) == []
    assert {golden.get("full_name") for golden in peers.goldens("customer")} == {"Li Lei"}


def test_fetch_when_the_system_does_not_have_it_then_said(peers: PeerRig) -> None:
    peers.peer("crm")
    _waits_for(peers, "gone")
    (row,) = store.list_parked(peers.hub.db, None, None, None, 10)
    with pytest.raises(ConflictError, match="may have been deleted"):
        parked.fetch_parent(peers.hub, row.id, "ann")
