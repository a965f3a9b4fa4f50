"""The console's two languages. Message ids are the English texts; `translations/zh.po` holds the Chinese ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po
from flask import g

from hub.model.kind import Text

LANGUAGES = {"zh": "中文", "en": "English"}
DEFAULT = "zh"
FOLDER = Path(__file__).parent / "translations"


def N_(message: str) -> str:  # noqa: N802 -- gettext's own name for "to be translated where it is shown"
    """Marks a text for the catalogue."""
    return message


@cache
def catalogue(language: str) -> dict[str, str]:
    """English text -> text in `language`; English itself is empty. Read once per process."""
    path = FOLDER / f"{language}.po"
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file, locale=language) if m.id and m.string}


def translate(language: str, message: str, **values: object) -> str:
    """`message` in `language` with its `%(name)s` filled in; the English text where a translation is missing."""
    found = catalogue(language).get(message, message)
    return found % values if values else found


@cache
def words(language: str) -> Callable[..., str]:
    """`translate` for one language: templates ask for hundreds of texts a page."""
    found = catalogue(language)

    def say(message: str, **values: object) -> str:
        text = found.get(message, message)
        return text % values if values else text

    return say


def current() -> str:
    """The language of the request that is being answered."""
    language: str = g.get("language", DEFAULT)
    return language


def _(message: str, **values: object) -> str:
    """`translate` for the reader of this request."""
    return translate(current(), message, **values)


def said(text: Text) -> str:
    """A text that is declared in both languages, in the reader's."""
    return text.zh if current() == "zh" else text.en


def negotiate(*wishes: str | None) -> str:
    """The first wish that is a language we have (`en`, `en-GB`), else Chinese."""
    for wish in wishes:
        short = (wish or "").partition("-")[0].lower()
        if short in LANGUAGES:
            return short
    return DEFAULT
