"""Every policy through the whole hub: what is decided, why, what a person is asked, what a preview says beforehand."""

from __future__ import annotations

from typing import Any

import pytest

from hub.flow import forecast, release, settle, stewardship
from hub.flow.explain import explain
from hub.store import decision
from tests.fixtures.hub import Rig, at
from tests.fixtures.rules import put_in_force

KINDS = dict.fromkeys(("customer", "consent"), "in")
UNIONID = {"namespace": "wechat_unionid", "scope": "acct", "value": "u", "verified": "oauth"}
PHONE = {"namespace": "phone", "value": "+8613900000001"}


@pytest.fixture
def person(rig: Rig) -> Rig:
    """One customer whom four systems tell differently; the newest word is the loneliest, barest and least proven."""
    release.activate(rig.hub)
    for rank, name in enumerate(("crm", "shop", "till", "app")):
        rig.connect(name, KINDS, rank=rank)

    def tell(name: str, minute: int, proof: str, **more: Any) -> None:
        identities = [UNIONID, {**PHONE, "verified": proof}]
        rig.send(name, "customer.updated", {"id": "1", "updated_at": at(minute), "identities": identities, **more})

    tell("app", 0, "none", full_name="L", note="x")
    tell("crm", 1, "otp", full_name="李雷", given_name="雷", family_name="李", note="tea")
    tell("shop", 2, "payment", full_name="李雷", given_name="雷", family_name="李", note="Tea ")
    tell("till", 3, "staff", full_name="Li Lei", note="water", language="zh-CN")
    tell("app", 4, "none", full_name="Lily", note=None)
    rig.settle()
    return rig


def _file(name: str, note: str) -> dict[str, str]:
    return {
        "policies/customer.yaml": "default: {policy: latest}\n"
        f"fields:\n  note: {note}\n  identities: {{policy: union, elements: verified}}\n"
        f"groups:\n  name: {{fields: [full_name, given_name, family_name], {name}}}\n"
    }


FILES: dict[str, tuple[dict[str, str], dict[str, Any], list[str]]] = {
    "latest": (
        _file("policy: latest", "latest"), {"full_name": "Lily", "note": None}, [],
    ),
    "most_frequent": (
        _file("policy: most_frequent", "most_frequent"), {"full_name": "李雷", "note": "Tea "}, ["name", "note"],
    ),
    "most_complete": (
        _file("policy: most_complete", "{policy: priority, connections: [till]}"),
        {"full_name": "李雷", "given_name": "雷", "family_name": "李", "note": "water"}, ["name"],
    ),
    "verified": (
        _file("policy: verified, connections: [till]", "{policy: verified, connections: [crm]}"),
        {"full_name": "Li Lei", "note": "Tea "}, ["name", "note"],
    ),
    "owner": (
        _file("policy: owner, connections: [shop]", "{policy: owner, connections: [app]}"),
        {"full_name": "李雷", "note": None}, ["name"],
    ),
}  # fmt: skip


def _items(rig: Rig) -> list[str]:
    return [row[0] for row in rig.hub.db.all(
        "select data ->> 'field' from item where type = 'conflict' and state = 'open' order by 1"
    )]  # fmt: skip


@pytest.mark.parametrize("policy", FILES)
def test_policy_when_in_force_then_decides_explains_and_asks_as_its_preview_said(person: Rig, policy: str) -> None:
    files, expected, asked = FILES[policy]
    (id_,) = person.golden_ids("customer")
    look = forecast.candidate(person.hub, files)
    told = forecast.of_policies(person.hub, look, "customer")
    before = person.goldens("customer")[0]
    put_in_force(person.hub, files)
    person.settle()
    golden = person.goldens("customer")[0]
    assert {name: golden.get(name) for name in expected} == expected
    changed = {name for name in {*before, *golden} if before.get(name) != golden.get(name)}
    assert set(told.golden["customer"].fields if told.golden else ()) == changed
    why = explain(person.hub, "customer", id_)
    assert why["full_name"]["rule"] == policy
    assert why["full_name"]["value"] == golden["full_name"]
    assert _items(person) == asked
    phone = next(part for part in why["identities"]["elements"] if part["value"]["namespace"] == "phone")
    assert phone["value"]["verified"] == "otp"
    assert (phone["winner"]["connection"], len(phone["losers"])) == ("crm", 3)


@pytest.mark.parametrize("policy", ["most_frequent", "most_complete", "verified"])
def test_choice_when_contenders_stay_as_they_are_then_before_every_policy(person: Rig, policy: str) -> None:
    put_in_force(person.hub, FILES[policy][0])
    (id_,) = person.golden_ids("customer")
    settle.choose(person.hub, "customer", id_, "name", "app", "1", "usr_x")
    person.settle()
    assert person.goldens("customer")[0]["full_name"] == "Lily"
    assert "name" not in _items(person)
    person.send("till", "customer.updated", {"id": "1", "updated_at": at(9), "language": "en"})  # of something else
    person.settle()
    assert person.goldens("customer")[0]["full_name"] == "Lily"
    person.send("till", "customer.updated", {"id": "1", "updated_at": at(10), "full_name": "Lee Lei"})
    person.settle()
    assert person.goldens("customer")[0]["full_name"] != "Lily"
    act = stewardship.pin(person.hub, "customer", id_, "full_name", "Lei", "usr_x")
    person.settle()
    assert person.goldens("customer")[0]["full_name"] == "Lei"
    stewardship.undo(person.hub, act, "usr_x")
    person.settle()
    assert person.goldens("customer")[0]["full_name"] != "Lei"
    with person.hub.db.session() as conn:
        assert [row.type for row in decision.about(conn, [id_]) if row.revoked_at is None][-1:] == ["choice"]


def test_consent_when_its_own_system_takes_a_refusal_back_by_sync_then_it_stands(person: Rig) -> None:
    def tell(minute: int, status: str, via: str | None = None, **more: Any) -> None:
        data = {"id": "s1", "customer": "1", "channel": "sms", "purpose": "marketing", "status": status, **more}
        person.send("shop", "consent.updated", {**data, "updated_at": at(minute), "captured_via": via})
        person.settle()

    def now() -> tuple[str, str | None, str]:
        [consent], [customer] = person.goldens("consent"), person.goldens("customer")
        return consent["status"], consent.get("refused_at"), customer["consents"][0]["status"]

    tell(10, "granted", "till", captured_at=at(10))
    assert now() == ("granted", None, "granted")
    tell(20, "withdrawn")
    # It came without a date of its own: until its system said so at the latest, nobody had granted anew.
    until = person.goldens("consent")[0]["refused_at"]
    assert until == at(20)
    tell(30, "granted", "sync")
    assert now() == ("withdrawn", until, "withdrawn")
    (id_,) = person.golden_ids("consent")
    why = explain(person.hub, "consent", id_)
    assert (why["status"]["rule"], why["status"]["winner"]["connection"]) == ("strictest", "shop")
    assert why["refused_at"]["rule"] == "derived"
    assert _items(person) == []
    tell(40, "granted", "till", captured_at=at(15))  # an act of before the refusal
    assert now() == ("withdrawn", until, "withdrawn")
    tell(50, "granted", "till", captured_at=at(50))
    assert now() == ("granted", None, "granted")
