"""What does not add up, in the reader's words. The store keeps it as `hub.rules.derive` tells it."""

from __future__ import annotations

import re

from hub.console.language import N_, _

_SUM = r"(?P<sum>-?[\d.]+ [A-Z]{3})"
_OTHER = r"(?P<other>[A-Z]{3})"
_FORMS = [
    (re.compile(rf"(?P<what>.+) differs from its parts by {_SUM}"), N_("%(what)s differs from the sum of its parts by %(sum)s")),
    (re.compile(rf"line (?P<line>.+) differs from its price by {_SUM}"), N_("line %(line)s differs from price × quantity by %(sum)s")),
    (re.compile(rf"(?P<path>\S+) is in {_OTHER}, the total in (?P<own>[A-Z]{{3}})"),
     N_("%(path)s is in %(other)s, the total in %(own)s")),
    (re.compile(rf"refunds exceed what was paid by {_SUM}"), N_("refunds exceed what was paid by %(sum)s")),
    (re.compile(rf"an amount in {_OTHER} is not counted in (?P<own>[A-Z]{{3}})"),
     N_("an amount in %(other)s is not counted in %(own)s")),
]  # fmt: skip
_WHAT = {
    "the total": N_("the total"),
    "the amount": N_("the amount"),
    "net": N_("the net amount"),
    "gross less refunds": N_("gross less refunds"),
    "fees": N_("the fees"),
    "totals.items": N_("the sum of the items"),
}


def sums_text(text: str) -> str:
    """The text of an item of money; what no form fits (a plugin's own) stays as it is."""
    return "; ".join(_told(part) for part in text.split("; "))


def _told(part: str) -> str:
    for form, words in _FORMS:
        found = form.fullmatch(part)
        if found:
            values = found.groupdict()
            if found.re is _FORMS[0][0]:
                known = _WHAT.get(found[1])
                values["what"] = _(known) if known else found[1]
            return _(words, **values)
    return part
