"""Rules over the API: what is in force, what others would do, masked by role, and putting them in force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fixtures.hub import Rig, at
from tests.fixtures.web import Caller

FILE = """kind: customer
from: webhook/customers
root: data
id: id
version: updated_at
at: updated_at
in:
  full_name: {path: full_name%s}
"""
NAME = "webhook/customers.yaml"


@pytest.fixture
def shop(rig: Rig, tmp_path: Path) -> Rig:
    """A shop with three customers, and a folder for rules."""
    rig.hub.settings = replace(rig.hub.settings, mappings_dir=tmp_path / "site")
    (tmp_path / "site").mkdir()
    rig.connect("shop", {"customer": "in"})
    rig.connect("tea", {"customer": "in"}, realm="tea")
    for n in range(3):
        rig.send("shop", "customer.updated", {"id": str(n), "updated_at": at(1), "full_name": f"Wang {n}"})
    rig.settle()
    return rig


def test_releases_when_activated_then_listed_shown_and_brought_back(shop: Rig, admin: Caller) -> None:
    first = admin.post("/releases/activate", {"reason": "first"})["release"]
    assert admin.get("/releases")["in_force"] == first
    folder = shop.hub.settings.mappings_dir
    assert folder
    (folder / "webhook").mkdir()
    (folder / NAME).write_text(FILE % "")
    plan = admin.post("/releases/activate", {"dry_run": True})
    assert plan["differs"] == {"mappings": [NAME]}
    assert plan["keep_until_replayed"] == [
        {"connection": "shop", "stream": "customers"},
        {"connection": "tea", "stream": "customers"},
    ]
    assert admin.get("/releases")["in_force"] == first
    admin.post("/releases/activate", {"digest": "00"}, status=409)
    second = admin.post("/releases/activate", {"digest": plan["digest"], "reason": "names only"})["release"]
    listed = admin.get("/releases")
    assert (listed["in_force"], listed["items"][0]["reason"], listed["items"][0]["before"]) == (
        second,
        "names only",
        first,
    )
    assert admin.get(f"/releases/{second}")["files"] == {NAME: FILE % ""}
    assert admin.get(f"/releases/{first}")["differs"] == {"mappings": [NAME]}
    assert [one["file"] for one in admin.get("/mappings")["items"] if one["stream"] == "customers"] == [NAME, NAME]
    assert admin.post("/releases/activate", {"number": first})["release"] == first
    admin.get("/releases/999", status=404)
    admin.post("/releases/activate", {"number": 999}, status=404)


def test_preview_when_a_mapping_is_changed_then_its_effect_masked_by_role(
    shop: Rig, caller: Callable[..., Caller]
) -> None:
    body = {"connection": "shop", "stream": "customers", "text": FILE % ", to: upper", "last": 50}
    clear, masked = caller("admin").post("/mappings/preview", body), caller("operator").post("/mappings/preview", body)
    for found in (clear, masked):
        assert (found["looked_at"], found["faults"], found["golden"]["customer"]["fields"]) == (3, [], {"full_name": 3})
    assert clear["golden"]["customer"]["samples"][0]["after"].startswith("WANG")
    assert masked["golden"]["customer"]["samples"][0]["after"] == "W**"
    assert shop.goldens("customer")[0]["full_name"].startswith("Wang")


def test_preview_when_the_file_is_wrong_then_its_lines(shop: Rig, admin: Caller) -> None:
    body = {"connection": "shop", "stream": "customers", "text": (FILE % "") + "  colour: colour\n"}
    [fault] = admin.post("/mappings/preview", body)["faults"]
    assert (fault["file"], fault["line"]) == (NAME, 9)
    admin.post("/mappings/preview", {**body, "last": 5000}, status=422)
    admin.post("/mappings/preview", {**body, "connection": "none"}, status=404)


def test_preview_when_a_policy_is_changed_then_its_effect(shop: Rig, admin: Caller) -> None:
    body = {"kind": "customer", "text": "default: {policy: latest}\n"}
    found = admin.post("/policies/preview", body)
    assert (found["looked_at"], found["golden"]) == (3, {})
    admin.post("/policies/preview", {**body, "kind": "nothing"}, status=404)


def test_rules_when_the_token_is_of_one_realm_then_they_are_out_of_reach(
    shop: Rig, caller: Callable[..., Caller]
) -> None:
    one = caller("admin", realm="tea")
    one.post("/releases/activate", {}, status=403)
    one.post("/policies/preview", {"kind": "customer", "text": "default: {policy: latest}\n"}, status=403)
    one.post("/mappings/preview", {"connection": "shop", "stream": "customers", "text": FILE % ""}, status=404)
    assert {item["connection"] for item in one.get("/mappings")["items"]} == {"tea"}
    caller("operator").post("/releases/activate", {}, status=403)
    caller("viewer").post(
        "/mappings/preview", {"connection": "shop", "stream": "customers", "text": FILE % ""}, status=403
    )
