"""Reference page of the alerts: what each type says, in both languages."""

from __future__ import annotations

import re

from docs.markdown import code, page, table
from hub.flow.alert_conditions import TYPES
from hub.flow.alert_text import WORDS

_PLACE = re.compile(r"\{(\w+)\}")


def alerts() -> str:
    """Every type of alert: what it says, what that means, what to do."""
    lead = """
An alert is one cause in one row: it opens when the condition begins, counts while it lasts and closes when it ends. The
scheduler looks every few seconds. What to do with them: [Deal with alerts](../how-to/deal-with-alerts.md). In the
texts, `…` stands for what the alert fills in.
"""
    rows = [[f"[{code(name)}](#{name})", _text(words.title.zh), _text(words.title.en)] for name, words in WORDS.items()]
    return page("Alerts", lead, table(["type", "中文", "English"], rows), *map(_part, sorted(TYPES)))


def _part(name: str) -> str:
    words = WORDS[name]
    meaning, step = words.meaning, words.step
    parts = [
        f"## {name}",
        f"**{_text(words.title.en)}.** {_text(meaning.en)}",
        f"Next step: {step.en}.",
        f"**{_text(words.title.zh)}。** {_text(meaning.zh)} 下一步：{step.zh}。",
    ]
    return "\n\n".join(parts)


def _text(text: str) -> str:
    return _PLACE.sub("…", text)
