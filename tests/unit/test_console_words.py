"""Both languages are complete: every text in the code has its Chinese one, and none is left over."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import hub.console

ROOT = Path(hub.console.__file__).parent
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
KEYWORDS = {"_": None, "N_": None}
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@cache
def texts_in_code() -> dict[str, str]:
    """Text -> the first place that uses it."""
    found: dict[str, str] = {}
    for file, line, message, _comments, _context in extract_from_dir(ROOT, METHODS, keywords=KEYWORDS):
        assert isinstance(message, str), f"{file}:{line}: plural forms are not used here"
        found.setdefault(message, f"{file}:{line}")
    return found


def catalogue() -> dict[str, str]:
    with (ROOT / "translations" / "zh.po").open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file, locale="zh") if m.id}


def test_translations_when_code_uses_a_text_then_it_has_chinese() -> None:
    known = catalogue()
    missing = {text: place for text, place in texts_in_code().items() if not known.get(text)}
    assert not missing


def test_translations_when_the_catalogue_has_a_text_then_code_uses_it() -> None:
    assert sorted(catalogue().keys() - texts_in_code().keys()) == []


def test_translations_when_a_text_has_placeholders_then_both_languages_have_the_same() -> None:
    for text, chinese in catalogue().items():
        assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(chinese)), text


def test_catalogue_when_written_then_it_is_sorted_so_that_changes_merge() -> None:
    assert list(catalogue()) == sorted(catalogue())


def test_texts_when_english_then_no_chinese_character_stands_in_a_template() -> None:
    for path in ROOT.rglob("*.html"):
        found = re.findall(r"[\u4e00-\u9fff]+", path.read_text(encoding="utf-8"))
        assert not found, f"{path.name} holds untranslatable text: {found}"
