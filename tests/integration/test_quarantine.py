"""A bad item costs itself and what depends on it: through every door, seen whole, and run again after the fix."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import orjson
import pytest

from hub.errors import ConflictError, NotFoundError
from hub.flow import quarantine, refetch
from hub.flow.context import Hub
from hub.flow.ingest import ingest
from hub.flow.poll import pull
from hub.flow.receive import receive
from hub.sdk.connector import (
    CheckResult,
    Connector,
    Found,
    Manifest,
    Page,
    RawEvent,
    Reads,
    ReceiveResult,
    ReceivesWebhooks,
    Response,
    Stream,
    Text,
    WebhookRequest,
    WriteResult,
    Writes,
)
from hub.sdk.plugin import hookimpl
from hub.store import console_quarantine, inbox, parked, rerun
from hub.store.rerun import Which
from tests.fixtures.hub import Rig, at

NO_TEXT = Text("", "")
CANONICAL = """
kind: "*"
from: market/*
root: data
id: id
version: updated_at
at: updated_at
in: canonical
out: canonical
"""
FRAGILE = """
kind: customer
from: market/customers
root: data
id: id
version: updated_at
at: updated_at
in:
  full_name: {path: full_name, to: fragile}
  note: note
"""


class Market(Connector, Reads, ReceivesWebhooks, Writes):
    """Sends, is listed, and shows single records."""

    manifest: ClassVar[Manifest] = Manifest(
        name="market", title=NO_TEXT, help=NO_TEXT, api_version="1", sdk=">=0.1", hosts=(), config=(),
        streams=tuple(
            Stream(name, (kind,), topics=(f"{name}.hook",), pull=True)
            for name, kind in (("customers", "customer"), ("orders", "order"), ("payments", "payment"))
        ),
    )  # fmt: skip
    pages: ClassVar[list[Page]] = []
    shelf: ClassVar[dict[str, dict[str, Any]]] = {}

    def check(self) -> CheckResult:
        return CheckResult(True, "fine")

    def fetch(self, stream: str, cursor: Any) -> Iterator[Page]:
        yield from self.pages

    def verify(self, request: WebhookRequest) -> int:
        return 1

    def decode(self, request: WebhookRequest) -> Sequence[RawEvent]:
        return [RawEvent(request.headers["x-topic"], request.body)]

    def acknowledge(self, result: ReceiveResult) -> Response:
        return Response(200, b"")

    def write(self, deliveries: Sequence[Any]) -> Sequence[WriteResult]:
        return [WriteResult(error=NotImplementedError()) for _ in deliveries]

    def read(self, kind: str, external_id: str) -> Found | None:
        data = self.shelf.get(external_id)
        return Found(external_id, None, {"data": data}) if data else None


class Module:
    """What a connector package gives the hub. `is_mended`: the transform was corrected."""

    __name__ = "tests.market"
    is_mended = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @hookimpl
    def register_connectors(self) -> list[type[Connector]]:
        return [Market]

    @hookimpl
    def register_mappings(self) -> list[Path]:
        return [self.folder]

    @hookimpl
    def register_transforms(self) -> dict[str, Any]:
        def fragile(value: Any) -> Any:
            """Breaks on one name."""
            if value == "boom" and not self.is_mended:
                raise RuntimeError("a bug")
            return value

        return {"fragile": fragile}


class MarketRig(Rig):
    """A hub with one market."""

    module: Module

    def order(self, id_: str, minute: int = 1, **fields: Any) -> dict[str, Any]:
        money = {"amount": "10.00", "currency": "CNY"}
        line = {
            "line_id": "1",
            "title": "Tea",
            "quantity": "1",
            "unit_price": money,
            "total": money,
            "line_kind": "product",
        }
        return {"id": id_, "updated_at": at(minute), "number": f"#{id_}", "channel": "web", "currency": "CNY",
                "placed_at": at(0), "tax_inclusive": True, "state": "open", "totals": {"items": money, "total": money},
                "lines": [line], **fields}  # fmt: skip

    def put(self, stream: str, data: dict[str, Any], **more: Any) -> Any:
        """One event as it comes by a webhook; returns its id."""
        self.sent += 1
        row = self.hub.connections.by_name("bazaar")
        event = inbox.NewEvent(row.id, stream, orjson.dumps({"data": data}), f"event {self.sent}", **more)
        with self.hub.db.transaction() as conn:
            return inbox.accept(conn, self.hub.keyring, [event]).ids[0]


@pytest.fixture
def rig(make_hub: Callable[..., Hub], database_url: str, tmp_path: Path) -> MarketRig:
    folder = tmp_path / "mappings" / "market"
    folder.mkdir(parents=True)
    (folder / "all.yaml").write_text(CANONICAL)
    (folder / "customers.yaml").write_text(FRAGILE)
    module = Module(folder.parent)
    made = MarketRig(make_hub(database_url, module))
    made.module = module
    made.connect("bazaar", {"customer": "in", "order": "in", "payment": "in"})
    made.hub.db.execute("update connection set connector = 'market', generation = generation + 1")
    made.hub.connections.reload()
    Market.pages, Market.shelf = [], {}
    return made


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


def by_webhook(rig: MarketRig, bodies: list[bytes]) -> None:
    for body in bodies:
        request = WebhookRequest("POST", {"x-topic": "customers.hook"}, {}, body, time.time())
        assert receive(rig.hub, "bazaar", request).status == 200


def by_pull(rig: MarketRig, bodies: list[bytes]) -> None:
    Market.pages = [Page([RawEvent("customers", body) for body in bodies], "read", last=True)]
    result = pull(rig.hub, "bazaar", "customers")
    assert (result.coverage, result.counts["accepted"]) == ("complete", len(bodies))


def by_file(rig: MarketRig, bodies: list[bytes]) -> None:
    assert ingest(rig.hub, "bazaar", bodies, "customers").counts == {
        "accepted": len(bodies), "duplicates": 0, "refused": 0
    }  # fmt: skip


@pytest.mark.parametrize("door", [by_webhook, by_pull, by_file])
def test_bad_items_when_they_come_by_any_door_then_each_is_kept_and_told_and_its_siblings_are_done(
    rig: MarketRig, door: Callable[[MarketRig, list[bytes]], None]
) -> None:
    bodies: list[bytes] = []
    for number, (body, _) in enumerate(BAD.values()):
        bodies += [customer(b'"fine"', f"s{number}"), body]
    door(rig, bodies)
    rig.settle()
    assert all(problems[0]["message"] for _, problems in rig.quarantined())
    assert len(rig.goldens("customer")) == len(BAD)
    assert rig.hub.db.one("select count(*) from event_work where state = 0") == (0,)
    causes: dict[Any, str] = dict(rig.hub.db.all("select id, cause from event_work"))
    with rig.hub.db.session() as conn:
        kept = {event.body: causes[event.id] for event in inbox.read_many(conn, rig.hub.keyring, list(causes))}
    assert kept == dict(BAD.values())


def test_bad_item_when_several_things_are_wrong_then_all_are_told_with_path_value_and_mapping_line(
    rig: MarketRig,
) -> None:
    strange = {"amount": "10.00", "currency": "XXQ"}
    rig.put("orders", rig.order("o1", number=None, state=7, totals={"items": strange, "total": strange}))
    rig.put("customers", {"id": "c1", "updated_at": at(1), "full_name": "Li Lei"})
    rig.settle()
    ((cause, problems),) = rig.quarantined()
    assert {(p["code"], p["path"]) for p in problems} >= {
        ("bad_currency", "data.totals.items"),
        ("bad_currency", "data.totals.total"),
    }
    assert len(problems) >= 3
    assert all(p["where"].startswith("all.yaml:") or "all.yaml:" in p["where"] for p in problems)
    assert any("XXQ" in p.get("value", "") for p in problems)
    (group,) = console_quarantine.groups(rig.hub.db)
    assert (group.cause, group.count) == (cause, 1)
    faults = console_quarantine.faults_of(rig.hub.db, [group.sample])
    assert {fault.path for fault in faults} == {p["path"] for p in problems}
    assert len(rig.goldens("customer")) == 1


def test_group_when_elements_of_one_list_are_wrong_then_one_cause_and_another_path_another(rig: MarketRig) -> None:
    good = rig.order("o1")["lines"][0]
    bad = {**good, "quantity": "many"}
    for id_, lines in (("o1", [bad]), ("o2", [good, bad]), ("o3", [good, good, bad])):
        rig.put("orders", rig.order(id_, lines=lines))
    rig.put("orders", rig.order("o4", placed_at="yesterday"))
    rig.settle()
    found = {(group.cause, group.path): group.count for group in console_quarantine.groups(rig.hub.db)}
    assert sorted(found.values()) == [1, 3]
    (path,) = [path for (_, path), count in found.items() if count == 3]
    assert "quantity" in path
    assert len(rerun.ids_of(rig.hub.db, Which(path=path))) == 3
    assert len(console_quarantine.groups(rig.hub.db, console_quarantine.Filter(path=path))) == 1


def test_run_again_when_fixed_then_exactly_those_run_and_it_is_told_what_came_of_them(rig: MarketRig) -> None:
    for number in range(3):
        rig.put("customers", {"id": f"c{number}", "updated_at": at(1), "full_name": "boom"})
    rig.put("customers", {"id": "c3", "updated_at": at(1), "full_name": "boom", "note": {"no": "text"}})
    other = rig.put("orders", rig.order("o1", placed_at="yesterday"))
    rig.settle()
    which = Which(cause="crash")
    assert len(rig.quarantined()) == 5
    before = quarantine.rehearse(rig.hub, which)
    assert len(before.problems) == before.events
    rig.module.is_mended = True
    tried = quarantine.rehearse(rig.hub, which)
    assert (tried.events - len(tried.problems), len(tried.changes)) == (3, 3)
    assert rig.goldens("customer") == []
    done = quarantine.run_again(rig.hub, "ann", which)
    assert (done.events, done.kept) == (4, 0)
    (result,) = rerun.results(rig.hub.db, None)
    assert (result.run_id, result.waiting, result.done) == (done.run_id, 4, 0)
    rig.settle()
    (result,) = rerun.results(rig.hub.db, None)
    assert (result.events, result.done, result.waiting) == (4, 3, 0)
    assert [(cause, count) for cause, _, count in result.back] == [("bad_text", 1)]
    assert len(rig.goldens("customer")) == 3
    assert len(rerun.ids_of(rig.hub.db, Which(ids=(other,)))) == 1
    assert quarantine.run_again(rig.hub, "ann", which).run_id is None


def test_discard_when_run_again_before_then_it_did_not_go_through(rig: MarketRig) -> None:
    event = rig.put("customers", {"id": "c1", "updated_at": at(1), "full_name": "boom"})
    rig.settle()
    quarantine.run_again(rig.hub, "ann", Which(ids=(event,)))
    rig.settle()
    assert quarantine.discard(rig.hub, "ann", [event], "a test") == 1
    (result,) = rerun.results(rig.hub.db, None)
    assert (result.done, result.returned) == (0, 0)


def test_newer_version_when_an_older_one_is_quarantined_then_processed_and_the_older_one_comes_late(
    rig: MarketRig,
) -> None:
    old = rig.put(
        "customers", {"id": "c1", "updated_at": at(1), "full_name": "boom", "note": "only the old one says it"}
    )
    rig.put("customers", {"id": "c1", "updated_at": at(5), "full_name": "new"})
    rig.settle()
    assert rig.goldens("customer") == [{"full_name": "new"}]
    about = quarantine.about(rig.hub, old)
    assert about is not None
    subject, standing = about
    assert (subject.object_type, subject.external_id, standing.newer) == ("customers", "c1", 1)
    assert standing.golden_id == rig.golden_ids("customer")[0]
    rig.module.is_mended = True
    quarantine.run_again(rig.hub, "ann", Which(ids=(old,)))
    rig.settle()
    assert rig.goldens("customer") == [{"full_name": "new", "note": "only the old one says it"}]


def test_child_when_its_parent_is_quarantined_then_it_waits_is_shown_there_and_goes_on_with_it(rig: MarketRig) -> None:
    money = {"amount": "10.00", "currency": "CNY"}
    wrong = rig.put("orders", rig.order("o1", placed_at="yesterday"))
    rig.put("payments", {"id": "y1", "updated_at": at(1), "order": "o1", "amount": money, "state": "captured"})
    rig.put("payments", {"id": "y2", "updated_at": at(1), "order": "o2", "amount": money, "state": "captured"})
    rig.put("orders", rig.order("o2"))
    rig.settle()
    about = quarantine.about(rig.hub, wrong)
    assert about is not None
    assert (about[1].waiting, [one.external_id for one in about[1].dependents], about[1].golden_id) == (1, ["y1"], None)
    (row,) = parked.list_parked(rig.hub.db, None, None, None, 10)
    assert (row.external_id, row.parent_id) == ("y1", "o1")
    rig.put("orders", rig.order("o1", minute=2))
    rig.settle()
    assert parked.list_parked(rig.hub.db, None, None, None, 10) == []
    # The event that was wrong is still there, and now says that the record is known and nothing waits.
    about = quarantine.about(rig.hub, wrong)
    assert about is not None
    assert (about[1].waiting, about[1].newer) == (0, 1)


def huge(rig: MarketRig, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An item over the limit between two others, as a pull finds it; returns its event."""
    monkeypatch.setattr("hub.flow.reading.MAX_ITEM_BYTES", 2000)
    monkeypatch.setattr("hub.flow.refetch.MAX_ITEM_BYTES", 2000)
    monkeypatch.setattr("hub.flow.reading.KEPT_BYTES", 100)
    body = orjson.dumps({"data": {"note": "x" * 5000, "id": "c2", "updated_at": at(1), "full_name": "big"}})
    by_pull(rig, [customer(b'"fine"', "c1"), body, customer(b'"fine"', "c3")])
    rig.settle()
    ((cause, problems),) = rig.quarantined()
    assert cause == "too_large"
    assert f"{len(body)} bytes" in problems[0]["message"]
    (event,) = rerun.ids_of(rig.hub.db, Which())
    return event


def test_item_when_too_large_then_it_cannot_run_again_and_its_siblings_are_done(
    rig: MarketRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = huge(rig, monkeypatch)
    assert len(rig.goldens("customer")) == 2
    found = rig.hub.db.one("select size, headers ->> 'x-hub-full-size', length(headers ->> 'x-hub-full-sha256') from event where id = %s",
                           (event,))  # fmt: skip
    assert found is not None
    assert (found[0], int(found[1]) > 5000, found[2]) == (100, True, 64)
    assert quarantine.run_again(rig.hub, "ann", Which()) == quarantine.Rerun(0, None, 1)
    tried = quarantine.rehearse(rig.hub, Which())
    assert [one["problems"][0]["code"] for one in tried.problems] == ["too_large"]
    assert [cause for cause, _ in rig.quarantined()] == ["too_large"]


def test_item_when_too_large_then_it_can_be_fetched_anew_once_it_is_smaller(
    rig: MarketRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = huge(rig, monkeypatch)
    with pytest.raises(NotFoundError, match="has no customers c2"):
        refetch.fetch_anew(rig.hub, event, "ann")
    Market.shelf["c2"] = {"id": "c2", "updated_at": at(1), "full_name": "big", "note": "x" * 5000}
    with pytest.raises(ConflictError, match="still has"):
        refetch.fetch_anew(rig.hub, event, "ann")
    Market.shelf["c2"]["note"] = "short"
    refetch.fetch_anew(rig.hub, event, "ann")
    rig.settle()
    assert rig.quarantined() == []
    assert {golden["full_name"] for golden in rig.goldens("customer")} == {"ok", "big"}
    with pytest.raises(ConflictError, match="not in quarantine"):
        refetch.fetch_anew(rig.hub, event, "ann")
    assert rig.hub.db.one("select sum(n) from tally where stage = 'discarded'") == (1,)


def test_event_when_its_process_died_of_it_then_it_says_so_and_runs_alone_after_the_fix(rig: MarketRig) -> None:
    event = rig.put("customers", {"id": "c1", "updated_at": at(1), "full_name": "fine"})
    for _ in range(3):
        inbox.begin_batch(rig.hub.db, rig.worker, [event])
        inbox.sweep_journal(rig.hub.db, stale_s=0)
    ((cause, problems),) = rig.quarantined()
    assert (cause, problems[0]["message"]) == ("poison", "the worker that ran it died or stopped answering: 3 attempts")
    assert rig.hub.db.one("select attempts from event_work") == (3,)
    assert quarantine.run_again(rig.hub, "ann", Which(cause="poison")).events == 1
    assert rig.hub.db.one("select alone, attempts from event_work") == (True, 0)
    rig.settle()
    (result,) = rerun.results(rig.hub.db, None)
    assert (result.done, result.returned) == (1, 0)
    assert len(rig.goldens("customer")) == 1
