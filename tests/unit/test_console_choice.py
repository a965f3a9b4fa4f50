"""Every closed choice of every kind has a word of the reader's."""

from __future__ import annotations

from hub.console.choice import CHOICES
from hub.console.label import WORDS
from hub.model.kinds import KINDS


def test_choices_when_a_kind_declares_them_then_each_has_a_word() -> None:
    choices = {code for kind in KINDS.values() for _, field in kind.walk() for code in field.choices}
    assert sorted(choices - WORDS.keys()) == []
    assert sorted(CHOICES.keys() - choices) == []
