"""Survivorship policies of plugins: what they are shown, who wins by them, and what counts where one fails."""

from __future__ import annotations

import types
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from hub import registry
from hub.errors import ConfigError
from hub.flow.release import changed_kinds
from hub.flow.rules import installed_folders, load_rules
from hub.rules import register
from hub.rules.preference import guarded
from hub.rules.register import Item
from hub.rules.survivorship import FieldRule, Source, resolve
from hub.sdk import Word, hookimpl

ROOT = Path(__file__).parents[2]


def _longest(words: Sequence[Word]) -> list[int]:
    return [len(str(word.values["note"])) for word in words]


def _source(connection: str, at: int, note: str) -> Source:
    packed = register.encode(register.fold([Item((at, 0, 0, note), {"note": note}, since=at)]))
    return Source(uuid.uuid5(uuid.NAMESPACE_DNS, connection), connection, 100, "1", packed, told=("note",))


def _resolved(policy: Callable[[Sequence[Word]], Any]) -> tuple[str, list[str]]:
    rule = FieldRule("note", "lengths.longest", ("note",), null_wins=False, prefer=guarded("lengths.longest", policy))
    found = resolve([_source("crm", 1, "green tea"), _source("shop", 2, "tea")], [rule], {})
    return found.data["note"], found.conflicts


def test_policy_when_a_plugin_brings_it_then_its_largest_key_wins() -> None:
    assert _resolved(_longest)[0] == "green tea"
    assert _resolved(lambda words: [-key for key in _longest(words)])[0] == "tea"


def test_policy_when_keys_are_equal_then_the_newest_wins() -> None:
    assert _resolved(lambda words: [0 for _ in words])[0] == "tea"


def test_policy_when_asked_then_it_sees_what_each_record_says() -> None:
    seen: list[Word] = []
    _resolved(lambda words: [seen.append(word) or 0 for word in words])
    assert [(word.connection, word.external_id, word.values, word.since_us) for word in seen[:2]] == [
        ("crm", "1", {"note": "green tea"}, 1),
        ("shop", "1", {"note": "tea"}, 2),
    ]


def _raises(words: Sequence[Word]) -> Any:
    raise KeyError(words[0].values["note"])


@pytest.mark.parametrize(
    "broken", [_raises, lambda words: _longest(words)[:1], lambda _: [1, "a"], lambda _: None, lambda _: [0, 0, 0]]
)
def test_policy_when_it_fails_then_the_newest_counts_and_a_person_is_asked(
    broken: Callable[[Sequence[Word]], Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert _resolved(broken) == ("tea", ["note"])
    assert "lengths.longest" in caplog.text
    assert "green" not in caplog.text


def _plugin(policy: Callable[..., Any], *models: Path) -> types.ModuleType:
    module = types.ModuleType("lengths")
    module.register_survivorship = hookimpl(lambda: {"longest": policy})  # type: ignore[attr-defined]
    module.register_match_rules = hookimpl(lambda: list(models))  # type: ignore[attr-defined]
    return module


def _site(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return folder


def test_file_when_it_names_a_policy_of_a_plugin_then_only_where_that_is_installed(tmp_path: Path) -> None:
    folders = [_site(tmp_path, "policies/customer.yaml", "fields: {note: lengths.longest}\n"), *installed_folders()]
    found = load_rules(registry.load((), [_plugin(_longest)]), folders)
    rules = {rule.name: rule for rule in found.field_rules("customer")}
    assert rules["note"].prefer is not None
    assert [name for name, rule in rules.items() if rule.prefer] == ["note"]
    with pytest.raises(ConfigError, match=r"policies/customer\.yaml:1: note: policy 'lengths.longest' is none of"):
        load_rules(registry.load((), []), folders)


def test_release_when_the_code_of_a_used_policy_is_another_then_its_kinds_change(tmp_path: Path) -> None:
    folders = [_site(tmp_path, "policies/customer.yaml", "fields: {note: lengths.longest}\n"), *installed_folders()]
    before = load_rules(registry.load((), [_plugin(_longest)]), folders)
    after = load_rules(registry.load((), [_plugin(len)]), folders)
    assert changed_kinds(before.manifest, after.manifest) == ["customer"]
    unused = [load_rules(registry.load((), [_plugin(one)]), installed_folders()) for one in (_longest, len)]
    assert unused[0].hash == unused[1].hash


def test_model_when_a_plugin_brings_one_then_before_the_installed_and_after_the_sites_own(tmp_path: Path) -> None:
    installed = (ROOT / "mappings" / "matching" / "customer.yaml").read_text(encoding="utf-8")
    file = tmp_path / "plugin" / "customer.yaml"
    _site(tmp_path, "plugin/customer.yaml", installed.replace("auto: 9000", "auto: 9100"))
    plugin = registry.load((), [_plugin(_longest, file)])
    assert load_rules(plugin, installed_folders()).matching["customer"].auto == 9100
    own = _site(tmp_path / "site", "matching/customer.yaml", installed.replace("auto: 9000", "auto: 9200"))
    assert load_rules(plugin, [own, *installed_folders()]).matching["customer"].auto == 9200


def test_model_when_its_file_is_not_there_then_the_plugin_is_broken(tmp_path: Path) -> None:
    found = registry.load((), [_plugin(_longest, tmp_path / "customer.yaml")])
    assert "customer.yaml" in dict(found.broken)["lengths"]
    assert found.policies == {}
