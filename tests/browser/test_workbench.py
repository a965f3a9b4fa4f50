"""The workbench: what its preview says is what putting in force and a replay then do, by the console's own forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from hub.flow import errand, replay, site
from hub.flow.context import Hub
from hub.flow.rules import Rules
from hub.model.identifier import format_id
from hub.rules.policies import POLICIES
from hub.store import run
from tests.browser.client import Visitor
from tests.browser.world import CANARIES, World, make_users
from tests.fixtures.hub import at
from tests.fixtures.peers import PeerRig

FILE = """kind: customer
from: webhook/customers
root: data
id: id
version: updated_at
at: updated_at
in:
  full_name: {path: full_name%s}
  note: note
"""
PAGE = "/mappings/shop/customers"


@pytest.fixture
def site_world(peers: PeerRig, tmp_path: Path) -> tuple[World, PeerRig]:
    """A shop with four customers that reach a CRM, and a folder of rules of its own."""
    peers.peer("crm", flow="out")
    peers.hub.settings = replace(peers.hub.settings, mappings_dir=tmp_path)
    for n in range(4):
        peers.customer(str(n), at(1), full_name=f"Li {n}", note="tea", nicknme="Ali")
    peers.quiet()
    world = World(peers.hub)
    make_users(world)
    return world, peers


def _hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    return found[1] if found else ""


def _main(text: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", text.partition("<main")[2]))


def test_workbench_when_previewed_saved_put_in_force_and_replayed_then_the_plan_was_the_deed(
    site_world: tuple[World, PeerRig],
) -> None:
    world, rig = site_world
    visitor = Visitor(world)
    site.put_in_force(world.hub, None, "", "test", "the files of the site")
    page = visitor.get(PAGE).text
    # Preview: four records, four deliveries.
    text = FILE % ", to: upper"
    tried = visitor.post(f"{PAGE}/try", text=text, seen=_hidden(page, "seen"), compare="100")
    assert tried.status_code == 200
    said = " ".join(_main(tried.text).split())
    assert "试了最新的 4 个事件" in said
    golden = re.search(r"主记录：顾客: ([\d,]+) ", said)
    sent = re.search(r"投递到 crm: ([\d,]+) ", said)
    assert golden, said
    assert sent, said
    planned = int(golden[1]), int(sent[1])
    assert planned == (4, 4)
    assert "nicknme" in said
    assert not world.hub.db.all("select 1 from release_activation offset 1")
    # Save: on disk, not in force.
    saved = visitor.post(f"{PAGE}/save", text=text, seen=_hidden(tried.text, "seen"))
    assert saved.location.endswith(PAGE)
    assert world.hub.settings.mappings_dir
    assert (world.hub.settings.mappings_dir / "webhook/customers.yaml").read_text() == text
    assert "to: upper" in visitor.get(PAGE).text
    # Put in force, after a look.
    plan = visitor.post("/mappings/plan")
    assert "没有记录需要重新取值" in plan.text
    assert PAGE in plan.text
    done = visitor.post("/mappings/activate", digest=_hidden(plan.text, "digest"), reason="upper case")
    assert done.location.endswith("/mappings")
    assert "upper case" in visitor.get("/mappings").text
    rig.quiet()
    shelf = rig.shelves["crm"]
    calls, changes = len(shelf.calls), world.hub.db.all("select count(*) from change")[0][0]
    # Tried out: the same figures, nothing changed; its page leads on to the replay.
    shown = visitor.post("/mappings/rehearse", connection="shop", span="")
    page = visitor.client.get(shown.location).text
    said = " ".join(_main(page).split())
    assert "试了 4 个已存事件" in said
    assert re.findall(r"(?:主记录：顾客|投递到 crm): ([\d,]+) ", said) == ["4", "4"]
    assert "LI 0" not in page, "a run keeps no name"
    assert [one.type for one in run.recent(world.hub.db)] == ["rehearsal", "activation"]
    assert (calls, changes) == (len(shelf.calls), world.hub.db.all("select count(*) from change")[0][0])
    # Replay, by a worker.
    asked = visitor.post("/mappings/replay", connection="shop", span="")
    assert "/runs/run_" in asked.location
    assert replay.run_due(world.hub) == planned[0]
    [found] = [one for one in run.recent(world.hub.db) if one.type == "replay"]
    assert asked.location.endswith(format_id("run", found.id))
    rig.quiet()
    assert world.hub.db.all("select count(*) from change")[0][0] - changes == planned[0]
    assert len(shelf.calls) - calls == planned[1]
    assert {record["full_name"] for record in shelf.records.values()} == {f"LI {n}" for n in range(4)}
    # And back: the earlier release again.
    back = visitor.post(
        "/mappings/plan", number=str(world.hub.db.all("select min(release_id) from release_activation")[0][0])
    )
    assert "重新生效" in back.text
    visitor.post(
        "/mappings/activate", digest=_hidden(back.text, "digest"), number=_hidden(back.text, "number"), reason="no"
    )
    assert "webhook/customers.yaml" in _main(visitor.get("/mappings").text)


def test_policy_when_previewed_and_put_in_force_then_the_plan_was_the_deed(site_world: tuple[World, PeerRig]) -> None:
    world, _rig = site_world
    visitor = Visitor(world)
    site.put_in_force(world.hub, None, "", "test", "first")
    text = "default: {policy: latest}\nfields: {note: {policy: priority, connections: [crm, shop]}}\n"
    tried = visitor.post("/policies/customers/try", text=text, compare="100")
    assert "试了最近变化的 4 条记录" in tried.text
    assert visitor.post("/policies/customers/save", text=text, seen="").status_code == 303
    plan = visitor.post("/mappings/plan").text
    records = world.hub.db.all("select count(*) from record where kind = 'customer' and state > 0")[0][0]
    assert f"顾客：{records} 条来源记录重新取值" in plan
    visitor.post("/mappings/activate", digest=_hidden(plan, "digest"), reason="notes")
    assert world.hub.db.all("select count(*) from resolve_work where cause = 'policy'")[0][0] == records


def test_policies_when_listed_then_each_is_explained_in_both_languages(full: World) -> None:
    for role, word, version in (
        ("steward", "拒绝持续有效", "版本：verified"),
        ("steward-en", "a refusal stands", "version: verified"),
    ):
        shown = Visitor(full, role).get("/policies").text
        assert [name for name in POLICIES if f"<dt><code>{name}</code></dt><dd>" not in shown] == []
        assert word in shown
        assert "<code>strictest</code>" in Visitor(full, role).get("/policies/consents").text
        assert version in Visitor(full, role).get("/policies/customers").text


def test_activation_when_it_takes_long_then_its_page_says_how_it_goes_and_a_second_click_is_the_same(
    site_world: tuple[World, PeerRig], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, _rig = site_world
    visitor = Visitor(world)
    site.put_in_force(world.hub, None, "", "test", "first")
    monkeypatch.setattr(errand, "SMALL_RECORDS", -1)
    assert world.hub.settings.mappings_dir
    path = world.hub.settings.mappings_dir / "webhook"
    path.mkdir()
    (path / "customers.yaml").write_text(FILE % "")
    digest = _hidden(visitor.post("/mappings/plan").text, "digest")
    first, second = (visitor.post("/mappings/activate", digest=digest, reason="slowly") for _ in range(2))
    assert "/runs/run_" in first.location
    assert first.location == second.location
    waiting = _main(visitor.client.get(first.location).text)
    assert "等待工作进程" in waiting
    assert "生效的仍是原来的规则" in waiting
    assert errand.run_due(world.hub) == 1
    assert "已生效" in _main(visitor.client.get(first.location).text)
    assert "slowly" in visitor.get("/mappings").text
    again = visitor.post("/mappings/activate", digest=digest, reason="slowly")
    assert again.location.endswith("/mappings")
    assert errand.run_due(world.hub) == 0
    # Of what fails the page tells why, and what is in force.
    (path / "customers.yaml").write_text(FILE % ", to: upper")
    digest = _hidden(visitor.post("/mappings/plan").text, "digest")
    failing = visitor.post("/mappings/activate", digest=digest, reason="then this")
    (path / "customers.yaml").write_text((FILE % "") + "  gender: gender\n")
    site.put_in_force(world.hub, None, "", "test", "quicker")
    errand.run_due(world.hub)
    said = _main(visitor.client.get(failing.location).text)
    assert "was put in force in the meantime" in said
    assert "重新看后果" in said


@pytest.fixture
def rules(full: World) -> Iterator[Rules]:
    """The rules of the full hub; they are the same afterwards."""
    before = full.hub.rules
    yield before
    full.hub.rules = before


def test_preview_when_the_file_is_wrong_then_its_line_is_marked_and_what_was_typed_stays(full: World) -> None:
    text = (FILE % "") + "  colour: <b>colour</b>\n"
    page = Visitor(full).post("/mappings/crm/customers/try", text=text)
    assert page.status_code == 200
    assert "webhook/customers.yaml:10" in page.text
    assert "✕   colour: &lt;b&gt;" in page.text
    assert "colour: &lt;b&gt;colour" in page.text.partition("<textarea")[2]


def test_preview_when_a_line_is_inserted_then_it_stands_in_the_file(full: World) -> None:
    page = Visitor(full).post("/mappings/crm/customers/try", text=FILE % "", insert="nickname: alias")
    assert "  nickname: alias\n" in unescape(page.text.partition("<textarea")[2])


def test_workbench_when_the_address_names_a_line_then_it_stands_in_the_file(site_world: tuple[World, PeerRig]) -> None:
    world, _rig = site_world
    site.save(world.hub, "webhook/customers.yaml", FILE % "", "", "test")
    page = Visitor(world).get(f"{PAGE}?insert=nickname: alias")
    assert "in:\n  nickname: alias\n  full_name" in unescape(page.text.partition("<textarea")[2])


def test_preview_when_the_sample_holds_personal_data_then_it_is_masked(full: World) -> None:
    for role in ("admin", "steward", "operator"):
        page = Visitor(full, role).post("/mappings/crm/customers/try", text=FILE % ", to: upper", compare="100")
        assert page.status_code == 200
        assert [
            canary for canary in CANARIES if canary in page.text.partition("<main")[2].partition('name="pasted"')[2]
        ] == []


def test_preview_when_a_body_is_pasted_then_its_fields_with_their_lines(full: World) -> None:
    body = '{"type": "customer.updated", "data": {"id": "n", "updated_at": "2026-11-02T00:00:00Z", "full_name": "Bo"}}'
    page = Visitor(full).post("/mappings/crm/customers/try", text=FILE % "", pasted=body)
    assert '<code class="muted small">8</code>' in page.text


def test_save_when_there_is_no_folder_then_it_says_so_and_keeps_what_was_typed(full: World) -> None:
    page = Visitor(full).post("/mappings/crm/customers/save", text=FILE % "", seen="")
    assert page.status_code == 422
    assert "HUB_MAPPINGS_DIR" in page.text
    assert "note: note" in page.text


def test_publishing_when_one_may_in_one_realm_only_then_refused(full: World) -> None:
    from hub.flow import access, login
    from hub.model.permission import Grant
    from tests.browser.world import PASSWORD

    access.create_user(full.hub, "regional", (Grant("admin", "default"),), author="test", password=PASSWORD)
    full.cookies["regional"] = login.log_in(full.hub, "regional", PASSWORD, address="127.0.0.1") or ""
    visitor = Visitor(full, "regional")
    for path in ("/mappings/plan", "/mappings/activate", "/mappings/crm/customers/save", "/policies/customers/save"):
        assert visitor.post(path, text=FILE % "").status_code == 403
    assert visitor.get("/mappings/crm/customers").status_code == 200


def test_download_when_typed_then_the_very_text(full: World) -> None:
    answer = Visitor(full).post("/mappings/crm/customers/download", text=(FILE % "").replace("\n", "\r\n"))
    assert answer.text == FILE % ""
    assert "attachment" in answer.headers["Content-Disposition"]


def test_lookup_when_it_is_new_then_named_tried_and_refused_with_a_bad_name(full: World) -> None:
    visitor = Visitor(full)
    assert visitor.post("/lookups", table="channels").location.endswith("/lookups/channels")
    assert visitor.post("/lookups", table="../x").status_code == 303
    assert "文件可以使用" in visitor.post("/lookups/channels/try", text="wx: wechat\n").text
    assert "✕" in visitor.post("/lookups/channels/try", text="- a\n").text


def test_rules_when_looked_at_then_the_hub_goes_on_by_those_in_force(full: World, rules: Rules) -> None:
    hub: Hub = full.hub
    Visitor(full).post("/mappings/crm/customers/try", text=FILE % ", to: upper", compare="100")
    assert hub.rules is rules


def test_result_when_much_would_change_then_the_page_stays_small(full: World) -> None:
    page = Visitor(full).post("/mappings/网店/customers/try", text=FILE % ", to: upper", compare="1000")
    assert "与现在相比" in page.text
    assert len(page.data) <= 90 * 1024
