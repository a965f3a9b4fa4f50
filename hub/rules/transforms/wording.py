"""Transforms of text."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import Any

from hub.model import phone as phones
from hub.model.fault import ValueFault
from hub.model.transform import transform
from hub.model.value import check_decimal, check_text
from hub.rules.transforms.structure import as_list

_CJK = re.compile(r"[㐀-鿿]")


@transform(gives="text")
def text(value: Any) -> str:
    """The value as text: whole numbers written out, true and false by those words."""
    if value is True or value is False:
        return "true" if value else "false"
    if value.__class__ is float:
        return check_decimal(value)
    return check_text(value)


@transform(gives="text")
def strip(value: Any) -> str:
    """Text without space at its ends."""
    return check_text(value).strip()


@transform(gives="text")
def lower(value: Any) -> str:
    """Text in lower case."""
    return check_text(value).lower()


@transform(gives="text")
def upper(value: Any) -> str:
    """Text in upper case."""
    return check_text(value).upper()


@transform()
def blank(value: Any) -> Any:
    """Null for a text that is empty or only space; any other value unchanged."""
    return None if value.__class__ is str and not value.strip() else value


@transform(gives="text")
def phone(value: Any, region: str = "CN") -> str:
    """A phone number as E.164 where it can be read (in `region` unless it carries its country)."""
    return phones.normalise(check_text(value), region).value


@transform(gives="text")
def email(value: Any) -> str:
    """An e-mail address, trimmed, in lower case; it needs an @ and no space."""
    address = check_text(value).strip().lower()
    before, at, after = address.rpartition("@")
    if not (before and at and after) or any(ch.isspace() for ch in address):
        raise ValueFault("bad_email", "is not an e-mail address")
    return address


@transform()
def split(value: Any, sep: str = ",") -> list[str]:
    """The parts of a text between `sep`, trimmed, empty ones left out."""
    return [part.strip() for part in check_text(value).split(sep) if part.strip()]


@transform()
def join(value: Any, sep: str = " ") -> str | None:
    """The values of a list as one text with `sep` between them; null and empty ones left out, null for none."""
    return sep.join(check_text(part).strip() for part in as_list(value) if part not in (None, "")) or None


@transform()
def person_name(value: Any) -> str | None:
    """A whole name of a list `[family name, given name]`: 李雷, but Lei Li; null when both are empty."""
    family, given = ([check_text(part).strip() if part else "" for part in as_list(value)] + ["", ""])[:2]
    if _CJK.search(family + given):
        return family + given
    return f"{given} {family}".strip() or None


@transform(gives="text")
def prefix(value: Any, before: str) -> str:
    """The text with `before` put before it."""
    return before + check_text(value)


@transform(gives="text")
def html_text(value: Any) -> str:
    """The readable text of HTML: tags and scripts gone, entities resolved, spaces folded."""
    reader = _TextReader()
    reader.feed(check_text(value))
    reader.close()
    return " ".join(html.unescape("".join(reader.found)).split())


class _TextReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.hidden += tag in ("script", "style")
        self.found.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("script", "style") and self.hidden > 0
        self.found.append(" ")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.found.append(data)


@transform(gives="text")
def cut(value: Any, length: int) -> str:
    """The first `length` characters, for systems that refuse longer texts."""
    return check_text(value)[:length]
