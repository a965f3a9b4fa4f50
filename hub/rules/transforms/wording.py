"""Transforms of text."""

from __future__ import annotations

import html
import re
import unicodedata
from html.parser import HTMLParser
from typing import Any, Literal

from hub.model.fault import ValueFault
from hub.model.transform import ITSELF, transform
from hub.model.value import LONGEST_TEXT, check_decimal, check_text
from hub.rules.transforms.structure import as_list

_LONGEST_PAD = 255
_GAP = re.compile(r"[\W_]+")
Side = Literal["left", "right"]


@transform(gives="text", inverse=ITSELF, examples=[(True, {}, "true"), (1.50, {}, "1.5"), (7064, {}, "7064")])
def text(value: Any) -> str:
    """The value as text: numbers written out, true and false by those words."""
    if value is True or value is False:
        return "true" if value else "false"
    if value.__class__ is float:
        return check_decimal(value)
    return check_text(value)


@transform(gives="text", inverse=ITSELF, examples=[("  a ", {}, "a")])
def strip(value: Any) -> str:
    """Text without space at its ends."""
    return check_text(value).strip()


@transform(gives="text", inverse=ITSELF, examples=[("ÄB", {}, "äb")])
def lower(value: Any) -> str:
    """Text in lower case."""
    return check_text(value).lower()


@transform(gives="text", inverse=ITSELF, examples=[("ab", {}, "AB")])
def upper(value: Any) -> str:
    """Text in upper case."""
    return check_text(value).upper()


@transform(gives="text", inverse=ITSELF, examples=[("ＡＢ１２　茶", {}, "AB12 茶")])
def half_width(value: Any) -> str:
    """Text with full-width letters, digits and signs as ordinary ones (Unicode NFKC)."""
    return check_text(unicodedata.normalize("NFKC", check_text(value)))


@transform(
    gives="text",
    inverse=ITSELF,
    examples=[("In Transit", {}, "in_transit"), ("READY-FOR-PICKUP", {}, "ready_for_pickup")],
)
def word(value: Any) -> str:
    """A label as one word: lower case, an underscore for anything between its letters and digits."""
    return _GAP.sub("_", check_text(value).lower()).strip("_")


@transform(inverse="join", examples=[("a|b||c ", {"sep": "|"}, ["a", "b", "c"])])
def split(value: Any, sep: str = ",") -> list[str]:
    """The parts of a text between `sep`, trimmed, empty ones left out."""
    if not sep:
        raise ValueFault("bad_argument", "sep is not empty")
    return [part.strip() for part in check_text(value).split(sep) if part.strip()]


@transform(inverse="split", examples=[(["a", None, "", "b"], {"sep": "-"}, "a-b"), ([None], {}, None)])
def join(value: Any, sep: str = " ") -> str | None:
    """The values of a list as one text with `sep` between them; null and empty ones left out, null for none."""
    return sep.join(check_text(part).strip() for part in as_list(value) if part not in (None, "")) or None


@transform(gives="text", inverse="unprefix", examples=[("1", {"before": "PO-"}, "PO-1")])
def prefix(value: Any, before: str) -> str:
    """The text with `before` put before it."""
    return before + check_text(value)


@transform(gives="text", inverse="prefix", examples=[("PO-1", {"before": "PO-"}, "1"), ("1", {"before": "PO-"}, "1")])
def unprefix(value: Any, before: str) -> str:
    """The text without `before` at its beginning; unchanged when it does not begin so."""
    return check_text(value).removeprefix(before)


@transform(
    gives="text",
    inverse="unpad",
    examples=[(42, {"length": 6}, "000042"), ("AB", {"length": 4, "sign": " ", "side": "right"}, "AB  ")],
)
def pad(value: Any, length: int, sign: str = "0", side: Side = "left") -> str:
    """Text filled up to `length` with `sign`, at its left or right; longer text stays whole."""
    shown = check_text(value)
    if len(sign) != 1 or length.__class__ is not int or not 0 < length <= _LONGEST_PAD:
        raise ValueFault("bad_argument", f"length is 1 to {_LONGEST_PAD}, sign is one character")
    return shown.rjust(length, sign) if side == "left" else shown.ljust(length, sign)


@transform(gives="text", inverse="pad", examples=[("000042", {}, "42"), ("000", {}, "0")])
def unpad(value: Any, sign: str = "0", side: Side = "left") -> str:
    """Text without the `sign` that fills it up; one is left where there is nothing else."""
    shown = check_text(value)
    bare = shown.lstrip(sign) if side == "left" else shown.rstrip(sign)
    return bare or shown[:1]


@transform(gives="text", inverse=ITSELF, examples=[("abcdef", {"length": 3}, "abc")])
def cut(value: Any, length: int) -> str:
    """The first `length` characters, for systems that refuse longer texts."""
    return check_text(value)[:length]


@transform(gives="text", inverse="html_of", examples=[("<p>A &amp; B<br>c<script>x()</script></p>", {}, "A & B c")])
def html_text(value: Any) -> str:
    """The readable text of HTML: tags and scripts gone, entities resolved, spaces folded."""
    reader = _TextReader()
    try:
        reader.feed(check_text(value))
        reader.close()
    except (AssertionError, RecursionError):
        raise ValueFault("bad_html", "is HTML that nobody can read") from None
    return " ".join("".join(reader.found).split())


@transform(gives="text", inverse="html_text", examples=[("A & B < C", {}, "A &amp; B &lt; C")])
def html_of(value: Any) -> str:
    """Text as HTML that shows it: its signs escaped, a break for each line."""
    shown = html.escape(check_text(value), quote=False).replace("\n", "<br>")
    if len(shown) > LONGEST_TEXT:
        raise ValueFault("bad_text", f"has more than {LONGEST_TEXT} characters as HTML")
    return shown


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


WORDING = (
    text, strip, lower, upper, half_width, word, split, join, prefix, unprefix, pad, unpad, cut, html_text, html_of,
)  # fmt: skip
