"""Parting a golden record between two of its sources, and taking that back."""

from contextlib import nullcontext

import pytest
from click.testing import CliRunner

from hub.cli.stewardship import split
from hub.errors import ConflictError, NotFoundError
from hub.flow import cut, stewardship
from hub.model.identifier import format_id
from hub.store import dossier
from tests.fixtures.hub import at
from tests.fixtures.match import email, phone, prepare, rid_of


@pytest.fixture
def four(rig):
    """A chain of four that the hub made one: the first two by their mail, the last two likewise, the middle by another."""
    prepare(rig)
    mails = [("s1", "shop", "ab"), ("c1", "crm", "ab bc"), ("s2", "shop", "bc cd"), ("c2", "crm", "cd")]
    for number, (id_, connection, names) in enumerate(mails):
        # Those in the middle have fewer in common than the ends with their neighbours.
        numbers = [phone(1 if number < 2 else 2)]
        identities = [*map(email, names.split()), *numbers]
        data = {"id": id_, "updated_at": at(number), "full_name": "王小明", "identities": identities}
        rig.send(connection, "customer.updated", data)
    rig.settle()
    rids = {id_: rid_of(rig, connection, id_) for id_, connection, _ in mails}
    assert len({stewardship.golden_of(rig.hub, rid) for rid in rids.values()}) == 1
    return rig, rids


def golden(rig, rid):
    return stewardship.golden_of(rig.hub, rid)


def test_cut_when_in_the_middle_then_two_halves_and_undone_one_again(four):
    rig, rids = four
    act = cut.cut(rig.hub, "customer", rids["s1"], rids["c1"], rids["s2"], "usr_anna", "two people")
    assert golden(rig, rids["c1"]) == golden(rig, rids["s1"])
    assert golden(rig, rids["c2"]) == golden(rig, rids["s2"]) != golden(rig, rids["s1"])
    rig.send(
        "crm",
        "customer.updated",
        {"id": "c1", "updated_at": at(60), "full_name": "王小明", "identities": [email("bc")]},
    )
    rig.settle()
    assert golden(rig, rids["c1"]) != golden(rig, rids["s2"]), "the next message does not join them again"
    identities = [email("ab"), email("bc"), phone(1)]
    rig.send(
        "crm", "customer.updated", {"id": "c1", "updated_at": at(61), "full_name": "王小明", "identities": identities}
    )
    rig.settle()
    stewardship.undo(rig.hub, act, "usr_anna")
    rig.settle()
    assert len({golden(rig, rid) for rid in rids.values()}) == 1


def test_cut_when_undone_at_once_then_everything_is_as_before(four):
    rig, rids = four
    before = rig.state_hash()
    stewardship.undo(rig.hub, cut.cut(rig.hub, "customer", rids["s1"], rids["s1"], rids["c2"], "usr_anna"), "usr_anna")
    rig.settle()
    assert rig.state_hash() == before


def test_cut_when_not_two_sources_of_it_then_not_found(four):
    rig, rids = four
    other = {"id": "s9", "updated_at": at(1), "full_name": "李四"}
    rig.send("shop", "customer.updated", other)
    rig.settle()
    for b in (rids["s1"], rid_of(rig, "shop", "s9")):
        with pytest.raises(NotFoundError):
            cut.cut(rig.hub, "customer", rids["s1"], rids["s1"], b, "usr_anna")


def test_cutting_when_the_record_changed_meanwhile_then_refused(four):
    rig, rids = four
    with rig.hub.db.session() as conn:
        row = dossier.load(conn, rids["s1"])
        away = cut.away_of(row, cut.sides_of(conn, rig.hub, row, rids["c1"], rids["s2"]))
    assert away == {rids["s2"], rids["c2"]}
    stewardship.split(rig.hub, "customer", rids["s1"], "crm", "c2", "usr_anna")
    work = cut.cutting(rig.hub, "customer", rids["s1"], away, "usr_anna", "")
    with pytest.raises(ConflictError, match="two sides"):
        stewardship.carry_out(rig.hub, work, "split", "usr_anna", "")


def test_split_over_http_when_apart_from_another_then_parted_between_the_two(four, caller):
    rig, rids = four
    whole = format_id("cus", golden(rig, rids["s1"]))
    body = {"connection": "shop", "external_id": "s2", "apart_from": {"connection": "crm", "external_id": "c1"}}
    missing = {**body, "apart_from": {"connection": "crm", "external_id": "c9"}}
    assert "crm:c9 is not a source" in caller("steward").post(f"/customers/{whole}/split", missing, 404)["detail"]
    caller("steward").post(f"/customers/{whole}/split", {**body, "reason": "two people"})
    assert golden(rig, rids["c2"]) == golden(rig, rids["s2"]) != golden(rig, rids["c1"])


def test_split_on_the_command_line_when_from_another_then_parted_between_the_two(four, monkeypatch):
    rig, rids = four
    monkeypatch.setattr("hub.cli.stewardship.open_hub", lambda: nullcontext(rig.hub))
    words = ["customer", format_id("cus", golden(rig, rids["s1"])), "--source", "shop:s2", "--from"]
    assert CliRunner().invoke(split, [*words, "crm"]).exit_code == 2
    done = CliRunner().invoke(split, [*words, "crm:c1"])
    assert done.exit_code == 0, done.output
    assert golden(rig, rids["c2"]) == golden(rig, rids["s2"]) != golden(rig, rids["c1"])
