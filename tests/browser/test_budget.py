"""What a page may cost the database, what it may say to whom, and in which words."""

from __future__ import annotations

import re

import pytest

from hub.console.pages import ROUTES
from hub.model.permission import PERMISSIONS
from hub.model.permission import ROLES as ROLE_TABLE
from tests.browser.cases import cases
from tests.browser.client import Visitor
from tests.browser.statements import statements
from tests.browser.world import ROLES, World
from tests.unit.test_console_words import catalogue, texts_in_code

STATEMENTS = 8
# The table of permissions as it was designed: who may what. A plugin's own are its own affair.
TABLE = {
    "overview.see": ROLES,
    "record.see": ROLES,
    "record.reveal": ("steward", "admin", "privacy"),
    "record.steward": ("steward", "admin"),
    "flow.see": ("steward", "operator", "admin", "privacy", "auditor"),
    "payload.masked": ("steward", "operator", "admin", "privacy", "auditor"),
    "payload.raw": ("admin", "privacy"),
    "flow.operate": ("operator", "admin"),
    "event.ingest": ("operator", "admin"),
    "effect.resend": ("admin",),
    "connection.configure": ("admin",),
    "rule.publish": ("admin",),
    "access.manage": ("admin",),
    "privacy.act": ("privacy",),
    "audit.see": ("admin", "privacy", "auditor"),
    "system.see": ("admin", "auditor"),
    "metrics.see": ("steward", "operator", "admin", "privacy", "auditor"),
}
# Everybody who is signed in may do these: they concern oneself, or show what others guard.
OWN = {
    "show_login", "sign_in", "log_out", "show_profile", "save_profile", "change_password", "set_language", "show_search",
    "show_plugged", "show_plugged_file",
}  # fmt: skip
# One word for one thing: what is not said, and what is said instead.
NOT_SAID = {
    "zh": {"客户": "顾客", "集成": "连接", "重播": "重放", "工单": "待办", "黄金记录": "主记录", "死信队列": "死信"},
    "en": {r"\bsync\b": "deliver, pull", r"\bintegration": "connection", r"\bticket": "item", r"\bclient\b": "customer", r"\bjob\b": "run"},
}  # fmt: skip


def test_pages_when_loaded_then_few_statements(full: World, monkeypatch: pytest.MonkeyPatch) -> None:
    costly = {}
    for case in cases(full):
        # A plan of a merge or a split does the deed and takes it back.
        if case.state == "empty" or case.status != 200 or not case.role or case.endpoint.startswith("plan_"):
            continue
        visitor = Visitor(full, case.role)
        visitor.get(case.path)
        with statements(monkeypatch) as seen:
            visitor.get(case.path)
        if len(seen) > STATEMENTS:
            costly[case.name] = "\n    ".join([f"{len(seen)} statements", *seen])
    assert not costly, "\n".join(f"{name}: {text}" for name, text in costly.items())


def test_permissions_when_compared_with_the_table_then_the_same() -> None:
    held = {name: tuple(role for role in ROLES if ROLE_TABLE[role].may(name)) for name in PERMISSIONS}
    assert {name: roles for name, roles in held.items() if not name.startswith("labels.")} == TABLE


def test_routes_when_they_show_or_change_something_then_they_ask_for_a_permission() -> None:
    assert {route.endpoint for route in ROUTES if not route.permission} - OWN == set()
    assert {route.permission for route in ROUTES} - {""} <= PERMISSIONS.keys()


def test_routes_when_they_change_something_then_seeing_is_not_enough() -> None:
    sees = {"overview.see", "record.see", "flow.see"}
    loose = {r.endpoint for r in ROUTES if r.methods == ("POST",) and r.permission in sees}
    assert loose <= {"search"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_words_when_one_thing_has_a_name_then_no_other_is_used(language: str) -> None:
    texts = catalogue().values() if language == "zh" else texts_in_code()
    found = [
        f"{text!r}: say {instead}"
        for text in texts
        for word, instead in NOT_SAID[language].items()
        if re.search(word, text, re.IGNORECASE)
    ]
    assert found == []
