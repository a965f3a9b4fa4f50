"""The five-second test: whatever fails, the first screen names cause and next step, and the button is two clicks away."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from html import unescape
from types import SimpleNamespace

import pytest

from hub.embedded.postgres import Postgres
from hub.embedded.valkey import Valkey
from hub.flow import access, alert, login
from hub.model.permission import Grant
from hub.store import person
from tests.browser import faults
from tests.browser.client import Visitor
from tests.browser.conftest import _world
from tests.browser.faults import Make, Scene
from tests.browser.world import PASSWORD, World
from tests.fixtures.peers import MAPPING, PeerRig, _Module

TABLES = (
    "connection, record, version, write, reference, match_key, decision, golden, change, target, attempt, plan, item, event,"
    " event_key, event_secret, event_work, resolve_work, tally, run, job, alert"
)


@dataclass(frozen=True)
class Fault:
    """What is seen of a fault, in Chinese and English. `act`: the form that helps, or in words what does; `via`: a link on the way."""

    make: Make
    cause: tuple[str, str]
    step: tuple[str, str]
    act: str | tuple[str, str]
    via: str = ""


FAULTS = (
    Fault(faults.refused, ("crm 凭证失效", "crm refuses the hub's credentials"), ("更新凭证", "Renew the access"),
          "/connections/crm/settings"),
    Fault(faults.unreachable, ("crm 没有正常应答", "crm does not answer"), ("检查该系统", "Check the system"),
          "/connections/crm/check"),
    Fault(faults.unreadable, ("crm 没有正常应答", "crm does not answer"), ("检查该系统", "Check the system"),
          "/connections/crm/check"),
    Fault(faults.silent, ("crm 已有 ", "crm has sent no webhook for"), ("检查订阅", "Check the subscriptions"),
          "/connections/crm/subscriptions"),
    Fault(faults.slow, ("crm 迟缓：3 个", "crm is slow: 3"), ("查看等待的投递", "Look at what waits"),
          r"/deliveries/dlv_\w+/retry", r"/deliveries/dlv_\w+$"),
    Fault(faults.poison, ("shop：1 个事件被隔离（", "shop: 1 events in quarantine ("), ("查看原因", "See the cause"),
          "/quarantine/run-again"),
    Fault(faults.unknown, ("crm：1 个投递结果不明", "crm: the outcome of 1"), ("逐个核实", "Look whether"),
          r"/deliveries/dlv_\w+/arrived", r"/deliveries/dlv_\w+$"),
    Fault(faults.dead, ("crm：2 个投递成为死信", "crm: 2 deliveries were given up"), ("重试或放弃", "Retry or discard"),
          r"/deliveries/dlv_\w+/retry", r"/deliveries/dlv_\w+$"),
    Fault(faults.loop, ("crm：1 处往返循环", "crm: 1 values went to and fro"), ("查看并裁决", "Look and decide"),
          r"/conflicts/itm_\w+/settle", r"/conflicts/itm_\w+$"),
    Fault(faults.held, ("crm：批量变更等待确认（4 条）", "crm: a mass change of 4"), ("查看计划", "Look at the plan"),
          r"/plans/pln_\w+/decide"),
    Fault(faults.unsubscribed, ("crm：1 个订阅失效", "crm: 1 subscriptions are broken"), ("重新订阅", "Subscribe again"),
          "/connections/crm/subscriptions"),
    Fault(faults.parked, ("shop：1 条付款等待上级过久", "shop: 1 × Payment wait too long"), ("处理等待上级", "See what waits"),
          r"/parked/\w+/release"),
    Fault(faults.failing_job, ("定期任务 tier.count 连续失败 3 次", "The periodic job tier.count failed 3 times"),
          ("查看定期任务", "Look at the periodic jobs"), ("ledger.example answered 503",) * 2),
    Fault(faults.full_disk, ("磁盘已用 98%", "The disk is 98 % full"), ("清理磁盘", "Make room"),
          ("清出空间", "Make room, or move")),
    Fault(faults.idle, ("没有工作进程负责：", "No worker runs for: pipeline, deliver, poll"), ("启动缺少的进程", "Start what is"),
          ("retail-hub worker",) * 2),
    Fault(faults.forgetful, ("Redis 可能忘记数据", "Redis may forget"), ("修改 Redis 设置", "Change the settings"),
          ("不应淘汰键", "should not evict")),
    Fault(faults.skewed, ("时钟相差 90 秒", "differ by 90 seconds"), ("校准时钟", "Set the clocks"), ("NTP",) * 2),
)  # fmt: skip


@pytest.fixture(scope="module")
def site(postgres: Postgres, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A hub with peers to write to, and an admin who reads either language."""
    folder = tmp_path_factory.mktemp("faults")
    for name in ("blind", "plain", "listed"):
        (folder / "mappings" / name).mkdir(parents=True)
        (folder / "mappings" / name / "all.yaml").write_text(MAPPING.format(name=name))
    with _world(postgres, valkey, folder, "console_faults", modules=[_Module(folder / "mappings")]) as world:
        for language in ("zh", "en"):
            id_, _ = access.create_user(world.hub, language, (Grant("admin"),), author="test", password=PASSWORD)
            with world.hub.db.session() as conn:
                person.set_profile(conn, id_, language=language, time_zone="Asia/Shanghai")
            world.cookies[language] = login.log_in(world.hub, language, PASSWORD, address="127.0.0.1") or ""
        yield world


@pytest.fixture
def scene(site: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """The same hub with nothing in it."""
    plenty = SimpleNamespace(total=100 * 1024**3, used=10 * 1024**3, free=90 * 1024**3)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: plenty)
    site.hub.db.execute(f"truncate {TABLES} cascade")
    site.hub.db.execute("delete from setting where key in ('webhook_pace', 'alerts_looked')")
    site.hub.connections._instances.clear()
    site.hub.connections.reload()
    with ExitStack() as after:
        yield Scene(PeerRig(site.hub), monkeypatch, after)
    found = site.hub.extras.pop("deliverer", None)
    if found is not None:
        found.close()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.make.__name__)
def test_first_screen_when_something_fails_then_cause_next_step_and_button(
    site: World, scene: Scene, fault: Fault
) -> None:
    fault.make(scene)
    assert alert.look(site.hub)
    for n, language in enumerate(("zh", "en")):
        visitor = Visitor(site, language)
        row = row_of(visitor.get("/").text, fault.cause[n])
        assert fault.step[n] in row
        page = visitor.client.get(link_of(row)).text
        if fault.via:
            onward = next(url for url in links_of(page) if re.search(fault.via, url))
            page = visitor.client.get(onward).text
        if isinstance(fault.act, tuple):
            assert fault.act[n] in words_of(page)
        else:
            assert any(re.search(fault.act, url) for url in re.findall(r'<form[^>]* action="([^"]+)"', page))


def row_of(page: str, cause: str) -> str:
    """The line of the first screen that names a cause."""
    rows = re.findall(r'<div class="note [a-z]+ todo">.*?</div>', page, re.DOTALL)
    found = [row for row in rows if cause in words_of(row)]
    assert len(found) == 1, (cause, [words_of(row) for row in rows])
    return str(found[0])


def link_of(row: str) -> str:
    """Where its next step leads: the last of its links."""
    return str(links_of(row)[-1])


def links_of(page: str) -> list[str]:
    return [unescape(url) for url in re.findall(r'<a [^>]*href="([^"]+)"', page)]


def words_of(page: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))
