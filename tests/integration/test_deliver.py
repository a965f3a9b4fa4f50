"""Deliveries: the difference, and only it, arrives once."""

from __future__ import annotations

from typing import Any

from connectors.webhook.simulator import WebhookSimulator
from hub.errors import ConnectionPausedError, RejectedError, RetryableError
from hub.flow import golive
from hub.rules.register import decode
from hub.sdk.connector import Delivery
from tests.fixtures.hub import at
from tests.fixtures.peers import PeerRig, Shelf, wait_for

UNIONID = {"namespace": "wechat_unionid", "scope": "acct", "value": "u", "verified": "oauth"}


def _money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


def _order(id_: str, minute: int, customer: str) -> dict[str, Any]:
    return {
        "id": id_, "updated_at": at(minute), "number": f"#{id_}", "channel": "web", "currency": "CNY", "placed_at": at(0),
        "tax_inclusive": True, "state": "open", "totals": {"items": _money("9.00"), "total": _money("9.00")},
        "customer": {"connection": "shop", "object_type": "customers", "external_id": customer},
        "lines": [{"line_id": "1", "title": "Tea", "quantity": "1", "unit_price": _money("9.00"), "total": _money("9.00"),
                   "line_kind": "product"}],
    }  # fmt: skip


def test_deliver_when_customer_appears_then_created_once_at_the_peer(
    peers: PeerRig, simulator: WebhookSimulator
) -> None:
    peers.webhook_peer("crm", simulator)
    peers.customer("1", at(1), full_name="Li Lei", note="tea")
    peers.quiet()
    assert [r["data"] for r in simulator.act_records()] == [{"full_name": "Li Lei", "note": "tea"}]
    assert peers.attempts() == [("create", "sent")]
    assert peers.count("rid is not null and rid <> owner_rid") == 1
    assert len(peers.golden_ids("customer")) == 1


def test_deliver_when_nothing_differs_then_nothing_is_sent(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    peers.customer("1", at(2), full_name="Li Lei")
    peers.quiet()
    assert len(crm.calls) == 1


def test_deliver_when_customer_changes_then_update_names_what_changed(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    peers.customer("1", at(1), full_name="Li Lei", note="tea")
    peers.quiet()
    peers.customer("1", at(2), full_name="Li Lei", note="coffee")
    peers.quiet()
    create, update = crm.calls
    assert (create.event_type, create.external_id) == ("customer.created", None)
    assert (update.event_type, update.external_id) == ("customer.updated", "p1")
    assert update.hub_ref == create.hub_ref
    assert update.changed == {"note": "coffee"}
    assert update.data == {"full_name": "Li Lei", "note": "coffee"}


def test_deliver_when_changes_come_fast_then_they_are_one_delivery(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    for minute in range(1, 6):
        peers.customer("1", at(minute), full_name=f"Name {minute}")
        peers.settle()
    peers.quiet()
    assert [call.data["full_name"] for call in crm.calls] == ["Name 5"]


def test_deliver_when_peer_echoes_what_it_was_told_then_no_traffic_follows(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    peers.customer("1", at(1), full_name="Li Lei", tags=["b", "a"])
    peers.quiet()
    peers.echo("crm", crm)
    peers.quiet()
    assert len(crm.calls) == 1


def test_deliver_when_peer_respells_what_it_was_told_then_no_traffic_and_no_new_evidence(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    crm.records["p1"]["full_name"] = "LI  LEI"
    peers.echo("crm", crm)
    peers.quiet()
    assert len(crm.calls) == 1
    assert peers.goldens("customer")[0]["full_name"] == "Li Lei"


def test_deliver_when_echo_overtakes_the_answer_then_it_is_still_an_echo(peers: PeerRig) -> None:
    crm = peers.peer("crm")

    def webhook_first(_: Delivery) -> None:
        peers.echo("crm", crm)
        peers.settle()

    crm.after = webhook_first
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    assert len(crm.calls) == 1
    assert len(peers.golden_ids("customer")) == 1
    assert peers.count("state = 'due'") == 1
    [(fold,)] = peers.hub.db.all("select fold from record where external_id = 'p1'")
    assert decode(fold).own("full_name") is None


def test_deliver_when_peer_edits_then_its_edit_survives_and_the_source_is_told(peers: PeerRig) -> None:
    crm, till = peers.peer("crm"), peers.peer("till")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    crm.records["p1"] |= {"full_name": "Li Lei-Wang", "version": crm.clock + 5_000_000}
    peers.echo("crm", crm)
    peers.quiet()
    assert peers.goldens("customer")[0]["full_name"] == "Li Lei-Wang"
    assert till.records["p1"]["full_name"] == "Li Lei-Wang"
    assert len(crm.calls) == 1


def test_deliver_when_customer_is_on_its_way_then_order_waits_and_is_woken(peers: PeerRig) -> None:
    crm = peers.peer("crm", flows={"customer": "both", "order": "out"})
    crm.before = lambda delivery: _fail_first_customer(crm, delivery)
    peers.send("shop", "order.created", _order("77", 2, customer="1"))
    peers.customer("1", at(1), full_name="Li Lei")
    peers.settle()
    peers.quiet()
    customer = next(id_ for id_, record in crm.records.items() if "full_name" in record)
    orders = [call for call in crm.calls if call.kind == "order"]
    assert [call.data["customer"] for call in orders] == [customer]


def test_deliver_when_customer_comes_after_its_order_then_order_is_told_the_id(peers: PeerRig) -> None:
    crm = peers.peer("crm", flows={"customer": "both", "order": "out"})
    peers.send("shop", "order.created", _order("77", 2, customer="1"))
    peers.quiet()
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    first, second = [call.data["customer"] for call in crm.calls if call.kind == "order"]
    assert first == {"connection": "shop", "object_type": "customers", "external_id": "1"}
    assert second == next(id_ for id_, record in crm.records.items() if "full_name" in record)


def _fail_first_customer(shelf: Shelf, delivery: Delivery) -> None:
    if delivery.kind == "customer" and len([c for c in shelf.calls if c.kind == "customer"]) == 1:
        raise RetryableError("crm: busy", retry_after_s=0.3)


def test_deliver_when_unsent_create_is_merged_away_then_dropped(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    peers.hub.db.execute("update connection set halted_out = true, generation = generation + 1 where name = 'crm'")
    for id_ in ("1", "2"):
        peers.customer(id_, at(1), full_name="Li Lei")
    peers.settle()
    assert peers.count("true") == 2
    unionid = {"namespace": "wechat_unionid", "scope": "acct", "value": "u1", "verified": "oauth"}
    for id_ in ("1", "2"):
        peers.customer(id_, at(2), identities=[unionid])
    peers.settle()
    peers.hub.db.execute("update connection set halted_out = false, generation = generation + 1 where name = 'crm'")
    peers.hub.connections.reload()
    peers.quiet()
    assert len(crm.records) == 1
    assert peers.count("state = 'dropped' and rid is null") == 1


def test_deliver_when_peer_already_has_the_customer_then_linked_and_not_created(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    unionid = {"namespace": "wechat_unionid", "scope": "acct", "value": "u1", "verified": "oauth"}
    crm.records["p1"] = {"full_name": "Old Name", "version": crm.clock}
    peers.send("crm", "customers", {"id": "p1", "updated_at": at(1), "full_name": "Old Name", "identities": [unionid]})
    peers.customer("1", at(5), full_name="Li Lei", identities=[unionid])
    peers.quiet()
    assert [(call.external_id, call.changed) for call in crm.calls] == [("p1", {"full_name": "Li Lei"})]


def test_deliver_when_golden_record_is_deleted_then_deleted_where_that_is_possible(peers: PeerRig) -> None:
    crm, blind = peers.peer("crm"), peers.peer("blind", "blind")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    peers.hub.db.execute("update golden set lifecycle = 'deleted'")
    peers.hub.db.execute("update target set dirty_seq = dirty_seq + 1")
    peers.deliver()
    peers.hub.db.execute("update target set dirty_seq = dirty_seq + 1")
    peers.deliver()
    assert [call.event_type for call in crm.calls] == ["customer.created", "customer.deleted"]
    assert (len(crm.records), len(blind.records)) == (0, 1)


def test_deliver_when_peer_has_the_customer_twice_then_both_follow_and_somebody_is_told(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    identity = {"namespace": "wechat_unionid", "scope": "acct", "value": "u1", "verified": "oauth"}
    for id_ in ("old1", "old2"):
        peers.send("crm", "customers", {"id": id_, "updated_at": at(1), "full_name": "Old", "identities": [identity]})
    peers.customer("1", at(5), full_name="Li Lei", identities=[identity])
    peers.quiet()
    assert sorted((call.external_id, call.data["full_name"]) for call in crm.calls) == [
        ("old1", "Li Lei"), ("old2", "Li Lei"),
    ]  # fmt: skip
    assert "duplicate" in peers.items()


def test_deliver_when_peer_rejects_then_dead_letter_until_the_record_changes(peers: PeerRig) -> None:
    crm = peers.peer("crm")

    def refuse(delivery: Delivery) -> None:
        if delivery.data["full_name"] == "":
            raise RejectedError("crm: customers: full_name is empty", code="http_422")

    crm.before = refuse
    peers.customer("1", at(1), full_name="")
    peers.quiet()
    assert [(state, error["type"]) for state, error in peers.targets("state, error")] == [("dead", "RejectedError")]
    assert peers.items() == ["dead_letter"]
    peers.customer("1", at(2), full_name="Li Lei")
    peers.quiet()
    assert [record["full_name"] for record in crm.records.values()] == ["Li Lei"]


def test_deliver_when_account_refuses_then_connection_is_paused_and_work_waits(peers: PeerRig) -> None:
    crm = peers.peer("crm")

    def refuse(_: Delivery) -> None:
        raise ConnectionPausedError("crm: the token was revoked")

    crm.before = refuse
    peers.customers(3, at(1))
    peers.settle()
    peers.deliver()
    assert peers.items() == ["connection"]
    assert peers.hub.connections.by_name("crm").paused_by == "hub"
    calls = len(crm.calls)
    assert peers.deliver() == 0
    assert len(crm.calls) == calls
    crm.before = lambda _: None
    peers.hub.db.execute("update connection set paused_at = null, generation = generation + 1 where name = 'crm'")
    peers.hub.connections.reload()
    peers.quiet()
    assert len(crm.records) == 3


def test_deliver_when_peer_fails_for_a_while_then_everything_arrives_afterwards(peers: PeerRig) -> None:
    crm = peers.peer("crm", "blind")
    down = [True]

    def fail(_: Delivery) -> None:
        if down[0]:
            raise RetryableError("crm: 503")

    crm.before = fail
    peers.customers(12, at(1))
    peers.settle()
    peers.deliver()
    assert peers.deliverer.desk.breaker(peers.hub.connections.by_name("crm").id).state != "closed"
    assert peers.hub.db.one("select health -> 'delivery' ->> 'state' from connection where name = 'crm'") == ("open",)
    down[0] = False
    peers.quiet()
    assert len(crm.records) == 12
    assert peers.count("failures > 0") == 0


def test_deliver_when_one_peer_hangs_then_others_are_served(peers: PeerRig) -> None:
    import threading

    hangs, crm = peers.peer("hangs", "blind"), peers.peer("crm", "blind")
    free = threading.Event()
    hangs.before = lambda _: free.wait(20)
    peers.customers(30, at(1))
    peers.settle()
    while len(crm.records) < 30:
        peers.deliverer.round()
    assert len(hangs.records) == 0
    assert len(hangs.calls) <= 4
    free.set()
    peers.quiet()
    assert len(hangs.records) == 30


def test_deliver_when_peer_gives_no_version_then_read_back_places_the_write(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    crm.gives_version = False
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    assert crm.looks == 1
    peers.echo("crm", crm)
    peers.quiet()
    assert len(crm.calls) == 1
    assert peers.hub.db.all("select major, minor from write") == [(crm.clock, -1)]


def test_deliver_when_no_version_can_be_known_then_write_follows_all_that_is_known(peers: PeerRig) -> None:
    crm = peers.peer("crm", "blind")
    crm.gives_version = False
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    peers.customer("1", at(2), full_name="Li Lei-Wang")
    peers.quiet()
    assert [call.data["full_name"] for call in crm.calls] == ["Li Lei", "Li Lei-Wang"]
    assert peers.hub.db.all("select major, minor from write") == [(0, 9), (0, 9)]


def test_deliver_when_mode_is_shadow_then_noted_and_not_sent_until_live(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    golive.set_mode(peers.hub, "crm", "shadow")
    peers.customer("1", at(1), full_name="Li Lei")
    peers.quiet()
    assert crm.calls == []
    assert peers.targets("wanted") == [({"full_name": "Li Lei"},)]
    golive.set_mode(peers.hub, "crm", "live")
    peers.quiet()
    assert len(crm.records) == 1
    assert peers.targets("wanted") == [(None,)]


def test_deliver_when_a_value_goes_to_and_fro_then_the_field_is_frozen(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    for minute in range(1, 40):
        peers.customer("1", at(minute), full_name=("Ann", "Bob")[minute % 2], note=f"note {minute}")
        peers.quiet()
        if "loop" in peers.items():
            break
    assert peers.items() == ["loop"]
    calls = len(crm.calls)
    peers.customer("1", at(50), full_name="Cy", note="after")
    peers.quiet()
    assert len(crm.calls) == calls + 1
    assert crm.records["p1"]["note"] == "after"
    assert crm.records["p1"]["full_name"] in ("Ann", "Bob")


def test_deliver_when_batches_are_possible_then_several_go_in_one_call(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    peers.customers(7, at(1))
    peers.quiet()
    assert len(crm.records) == 7
    wait_for(lambda: peers.count("rid is null") == 0)


def test_deliver_when_the_peer_counts_in_whole_seconds_then_its_own_words_stay_its_own(peers: PeerRig) -> None:
    crm = peers.peer("crm")
    crm.tick = lambda: crm.clock  # type: ignore[method-assign] -- everything happens in one second
    crm.keep("p1", {"full_name": "Li Lei", "note": "tea", "identities": [UNIONID]})
    peers.echo("crm", crm)
    peers.settle()
    peers.customer("1", at(60 * 24 * 10), tags=["vip"], identities=[UNIONID])
    peers.quiet()
    assert crm.records["p1"]["tags"] == ["vip"]
    peers.echo("crm", crm)
    peers.quiet()
    [golden] = peers.goldens("customer")
    assert (golden["full_name"], golden["note"]) == ("Li Lei", "tea")
    assert crm.records["p1"]["note"] == "tea"
    peers.send("shop", "customer.deleted", {"id": "1", "updated_at": at(60 * 24 * 11)})
    peers.quiet()
    assert list(crm.records) == ["p1"]
    assert peers.hub.db.all("select lifecycle from golden") == [("active",)]
