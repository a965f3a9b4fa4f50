"""Small histories by which the order of arrival, or who is looked at first, once decided what a pair weighs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from hub.flow import resolve
from tests.fixtures.histories import connect_all
from tests.fixtures.hub import Rig, at
from tests.fixtures.peers import wait_for
from tests.fixtures.people import in_force, stored, whole

CAP = 3
HOT, NEAR = "+8613912345678", "+8613912345679"
BIRTHDAY = {"year": 1990, "month": 5, "day": 1, "calendar": "gregorian"}
OTHER_DAY = {"year": 1951, "month": 11, "day": 30, "calendar": "gregorian"}


@pytest.fixture
def chain(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """Three systems, and keys that more than three carry give no evidence."""
    for place in ("hub.store.hot_key.KEY_CAP", "hub.store.resolve.KEY_CAP"):
        monkeypatch.setattr(place, CAP)
    monkeypatch.setattr("hub.rules.identity.batch.CAP", CAP)
    connect_all(rig)
    in_force(rig)
    return rig


def _say(rig: Rig, connection: str, id_: str, phone: str, minute: int = 1, **more: Any) -> None:
    identity = {"namespace": "phone", "value": phone, **more.pop("identity", {})}
    rig.send(connection, "customer.updated", {"id": id_, "updated_at": at(minute), "identities": [identity], **more})
    rig.settle()


def _send(rig: Rig, connection: str, id_: str, minute: int, **data: Any) -> None:
    rig.send(connection, "customer.updated", {"id": id_, "updated_at": at(minute), **data})


def test_number_that_many_carry_is_missing_though_only_who_has_a_like_one_is_looked_at(chain: Rig) -> None:
    for number in range(CAP):
        _say(chain, "shop", f"x{number}", HOT)
    _say(chain, "shop", "1", HOT, full_name="王小明", birthday=BIRTHDAY)
    _say(chain, "till", "2", NEAR, full_name="王小明", birthday=BIRTHDAY)
    [(_, parts, _, _)] = stored(chain).edges.values()
    assert {name for name, _, _ in parts} == {"name", "birthday"}
    assert stored(chain) == whole(chain)


def test_two_who_share_a_number_of_many_are_no_household(chain: Rig) -> None:
    for number in range(CAP):
        _say(chain, "shop", f"x{number}", HOT)
    mail = {"namespace": "email", "value": "wang@example.cn"}
    for connection, name in (("shop", "王小明"), ("till", "李秀英")):
        _send(chain, connection, "1", 1, full_name=name, identities=[{"namespace": "phone", "value": HOT}, mail])
    chain.settle()
    assert not stored(chain).edges
    assert stored(chain) == whole(chain)


def test_number_that_is_no_evidence_for_one_any_more_counts_again_for_the_others(chain: Rig) -> None:
    _say(chain, "shop", "1", HOT, full_name="王小明")
    _say(chain, "till", "2", HOT, full_name="王晓明")
    _say(chain, "crm", "3", HOT, full_name="李秀英")
    together = stored(chain)
    _say(chain, "crm", "4", HOT, full_name="赵敏")
    assert stored(chain).edges != together.edges
    _say(chain, "crm", "4", HOT, full_name="赵敏", identity={"role": "shared"}, minute=2)
    assert stored(chain) == whole(chain)
    assert stored(chain).edges == together.edges


@pytest.mark.parametrize("turn", [1, -1])
def test_question_when_two_pairs_weigh_the_same_names_the_first_by_source_key_whoever_came_first(
    chain: Rig, turn: int
) -> None:
    unionid = {"namespace": "wechat_unionid", "scope": "acct", "value": "u1", "verified": "oauth"}
    for connection in ("shop", "crm")[::turn]:
        numbers = [{"namespace": "phone", "value": HOT}, unionid]
        data = {"id": "1", "updated_at": at(1), "full_name": "王小明", "identities": numbers}
        chain.send(connection, "customer.updated", data)
        chain.settle()
    _say(chain, "till", "2", "+8613522345678", full_name="王小明")
    assert list(stored(chain).questions) == [{"crm:1", "till:2"}]


def test_number_that_counts_again_while_a_carrier_says_something_new_is_weighed_with_what_is_new(chain: Rig) -> None:
    day = {"month": 5, "day": 1, "calendar": "gregorian"}
    _say(chain, "till", "2", HOT, birthday=day)
    for id_ in ("1", "3", "4"):
        _say(chain, "shop", id_, HOT)
    assert not stored(chain).edges
    _send(chain, "shop", "4", 2, identities=[])
    chain.record()
    with ThreadPoolExecutor() as pool:
        with chain.hub.db.transaction() as conn:
            resolve.resolve_marks(conn, chain.hub, 10)
            _send(chain, "shop", "1", 2, birthday=day)
            chain.record()
            other = pool.submit(chain.resolve)
            wait_for(
                lambda: conn.execute("select 1 from pg_locks where not granted and locktype = 'advisory'").fetchone()
            )
        other.result()
    chain.settle()
    assert len(stored(chain).edges) == 3
    assert stored(chain) == whole(chain)


def test_component_that_was_cut_when_one_who_was_kept_apart_leaves_it_then_the_others_are_looked_at(
    chain: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.rules.clustering.MOST", 3)
    mail = {"namespace": "email", "value": "xm@example.cn"}
    for number, phone in enumerate((HOT, "+8613522220000", "+8613722221111")):
        identities = [{"namespace": "phone", "value": phone}, mail][: 2 if phone == HOT else 1]
        _send(chain, "shop", str(number), 1, full_name="王小明", birthday=BIRTHDAY, identities=identities)
    chain.settle()
    assert len(stored(chain).clusters) == 1
    identities = [{"namespace": "phone", "value": HOT}, mail]
    _send(chain, "till", "other", 1, full_name="王小明", birthday=OTHER_DAY, identities=identities)
    chain.settle()
    assert stored(chain).cuts == [(4, 11_000)]
    assert len(stored(chain).clusters) == 4
    _send(chain, "till", "other", 2, full_name="李秀英", birthday=None, identities=[])
    chain.settle()
    assert stored(chain) == whole(chain)
    assert (stored(chain).cuts, len(stored(chain).clusters)) == ([], 2)
