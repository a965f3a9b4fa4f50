"""A page of a system in which one item is bad: that one is kept as it came and set aside, the others and the cursor go on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from connectors.shopify.simulator import ShopifySimulator
from connectors.zoho.simulator import ZohoSimulator
from hub.flow import poll
from hub.flow.alert_conditions import find_all
from hub.flow.alert_facts import gather
from hub.flow.configure import Wish, connect
from hub.flow.context import Hub
from hub.flow.poll import RunResult
from hub.sdk.testing import Simulator
from hub.store import inbox
from hub.store.inbox import StoredEvent
from tests.connectors import zoho_shared
from tests.connectors.shopify_shared import SECRET, TOKEN
from tests.fixtures.hub import Rig

MIB = 1024 * 1024
BOMB = "[" * 5000 + "]" * 5000
BAD: dict[str, tuple[str, list[str]]] = {
    "nan": ("NaN", ["bad_number"]),
    "infinity": ("-Infinity", ["bad_number"]),
    "digits": ("9" * 5000, ["bad_number"]),
    "bytes": ('"caf\xe9"', ["bad_encoding"]),
    "half a pair": ('"cut \\ud83d"', ["bad_text"]),
    "line break": ('"two\nlines"', ["bad_json"]),
    "bomb": (BOMB, ["too_deep"]),
    "deep": ("[" * 300 + "]" * 300, ["too_deep"]),
    "twice": ('"a","id":"0","more":{"b":1,"b":2}', ["repeated_key", "repeated_key"]),
    "all at once": (f'[NaN,"\\ud83d","\xff",{{"a":1,"a":{"7" * 40}}},{BOMB}]', [
        "bad_encoding", "bad_number", "bad_number", "bad_text", "repeated_key", "too_deep"]),
    "large": (f'"{"x" * (12 * MIB)}"', ["too_large"]),
}  # fmt: skip


class System:
    """A simulated system, a hub that reads it, and the words that differ between systems."""

    def __init__(self, rig: Rig, simulator: Simulator, name: str, stream: str) -> None:
        self.rig = rig
        self.simulator = simulator
        self.name = name
        self.stream = stream

    def add(self, name: str, note: str) -> None:
        """Somebody enters a person there."""
        if isinstance(self.simulator, ShopifySimulator):
            self.simulator.shop.add_customer(last_name=name, note=note)
        elif isinstance(self.simulator, ZohoSimulator):
            self.simulator.crm.add(Last_Name=name, Description=note)

    def pull(self) -> RunResult:
        """One reading of the stream; what came is taken through the pipeline."""
        result = poll.pull(self.rig.hub, self.name, self.stream)
        self.rig.settle()
        return result

    def position(self) -> Any:
        """Where the next reading begins."""
        return (self.rig.hub.db.one("select position from cursor where stream = %s", (self.stream,)) or (None,))[0]

    def quarantined(self) -> dict[tuple[str, ...], StoredEvent]:
        """The events that were set aside, by the codes of all their problems."""
        rows = self.rig.hub.db.all("select id, problem -> 'problems' from event_work where state = 1")
        with self.rig.hub.db.session() as conn:
            kept = {event.id: event for event in inbox.read_many(conn, self.rig.hub.keyring, [id_ for id_, _ in rows])}
        return {tuple(sorted(one["code"] for one in problems)): kept[id_] for id_, problems in rows}


@contextmanager
def shopify(hub: Hub) -> Iterator[System]:
    with ShopifySimulator() as simulator:
        config = {"shop": simulator.shop.domain, "base_url": simulator.url}
        secrets = {"secret": [SECRET], "access_token": [TOKEN]}
        connect(hub, Wish("shop", "shopify", config=config, secrets=secrets, flows={"customer": "in"}), "test")
        yield System(Rig(hub), simulator, "shop", "customers")


@contextmanager
def zoho(hub: Hub) -> Iterator[System]:
    with ZohoSimulator() as simulator:
        config = dict(zoho_shared.config_of(simulator))
        wish = Wish("crm", "zoho", config=config, secrets=zoho_shared.secrets(), flows={"customer": "in"})
        connect(hub, wish, "test")
        yield System(Rig(hub), simulator, "crm", "contacts")


@pytest.fixture(params=[shopify, zoho], ids=["shopify", "zoho"])
def system(request: pytest.FixtureRequest, make_hub: Callable[..., Hub], database_url: str) -> Iterator[System]:
    with request.param(make_hub(database_url)) as made:
        yield made


def test_page_when_items_are_bad_then_each_is_kept_and_told_and_its_siblings_and_the_cursor_go_on(
    system: System,
) -> None:
    for number, name in enumerate(BAD):
        system.add(f"good {number}", "fine")
        system.add(f"bad {number}", f"spoil {name}")
    system.simulator.switches.set(spoil=[(f"spoil {name}", raw) for name, (raw, _) in BAD.items()])
    result = system.pull()
    assert (result.coverage, result.counts["accepted"]) == ("complete", 2 * len(BAD))
    assert result.counts["too_large"] == 1
    assert system.position() is not None
    assert sorted(golden["full_name"] for golden in system.rig.goldens("customer")) == sorted(
        f"good {number}" for number in range(len(BAD))
    )
    found = system.quarantined()
    assert sum(1 for _ in system.rig.quarantined()) == len(BAD)
    assert set(found) == {tuple(codes) for _, codes in BAD.values()}
    large = found[("too_large",)]
    assert large.body is not None
    assert (len(large.body), int(large.headers["x-hub-full-size"]) > 12 * MIB) == (64 * 1024, True)
    assert len(large.headers["x-hub-full-sha256"]) == 2 * hashlib.sha256().digest_size
    verbatim = next(raw for name, (raw, _) in BAD.items() if name == "all at once").encode("latin-1")
    assert verbatim in (found[tuple(BAD["all at once"][1])].body or b"")
    # The same page again is nothing new.
    again = poll.pull(system.rig.hub, system.name, system.stream, full=True)
    assert (again.coverage, again.counts["accepted"]) == ("complete", 0)


def test_page_when_too_large_to_be_taken_then_asked_for_in_parts_until_it_fits(system: System) -> None:
    for number in range(12):
        system.add(f"person {number}", "long" if number % 4 == 0 else "fine")
    system.simulator.switches.set(spoil=[("long", f'"{"x" * 60_000}"')])
    connector: Any = system.rig.hub.connections.connector(system.name)
    connector.http.max_bytes = 100_000
    result = system.pull()
    assert (result.coverage, result.counts["accepted"]) == ("complete", 12)
    assert len(system.rig.goldens("customer")) == 12
    connector.http.max_bytes = 50_000
    (stream,) = poll.pull(system.rig.hub, system.name, system.stream, full=True).streams
    assert (stream.status, "larger than 50000 bytes" in stream.note) == ("failed", True)


FRAMES = {
    "cut": [("a note", '"never ends')],
    "no list of items": [("a note", '"x"]]')],
    "a key of the frame twice": [
        ("hasNextPage", '"hasNextPage":true,"hasNextPage"'),
        ("more_records", '"more_records":true,"more_records"'),
    ],
}


@pytest.mark.parametrize("spoil", FRAMES.values(), ids=list(FRAMES))
def test_page_when_its_frame_cannot_be_read_then_one_failure_an_alert_and_the_cursor_stays(
    system: System, spoil: list[tuple[str, str]]
) -> None:
    system.add("first", "fine")
    assert system.pull().coverage == "complete"
    before = system.position()
    system.add("second", "a note")
    system.simulator.switches.set(spoil=spoil)
    result = system.pull()
    (stream,) = result.streams
    assert (result.coverage, stream.status, stream.is_away, result.counts["accepted"]) == ("partial", "paused", True, 0)
    assert "not JSON" in stream.note or "holds a key twice" in stream.note
    assert system.position() == before
    db = system.rig.hub.db
    assert db.one("select count(*) from event") == (1,)
    # As if it had gone on for two minutes.
    part = ["pull:" + system.stream, "since"]
    db.execute(
        "update connection set health = jsonb_set(health, %s, to_jsonb(extract(epoch from now()) - 120))", (part,)
    )
    (alert,) = [one for one in find_all(gather(system.rig.hub)) if one.type == "breaker"]
    assert (alert.data["streams"], alert.data["reason"]) == ([system.stream], stream.note)
    system.simulator.switches.reset()
    assert system.pull().coverage == "complete"
    assert {golden["full_name"] for golden in system.rig.goldens("customer")} == {"first", "second"}
