"""A mapping is tried while it is written, within limits; a saved file takes effect when it is put in force, as was foretold."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.errors import ConfigError, ConflictError
from hub.flow import bounded, release, site, workbench
from hub.flow.context import Hub
from hub.flow.workbench import Wish
from hub.store import audit
from tests.fixtures.hub import Rig, at
from tests.fixtures.peers import PeerRig

FILE = """kind: customer
from: webhook/customers
root: data
id: id
version: updated_at
at: updated_at
in:
  full_name: {path: full_name%s}
  gender: {path: gender, lookup: {female: female, male: male}, unknown: error}
"""
NAME = "webhook/customers.yaml"


@pytest.fixture
def shop(rig: Rig) -> Rig:
    """A shop with three customers, one of a gender that the table does not know."""
    rig.connect("shop", {"customer": "in"})
    for n, gender in enumerate(("female", "male", "x")):
        rig.send(
            "shop",
            "customer.updated",
            {"id": str(n), "updated_at": at(1), "full_name": f"Li {n}", "gender": gender, "notes": "tea"},
        )
    return rig


def _wish(text: str, **more: Any) -> Wish:
    return Wish("shop", "customers", {NAME: text}, **more)


def test_attempt_when_an_event_is_taken_through_then_fields_lines_problems_and_strays(shop: Rig) -> None:
    ids = [id_ for (id_,) in shop.hub.db.all("select id from event order by id")]
    tried = workbench.attempt(shop.hub, _wish(FILE % ", to: upper", event=ids[0]))
    [made] = tried.made
    assert made.draft.asserted == {"full_name": "LI 0", "gender": "female"}
    assert made.now["full_name"] == "Li 0"
    assert made.lines == {"full_name": f"{NAME}:8", "gender": f"{NAME}:9"}
    [stray] = [one for one in tried.strays if one.path == "notes"]
    assert (stray.count, stray.of, stray.sample, stray.line) == (3, 3, "tea", "note: notes")
    assert workbench.inserted(FILE % "", stray.line).splitlines()[7] == "  note: notes"
    [problem] = workbench.attempt(shop.hub, _wish(FILE % "", event=ids[2])).problems
    assert (problem.code, problem.where) == ("unknown_value", f"{NAME}:9")


def test_attempt_when_a_body_is_pasted_then_it_is_read_as_if_it_had_come(shop: Rig) -> None:
    body = orjson.dumps(
        {"type": "customer.updated", "data": {"id": "9", "updated_at": at(2), "full_name": "Wu"}}
    ).decode()
    [made] = workbench.attempt(shop.hub, _wish(FILE % "", pasted=body)).made
    assert made.draft.asserted == {"full_name": "Wu"}
    assert workbench.attempt(shop.hub, _wish(FILE % "", pasted="{")).problems[0].code == "bad_json"
    assert shop.hub.db.all("select count(*) from event")[0][0] == 3


def test_attempt_when_the_file_is_wrong_then_its_faults_with_their_lines(shop: Rig) -> None:
    tried = workbench.attempt(shop.hub, _wish((FILE % "") + "  colour: colour\n"))
    [(file, line, text)] = tried.faults
    assert (file, line) == (NAME, 10)
    assert "colour" in text
    assert tried.made == []


def test_place_when_the_file_says_another_stream_then_refused(shop: Rig) -> None:
    row = shop.hub.connections.by_name("shop")
    assert workbench.place_of(shop.hub, row, "customers", FILE % "") == NAME
    assert workbench.place_of(shop.hub, row, "customers", "from: webhook/*\n") == "webhook/canonical.yaml"
    with pytest.raises(ConfigError, match="this page is of"):
        workbench.place_of(shop.hub, row, "customers", "from: webhook/orders\n")


def test_bounded_when_done_then_the_answer_and_errors_as_they_were(hub: Hub) -> None:
    assert bounded.bounded(hub, lambda mine: mine.db.all("select 1")) == [(1,)]

    def refuse(_hub: Hub) -> None:
        raise ConflictError("no")

    with pytest.raises(ConflictError, match="no"):
        bounded.bounded(hub, refuse)


def test_bounded_when_it_never_ends_then_ended_and_the_next_goes(hub: Hub) -> None:
    def forever(_hub: Hub) -> None:
        # One call that holds the interpreter: no thread of Python's gets a turn.
        (10**9) ** (10**8)

    started = time.monotonic()
    with pytest.raises(ConfigError, match=r"not done after 0\.5 s"):
        bounded.bounded(hub, forever, seconds=0.5)
    assert time.monotonic() - started < 5
    assert bounded.bounded(hub, lambda _hub: 7) == 7


def test_bounded_when_it_takes_too_much_memory_then_refused(hub: Hub) -> None:
    with pytest.raises(ConfigError, match="too far"):
        bounded.bounded(hub, lambda _hub: len(bytearray(2 * bounded.MEMORY_BYTES)))


def test_bounded_when_the_database_takes_too_long_then_refused(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "STATEMENT_S", 1)
    with pytest.raises(ConflictError, match="too much at once"):
        bounded.bounded(hub, lambda mine: mine.db.all("select count(*) from generate_series(1, 1000000000)"))


def test_attempt_when_a_file_unfolds_without_end_then_its_fault(shop: Rig) -> None:
    layers = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 12))
    wish = _wish("x0: &x0 [a]\n" + layers)
    [(_, line, text)] = bounded.bounded(shop.hub, lambda mine: workbench.attempt(mine, wish)).faults
    assert (line, "aliases counted" in text) == (6, True)


def test_save_when_a_file_unfolds_without_end_then_refused_and_the_hub_goes_on(shop: Rig, tmp_path: Path) -> None:
    layers = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 12))
    with pytest.raises(ConfigError, match="aliases counted"):
        site.save(_with_folder(shop.hub, tmp_path), NAME, "connections: [till-*]\nx0: &x0 [a]\n" + layers, "", "usr_x")
    assert list(tmp_path.rglob("*.yaml")) == []


def _with_folder(hub: Hub, folder: Path) -> Hub:
    return replace(hub, settings=replace(hub.settings, mappings_dir=folder))


def test_save_when_the_file_is_good_then_on_disk_audited_and_not_in_force(shop: Rig, tmp_path: Path) -> None:
    hub = _with_folder(shop.hub, tmp_path)
    path = site.save(hub, NAME, FILE % "", "", "usr_x")
    assert path.read_text() == FILE % ""
    assert [one.name for one in path.parent.iterdir()] == ["customers.yaml"]
    [row] = [row for row in hub.db.run(audit.recent) if row.act == "rule.saved"]
    assert (row.actor, row.object) == ("usr_x", NAME)
    assert NAME not in hub.rules.files
    with pytest.raises(ConflictError, match="changed in the meantime"):
        site.save(hub, NAME, FILE % ", to: upper", "", "usr_x")
    site.save(hub, NAME, FILE % ", to: upper", site.digest(FILE % ""), "usr_x")
    with pytest.raises(ConfigError, match=r"customers.yaml:10"):
        site.save(hub, NAME, (FILE % "") + "  colour: x\n", site.digest(FILE % ", to: upper"), "usr_x")
    assert path.read_text() == FILE % ", to: upper"


@pytest.mark.parametrize(
    "name", ["../x.yaml", "a/../../x.yaml", "/etc/x.yaml", "webhook/.hidden/../x.yaml", "x.yaml", "a/b.py"]
)
def test_save_when_the_name_leads_elsewhere_then_refused(shop: Rig, tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        site.save(_with_folder(shop.hub, tmp_path / "s"), name, "a: 1\n", "", "usr_x")
    (tmp_path / "s").mkdir()
    with pytest.raises(ConfigError, match="cannot be the name"):
        site.save(_with_folder(shop.hub, tmp_path / "s"), name, "a: 1\n", "", "usr_x")


def test_save_when_there_is_no_folder_then_it_says_so(shop: Rig, tmp_path: Path) -> None:
    assert site.why_not(shop.hub) == "unset"
    assert site.why_not(_with_folder(shop.hub, tmp_path / "none")) == "read_only"
    with pytest.raises(ConfigError, match="HUB_MAPPINGS_DIR"):
        site.save(shop.hub, NAME, FILE % "", "", "usr_x")


OUT = """kind: customer
from: plain/customers
root: data
id: id
version: updated_at
at: updated_at
in: canonical
out:
  full_name: {path: full_name%s}
"""
POLICY = "default: {policy: latest}\nfields: {note: {policy: priority, connections: [crm, shop]}}\n"


def test_put_in_force_when_looked_at_before_then_the_plan_is_the_deed(peers: PeerRig, tmp_path: Path) -> None:
    peers.peer("crm", flow="out")
    for n in range(3):
        peers.customer(str(n), at(1), full_name=f"Li {n}")
    peers.quiet()
    hub = _with_folder(peers.hub, tmp_path)
    site.save(hub, "plain/customers.yaml", OUT % "", "", "usr_x")
    site.put_in_force(hub, None, "", "usr_x", "first")
    peers.hub.rules = hub.rules
    peers.quiet()
    first = release.in_force(hub)
    site.save(hub, "plain/customers.yaml", OUT % ", to: upper", site.digest(OUT % ""), "usr_x")
    site.save(hub, "policies/customer.yaml", POLICY, "", "usr_x")
    plan = bounded.bounded(hub, lambda mine: site.consequence(mine, None))
    assert plan.differs == {"mappings": ["plain/customers.yaml"], "policies": ["customer"]}
    records = hub.db.all("select count(*) from record where kind = 'customer' and state > 0")[0][0]
    assert plan.kinds == {"customer": records}
    assert plan.whole == {"crm": 3}
    with pytest.raises(ConflictError, match="look again"):
        site.put_in_force(hub, None, "00", "usr_x", "")
    number, kinds = site.put_in_force(hub, None, plan.digest, "usr_x", "upper case")
    assert kinds == ["customer"]
    assert (number, release.in_force(hub), hub.rules.release_id) == (number, number, number)
    assert hub.db.all("select count(*) from resolve_work where cause = 'policy'")[0][0] == plan.kinds["customer"]
    assert hub.db.all("select count(*) from target where shape_seq > done_seq")[0][0] == plan.whole["crm"]
    assert site.consequence(hub, None).is_same
    # And back.
    assert site.consequence(hub, first).differs == plan.differs
    assert site.put_in_force(hub, first, "", "usr_x", "no")[0] == first
    assert release.in_force(hub) == first


def test_place_when_a_file_is_for_some_connections_then_it_stands_beside_the_one_for_all(
    shop: Rig, tmp_path: Path
) -> None:
    hub = _with_folder(shop.hub, tmp_path)
    row = hub.connections.by_name("shop")
    narrow = "connections:\n  - shop\n  - till-*\n" + FILE % ""
    assert workbench.place_of(hub, row, "customers", narrow) == "webhook/customers.shop.yaml"
    site.save(hub, "webhook/customers.shop.yaml", narrow, "", "usr_x")
    assert workbench.saved_place(hub, row, "customers") == "webhook/customers.shop.yaml"
    site.save(hub, NAME, FILE % "", "", "usr_x")
    assert workbench.saved_place(hub, row, "customers") == "webhook/customers.shop.yaml"
    site.put_in_force(hub, None, "", "usr_x", "both")
    assert workbench.place_of(hub, row, "customers", narrow) == "webhook/customers.shop.yaml"
