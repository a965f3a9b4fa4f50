"""Events become records, clusters and golden records: the rules of 2.2 to 2.5, on the real store."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import ConfigError, ConflictError
from hub.flow import record, stewardship
from hub.flow.explain import explain
from hub.flow.replay import dry_run, replay
from hub.store.replay import Selection
from tests.fixtures.histories import connect_all
from tests.fixtures.hub import Rig, at


def _money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


def _customer(id_: str, minute: int, **fields: Any) -> dict[str, Any]:
    return {"id": id_, "updated_at": at(minute), **fields}


def _unionid(value: str) -> dict[str, str]:
    return {"namespace": "wechat_unionid", "scope": "acct", "value": value, "verified": "oauth"}


def _order(id_: str, minute: int, total: str = "10.00", **fields: Any) -> dict[str, Any]:
    return {
        "id": id_, "updated_at": at(minute), "number": f"#{id_}", "channel": "web", "currency": "CNY", "placed_at": at(0),
        "tax_inclusive": True, "state": "open", "totals": {"items": _money(total), "total": _money(total)},
        "lines": [{"line_id": "1", "title": "Tea", "quantity": "1", "unit_price": _money(total), "total": _money(total),
                   "line_kind": "product"}],
        **fields,
    }  # fmt: skip


@pytest.fixture
def chain(rig: Rig) -> Rig:
    """The three systems connected."""
    connect_all(rig)
    return rig


def test_newest_value_wins_whatever_the_order_of_arrival(chain: Rig) -> None:
    chain.send("shop", "customer.updated", _customer("1", 5, full_name="new"))
    chain.send("shop", "customer.updated", _customer("1", 3, full_name="old", note="n"))
    chain.settle()
    assert chain.goldens("customer") == [{"full_name": "new", "note": "n"}]


def test_replay_when_somebody_holds_a_record_then_its_event_waits_and_keeps_what_it_said(chain: Rig) -> None:
    for id_ in ("1", "2"):
        chain.send("shop", "customer.updated", _customer(id_, 1, full_name=f"n{id_}"))
    chain.settle()
    before, said = chain.state_hash(), chain.hub.db.one("select count(*) from version")
    replay(chain.hub, Selection(status="done"))
    with chain.hub.db.transaction() as other:
        other.execute("select from record where external_id = '1' for update")
        assert chain.record() == 2
        assert chain.hub.db.all(
            "select v.asserted ->> 'full_name' from event_work w join version v on v.event_id = w.id"
        ) == [("n1",)]
    chain.settle()
    assert chain.hub.db.one("select count(*) from event_work") == (0,)
    assert (chain.state_hash(), chain.hub.db.one("select count(*) from version")) == (before, said)


def test_absent_asserts_nothing_and_null_clears(chain: Rig) -> None:
    chain.send("shop", "customer.updated", _customer("1", 1, full_name="a", note="n"))
    chain.send("shop", "customer.updated", _customer("1", 2, full_name="b"))
    chain.send("shop", "customer.updated", _customer("1", 3, note=None))
    chain.settle()
    assert chain.goldens("customer") == [{"full_name": "b", "note": None}]


def test_same_unionid_makes_one_customer_and_another_account_does_not(chain: Rig) -> None:
    chain.send("shop", "customer.updated", _customer("1", 1, full_name="Li Lei", identities=[_unionid("u")]))
    chain.send("crm", "customer.updated", _customer("9", 2, note="vip", identities=[_unionid("u")]))
    chain.send("till", "customer.updated", _customer("5", 3, identities=[{**_unionid("u"), "scope": "other"}]))
    chain.settle()
    assert len(chain.goldens("customer")) == 2
    assert chain.goldens("customer")[0]["full_name"] == "Li Lei"
    assert chain.goldens("customer")[0]["note"] == "vip"


def test_verified_phone_links_only_when_names_do_not_conflict(chain: Rig) -> None:
    phone = {"namespace": "phone", "value": "+8613800138000", "verified": "otp"}
    chain.send("shop", "customer.updated", _customer("1", 1, full_name="Li Lei", identities=[phone]))
    chain.send("crm", "customer.updated", _customer("2", 1, full_name="Li Lei", identities=[phone]))
    chain.send("till", "customer.updated", _customer("3", 1, full_name="Wang Fang", identities=[phone]))
    chain.settle()
    assert sorted(c["full_name"] for c in chain.goldens("customer")) == ["Li Lei", "Wang Fang"]


def test_identity_that_is_taken_away_splits_the_customer_again(chain: Rig) -> None:
    chain.send("shop", "customer.updated", _customer("1", 1, full_name="A", identities=[_unionid("u")]))
    chain.send("crm", "customer.updated", _customer("9", 1, full_name="B", identities=[_unionid("u")]))
    chain.settle()
    assert len(chain.goldens("customer")) == 1
    chain.send("crm", "customer.updated", _customer("9", 2, identities=[]))
    chain.settle()
    assert len(chain.goldens("customer")) == 2


def test_key_above_the_cap_links_nobody_and_links_again_below_it(chain: Rig) -> None:
    for number in range(51):
        chain.send("shop", "customer.updated", _customer(str(number), 1, identities=[_unionid("shared")]))
        if number == 49:
            chain.settle()
            assert len(chain.goldens("customer")) == 1
    chain.settle()
    assert len(chain.goldens("customer")) == 51
    chain.send("shop", "customer.updated", _customer("7", 2, identities=[]))
    chain.settle()
    assert len(chain.goldens("customer")) == 2


def test_order_before_its_customer_refers_to_a_stub_that_fills_in(chain: Rig) -> None:
    chain.send("shop", "order.created", _order("o1", 1, customer="c1"))
    chain.settle()
    assert chain.goldens("order")[0]["customer"] == {
        "connection": "shop", "object_type": "customers", "external_id": "c1"
    }  # fmt: skip
    assert chain.goldens("customer") == []
    chain.send("shop", "customer.created", _customer("c1", 1, full_name="A"))
    chain.settle()
    assert chain.goldens("customer") == [{"full_name": "A"}]


def test_child_before_its_order_is_parked_until_the_order_comes(chain: Rig) -> None:
    chain.send("shop", "refund.created", {"id": "f1", "updated_at": at(1), "order": "o1", "state": "succeeded",
               "amount": _money("4.00"), "requested_at": at(0), "provider_ref": "x"})  # fmt: skip
    chain.settle()
    assert chain.hub.db.one("select count(*) from record where parked") == (1,)
    chain.send("shop", "order.created", _order("o1", 1))
    chain.settle()
    assert chain.hub.db.one("select count(*) from record where parked") == (0,)
    assert chain.goldens("order")[0]["refunded"] == _money("4.00")


def test_late_version_of_a_refund_does_not_move_it_back_to_its_former_order(chain: Rig) -> None:
    refund = {"state": "succeeded", "amount": _money("4.00"), "requested_at": at(0), "provider_ref": "x"}
    chain.send("shop", "order.created", _order("o2", 1))
    chain.send("shop", "refund.updated", {**refund, "id": "f1", "updated_at": at(9), "order": "o2"})
    chain.settle()
    chain.send("shop", "refund.created", {**refund, "id": "f1", "updated_at": at(1), "order": "o1"})
    chain.send("shop", "order.updated", _order("o2", 2))
    chain.settle()
    assert [order["refunded"] for order in chain.goldens("order")] == [_money("4.00")]
    assert chain.hub.db.one("select count(*) from record where parked") == (0,)


def test_refund_that_moves_to_another_order_counts_there_only(chain: Rig) -> None:
    refund = {"state": "succeeded", "amount": _money("4.00"), "requested_at": at(0), "provider_ref": "x"}
    chain.send("shop", "order.created", _order("o1", 1))
    chain.send("shop", "order.created", _order("o2", 1))
    chain.send("shop", "refund.created", {**refund, "id": "f1", "updated_at": at(1), "order": "o1"})
    chain.settle()
    chain.send("shop", "refund.updated", {**refund, "id": "f1", "updated_at": at(2), "order": "o2"})
    chain.settle()
    refunded = {order["number"]: order["refunded"] for order in chain.goldens("order")}
    assert refunded == {"#o1": _money("0.00"), "#o2": _money("4.00")}


def test_feed_names_the_event_also_for_what_is_derived_from_a_child(chain: Rig) -> None:
    chain.send("shop", "order.created", _order("o1", 0))
    chain.settle()
    chain.send("shop", "refund.created", {"id": "f1", "updated_at": at(1), "order": "o1", "state": "succeeded",
               "amount": _money("4.00"), "requested_at": at(0), "provider_ref": "x"})  # fmt: skip
    chain.settle()
    rows = chain.hub.db.all("select kind, type, cause, cause_id from change order by seq")
    first, second = (id_ for (id_,) in chain.hub.db.all("select id from event order by id"))
    assert [(kind, type_) for kind, type_, _, id_ in rows if id_ == first] == [("order", "created")]
    assert sorted((kind, type_) for kind, type_, _, id_ in rows if id_ == second) == [
        ("order", "updated"), ("refund", "created")]  # fmt: skip
    assert {cause for _, _, cause, _ in rows} == {"event"}


def test_paid_counts_once(chain: Rig) -> None:
    payment = {"updated_at": at(1), "provider": "wechat_pay", "provider_ref": "wx1", "method": "wechat_pay",
               "state": "captured", "amount": _money("10.00")}  # fmt: skip
    chain.send("shop", "order.created", _order("o1", 1))
    chain.send("shop", "payment.created", {**payment, "id": "p1", "order": "o1"})
    chain.send("till", "payment.created", {**payment, "id": "t9", "updated_at": at(0),
               "order": {"connection": "shop", "object_type": "orders", "external_id": "o1"}})  # fmt: skip
    chain.send("crm", "payment.created", {**payment, "id": "b7", "updated_at": at(0)})
    chain.settle()
    (order,) = chain.goldens("order")
    assert order["paid"] == _money("10.00")
    assert order["payment_state"] == "paid"
    assert order["outstanding"] == _money("0.00")
    assert len(chain.goldens("payment")) == 1


def test_money_adds_up_or_an_item_says_the_difference(chain: Rig) -> None:
    chain.send("shop", "order.created", _order("good", 1))
    bad = _order("bad", 1)
    bad["totals"]["total"] = _money("11.00")
    chain.send("shop", "order.created", bad)
    chain.settle()
    items = chain.hub.db.all("select type, data from item where state = 'open'")
    assert [(type_, data["code"]) for type_, data in items] == [("money", "totals_differ")]
    assert "1.00 CNY" in items[0][1]["text"]
    chain.send("shop", "order.updated", _order("bad", 2))
    chain.settle()
    assert chain.hub.db.all("select 1 from item where state = 'open'") == []


def test_disconnect_blanks_nothing(chain: Rig) -> None:
    chain.send("shop", "customer.updated", _customer("1", 1, full_name="A", identities=[_unionid("u")]))
    chain.send("crm", "customer.updated", _customer("9", 2, note="only here", identities=[_unionid("u")]))
    chain.settle()
    before = chain.goldens("customer")
    chain.hub.db.execute(
        "update connection set disconnected_at = now(), generation = generation + 1 where name = 'crm'"
    )
    chain.hub.connections.reload()
    chain.send("crm", "customer.deleted", {"id": "9", "updated_at": at(3)})
    chain.settle()
    assert before[0]["note"] == "only here"
    assert chain.goldens("customer") == before
    assert chain.hub.db.all("select lifecycle from golden") == [("active",)]


def test_deleted_everywhere_is_deleted_and_a_newer_version_restores(chain: Rig) -> None:
    chain.send("shop", "customer.created", _customer("1", 1, full_name="A"))
    chain.send("shop", "customer.deleted", {"id": "1", "updated_at": at(2)})
    chain.settle()
    assert chain.hub.db.all("select lifecycle from golden") == [("deleted",)]
    chain.send("shop", "customer.updated", _customer("1", 3, full_name="A"))
    chain.settle()
    assert chain.hub.db.all("select lifecycle from golden") == [("active",)]


def test_merge_and_undo_give_back_the_very_ids(chain: Rig) -> None:
    chain.send("shop", "customer.created", _customer("1", 1, full_name="A"))
    chain.send("crm", "customer.created", _customer("2", 2, full_name="B", note="x"))
    chain.settle()
    ids, before = chain.golden_ids("customer"), chain.state_hash()
    act = stewardship.merge(chain.hub, "customer", ids, "tester", "same person")
    assert chain.golden_ids("customer") == [min(ids)]
    assert chain.goldens("customer") == [{"full_name": "B", "note": "x"}]
    assert stewardship.golden_of(chain.hub, max(ids)) == min(ids)
    stewardship.undo(chain.hub, act, "tester")
    assert chain.golden_ids("customer") == ids
    assert chain.state_hash() == before


def test_merge_when_ruled_apart_before_is_refused_with_the_act_to_undo(chain: Rig) -> None:
    chain.send("shop", "customer.updated", _customer("1", 1, full_name="A", identities=[_unionid("u")]))
    chain.send("crm", "customer.updated", _customer("9", 2, full_name="A", identities=[_unionid("u")]))
    chain.settle()
    (id_,) = chain.golden_ids("customer")
    stewardship.split(chain.hub, "customer", id_, "crm", "9", "tester")
    ids = chain.golden_ids("customer")
    assert len(ids) == 2
    with pytest.raises(ConflictError, match="undo dec_"):
        stewardship.merge(chain.hub, "customer", ids, "tester")
    chain.send("crm", "customer.updated", _customer("9", 3, full_name="A", identities=[_unionid("u")]))
    chain.settle()
    assert len(chain.golden_ids("customer")) == 2


def test_merge_joins_all_records_although_names_conflict_with_one_of_them(chain: Rig) -> None:
    phone = {"namespace": "phone", "value": "+8613800138000", "verified": "otp"}
    chain.send("shop", "customer.updated", _customer("1", 1, full_name="李雷", identities=[phone]))
    chain.send("till", "customer.updated", _customer("2", 1, full_name="李雷", identities=[phone]))
    chain.send("crm", "customer.updated", _customer("3", 1, full_name="Li Lei"))
    chain.settle()
    ids = chain.golden_ids("customer")
    assert len(ids) == 2
    act = stewardship.merge(chain.hub, "customer", ids, "tester")
    assert len(chain.golden_ids("customer")) == 1
    stewardship.undo(chain.hub, act, "tester")
    assert chain.golden_ids("customer") == ids


def test_pin_holds_against_every_source_until_unpinned(chain: Rig) -> None:
    chain.send("shop", "customer.created", _customer("1", 1, full_name="A"))
    chain.settle()
    (id_,) = chain.golden_ids("customer")
    stewardship.pin(chain.hub, "customer", id_, "full_name", "Pinned", "tester", "asked")
    chain.send("shop", "customer.updated", _customer("1", 2, full_name="B"))
    chain.settle()
    assert chain.goldens("customer") == [{"full_name": "Pinned"}]
    entry = explain(chain.hub, "customer", id_)["full_name"]
    assert entry["pinned_by"] == "tester"
    assert [loser["value"] for loser in entry["losers"]] == ["B"]
    stewardship.unpin(chain.hub, "customer", id_, "full_name", "tester")
    assert chain.goldens("customer") == [{"full_name": "B"}]


def test_pin_of_a_derived_field_is_refused(chain: Rig) -> None:
    chain.send("shop", "order.created", _order("o1", 1))
    chain.settle()
    (id_,) = chain.golden_ids("order")
    with pytest.raises(ConfigError, match="computed by the hub"):
        stewardship.pin(chain.hub, "order", id_, "paid", _money("1.00"), "tester")


def test_explain_names_winner_losers_and_event(chain: Rig) -> None:
    chain.send("shop", "customer.updated", _customer("1", 1, note="old", identities=[_unionid("u")]))
    chain.send("crm", "customer.updated", _customer("9", 2, note="new", identities=[_unionid("u")]))
    chain.settle()
    (id_,) = chain.golden_ids("customer")
    entry = explain(chain.hub, "customer", id_)["note"]
    events = [event for (event,) in chain.hub.db.all("select id from event order by id")]
    assert entry["value"] == "new"
    assert entry["winner"] == {"connection": "crm", "external_id": "9", "event_id": events[1], "since": at(2)}
    assert entry["losers"][0]["value"] == "old"
    assert entry["losers"][0]["connection"] == "shop"


def test_explain_when_an_element_was_removed_then_it_is_named(chain: Rig) -> None:
    phone = {"namespace": "phone", "value": "+8613800138000", "verified": "none"}
    chain.send("shop", "customer.updated", _customer("1", 1, tags=["vip", "tea"], identities=[_unionid("u"), phone]))
    chain.send("shop", "customer.updated", _customer("1", 2, tags=["tea"], identities=[_unionid("u")]))
    chain.settle()
    (id_,) = chain.golden_ids("customer")
    why = explain(chain.hub, "customer", id_)
    gone = {
        name: [e["removed"] for e in why[name]["elements"] if e["value"] is None] for name in ("tags", "identities")
    }
    assert gone == {"tags": ["vip"], "identities": [{"namespace": "phone", "value": "+8613800138000"}]}
    assert [e["value"] for e in why["tags"]["elements"] if "removed" not in e] == ["tea"]


def test_records_of_another_realm_are_never_joined(chain: Rig) -> None:
    chain.connect("brand2", {"customer": "both"}, realm="brand2")
    chain.send("shop", "customer.updated", _customer("1", 1, identities=[_unionid("u")]))
    chain.send("brand2", "customer.updated", _customer("1", 1, identities=[_unionid("u")]))
    chain.settle()
    assert len(chain.goldens("customer")) == 2


def test_bad_event_is_quarantined_with_all_its_problems_and_siblings_go_on(chain: Rig) -> None:
    chain.send("shop", "customer.created", _customer("1", 1, full_name="A"))
    bad = _order("o1", 1)
    bad["totals"]["total"] = {"amount": "NaN", "currency": "XXX"}
    bad["lines"][0]["quantity"] = "many"
    chain.send("shop", "order.created", bad)
    chain.send("shop", "customer.created", _customer("2", 1, full_name="B"))
    chain.settle()
    assert len(chain.goldens("customer")) == 2
    ((_, problems),) = chain.quarantined()
    assert len(problems) >= 2


def test_nul_in_content_quarantines_that_event_only(chain: Rig) -> None:
    for number in range(20):
        chain.send("shop", "customer.created", _customer(str(number), 1, full_name="A\0" if number == 7 else "A"))
    chain.settle()
    assert len(chain.goldens("customer")) == 19
    assert len(chain.quarantined()) == 1


def test_dry_run_shows_the_difference_and_changes_nothing(chain: Rig) -> None:
    chain.send("shop", "customer.created", _customer("1", 1, full_name="A"))
    chain.settle()
    before = chain.state_hash()
    chain.hub.db.execute("update version set asserted = jsonb_set(asserted, '{full_name}', '\"Z\"')")
    preview = dry_run(chain.hub, Selection())
    assert preview.events == 1
    assert chain.state_hash() == before
    assert chain.hub.db.one("select asserted ->> 'full_name' from version") == ("Z",)


def test_event_marked_alone_runs_although_the_queue_never_empties(chain: Rig) -> None:
    chain.send("shop", "customer.updated", {"id": "1", "updated_at": at(1)})
    chain.hub.db.execute("update event_work set alone = true")
    left = "select count(*) from event_work where alone"
    for number in range(record.ALONE_EVERY):
        chain.send("shop", "customer.updated", {"id": str(number + 2), "updated_at": at(1)})
        chain.send("shop", "customer.updated", {"id": str(number + 102), "updated_at": at(1)})
        assert chain.hub.db.one(left) == (1,)
        assert chain.record(1) == 1
    assert chain.hub.db.one(left) == (0,)
    assert chain.hub.db.one("select count(*) > 0 from event_work") == (True,)
