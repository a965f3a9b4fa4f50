"""A bad item costs itself and what depends on it: through every door, seen whole, and run again after the fix."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from hub.errors import ConflictError, NotFoundError
from hub.flow import quarantine, refetch
from hub.flow.content import problems_of
from hub.flow.ingest import ingest
from hub.flow.poll import pull
from hub.flow.receive import receive
from hub.sdk import item_body, read_page
from hub.sdk.connector import (
    Page,
    RawEvent,
    WebhookRequest,
)
from hub.store import console_quarantine, inbox, parked, rerun
from hub.store.rerun import Which
from tests.fixtures.hub import at
from tests.fixtures.market import Market, MarketRig


def customer(text: bytes, id_: str) -> bytes:
    """A customer whose note is that JSON."""
    return b'{"data": {"id": "%s", "updated_at": "%s", "full_name": "ok", "note": %s}}' % (
        id_.encode(), at(1).encode(), text)  # fmt: skip


BAD = {
    "encoding": (customer(b'"\xff\xfe"', "b1"), "bad_encoding"),
    "nan": (customer(b"NaN", "b2"), "bad_number"),
    "infinity": (customer(b"-Infinity", "b3"), "bad_number"),
    "beyond a double": (customer(b"1e400", "b4"), "bad_number"),
    "digits": (customer(b"9" * 5000, "b5"), "bad_number"),
    "beyond 64 bits": (customer(b"123456789012345678901234567890", "b6"), "bad_number"),
    "half a pair": (customer(b'"\\ud83d"', "b7"), "bad_text"),
    "nul": (customer(b'"a\\u0000b"', "b8"), "bad_text"),
    "bomb": (customer(b"[" * 5000 + b"]" * 5000, "b9"), "too_deep"),
    "deep": (customer(b"[" * 300 + b"]" * 300, "b10"), "too_deep"),
    "twice": (customer(b'"x", "note": "y"', "b11"), "repeated_key"),
    "twice, hidden": (customer(b'"\\u003a", "note": ":"', "b12"), "repeated_key"),
    "cut": (b'{"data": {"id": "b13"', "bad_json"),
    "crash": (customer(b'"x"', "b14").replace(b'"ok"', b'"boom"'), "crash"),
    "type": (customer(b'{"no": "text"}', "b15"), "bad_text"),
    "no id": (customer(b'"x"', "b16").replace(b'"id": "b16", ', b""), "missing_id"),
}


UNREADABLE = ("bad_json", "bad_encoding", "bad_number", "too_deep", "repeated_key")


def by_webhook(market: MarketRig, bodies: list[bytes]) -> None:
    for body in bodies:
        request = WebhookRequest("POST", {"x-topic": "customers.hook"}, {}, body, time.time())
        assert receive(market.hub, "bazaar", request).status == 200


def by_pull(market: MarketRig, bodies: list[bytes]) -> None:
    Market.pages = [Page([RawEvent("customers", body) for body in bodies], "read", last=True)]
    result = pull(market.hub, "bazaar", "customers")
    assert (result.coverage, result.counts["accepted"]) == ("complete", len(bodies))


def by_file(market: MarketRig, bodies: list[bytes]) -> None:
    unread = sum(bool(problems_of(body)) for body in bodies)
    assert ingest(market.hub, "bazaar", bodies, "customers").counts == {
        "accepted": len(bodies), "duplicates": 0, "refused": 0, "quarantined": unread
    }  # fmt: skip
    assert unread >= len(UNREADABLE)


@pytest.mark.parametrize("door", [by_webhook, by_pull, by_file])
def test_bad_items_when_they_come_by_any_door_then_each_is_kept_and_told_and_its_siblings_are_done(
    market: MarketRig, door: Callable[[MarketRig, list[bytes]], None]
) -> None:
    bodies: list[bytes] = []
    for number, (body, _) in enumerate(BAD.values()):
        bodies += [customer(b'"fine"', f"s{number}"), body]
    door(market, bodies)
    market.settle()
    assert all(problems[0]["message"] for _, problems in market.quarantined())
    assert len(market.goldens("customer")) == len(BAD)
    assert market.hub.db.one("select count(*) from event_work where state = 0") == (0,)
    causes: dict[Any, str] = dict(market.hub.db.all("select id, cause from event_work"))
    with market.hub.db.session() as conn:
        kept = {event.body: causes[event.id] for event in inbox.read_many(conn, market.hub.keyring, list(causes))}
    assert kept == dict(BAD.values())


def test_page_when_some_of_its_items_no_strict_reader_takes_then_each_alone_is_quarantined(market: MarketRig) -> None:
    bad = [body for body, cause in BAD.values() if cause in ("bad_text", *UNREADABLE) and body.endswith(b"}}")]
    page = b"[%s]" % b",".join([customer(b'"fine"', "s1"), *bad, customer(b'"fine"', "s2")])
    by_pull(market, [item_body(item) for item in read_page(page)])
    market.settle()
    assert len(market.goldens("customer")) == 2
    assert len(market.quarantined()) == len(bad)
    assert {cause for cause, _ in market.quarantined()} == {"bad_text", *UNREADABLE} - {"bad_json"}


def test_bad_item_when_several_things_are_wrong_then_all_are_told_with_path_value_and_mapping_line(
    market: MarketRig,
) -> None:
    strange = {"amount": "10.00", "currency": "XXQ"}
    market.put("orders", market.order("o1", number=None, state=7, totals={"items": strange, "total": strange}))
    market.put("customers", {"id": "c1", "updated_at": at(1), "full_name": "Li Lei"})
    market.settle()
    ((cause, problems),) = market.quarantined()
    assert {(p["code"], p["path"]) for p in problems} >= {
        ("bad_currency", "data.totals.items"),
        ("bad_currency", "data.totals.total"),
    }
    assert len(problems) >= 3
    assert all(p["where"].startswith("all.yaml:") or "all.yaml:" in p["where"] for p in problems)
    assert any("XXQ" in p.get("value", "") for p in problems)
    (group,) = console_quarantine.groups(market.hub.db)
    assert (group.cause, group.count) == (cause, 1)
    faults = console_quarantine.faults_of(market.hub.db, [group.sample])
    assert {fault.path for fault in faults} == {p["path"] for p in problems}
    assert len(market.goldens("customer")) == 1


def test_group_when_elements_of_one_list_are_wrong_then_one_cause_and_another_path_another(market: MarketRig) -> None:
    good = market.order("o1")["lines"][0]
    bad = {**good, "quantity": "many"}
    for id_, lines in (("o1", [bad]), ("o2", [good, bad]), ("o3", [good, good, bad])):
        market.put("orders", market.order(id_, lines=lines))
    market.put("orders", market.order("o4", placed_at="yesterday"))
    market.settle()
    found = {(group.cause, group.path): group.count for group in console_quarantine.groups(market.hub.db)}
    assert sorted(found.values()) == [1, 3]
    (path,) = [path for (_, path), count in found.items() if count == 3]
    assert "quantity" in path
    assert len(rerun.ids_of(market.hub.db, Which(path=path))) == 3
    assert len(console_quarantine.groups(market.hub.db, console_quarantine.Filter(path=path))) == 1


def test_run_again_when_fixed_then_exactly_those_run_and_it_is_told_what_came_of_them(market: MarketRig) -> None:
    for number in range(3):
        market.put("customers", {"id": f"c{number}", "updated_at": at(1), "full_name": "boom"})
    market.put("customers", {"id": "c3", "updated_at": at(1), "full_name": "boom", "note": {"no": "text"}})
    other = market.put("orders", market.order("o1", placed_at="yesterday"))
    market.settle()
    which = Which(cause="crash")
    assert len(market.quarantined()) == 5
    before = quarantine.rehearse(market.hub, which)
    assert len(before.problems) == before.events
    market.module.is_mended = True
    tried = quarantine.rehearse(market.hub, which)
    assert (tried.events - len(tried.problems), len(tried.changes)) == (3, 3)
    assert market.goldens("customer") == []
    done = quarantine.run_again(market.hub, "ann", which)
    assert (done.events, done.kept) == (4, 0)
    (result,) = rerun.results(market.hub.db, None)
    assert (result.run_id, result.waiting, result.done) == (done.run_id, 4, 0)
    market.settle()
    (result,) = rerun.results(market.hub.db, None)
    assert (result.events, result.done, result.waiting) == (4, 3, 0)
    assert [(cause, count) for cause, _, count in result.back] == [("bad_text", 1)]
    assert len(market.goldens("customer")) == 3
    assert len(rerun.ids_of(market.hub.db, Which(ids=(other,)))) == 1
    assert quarantine.run_again(market.hub, "ann", which).run_id is None


def test_discard_when_run_again_before_then_it_did_not_go_through(market: MarketRig) -> None:
    event = market.put("customers", {"id": "c1", "updated_at": at(1), "full_name": "boom"})
    market.settle()
    quarantine.run_again(market.hub, "ann", Which(ids=(event,)))
    market.settle()
    assert quarantine.discard(market.hub, "ann", [event], "a test") == 1
    (result,) = rerun.results(market.hub.db, None)
    assert (result.done, result.returned) == (0, 0)


def test_newer_version_when_an_older_one_is_quarantined_then_processed_and_the_older_one_comes_late(
    market: MarketRig,
) -> None:
    old = market.put(
        "customers", {"id": "c1", "updated_at": at(1), "full_name": "boom", "note": "only the old one says it"}
    )
    market.put("customers", {"id": "c1", "updated_at": at(5), "full_name": "new"})
    market.settle()
    assert market.goldens("customer") == [{"full_name": "new"}]
    about = quarantine.about(market.hub, old)
    assert about is not None
    subject, standing = about
    assert (subject.object_type, subject.external_id, standing.newer) == ("customers", "c1", 1)
    assert standing.golden_id == market.golden_ids("customer")[0]
    market.module.is_mended = True
    quarantine.run_again(market.hub, "ann", Which(ids=(old,)))
    market.settle()
    assert market.goldens("customer") == [{"full_name": "new", "note": "only the old one says it"}]


def test_child_when_its_parent_is_quarantined_then_it_waits_is_shown_there_and_goes_on_with_it(
    market: MarketRig,
) -> None:
    money = {"amount": "10.00", "currency": "CNY"}
    wrong = market.put("orders", market.order("o1", placed_at="yesterday"))
    market.put("payments", {"id": "y1", "updated_at": at(1), "order": "o1", "amount": money, "state": "captured"})
    market.put("payments", {"id": "y2", "updated_at": at(1), "order": "o2", "amount": money, "state": "captured"})
    market.put("orders", market.order("o2"))
    market.settle()
    about = quarantine.about(market.hub, wrong)
    assert about is not None
    assert (about[1].waiting, [one.external_id for one in about[1].dependents], about[1].golden_id) == (1, ["y1"], None)
    (row,) = parked.list_parked(market.hub.db, None, None, None, 10)
    assert (row.external_id, row.parent_id) == ("y1", "o1")
    market.put("orders", market.order("o1", minute=2))
    market.settle()
    assert parked.list_parked(market.hub.db, None, None, None, 10) == []
    # The event that was wrong is still there, and now says that the record is known and nothing waits.
    about = quarantine.about(market.hub, wrong)
    assert about is not None
    assert (about[1].waiting, about[1].newer) == (0, 1)


def test_items_when_they_cannot_be_used_then_whom_they_are_about_is_known_if_that_is_legible_and_they_can_be_fetched_anew(
    market: MarketRig,
) -> None:
    legible = [b"NaN", b'"x", "note": "y"', b'"caf\xe9"', b"[" * 3000 + b"]" * 3000]
    bodies = [customer(note, f"c{number}") for number, note in enumerate(legible)]
    unclear = [customer(b'"x", "id": "c9"', "c8"), customer(b'"x"', "c\\ud83d"), customer(b'"x"', "c1")[:-1]]
    by_pull(market, [*bodies, *unclear])
    market.settle()
    waiting = sorted(rerun.ids_of(market.hub.db, Which()))
    for number, event in enumerate(waiting):
        about = quarantine.about(market.hub, event)
        if number >= len(legible):
            assert about is None
            with pytest.raises(ConflictError, match="does not tell which record"):
                refetch.fetch_anew(market.hub, event, "ann")
            continue
        assert about is not None
        assert about[0].external_id == f"c{number}"
        Market.shelf[f"c{number}"] = {"id": f"c{number}", "updated_at": at(2), "full_name": "mended"}
        refetch.fetch_anew(market.hub, event, "ann")
    market.settle()
    assert (len(market.quarantined()), market.goldens("customer")) == (len(unclear), [{"full_name": "mended"}] * 4)


def huge(market: MarketRig, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An item over the limit between two others, as a pull finds it; returns its event."""
    monkeypatch.setattr("hub.flow.reading.MAX_ITEM_BYTES", 2000)
    monkeypatch.setattr("hub.flow.refetch.MAX_ITEM_BYTES", 2000)
    monkeypatch.setattr("hub.flow.reading.KEPT_BYTES", 100)
    body = orjson.dumps({"data": {"note": "x" * 5000, "id": "c2", "updated_at": at(1), "full_name": "big"}})
    by_pull(market, [customer(b'"fine"', "c1"), body, customer(b'"fine"', "c3")])
    market.settle()
    ((cause, problems),) = market.quarantined()
    assert cause == "too_large"
    assert f"{len(body)} bytes" in problems[0]["message"]
    (event,) = rerun.ids_of(market.hub.db, Which())
    return event


def test_item_when_too_large_then_it_cannot_run_again_and_its_siblings_are_done(
    market: MarketRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = huge(market, monkeypatch)
    assert len(market.goldens("customer")) == 2
    found = market.hub.db.one("select size, headers ->> 'x-hub-full-size', length(headers ->> 'x-hub-full-sha256') from event where id = %s",
                           (event,))  # fmt: skip
    assert found is not None
    assert (found[0], int(found[1]) > 5000, found[2]) == (100, True, 64)
    assert quarantine.run_again(market.hub, "ann", Which()) == quarantine.Rerun(0, None, 1)
    tried = quarantine.rehearse(market.hub, Which())
    assert [one["problems"][0]["code"] for one in tried.problems] == ["too_large"]
    assert [cause for cause, _ in market.quarantined()] == ["too_large"]


def test_item_when_too_large_then_it_can_be_fetched_anew_once_it_is_smaller(
    market: MarketRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = huge(market, monkeypatch)
    with pytest.raises(NotFoundError, match="has no customers c2"):
        refetch.fetch_anew(market.hub, event, "ann")
    Market.shelf["c2"] = {"id": "c2", "updated_at": at(1), "full_name": "big", "note": "x" * 5000}
    with pytest.raises(ConflictError, match="still has"):
        refetch.fetch_anew(market.hub, event, "ann")
    Market.shelf["c2"]["note"] = "short"
    refetch.fetch_anew(market.hub, event, "ann")
    market.settle()
    assert market.quarantined() == []
    assert {golden["full_name"] for golden in market.goldens("customer")} == {"ok", "big"}
    with pytest.raises(ConflictError, match="not in quarantine"):
        refetch.fetch_anew(market.hub, event, "ann")
    assert market.hub.db.one("select sum(n) from tally where stage = 'discarded'") == (1,)


def test_event_when_its_process_died_of_it_then_it_says_so_and_runs_alone_after_the_fix(market: MarketRig) -> None:
    event = market.put("customers", {"id": "c1", "updated_at": at(1), "full_name": "fine"})
    for _ in range(3):
        inbox.begin_batch(market.hub.db, market.worker, [event])
        inbox.sweep_journal(market.hub.db, stale_s=0)
    ((cause, problems),) = market.quarantined()
    assert (cause, problems[0]["message"]) == ("poison", "the worker that ran it died or stopped answering: 3 attempts")
    assert market.hub.db.one("select attempts from event_work") == (3,)
    assert quarantine.run_again(market.hub, "ann", Which(cause="poison")).events == 1
    assert market.hub.db.one("select alone, attempts from event_work") == (True, 0)
    market.settle()
    (result,) = rerun.results(market.hub.db, None)
    assert (result.done, result.returned) == (1, 0)
    assert len(market.goldens("customer")) == 1
