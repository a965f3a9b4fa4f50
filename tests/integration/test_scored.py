"""The scored tier on the real store: who becomes one, who is asked about, and what takes it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.flow import release, stewardship
from hub.flow.context import Hub
from hub.store.hot_key import KEY_CAP
from tests.fixtures.histories import connect_all
from tests.fixtures.hub import Rig, at
from tests.fixtures.rules import put_in_force

PHONE = "+8613912345678"
MODEL = "matching/customer.yaml"
PLAIN = """
auto: 9000
review: 3000
comparisons:
  name: {exact: 7000, pinyin: 6500, homophone: 6000, dropped: 4000, close: 3500, honorific: 2500, family: -6000, conflict: -8000}
  phone: {same: 6000, different: -500}
  birthday: {exact: 8000, different: -6000}
keys: {phone: [phone], name_and_tail: [name_sound, phone_tail]}
guards: {name: [family, conflict], birthday: [different]}
accounts: [wechat_unionid]
"""
FAMILIES = (
    "钱孙李周吴郑冯陈卫蒋沈韩杨朱秦许何吕施张孔曹严华金陶戚谢邹柏窦云苏潘葛范彭郎鲁马苗方俞任袁柳唐费岑薛雷倪罗毕郝"
)


@pytest.fixture
def chain(rig: Rig) -> Rig:
    """The three systems connected, and a model that is not tuned."""
    connect_all(rig)
    put_in_force(rig.hub, {MODEL: PLAIN})
    return rig


def _say(
    rig: Rig, connection: str, id_: str, name: str | None = None, phone: str = PHONE, minute: int = 1, **more: Any
) -> None:
    identities = [{"namespace": "phone", "value": phone}] if phone else []
    identities += more.pop("identities", [])
    data = {"id": id_, "updated_at": at(minute), "identities": identities, **more}
    rig.send(connection, "customer.updated", {**data, "full_name": name} if name else data)


def _questions(rig: Rig) -> list[dict[str, Any]]:
    sql = "select data from item where type = 'match' and state = 'open' order by id"
    return [data for (data,) in rig.hub.db.all(sql)]


def _edges(rig: Rig) -> list[tuple[int, dict[str, Any], str | None]]:
    return rig.hub.db.all("select weight, reason, relation from edge order by weight desc, a, b")


def test_same_phone_and_a_homophone_name_make_one_person_and_the_edge_says_why(chain: Rig) -> None:
    _say(chain, "shop", "1", "王晓明")
    _say(chain, "till", "2", "王小明", "139 1234 5678")
    chain.settle()
    assert len(chain.goldens("customer")) == 1
    [(weight, reason, relation)] = _edges(chain)
    assert weight == sum(part[2] for part in reason["parts"]) >= chain.hub.rules.matching["customer"].auto
    assert {part[0] for part in reason["parts"]} >= {"name", "phone"}
    assert (reason["apart"], relation) == ("", None)


def test_same_phone_and_another_name_is_a_household_and_nobody_is_asked(chain: Rig) -> None:
    _say(chain, "shop", "1", "王建国")
    _say(chain, "till", "2", "李秀英")
    chain.settle()
    assert len(chain.goldens("customer")) == 2
    assert [relation for _, _, relation in _edges(chain)] == ["household"]
    assert _questions(chain) == []


def test_question_is_opened_for_a_doubtful_pair_and_closed_by_an_answer_and_by_its_undoing_opened_again(
    chain: Rig,
) -> None:
    model = chain.hub.rules.matching["customer"]
    _say(chain, "shop", "1", "欧阳娜娜")
    _say(chain, "till", "2", "欧阳娜娜", "+8613500045678")
    chain.settle()
    [question] = _questions(chain)
    assert model.review <= question["weight"] < model.auto
    left, right = chain.golden_ids("customer")
    act = stewardship.merge(chain.hub, "customer", [left, right], "li", "asked them")
    chain.settle()
    assert chain.golden_ids("customer") == [left]
    assert _questions(chain) == []
    stewardship.undo(chain.hub, act, "li")
    chain.settle()
    assert chain.golden_ids("customer") == [left, right]
    assert [one["weight"] for one in _questions(chain)] == [question["weight"]]


def test_key_when_more_than_fifty_carry_it_says_nothing_and_counts_again_when_one_lets_go(chain: Rig) -> None:
    _say(chain, "shop", "a", "王晓明")
    _say(chain, "till", "b", "王小明")
    for number in range(KEY_CAP - 2):
        _say(chain, "shop", f"x{number}", f"{FAMILIES[number]}建国")
    chain.settle()
    together = len(chain.goldens("customer"))
    assert together == KEY_CAP - 1
    _say(chain, "shop", "one more", "赵敏")
    chain.settle()
    assert len(chain.goldens("customer")) == KEY_CAP + 1
    assert all("phone" not in [part[0] for part in reason["parts"]] for _, reason, _ in _edges(chain))
    _say(chain, "shop", "one more", "赵敏", "+8613912340000", minute=2)
    chain.settle()
    assert len(chain.goldens("customer")) == together + 1
    assert chain.hub.db.one("select count(*) from key_lost") == (0,)


def test_unionid_that_comes_late_joins_two_who_were_known_by_openids_only(chain: Rig) -> None:
    def openid(app: str, value: str) -> dict[str, str]:
        return {"namespace": "wechat_openid", "scope": app, "value": value, "verified": "oauth"}

    unionid = {"namespace": "wechat_unionid", "scope": "acct", "value": "o6_late", "verified": "oauth"}
    _say(chain, "shop", "1", phone="", nickname="小雨", identities=[openid("wxA", "o-same")])
    _say(chain, "till", "2", phone="", nickname="Lucky", identities=[openid("wxB", "o-same")])
    chain.settle()
    assert len(chain.goldens("customer")) == 2
    _say(chain, "shop", "1", phone="", minute=2, identities=[openid("wxA", "o-same"), unionid])
    _say(chain, "till", "2", phone="", minute=2, identities=[openid("wxB", "o-same"), unionid])
    chain.settle()
    assert len(chain.goldens("customer")) == 1
    assert chain.golden_ids("customer") == [
        min(r for (r,) in chain.hub.db.all("select rid from record where kind = 'customer'"))
    ]


def test_two_unionids_of_one_account_are_never_one_person(chain: Rig) -> None:
    def unionid(value: str) -> list[dict[str, str]]:
        return [{"namespace": "wechat_unionid", "scope": "acct", "value": value, "verified": "oauth"}]

    _say(chain, "shop", "1", "王晓明", identities=unionid("o6_one"))
    _say(chain, "till", "2", "王晓明", identities=unionid("o6_two"))
    chain.settle()
    assert len(chain.goldens("customer")) == 2


def test_value_that_changes_takes_the_edge_and_the_merge_with_it(chain: Rig) -> None:
    _say(chain, "shop", "1", "王晓明")
    _say(chain, "till", "2", "王小明")
    chain.settle()
    ids = chain.golden_ids("customer")
    _say(chain, "till", "2", "李秀英", "+8613512340987", minute=2)
    chain.settle()
    assert len(chain.goldens("customer")) == 2
    assert chain.golden_ids("customer")[0] == ids[0]
    assert _edges(chain) == []
    _say(chain, "till", "2", "王小明", minute=3)
    chain.settle()
    assert chain.golden_ids("customer") == ids


def test_split_of_a_scored_merge_stays_until_it_is_revoked(chain: Rig) -> None:
    _say(chain, "shop", "1", "王晓明")
    _say(chain, "till", "2", "王小明")
    chain.settle()
    [id_] = chain.golden_ids("customer")
    done = stewardship.split(chain.hub, "customer", id_, "till", "2", "li", "two people")
    chain.settle()
    assert len(chain.goldens("customer")) == 2
    assert _questions(chain) == []
    _say(chain, "till", "2", "王小明", minute=4, note="came again")
    chain.settle()
    assert len(chain.goldens("customer")) == 2
    stewardship.undo(chain.hub, done, "li")
    chain.settle()
    assert chain.golden_ids("customer") == [id_]


def test_model_when_another_is_in_force_merges_and_splits_by_it_and_back(
    make_hub: Callable[..., Hub], database_url: str
) -> None:
    rig = Rig(make_hub(database_url))
    release.activate(rig.hub)
    connect_all(rig)
    _say(rig, "shop", "1", "王晓明")
    _say(rig, "till", "2", "王小明")
    rig.settle()
    [id_] = rig.golden_ids("customer")
    never = "auto: 90000\nreview: 80000\ncomparisons:\n  name: {exact: 1000}\nkeys: {}\n"
    put_in_force(make_hub(database_url), {MODEL: never})
    rig.settle()
    assert len(rig.goldens("customer")) == 2
    assert _edges(rig) == []
    put_in_force(make_hub(database_url), {})
    rig.settle()
    assert rig.golden_ids("customer") == [id_]
    assert len(_edges(rig)) == 1
