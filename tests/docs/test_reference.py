"""The documentation is complete, up to date, and its links lead somewhere."""

import re
from configparser import ConfigParser
from pathlib import Path

import click
import pytest

from docs import generate, reference_code, reference_model
from docs.markdown import docstring, slug
from docs.reference_commands import every_command
from hub import config
from hub.model.kinds import KINDS

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "connectors").rglob("*.md")),
    *sorted((ROOT / "plugins").rglob("*.md")),
]
BLOCK = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)


def _prose(page: Path) -> str:
    return BLOCK.sub("", page.read_text(encoding="utf-8"))


def _anchors(page: Path) -> set[str]:
    return {slug(re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)) for heading in HEADING.findall(_prose(page))}


def _broken(page: Path, link: str) -> str:
    if re.match(r"[a-z]+:", link):
        return ""
    place, _, anchor = link.partition("#")
    target = (page.parent / place).resolve() if place else page
    if not target.exists():
        return "no such file"
    if not target.is_relative_to(ROOT):
        return "leads out of the project"
    if anchor and (target.suffix != ".md" or anchor not in _anchors(target)):
        return "no such heading"
    return ""


def test_reference_when_compared_with_the_code_then_is_up_to_date() -> None:
    assert generate.stale() == [], "run `python -m docs.generate` and commit what it writes"


def test_reference_when_a_page_is_no_longer_generated_then_its_file_is_gone() -> None:
    assert sorted(path.name for path in generate.FOLDER.glob("*.md")) == sorted(generate.PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_when_followed_then_lead_somewhere(page: Path) -> None:
    found = {link: _broken(page, link) for link in LINK.findall(_prose(page))}
    assert {link: reason for link, reason in found.items() if reason} == {}


def test_pages_when_looked_for_then_each_is_reached_from_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    reached, todo = set(), [index]
    while todo:
        page = todo.pop()
        if page not in reached:
            reached.add(page)
            links = [link.partition("#")[0] for link in LINK.findall(_prose(page)) if not re.match(r"[a-z]+:", link)]
            todo += [
                found for link in links if link.endswith(".md") and (found := (page.parent / link).resolve()).exists()
            ]
    unreached = set((ROOT / "docs").rglob("*.md")) - reached
    assert sorted(str(page.relative_to(ROOT)) for page in unreached) == []


def test_hooks_when_declared_then_say_when_they_are_called() -> None:
    undocumented = [
        name for name, function in reference_code.hook_functions().items() if len(docstring(function).split()) < 5
    ]
    assert undocumented == []


def test_settings_when_declared_then_have_help_and_an_example() -> None:
    bare = [about.name for about in config.declared() if not (about.metadata["help"] and about.metadata["example"])]
    assert bare == []


def test_errors_when_declared_then_have_a_docstring() -> None:
    assert [kind.__name__ for kind in reference_code.error_classes() if not docstring(kind)] == []


def test_transforms_when_registered_then_have_a_docstring() -> None:
    assert [name for name, function in reference_model.all_transforms().items() if not docstring(function)] == []


def test_kinds_when_declared_then_every_field_has_help_in_both_languages() -> None:
    bare = [
        f"{kind.name}.{path}"
        for kind in KINDS.values()
        for path, field in kind.walk()
        if not (field.help.zh and field.help.en)
    ]
    assert bare == []


def test_connectors_when_installed_then_every_setting_and_stream_has_help() -> None:
    bare = [
        f"{name}.{about.name}"
        for name, manifest in reference_code.manifests().items()
        for about in (*manifest.config, *manifest.streams)
        if not (about.help.zh and about.help.en)
    ]
    assert bare == []


def test_commands_when_listed_then_have_help_and_an_example() -> None:
    bare = [name for name, command in every_command() if not re.search("\b\\s*Example:", command.help or "")]
    assert bare == []


def test_options_when_declared_then_have_help() -> None:
    bare = [
        f"{name} {option.opts[0]}"
        for name, command in every_command()
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden and not option.help
    ]
    assert bare == []


COMMAND = re.compile(r"(?:^|[\s`$(])retail-hub ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)?)", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_when_shown_in_a_page_then_exist(page: Path) -> None:
    known = {name.partition(" ")[2] for name, _ in every_command()}
    groups = {name.partition(" ")[0] for name in known if " " in name}
    shown = [words.split(" ") for words in COMMAND.findall(page.read_text(encoding="utf-8"))]
    named = {" ".join(words if words[0] in groups else words[:1]) for words in shown}
    assert named - known == set()


def test_dependencies_when_declared_then_each_has_its_line() -> None:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    texts = [setup["options"]["install_requires"], *setup["options.extras_require"].values()]
    declared = {re.split(r"[\s\[<>=]", line, maxsplit=1)[0] for text in texts for line in text.split("\n") if line}
    prose = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").partition("## Looked at")[0]
    assert set(re.findall(r"^\| ([\w-]+) \| \S+, \d{4}-\d\d \|", prose, re.MULTILINE)) == declared


def test_decisions_when_written_then_have_their_four_parts_and_stand_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "index.md").read_text(encoding="utf-8")
    for page in folder.glob("[0-9]*.md"):
        parts = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert parts == ["Context", "Decision", "Price", "When to look again"], page.name
        assert f"({page.name})" in index


def test_guarantees_when_they_name_a_property_then_a_test_proves_it() -> None:
    text = (ROOT / "docs" / "explanation" / "guarantees.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`", text))
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert sorted(name for name in named if not re.search(rf"def test_\w*{name}", tests)) == []
