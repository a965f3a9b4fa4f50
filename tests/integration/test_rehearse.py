"""The plan of a merge, a split or an undo equals the deed, and leaves nothing behind."""

import pytest

from hub.errors import ConflictError
from hub.flow import rehearse, stewardship
from hub.flow.state import state_hash
from tests.fixtures.hub import at


@pytest.fixture
def two(rig):
    """Two customers of two systems, and a third system that is written to."""
    rig.connect("shop", {"customer": "in"}, rank=10)
    rig.connect("crm", {"customer": "in"}, rank=20)
    rig.connect("mail", {"customer": "out"}, rank=30)
    rig.send("shop", "customer.updated", {"id": "1", "updated_at": at(1), "full_name": "王小明", "language": "en"})
    rig.send("crm", "customer.updated", {"id": "C", "updated_at": at(5), "full_name": "王大明", "gender": "male"})
    rig.settle()
    return rig


def data_of(goldens):
    return {id_: golden.data for id_, golden in goldens.items()}


def stored(rig):
    return dict(rig.hub.db.all("select id, data from golden where kind = 'customer'"))


def test_merge_when_rehearsed_then_it_shows_what_the_merge_then_does(two):
    ids, before, state = two.golden_ids("customer"), stored(two), state_hash(two.hub)
    found = rehearse.rehearse(two.hub, stewardship.merging("customer", ids, "usr_x", ""))
    assert stored(two) == before == data_of(found.before)
    assert state_hash(two.hub) == state
    assert two.hub.db.one("select count(*) from decision") == (0,)
    assert found.gone == [ids[1]]
    stewardship.merge(two.hub, "customer", ids, "usr_x")
    assert stored(two) == data_of(found.after)
    rows = {name: list(after.values()) for name, _before, after in rehearse.compared(found)}
    assert rows == {"full_name": ["王大明"], "gender": ["male"], "language": ["en"]}
    assert {sending.connection for sending in found.sendings} == {"mail"}


def test_split_and_undo_when_rehearsed_then_they_show_what_comes(two):
    ids, apart = two.golden_ids("customer"), stored(two)
    act = stewardship.merge(two.hub, "customer", ids, "usr_x")
    split = rehearse.rehearse(two.hub, stewardship.splitting(two.hub, "customer", ids[0], "crm", "C", "usr_x", ""))
    assert data_of(split.after) == apart
    assert split.born == [ids[1]]
    undone = rehearse.rehearse(two.hub, stewardship.undoing(act, "usr_x"))
    assert data_of(undone.after) == apart
    assert len(stored(two)) == 1


def test_merge_when_it_cannot_be_then_the_plan_says_so_too(two):
    ids = two.golden_ids("customer")
    with pytest.raises(ConflictError, match="one record already"):
        rehearse.rehearse(two.hub, stewardship.merging("customer", [ids[0], ids[0]], "usr_x", ""))
