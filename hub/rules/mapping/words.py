"""Reads the plain words of a mapping file: texts, lists of names, yes or no."""

from __future__ import annotations

from collections.abc import Mapping

from hub.rules.mapping.beside import did_you_mean
from hub.rules.mapping.document import Entry, Report


def check_words(entry: Entry, known: frozenset[str], report: Report, label: str) -> None:
    """Notes every word that a mapping file does not have."""
    for word, inner in entry.value.items():
        if word not in known:
            hint = did_you_mean(str(word), known) or f"; known are: {', '.join(sorted(known))}"
            report.add(inner.line, f"{label}{word}", f"is not a word of a mapping file{hint}")


def check_sides(entry: Entry, report: Report) -> None:
    """Notes a file that neither makes nor shows anything, and one that says how it is kept what it does not show."""
    if entry.value.keys().isdisjoint(("in", "out")):
        report.add(entry.line, "", "makes nothing and shows nothing; it needs `in`, `out`, or both")
    if "holds" in entry.value and "out" not in entry.value:
        report.add(entry.value["holds"].line, "holds", "says something of `out`, and there is none; leave it out")


def read_text(given: Mapping[str, Entry], word: str, default: str, report: Report) -> str:
    """A text, `default` when it is not given."""
    if word not in given:
        return default
    if given[word].value.__class__ is str:
        return str(given[word].value)
    report.add(given[word].line, word, "is text")
    return default


def read_texts(given: Mapping[str, Entry], word: str, report: Report) -> tuple[str, ...]:
    """A list of texts, empty when it is not given."""
    found = given[word].plain if word in given else []
    if isinstance(found, list) and all(item.__class__ is str for item in found):
        return tuple(found)
    report.add(given[word].line, word, "is a list of names")
    return ()


def read_flag(given: Mapping[str, Entry], word: str, default: bool, report: Report) -> bool:
    """True or false, `default` when it is not given."""
    found = given[word].plain if word in given else default
    if found is True or found is False:
        return bool(found)
    report.add(given[word].line, word, "is true or false")
    return default


def read_choice(given: Mapping[str, Entry], word: str, choices: tuple[str, ...], report: Report) -> str:
    """One of a few words, the first when it is not given."""
    found = given[word].plain if word in given else choices[0]
    if found in choices:
        return str(found)
    report.add(given[word].line, word, f"is one of: {', '.join(choices)}")
    return choices[0]
