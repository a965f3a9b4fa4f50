"""A release is one hash of the rules; putting one in force decides again what it decides otherwise."""

from __future__ import annotations

from pathlib import Path

from hub.bootstrap import mapping_folders
from hub.flow.release import activate
from hub.flow.rules import load_rules, publish_release
from tests.fixtures.hub import Rig, at

UNIONID = {"namespace": "wechat_unionid", "scope": "acct", "value": "u", "verified": "oauth"}
POLICY = """
default: {policy: latest}
fields: {note: {policy: priority, connections: [crm]}}
"""


def _put_in_force(rig: Rig, folder: Path, policy: str) -> list[str]:
    (folder / "policies").mkdir(parents=True, exist_ok=True)
    (folder / "policies" / "customer.yaml").write_text(policy)
    rig.hub.rules = load_rules(rig.hub.registry, [folder, *mapping_folders(rig.hub.settings)])
    publish_release(rig.hub.db, rig.hub.rules)
    return activate(rig.hub)


def test_release_of_unchanged_rules_has_one_number_and_marks_nothing(rig: Rig) -> None:
    before = rig.hub.rules.release_id
    assert activate(rig.hub) == []
    rig.hub.rules = load_rules(rig.hub.registry, mapping_folders(rig.hub.settings))
    assert publish_release(rig.hub.db, rig.hub.rules) == before
    assert activate(rig.hub) == []


def test_changed_policy_decides_its_kind_again(rig: Rig, tmp_path: Path) -> None:
    rig.connect("shop", {"customer": "in"}, rank=1)
    rig.connect("crm", {"customer": "in"}, rank=2)
    activate(rig.hub)
    rig.send("crm", "customer.updated", {"id": "1", "updated_at": at(1), "note": "crm", "identities": [UNIONID]})
    rig.send("shop", "customer.updated", {"id": "1", "updated_at": at(2), "note": "shop", "identities": [UNIONID]})
    rig.settle()
    assert rig.goldens("customer")[0]["note"] == "shop"
    assert _put_in_force(rig, tmp_path / "site", POLICY) == ["customer"]
    rig.settle()
    assert rig.goldens("customer")[0]["note"] == "crm"
    release = rig.hub.rules.release_id
    assert rig.hub.db.all("select release_id from golden") == [(release,)]
    assert rig.hub.db.all("select cause from change order by seq desc limit 1") == [("policy",)]
