"""Any merges, splits and pins, all undone, leave no trace: same state, same ids (2.8)."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.errors import ConflictError
from hub.flow import stewardship
from tests.fixtures.histories import HISTORIES, Said, connect_all
from tests.fixtures.hub import Rig

SLOW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@SLOW
@given(HISTORIES, st.data())
def test_unmerge_is_inverse(rig: Rig, history: list[Said], data: st.DataObject) -> None:
    if not rig.hub.connections.all():
        connect_all(rig)
    rig.clear()
    cut = data.draw(st.integers(1, len(history)))
    for said in history:
        said.send(rig)
    rig.settle()
    expected, ids = rig.state_hash(), rig.golden_ids("customer")
    rig.clear()
    for said in history[:cut]:
        said.send(rig)
    rig.settle()
    acts = [act for _ in range(data.draw(st.integers(1, 4))) if (act := _act(rig, data)) is not None]
    for said in history[cut:]:
        said.send(rig)
    rig.settle()
    for act in data.draw(st.permutations(acts)):
        stewardship.undo(rig.hub, act, "tester")
    rig.settle()
    assert rig.state_hash() == expected
    assert len(rig.golden_ids("customer")) == len(ids)


def _act(rig: Rig, data: st.DataObject):  # type: ignore[no-untyped-def]
    hub, ids = rig.hub, rig.golden_ids("customer")
    if not ids:
        return None
    chosen = data.draw(st.sampled_from(ids))
    what = data.draw(st.sampled_from(["merge", "split", "pin"]))
    try:
        if what == "merge":
            return stewardship.merge(hub, "customer", [chosen, data.draw(st.sampled_from(ids))], "tester")
        if what == "pin":
            return stewardship.pin(hub, "customer", chosen, "note", "pinned", "tester")
        sources = hub.db.all(
            "select c.name, r.external_id from record r join connection c on c.id = r.connection_id where r.cluster = %s"
            " and r.state > 0 order by 1, 2",
            (chosen,),
        )
        return stewardship.split(hub, "customer", chosen, *data.draw(st.sampled_from(sources)), "tester")
    except ConflictError:
        return None
