"""Systems of different shapes behind one connector: each is read and written by the file that names its connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import time_ns
from typing import Any

import pytest

from connectors.webhook.simulator import WebhookSimulator
from hub.flow import release, site, workbench
from hub.flow.forecast import of_mapping, place_of, source_of
from hub.flow.replay import replay
from hub.flow.rules import installed_folders, load_site, publish_release
from hub.model import time
from hub.store.replay import Selection
from tests.fixtures.hub import EPOCH, at
from tests.fixtures.peers import PeerRig
from tests.fixtures.rules import put_in_force

KASSA = """
kind: customer
from: webhook/customers
connections: [kassa, "kassa-*"]
root: data
id: no
version: {path: changed, to: unix}
at: {path: changed, to: unix}
delete_topics: [customer.deleted]
in:
  full_name: {path: name, to: strip}
  identities: [{namespace: {const: phone}, value: {path: mobile, to: phone}, verified: {const: otp}}]
out:
  name: {path: full_name, to: %s}
  mobile: {path: identities, to: [{pick: {equals: phone, key: namespace}}, phone_local]}
"""
SCALE = """
kind: customer
from: webhook/customers
connections: [scale]
root: data
id: card
version: {path: rev, to: integer}
in:
  note: {path: memo}
  identities: [{namespace: {const: phone}, value: {path: tel, to: phone}, verified: {const: otp}}]
"""
NAMES = {"kassa": "webhook/customers@kassa.yaml", "scale": "webhook/customers@scale.yaml"}
PHONE = "+8613900000001"
SAID = {"namespace": "phone", "value": PHONE, "verified": "otp"}


def _files(name: str = "strip") -> dict[str, str]:
    return {NAMES["kassa"]: KASSA % name, NAMES["scale"]: SCALE}


@pytest.fixture
def tills(peers: PeerRig) -> Iterator[tuple[PeerRig, dict[str, WebhookSimulator]]]:
    """Two tills behind `webhook`: `kassa` and `kassa-2` speak their brand's form, `crm` the hub's; `kassa` and `scale` only send."""
    put_in_force(peers.hub, _files())
    with ExitStack() as stack:
        made = {name: stack.enter_context(WebhookSimulator()) for name in ("kassa", "kassa-2", "crm")}
        for name, one in made.items():
            peers.webhook_peer(name, one, "in" if name == "kassa" else "both")
        peers.connect("scale", {"customer": "in"})
        yield peers, made


def _saved(rig: PeerRig, name: str, minute: int, connection: str = "kassa") -> None:
    member = {"no": 8801, "name": name, "mobile": "139 0000 0001", "changed": EPOCH // 10**6 + minute * 60}
    rig.send(connection, "customer.saved", member)


def _held(peer: WebhookSimulator) -> list[dict[str, Any]]:
    return [record["data"] for record in peer.act_records()]


def test_connections_when_their_shapes_differ_then_each_is_read_and_written_by_its_own_file(
    tills: tuple[PeerRig, dict[str, WebhookSimulator]],
) -> None:
    rig, peers = tills
    _saved(rig, "Li Lei ", 1)
    rig.send("scale", "customer.updated", {"card": "77", "rev": 3, "memo": "tea", "tel": "13900000001"})
    rig.quiet()
    assert rig.quarantined() == []
    (golden,) = rig.goldens("customer")
    assert (golden["full_name"], golden["note"]) == ("Li Lei", "tea")
    assert _held(peers["kassa-2"]) == [{"name": "Li Lei", "mobile": "13900000001"}]
    (crm,) = _held(peers["crm"])
    assert (crm["full_name"], crm["note"], crm["identities"][0]["value"]) == ("Li Lei", "tea", PHONE)
    # Another system's change reaches the tills in their form, and counts stay apart from times.
    soon = time.from_micros(time_ns() // 1000 + 60_000_000)
    rig.customer(peers["crm"].act_records()[0]["id"], soon, "crm", full_name="Li L.", identities=[SAID])
    rig.send("scale", "customer.updated", {"card": "77", "rev": 2, "memo": "older", "tel": "13900000001"})
    rig.quiet()
    (golden,) = rig.goldens("customer")
    assert (golden["full_name"], golden["note"]) == ("Li L.", "tea")
    assert _held(peers["kassa-2"])[0]["name"] == "Li L."
    # What a till says in another brand's form is set aside, not misread.
    rig.customer("10", at(6), "kassa", full_name="wrong form")
    rig.settle()
    assert [cause for cause, _ in rig.quarantined()] == ["missing_id"]


def test_out_of_one_connection_when_it_changes_then_only_its_records_are_sent_whole(
    tills: tuple[PeerRig, dict[str, WebhookSimulator]],
) -> None:
    rig, peers = tills
    _saved(rig, "Li Lei", 1)
    rig.quiet()
    before = len(rig.attempts())
    old, changed = rig.hub.rules.manifest, load_site(rig.hub.registry, installed_folders(), _files("upper"))
    parts = release.changed_parts(old, changed.manifest, rig.hub.connections.all())
    assert parts == {("kassa", "customer"), ("kassa-2", "customer")}
    assert release.changed_shapes(old, changed.manifest) == {("webhook", "customer")}
    assert release.changed_streams(old, changed.manifest, "kassa-2") == [("webhook", "customers")]
    assert release.changed_streams(old, changed.manifest, "crm") == []
    put_in_force(rig.hub, _files("upper"))
    rig.quiet()
    assert _held(peers["kassa-2"]) == [{"name": "LI LEI", "mobile": "13900000001"}]
    assert len(rig.attempts()) == before + 1


def test_own_file_when_it_is_taken_away_then_the_file_of_all_writes_again(
    tills: tuple[PeerRig, dict[str, WebhookSimulator]],
) -> None:
    rig, peers = tills
    _saved(rig, "Li Lei", 1)
    rig.quiet()
    assert release.changed_parts(
        rig.hub.rules.manifest, load_site(rig.hub.registry, installed_folders(), {}).manifest, rig.hub.connections.all()
    ) == {("kassa", "customer"), ("kassa-2", "customer")}
    put_in_force(rig.hub, {})
    rig.quiet()
    (held,) = _held(peers["kassa-2"])
    assert held["full_name"] == "Li Lei"


def test_replay_when_a_connection_gets_its_own_file_then_what_was_set_aside_is_done(
    tills: tuple[PeerRig, dict[str, WebhookSimulator]],
) -> None:
    rig, _ = tills
    put_in_force(rig.hub, {})
    _saved(rig, "Li Lei", 1, "kassa-2")
    rig.settle()
    assert rig.goldens("customer") == []
    assert len(rig.quarantined()) == 1
    look = load_site(rig.hub.registry, installed_folders(), _files())
    publish_release(rig.hub.db, look)
    rig.hub.rules = look
    release.activate(rig.hub)
    replay(rig.hub, Selection())
    rig.settle()
    assert [golden["full_name"] for golden in rig.goldens("customer")] == ["Li Lei"]
    assert rig.quarantined() == []


def test_places_and_faults_when_a_file_is_for_some_connections_then_they_name_it(
    tills: tuple[PeerRig, dict[str, WebhookSimulator]],
) -> None:
    rig, _ = tills
    hub, rows = rig.hub, {row.name: row for row in rig.hub.connections.all()}
    keys = [key for key in hub.rules.manifest["incoming"] if key.startswith("webhook/customers")]
    assert keys == ["webhook/customers", "webhook/customers@kassa,kassa-*", "webhook/customers@scale"]
    general = KASSA.replace('connections: [kassa, "kassa-*"]\n', "") % "strip"
    assert source_of(KASSA) == ("webhook/customers", ("kassa", "kassa-*"))
    assert source_of("from: webhook/x\nconnections:\n- till\n- bar\nin: {") == ("webhook/x", ("bar", "till"))
    # Its own place whatever the file is called, a place of its own beside the file of all, and the same place when edited.
    assert place_of(hub, Path("new.yaml"), KASSA) == NAMES["kassa"]
    assert place_of(hub, Path("canonical.yaml"), KASSA.replace("kassa", "till")) == "webhook/canonical@till.yaml"
    assert workbench.place_of(hub, rows["kassa-2"], "customers", KASSA) == NAMES["kassa"]
    assert workbench.place_of(hub, rows["kassa"], "customers", KASSA.replace('"kassa-*"', "till")) == NAMES["kassa"]
    assert workbench.place_of(hub, rows["crm"], "customers", general) == "webhook/customers.yaml"
    assert workbench.mapping_of(hub, rows["crm"], "customers").spec.file == "webhook/canonical.yaml"
    _saved(rig, "Li Lei", 1)
    rig.quiet()
    look = site.with_files(hub, {NAMES["kassa"]: (KASSA % "upper").replace("to: strip", "to: upper")})
    found = of_mapping(hub, look, "kassa", "customers")
    assert found.golden["customer"].fields == {"full_name": 1}
    assert set(found.outgoing) == {"kassa-2", "crm"}
